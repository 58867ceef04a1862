#ifndef RESETCTL_CONTROLLER_SERVICE_AGENT_DESK_H_
#define RESETCTL_CONTROLLER_SERVICE_AGENT_DESK_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/service/desk.h"
#include "controller/service/plans.h"
#include "controller/service/rebinds.h"
#include "controller/service/run_flow.h"
#include "controller/service/witnesses.h"
#include "resetctl/v1/agent_link.pb.h"

namespace resetctl::controller {

// The session logic of agents' streams, on decoded messages: hello, heartbeats, replies, reports, events, lease. Knows no
// gRPC. Each agent's messages must come in order, one call at a time; different agents at once.
class AgentDesk {
 public:
  AgentDesk(Desk& desk, Plans& plans, Rebinds& rebinds, RunFlow& flow, Witnesses& witnesses,
            absl::Duration lease)
      : desk_(desk),
        plans_(plans),
        rebinds_(rebinds),
        flow_(flow),
        witnesses_(witnesses),
        lease_(lease) {}

  // HELD runs of an earlier life are cancelled; targets with open runs get one lease to come back.
  absl::Status Recover();

  // The first message. Checks it against the certificate, writes the attachment down, takes the open runs' reports, answers
  // with Welcome. Returns the session's number.
  absl::StatusOr<uint64_t> Hello(const AgentIdentity& who, const v1::AgentHello& hello,
                                 std::shared_ptr<AgentChannel> channel);
  // Any later messages. An error ends the stream.
  absl::Status Take(const AgentIdentity& who, uint64_t session,
                    const std::vector<v1::AttachRequest>& messages);
  // The stream has ended, for whatever reason.
  void Gone(const AgentIdentity& who, uint64_t session, const absl::Status& why);

 private:
  void WatchLease(const AgentIdentity& who, uint64_t session, absl::Duration left);
  absl::Duration LeaseLeft(const AgentHub::Presence& presence) const;
  void NoteTurns(const AgentIdentity& who);
  void SendAck(const AgentHub::Key& key, const v1::RunReport& report);

  Desk& desk_;
  Plans& plans_;
  Rebinds& rebinds_;
  RunFlow& flow_;
  Witnesses& witnesses_;
  const absl::Duration lease_;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_AGENT_DESK_H_

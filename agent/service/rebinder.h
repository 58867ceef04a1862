#ifndef RESETCTL_AGENT_SERVICE_REBINDER_H_
#define RESETCTL_AGENT_SERVICE_REBINDER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/service/parts.h"
#include "resetctl/v1/agent_link.pb.h"

namespace resetctl::agent {

// A statement (verb `target rebind`, exactly this target) by somebody whom the floor lets rebind, signed just now.
struct VerifiedRebind {
  std::string person;
  absl::Time time;  // as signed
  std::string nonce;
};
absl::StatusOr<VerifiedRebind> VerifyRebind(const v1::SignedStatement& statement,
                                            const AgentIdentity& identity, const Trust& trust,
                                            absl::Time now);

// Carries out a signed `target rebind` (TRUST §6): after a clone, a restore or a move, this agent's database and cache become
// its target's, whatever their marks said. The statement is verified against the floor, and is good once: an older one, or the
// same again, is a replay. What was accepted last is kept in the state directory.
class Rebinder {
 public:
  Rebinder(const AgentParts& parts, std::string state_dir)
      : parts_(parts), file_(std::move(state_dir) + "/rebound") {}

  // Blocks on database and cache. The cache stays as it was where the database refuses.
  v1::RebindReply Rebind(const v1::RebindOrder& order);

 private:
  absl::Status Try(const v1::RebindOrder& order, v1::RebindReply* reply);
  absl::Status UseUp(const VerifiedRebind& statement);

  const AgentParts& parts_;
  // 'SECONDS NONCE...': when the newest one was signed, and all of that second.
  const std::string file_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_REBINDER_H_

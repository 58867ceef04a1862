#ifndef RESETCTL_CONTROLLER_SERVICE_RUN_FLOW_H_
#define RESETCTL_CONTROLLER_SERVICE_RUN_FLOW_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "controller/service/desk.h"
#include "controller/service/witnesses.h"
#include "proto/contract/agent_word.h"
#include "resetctl/v1/agent_link.pb.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::controller {

// How runs move: by timers, by agents' words, by agents' absence. Every move goes through the edge table
// (domain/run_state.h), takes its plan along and leaves an audit entry, all in one commit. What agents repeat changes
// nothing the second time. A word about another target's run is refused and logged.
class RunFlow {
 public:
  RunFlow(Desk& desk, Witnesses& witnesses) : desk_(desk), witnesses_(witnesses) {}

  // ---- moves; the caller holds desk.deciding ----

  // `run` is as read; on success it is as stored. `note` is committed with it.
  struct Move {
    std::vector<v1::RunState> path;  // one state, or COMMITTED and what follows
    std::optional<v1::Problem> problem;
    v1::AuditEntry entry;  // action, outcome and evidence are filled in here
    Change also;
  };
  absl::Status Apply(RunRecord* run, Move move) ABSL_EXCLUSIVE_LOCKS_REQUIRED(desk_.deciding);

  // HELD -> OFFERED, and the offer is on its way; HELD -> CANCELLED when the agent has gone. An offer that a connected agent
  // leaves unanswered for a minute is UNKNOWN, and the agent is asked for it again.
  absl::Status Offer(RunRecord* run) ABSL_EXCLUSIVE_LOCKS_REQUIRED(desk_.deciding);

  // ---- timers and the starter's watch; each takes desk.deciding ----

  void StartHold(const RunRecord& run);
  void EndHold(const std::string& run_id);
  // For a HELD run whose order could not be carried out: cancels it as soon as that can be written down.
  void CancelLater(const std::string& run_id, absl::string_view why);
  // The starter's own watch of a run: losing the last one during HELD cancels, unless detached.
  void StarterCame(const std::string& run_id);
  void StarterLeft(const std::string& run_id);

  // ---- agents' words; each takes desk.deciding ----

  // False only when it could not be written down now: the agent's next hello says what has become of the run.
  bool TakeReply(const AgentIdentity& agent, const v1::OfferReply& reply);
  // Whether to acknowledge: false only when it could not be written down now.
  bool TakeReport(const AgentIdentity& agent, const v1::RunReport& report);
  // In order of arrival. `stored`: up to where each run's events are stored now. An error when some could not be written down.
  absl::Status TakeEvents(const AgentIdentity& agent, const std::vector<v1::RunEvent>& events,
                          std::map<std::string, uint64_t>* stored);

  // Open here, and not among `reported`.
  std::vector<std::string> ExpectedRuns(const AgentIdentity& agent,
                                        const std::set<std::string>& reported);
  // Cancel orders that may have been lost with an earlier stream.
  std::vector<std::string> CancelsToRepeat(const AgentIdentity& agent);

  // OFFERED and RUNNING become UNKNOWN.
  void LeaseOver(const AgentHub::Key& key);
  void WakeWatchers(const AgentHub::Key& key);

  // After a start of the program: HELD runs are CANCELLED. Returns the targets whose runs wait for their agent.
  absl::StatusOr<std::set<AgentHub::Key>> Recover();

 private:
  struct Starter {
    int watches = 0;
    bool came = false;
  };

  void CancelHeld(const std::string& run_id, absl::string_view why);
  void AwaitAnswer(const std::string& run_id, absl::Duration patience);
  void OfferUnanswered(const std::string& run_id);
  absl::Status BecomeUnknown(RunRecord* run, absl::string_view why, absl::string_view advice)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(desk_.deciding);
  bool StarterIsLost(const std::string& run_id);
  absl::Status TryReport(const AgentIdentity& agent, const v1::RunReport& report)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(desk_.deciding);
  absl::StatusOr<RunRecord> RunOf(const AgentIdentity& agent, const std::string& run_id,
                                  absl::string_view action);
  // Puts what the agent signed into the entry that stands on it. A word that is not signed so, or stands at another place of its run's
  // chain, counts like an unsigned one: whoever has the agent's certificate can say it, and the entry says what is wrong.
  absl::Status AddWord(const AgentIdentity& agent, contract::WordKind kind,
                       const v1::AgentWord& word, bool follows, v1::AuditEntry* entry);
  // Of the events that are stored.
  absl::StatusOr<contract::WordChain> ChainOf(const RunRecord& run);
  // Those that are next, in their order; the last one that is stored now.
  absl::StatusOr<uint64_t> StoreEvents(const AgentIdentity& agent, const RunRecord& run,
                                       absl::Span<const v1::RunEvent> events)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(desk_.deciding);
  std::vector<RunRecord> OpenRuns(const AgentHub::Key& key, std::vector<v1::RunState> states);

  Desk& desk_;
  Witnesses& witnesses_;
  base::Mutex mutex_;
  std::map<std::string, Starter> starters_ ABSL_GUARDED_BY(mutex_);
};

// Any state but HELD, OFFERED, RUNNING, COMMITTED and UNKNOWN: a watch ends there.
bool HasEndedForNow(v1::RunState state);

// The moves from `from` to what an agent reports: empty when there is nothing to do (a repetition, or old news);
// WRONG_STATE when the report contradicts what is known.
absl::StatusOr<std::vector<v1::RunState>> PathTo(v1::RunState from, v1::RunState reported);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_RUN_FLOW_H_

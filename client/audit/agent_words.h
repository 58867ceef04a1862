#ifndef RESETCTL_CLIENT_AUDIT_AGENT_WORDS_H_
#define RESETCTL_CLIENT_AUDIT_AGENT_WORDS_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/contract/agent_word.h"
#include "resetctl/v1/audit.pb.h"

namespace resetctl::client {

// Whether agents said what the log says of their runs (contract/agent_word.h). Takes a log's entries, oldest first and all of
// them; remembers a chain for each run.
class AgentWords {
 public:
  // vkeys; that of the agent of production/shop is named 'resetctl.agent/production/shop'. More than one of a name: its key was
  // changed.
  explicit AgentWords(const std::vector<std::string>& witness_keys);

  // LOG_TAMPERED: the entry says something else than the agent, or states for it what only an agent can; or the word is of another
  // run or target, or not the next of its run. BAD_SIGNATURE: the agent did not say it. Messages name the entry. An entry without
  // its agent's word is counted, and an agent whose key is not among those given is named: neither is an error.
  absl::Status Take(uint64_t index, const v1::AuditEntry& entry);

  int64_t events() const { return events_; }
  int64_t reports() const { return reports_; }
  // Entries that state what an agent said and have no word of it.
  int64_t unsigned_entries() const { return unsigned_; }
  // Runs whose agents have reported after steps that are not here. They may be yet to come when the log ends.
  int64_t runs_with_missing_steps() const;
  // Agents that have said something and are not among the witnesses: 'production/shop'.
  const std::set<std::string>& unknown_agents() const { return unknown_; }

 private:
  struct Run {
    std::string agent;  // of the target that it is of
    contract::WordChain chain;
    // What the event after `seq` must follow, said by a report that was written down before it.
    std::map<uint64_t, std::string> promised;
    v1::RunState reported =
        v1::RUN_STATE_UNSPECIFIED;  // by the newest signed report, when nothing came after it
  };

  // An entry of somebody else that says what only an agent can know.
  static bool SpeaksForAgent(const Run& run, const v1::AuditEntry& entry);
  void TakeUnsigned(Run* run, const v1::AuditEntry& entry);
  absl::Status TakeEvent(Run* run, const v1::AuditEntry& entry);
  absl::Status TakeReport(Run* run, const v1::AuditEntry& entry);
  absl::Status Verify(contract::WordKind kind, const std::string& agent, const v1::AgentWord& word);

  std::map<std::string, std::vector<std::string>> keys_;  // by agent
  std::map<std::string, Run> runs_;
  int64_t events_ = 0;
  int64_t reports_ = 0;
  int64_t unsigned_ = 0;
  std::set<std::string> unknown_;
};

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_AUDIT_AGENT_WORDS_H_

#ifndef RESETCTL_AGENT_SERVICE_RUN_FACTS_H_
#define RESETCTL_AGENT_SERVICE_RUN_FACTS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "proto/contract/agent_word.h"
#include "resetctl/v1/agent_link.pb.h"
#include "resetctl/v1/journal.pb.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::agent {

// What a journal's records say about their run: a pure fold, the same for the process that wrote them and for the one that
// finds them after a crash.
struct RunFacts {
  using HookKey = std::pair<v1::JournalHook::Phase, int>;

  std::optional<v1::RunOffer> offer;
  std::optional<int64_t> fence;              // claimed
  std::map<HookKey, v1::JournalHook> hooks;  // the newest record of each
  bool about_to_commit = false;
  std::optional<v1::RunResult> committed;
  std::optional<v1::RunReport> ended;  // the newest end; gone again after a resume
  contract::WordChain chain;           // of the events; no head before there is an offer
  uint64_t acknowledged_seq = 0;
  std::optional<v1::RunState> acknowledged_report;
  std::set<std::string> resume_statements;  // texts, each usable once

  bool Begun(v1::JournalHook::Phase phase, int index) const;
  // Done, and need not be repeated: anything but FAILED.
  bool Done(v1::JournalHook::Phase phase, int index) const;
  // What the agent says to a controller that asks now. UNSPECIFIED while an offer is being verified.
  v1::RunState State() const;
};

RunFacts FoldRecords(const std::vector<v1::JournalRecord>& records);

// SUCCEEDED, REFUSED, ROLLED_BACK, CANCELLED, NEEDS_ATTENTION.
bool IsEnd(v1::RunState state);

// 'r-' and 1 to 64 lower-case letters or digits: what may become the name of a file.
bool IsRunId(absl::string_view text);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_RUN_FACTS_H_

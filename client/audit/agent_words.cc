#include "client/audit/agent_words.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"
#include "proto/contract/result_evidence.h"

namespace resetctl::client {
namespace {

constexpr absl::string_view kKeyPrefix = "resetctl.agent/";

absl::Status NotSaid(absl::string_view what) {
  return contract::Error(v1::REASON_LOG_TAMPERED, what,
                         "Whoever wrote the log put this down without that agent.");
}

absl::Status Named(uint64_t index, const v1::AuditEntry& entry, const absl::Status& status) {
  v1::Problem problem = contract::ProblemOf(status);
  problem.set_message(absl::StrCat("Entry ", index, ", ", entry.action(), " of ", entry.subject(),
                                   ": ", problem.message()));
  return contract::ErrorFrom(problem);
}

std::string StateName(v1::RunState state) {
  absl::string_view name = v1::RunState_Name(state);
  absl::ConsumePrefix(&name, "RUN_STATE_");
  return base::Str(name);
}

// Of the entries that agents cause: those that say what became of a run. A refused word has another action; an agent's answer
// to an offer is not signed, and nothing was changed by then.
bool StatesAResult(const v1::AuditEntry& entry) {
  static const auto& states = *new std::set<std::string>{"COMMITTED", "SUCCEEDED", "ROLLED_BACK",
                                                         "CANCELLED", "NEEDS_ATTENTION"};
  const auto state = entry.evidence().find("state");
  return state != entry.evidence().end() && states.count(state->second) > 0;
}

// The first thing that the entry says otherwise than the agent's report.
std::string Difference(const v1::RunReport& report, const v1::AuditEntry& entry) {
  if (report.run_id() != entry.subject()) return "run";
  contract::Evidence said;
  said["state"] = StateName(report.state());
  if (report.result().fence() != 0) said["fence"] = absl::StrCat(report.result().fence());
  contract::AddResultEvidence(report.result(), &said);
  for (const auto& [key, value] : said) {
    const auto found = entry.evidence().find(key);
    if (found == entry.evidence().end() || found->second != value) return key;
  }
  // What a run proved is told by the report that its entry stands on.
  for (const char* key : {"xid", "rows_cleared", "rows_recreated"}) {
    if (entry.evidence().contains(key) && !said.contains(key)) return key;
  }
  if (report.has_problem() && entry.outcome() != contract::NameOf(report.problem().reason())) {
    return "outcome";
  }
  return "";
}

}  // namespace

AgentWords::AgentWords(const std::vector<std::string>& witness_keys) {
  for (const std::string& key : witness_keys) {
    absl::string_view agent = absl::string_view(key).substr(0, key.find('+'));
    if (absl::ConsumePrefix(&agent, kKeyPrefix)) keys_[base::Str(agent)].push_back(key);
  }
}

absl::Status AgentWords::Take(uint64_t index, const v1::AuditEntry& entry) {
  if (entry.action() == "run.start" && entry.outcome() == "ok") {
    Chain& chain = chains_[entry.subject()];
    chain.head = contract::ChainOf(entry.statement());
    return absl::OkStatus();
  }
  absl::string_view actor = entry.actor();
  if (!absl::ConsumePrefix(&actor, "agent:") || !absl::StartsWith(entry.action(), "run.")) {
    return absl::OkStatus();
  }
  const bool is_event = entry.action() == "run.event" && entry.outcome() == "ok";
  if (!entry.has_agent_word()) {
    if (is_event) {
      Chain& chain = chains_[entry.subject()];
      ++chain.last_seq;
      chain.head = contract::ChainAfter({});
    }
    if (is_event || StatesAResult(entry)) ++unsigned_;
    return absl::OkStatus();
  }
  const std::string agent = base::Str(actor);
  const absl::Status taken = is_event ? TakeEvent(agent, entry) : TakeReport(agent, entry);
  return taken.ok() ? taken : Named(index, entry, taken);
}

absl::Status AgentWords::Verify(contract::WordKind kind, const std::string& agent,
                                const v1::AgentWord& word) const {
  absl::Status verified;
  for (const std::string& key : keys_.at(agent)) {
    verified = contract::VerifyWord(kind, agent, key, word);
    if (verified.ok()) return verified;
  }
  return verified;
}

absl::Status AgentWords::TakeEvent(const std::string& agent, const v1::AuditEntry& entry) {
  const v1::AgentWord& word = entry.agent_word();
  v1::RunEvent event;
  if (!event.ParseFromString(word.said())) return NotSaid("its agent's word is no event");
  event.set_signature(word.signature());
  Chain& chain = chains_[entry.subject()];
  if (event.run_id() != entry.subject()) return NotSaid("its agent spoke of another run");
  if (contract::InWords(event) != entry.detail()) {
    return NotSaid(absl::StrCat("its agent said '", contract::InWords(event), "'"));
  }
  if (event.seq() != chain.last_seq + 1 || event.after() != chain.head) {
    return NotSaid(absl::StrCat("it is not what its agent said after event ", chain.last_seq));
  }
  chain.last_seq = event.seq();
  chain.head = contract::ChainAfter(event);
  if (const auto promised = chain.promised.find(chain.last_seq); promised != chain.promised.end()) {
    const bool kept = promised->second == chain.head;
    chain.promised.erase(promised);
    if (!kept) return NotSaid("its agent has reported after another event");
  }
  if (keys_.count(agent) == 0) {
    unknown_.insert(agent);
    return absl::OkStatus();
  }
  ++events_;
  return Verify(contract::WordKind::kEvent, agent, word);
}

absl::Status AgentWords::TakeReport(const std::string& agent, const v1::AuditEntry& entry) {
  const v1::AgentWord& word = entry.agent_word();
  v1::RunReport report;
  if (!report.ParseFromString(word.said())) return NotSaid("its agent's word is no report");
  const std::string difference = Difference(report, entry);
  if (!difference.empty()) {
    return NotSaid(absl::StrCat("its agent said something else: ", difference, " differs"));
  }
  // An agent that never heard of the run knows nothing that its word could follow.
  if (Chain& chain = chains_[entry.subject()]; !report.after().empty()) {
    if (report.last_seq() < chain.last_seq) {
      return NotSaid(absl::StrCat("its agent said it before event ", chain.last_seq));
    }
    if (report.last_seq() > chain.last_seq) {
      chain.promised[report.last_seq()] = report.after();
    } else if (report.after() != chain.head) {
      return NotSaid(absl::StrCat("it is not what its agent said after event ", chain.last_seq));
    }
  }
  if (keys_.count(agent) == 0) {
    unknown_.insert(agent);
    return absl::OkStatus();
  }
  ++reports_;
  return Verify(contract::WordKind::kReport, agent, word);
}

}  // namespace resetctl::client

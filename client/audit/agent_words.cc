#include "client/audit/agent_words.h"

#include <algorithm>

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

std::string Evidence(const v1::AuditEntry& entry, const std::string& name) {
  const auto found = entry.evidence().find(name);
  return found == entry.evidence().end() ? "" : found->second;
}

// Entries of a run's moves.
bool IsMove(const v1::AuditEntry& entry) {
  return entry.action() == "run.end" || entry.action() == "run.committed";
}

// What an agent alone knows. Whether a run was refused it answers without a signature: nothing was changed then.
bool IsResult(absl::string_view state) {
  return state == "COMMITTED" || state == "SUCCEEDED" || state == "ROLLED_BACK" ||
         state == "NEEDS_ATTENTION";
}

std::string OutcomeOf(const v1::RunReport& report) {
  if (report.has_problem()) return base::Str(contract::NameOf(report.problem().reason()));
  return report.state() == v1::RUN_STATE_CANCELLED ? "CANCELLED" : "ok";
}

// The first thing that the entry says otherwise than the agent's report.
std::string Difference(const v1::RunReport& report, const v1::AuditEntry& entry) {
  if (report.run_id() != entry.subject()) return "run";
  contract::Evidence said;
  said["state"] = StateName(report.state());
  if (report.result().fence() != 0) said["fence"] = absl::StrCat(report.result().fence());
  contract::AddResultEvidence(report.result(), &said);
  for (const auto& [key, value] : said) {
    if (!entry.evidence().contains(key) || Evidence(entry, key) != value) return key;
  }
  for (const auto& [key, value] : entry.evidence()) {
    if (contract::IsResultEvidence(key) && !said.contains(key)) return key;
  }
  return entry.outcome() == OutcomeOf(report) ? "" : "outcome";
}

}  // namespace

AgentWords::AgentWords(const std::vector<std::string>& witness_keys) {
  for (const std::string& key : witness_keys) {
    absl::string_view agent = absl::string_view(key).substr(0, key.find('+'));
    if (absl::ConsumePrefix(&agent, kKeyPrefix)) keys_[base::Str(agent)].push_back(key);
  }
}

absl::Status AgentWords::Take(uint64_t index, const v1::AuditEntry& entry) {
  if (!absl::StartsWith(entry.action(), "run.")) return absl::OkStatus();
  Run& run = runs_[entry.subject()];
  if (entry.action() == "run.start" && entry.outcome() == "ok") {
    run.agent = absl::StrCat(entry.environment(), "/", entry.target());
    run.chain = contract::ChainOf(entry.statement());
    return absl::OkStatus();
  }
  const bool is_event = entry.action() == "run.event" && entry.outcome() == "ok";
  absl::Status taken;
  if (entry.has_agent_word()) {
    const bool its_own = entry.actor() == absl::StrCat("agent:", run.agent) &&
                         absl::StrCat(entry.environment(), "/", entry.target()) == run.agent;
    if (!its_own) {
      taken = NotSaid("it stands on the word of another target's agent");
    } else {
      taken = is_event ? TakeEvent(&run, entry) : TakeReport(&run, entry);
    }
  } else if (SpeaksForAgent(run, entry)) {
    taken = NotSaid("nobody but an agent can say that");
  } else if (is_event || (IsMove(entry) && absl::StartsWith(entry.actor(), "agent:"))) {
    TakeUnsigned(&run, entry);
  }
  return taken.ok() ? taken : Named(index, entry, taken);
}

bool AgentWords::SpeaksForAgent(const Run& run, const v1::AuditEntry& entry) {
  if (absl::StartsWith(entry.actor(), "agent:")) return false;
  if (entry.action() == "run.event") return entry.outcome() == "ok";
  if (!IsMove(entry)) return false;
  const std::string state = Evidence(entry, "state");
  return IsResult(state) || (state == "CANCELLED" && run.chain.last_seq > 0);
}

void AgentWords::TakeUnsigned(Run* run, const v1::AuditEntry& entry) {
  const std::string state = Evidence(entry, "state");
  if (entry.action() == "run.event") {
    ++run->chain.last_seq;
    run->chain.head.clear();
    run->reported = v1::RUN_STATE_UNSPECIFIED;
  } else if (!IsResult(state) || state == StateName(run->reported)) {
    return;  // a resume that was refused leaves all as it was reported
  }
  ++unsigned_;
}

absl::Status AgentWords::Verify(contract::WordKind kind, const std::string& agent,
                                const v1::AgentWord& word) {
  const auto keys = keys_.find(agent);
  if (keys == keys_.end()) {
    unknown_.insert(agent);
    return absl::OkStatus();
  }
  ++(kind == contract::WordKind::kEvent ? events_ : reports_);
  absl::Status verified;
  for (const std::string& key : keys->second) {
    verified = contract::VerifyWord(kind, agent, key, word);
    if (verified.ok()) break;
  }
  return verified;
}

absl::Status AgentWords::TakeEvent(Run* run, const v1::AuditEntry& entry) {
  const v1::AgentWord& word = entry.agent_word();
  v1::RunEvent event;
  if (!event.ParseFromString(word.said())) return NotSaid("its agent's word is no event");
  event.set_signature(word.signature());
  if (event.run_id() != entry.subject()) return NotSaid("its agent spoke of another run");
  if (contract::InWords(event) != entry.detail()) {
    return NotSaid(absl::StrCat("its agent said '", contract::InWords(event), "'"));
  }
  if (!run->chain.Continues(event)) {
    return NotSaid(absl::StrCat("it is not what its agent said after event ", run->chain.last_seq));
  }
  run->chain.Take(event);
  run->reported = v1::RUN_STATE_UNSPECIFIED;
  const auto promised = run->promised.find(event.seq());
  if (promised != run->promised.end()) {
    const bool kept = promised->second == run->chain.head;
    run->promised.erase(promised);
    if (!kept) return NotSaid("its agent has reported after another event");
  }
  return Verify(contract::WordKind::kEvent, run->agent, word);
}

absl::Status AgentWords::TakeReport(Run* run, const v1::AuditEntry& entry) {
  const v1::AgentWord& word = entry.agent_word();
  v1::RunReport report;
  if (!report.ParseFromString(word.said())) return NotSaid("its agent's word is no report");
  const std::string difference = Difference(report, entry);
  if (!difference.empty()) {
    return NotSaid(absl::StrCat("its agent said something else: ", difference, " differs"));
  }
  if (!run->chain.MayFollow(report)) {
    return NotSaid(absl::StrCat("it is not what its agent said after event ", run->chain.last_seq));
  }
  if (report.last_seq() > run->chain.last_seq) run->promised[report.last_seq()] = report.after();
  run->reported = report.state();
  return Verify(contract::WordKind::kReport, run->agent, word);
}

int64_t AgentWords::runs_with_missing_steps() const {
  return std::count_if(runs_.begin(), runs_.end(),
                       [](const auto& run) { return !run.second.promised.empty(); });
}

}  // namespace resetctl::client

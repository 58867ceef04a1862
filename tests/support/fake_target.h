#ifndef RESETCTL_TESTS_SUPPORT_FAKE_TARGET_H_
#define RESETCTL_TESTS_SUPPORT_FAKE_TARGET_H_

#include <algorithm>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/service/ports.h"
#include "proto/contract/reasons.h"

namespace resetctl::test {

// The agent's ports without servers behind them, for the rules of trust and the order of things. What a reset really does to a
// database is tested against PostgreSQL.
class FakeDatabase : public agent::TargetDatabase {
 public:
  absl::StatusOr<agent::DatabaseCheck> Check() override { return agent::DatabaseCheck(); }

  absl::StatusOr<agent::Survey> MakeSurvey(
      const contract::Blueprint&, const contract::BundleFiles&,
      const std::vector<contract::RecreateStepSpec>&) override {
    ++surveys;
    return survey;
  }

  absl::StatusOr<int64_t> Claim(const agent::ClaimOrder& order) override {
    log.push_back("claim");
    last_claim = order;
    if (!claim_status.ok()) return claim_status;
    if (!nonces.insert(order.nonce).second) {
      return contract::Error(v1::REASON_STATEMENT_REPLAYED, "used before");
    }
    open_claims.push_back(order.run_id);
    return ++fence;
  }

  agent::ResetOutcome Reset(const agent::ResetOrder& order,
                            agent::StepObserver& observer) override {
    log.push_back("reset");
    last_rules = order.rules;
    if (during_reset) during_reset();
    agent::StepNote note;
    note.step = v1::STEP_KIND_CLEAR;
    note.kind = v1::EVENT_KIND_SUCCEEDED;
    note.detail = step_detail;
    observer.OnStep(note);
    if (outcome.end == agent::ResetEnd::kRolledBack) return outcome;
    absl::Status about = observer.OnAboutToCommit({"1234", 77, 1, "0/16B3748"});
    if (!about.ok()) {
      agent::ResetOutcome refused;
      refused.problem = contract::ProblemOf(about);
      return refused;
    }
    return outcome;
  }

  void CancelReset() override { log.push_back("cancel"); }

  agent::LedgerReading AskLedger(absl::string_view) override {
    ++ledger_questions;
    if (ledger.empty()) {
      agent::LedgerReading reading;
      const bool reset = std::find(log.begin(), log.end(), "reset") != log.end();
      reading.no_claim = !reset;
      if (reset && outcome.end == agent::ResetEnd::kCommitted) {
        reading.answer = agent::LedgerAnswer::kCommitted;
      }
      return reading;
    }
    agent::LedgerReading reading = ledger.front();
    if (ledger.size() > 1) ledger.pop_front();
    return reading;
  }
  absl::StatusOr<std::vector<std::string>> OpenClaims() override { return open_claims; }
  absl::StatusOr<v1::DatabaseIdentity> Rebind() override {
    log.push_back("rebind");
    return rebound;
  }
  absl::Status HoldTwinLock(int64_t key) override {
    twin_lock = key;
    return absl::OkStatus();
  }
  absl::StatusOr<bool> SeesTwinLock(int64_t key) override {
    if (during_twin_look) std::exchange(during_twin_look, nullptr)();
    return twin_lock == key;
  }
  absl::StatusOr<int64_t> RemoveLargeObjects(absl::string_view) override {
    log.push_back("remove large objects");
    return 0;
  }
  absl::Status CloseClaim(absl::string_view run_id, absl::string_view end) override {
    log.push_back("close " + std::string(end.data(), end.size()));
    std::erase(open_claims, std::string(run_id.data(), run_id.size()));
    return absl::OkStatus();
  }

  agent::Survey survey;
  absl::Status claim_status = absl::OkStatus();
  agent::ClaimOrder last_claim;
  agent::ResetOutcome outcome;  // of Reset
  std::function<void()> during_reset;
  std::function<void()> during_twin_look;  // the first one
  std::string step_detail;
  // Answers; the last one stays. Empty: committed after a reset that is said to have committed, no claim before one.
  std::deque<agent::LedgerReading> ledger;

  absl::StatusOr<v1::DatabaseIdentity> rebound = v1::DatabaseIdentity();
  int64_t twin_lock = 0;
  int surveys = 0;
  int ledger_questions = 0;
  int64_t fence = 6;
  std::set<std::string> nonces;
  std::vector<std::string> open_claims;
  std::vector<std::string> log;
  contract::EnvironmentRules last_rules;
};

class FakeCache : public agent::TargetCache {
 public:
  v1::CachePlan MakeSurvey(const contract::RedisSpec&) override { return plan; }
  absl::Status CheckMarker() override { return marker; }
  absl::Status Rebind() override {
    ++rebinds;
    return absl::OkStatus();
  }
  absl::Status CheckFlush(const contract::RedisSpec&) override {
    if (!plan.reachable()) return contract::Error(v1::REASON_CACHE_UNREACHABLE, "no answer");
    return marker.ok() ? ready : marker;
  }
  absl::StatusOr<agent::FlushResult> Flush(
      const contract::RedisSpec&, std::function<void(int64_t, int64_t)> progress) override {
    ++flushes;
    if (!flush.ok()) return flush;
    progress(5, 10);
    return agent::FlushResult{10, "flush (async)"};
  }

  v1::CachePlan plan;
  absl::Status marker = absl::OkStatus();
  absl::Status ready = absl::OkStatus();  // what CheckFlush says
  absl::Status flush = absl::OkStatus();
  int flushes = 0;
  int rebinds = 0;
};

class FakeHooks : public agent::HookRunner {
 public:
  v1::HookStep Describe(const contract::HookSpec& hook, const agent::ResolvedParameters&,
                        std::vector<v1::Problem>*, std::vector<v1::Problem>*) override {
    v1::HookStep step;
    step.set_name(hook.name);
    return step;
  }
  agent::HookOutcome Run(const contract::HookSpec&, const contract::Action& action,
                         const agent::ResolvedParameters&) override {
    const auto* command = std::get_if<contract::CommandAction>(&action);
    const std::string what = command == nullptr ? "other" : command->argv.back();
    ran.push_back(what);
    if (on_run) on_run(what);
    if (failing.count(what) > 0) return {v1::EVENT_KIND_FAILED, "exit 1"};
    return {};
  }
  void Cancel() override {}

  std::set<std::string> failing;
  std::function<void(const std::string&)> on_run;
  std::vector<std::string> ran;  // the last argument of each command
};

}  // namespace resetctl::test

#endif  // RESETCTL_TESTS_SUPPORT_FAKE_TARGET_H_

#include "tests/client/report_fixture.h"

#include <cstdlib>
#include <string>

#include "client/output/exit_codes.h"
#include "client/output/times.h"
#include "proto/contract/digest.h"
#include "proto/contract/statement.h"
#include "tests/client/fixtures.h"

namespace resetctl::client {
namespace {

using contract::StatementBuilder;
using contract::StatementType;

const absl::Time kOrdered = ALook().now - absl::Seconds(10);

void AddEntry(ReportFacts* facts, uint64_t index, const std::string& actor,
              const std::string& action, const std::string& subject, absl::Time time,
              StatementBuilder* statement = nullptr) {
  v1::AuditRecord* record = &facts->entries.emplace_back();
  record->set_index(index);
  v1::AuditEntry* entry = record->mutable_decoded();
  *entry->mutable_time() = ToProto(time);
  entry->set_actor(actor);
  entry->set_action(action);
  entry->set_subject(subject);
  entry->set_environment("production");
  entry->set_target("rental-manager");
  entry->set_outcome("ok");
  if (statement != nullptr) {
    entry->set_key_fingerprint("SHA256:lCchCQvGZ2UrJpT5b3xGQpYq0bU5WHn0m8WcXo2gq1A");
    const std::string person = actor.substr(actor.find(':') + 1);
    const auto built = statement->Set("person", person).SetTime("time", time).Build();
    if (!built.ok()) std::abort();
    entry->mutable_statement()->set_text(built->text());
  }
  record->set_entry(entry->SerializeAsString());
}

void AddDecision(ReportFacts* facts, uint64_t index, const std::string& person,
                 const std::string& reason, absl::Time time) {
  StatementBuilder approval(StatementType::kApproval);
  approval.Set("plan", contract::DigestOfPlanId(facts->plan.id()))
      .Set("environment", "production")
      .Set("target", "rental-manager")
      .Set("decision", "approve")
      .Set("policy", facts->document.policy_digest())
      .Set("floor", facts->document.floor_digest())
      .Set("reason", reason)
      .SetTime("start-before", time + absl::Hours(4));
  AddEntry(facts, index, "person:" + person, "plan.approve", facts->plan.id(), time, &approval);
}

void AddStep(ReportFacts* facts, v1::StepKind step, int from_ms, int to_ms, int64_t done,
             const char* unit, const char* name = "",
             v1::EventKind end = v1::EVENT_KIND_SUCCEEDED) {
  const absl::Time begin = kOrdered + absl::Seconds(5);
  v1::RunEvent event = AnEvent(step, v1::EVENT_KIND_STARTED, facts->events.size() + 1);
  event.set_name(name);
  *event.mutable_time() = ToProto(begin + absl::Milliseconds(from_ms));
  facts->events.push_back(event);
  event.set_seq(facts->events.size() + 1);
  event.set_kind(end);
  event.set_done(done);
  event.set_unit(unit);
  *event.mutable_time() = ToProto(begin + absl::Milliseconds(to_ms));
  facts->events.push_back(event);
}

void AddSteps(ReportFacts* facts) {
  AddStep(facts, v1::STEP_KIND_LOCK, 100, 140, 4, "tables");
  AddStep(facts, v1::STEP_KIND_RECHECK, 140, 260, 1240243, "rows");
  AddStep(facts, v1::STEP_KIND_CLEAR, 260, 1900, 1240243, "rows");
  AddStep(facts, v1::STEP_KIND_RECREATE, 1900, 2500, 2, "steps");
  AddStep(facts, v1::STEP_KIND_RECREATE, 1910, 2000, 1, "rows", "Admin user");
  AddStep(facts, v1::STEP_KIND_RECREATE, 2000, 2490, 20, "rows", "Brands");
  AddStep(facts, v1::STEP_KIND_CHECK, 2500, 2550, 1, "checks");
  AddStep(facts, v1::STEP_KIND_COMMIT, 2550, 2600, 0, "");
  AddStep(facts, v1::STEP_KIND_CACHE, 2600, 2900, 58112, "keys");
  AddStep(facts, v1::STEP_KIND_AFTER, 2900, 4000, 0, "", "Restart backend");
}

}  // namespace

ReportFacts AReport(v1::RunState state) {
  ReportFacts facts;
  facts.document = ADocument();
  facts.document.set_reason("clean start for the March opening");
  facts.plan = APlan(facts.document);
  facts.run = ARun(facts.plan, state);
  v1::RunResult* result = facts.run.mutable_result();
  if (result->xid().empty()) {
    facts.run.clear_result();
  } else {
    result->set_timeline(3);
    result->set_wal_lsn_before("0/1A2B3C00");
    result->set_wal_lsn("0/1A2B3D00");
    result->set_wal_lsn_after("0/1A2B3E00");
    facts.run.set_fence(12);
    AddSteps(&facts);
  }
  StatementBuilder plan(StatementType::kPlan);
  plan.Set("environment", "production")
      .Set("target", "rental-manager")
      .Set("bundle", facts.document.bundle_digest())
      .Set("reason", facts.document.reason());
  AddEntry(&facts, 4700, "person:carol", "plan.create", facts.plan.id(),
           kOrdered - absl::Minutes(40), &plan);
  AddDecision(&facts, 4702, "bob", "agreed with sales", kOrdered - absl::Minutes(30));
  AddDecision(&facts, 4703, "dana", "", kOrdered - absl::Minutes(20));
  StatementBuilder run(StatementType::kRun);
  run.Set("plan", contract::DigestOfPlanId(facts.plan.id()))
      .Set("environment", "production")
      .Set("target", "rental-manager")
      .Set("phrase", "DELETE ALL DATA rental-manager")
      .SetTime("start-before", kOrdered + absl::Hours(1));
  AddEntry(&facts, 4790, "person:carol", "run.start", facts.run.id(), kOrdered, &run);
  if (EndStateOf(state).ended) {
    facts.run.set_audit_entry(4811);
    *facts.run.mutable_end_time() = ToProto(ALook().now);
    AddEntry(&facts, 4811, "agent:production/rental-manager", "run.end", facts.run.id(),
             ALook().now);
  }
  ReportProof& proof = facts.proof;
  proof.origin = "resetctl.controller/main";
  proof.size = 4900;
  proof.root = contract::Sha256("root");
  proof.note = "resetctl.controller/main\n4900\nqL3s\n\n— resetctl.controller/main CsUY\n";
  proof.log_keys = {"resetctl.controller/main+0a1b2c3d+AQ=="};
  proof.seen_before = 4800;
  proof.index = facts.entries.back().index();
  proof.leaf_hash = contract::Sha256("leaf");
  for (const char* hash : {"a", "b", "c"}) proof.hashes.push_back(contract::Sha256(hash));
  facts.controller = "reset.example.com:7443";
  facts.person = "alice";
  facts.version = "0.1.0";
  return facts;
}

}  // namespace resetctl::client

#include "tests/agent/postgres/reset_scenario.h"

#include <utility>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "tests/support/await.h"

namespace resetctl::agent {
namespace {

constexpr char kTables[] = R"(
  create table users (id serial primary key, name text not null unique, is_superuser boolean not null default false);
  create table orders (id serial primary key, user_id int not null references users, note text);
  create table notes (id serial primary key, text text);
  insert into users (name) select 'user ' || i from generate_series(1, 100) i;
  insert into orders (user_id, note) select i, 'order ' || i from generate_series(1, 100) i;
  insert into notes (text) values ('first'), ('second');
)";

}  // namespace

void RecordingObserver::OnStep(const StepNote& note) {
  notes.push_back(note);
  if (on_step) on_step(note);
}

absl::Status RecordingObserver::OnAboutToCommit(const CommitFacts& facts) {
  commits.push_back(facts);
  return about_to_commit ? about_to_commit(facts) : absl::OkStatus();
}

bool RecordingObserver::Saw(v1::StepKind step, v1::EventKind kind, const std::string& name) const {
  for (const StepNote& note : notes) {
    if (note.step == step && note.kind == kind && note.name == name) return true;
  }
  return false;
}

ResetScenario::ResetScenario() : ResetScenario(support::PostgresCluster::Shared()) {}

ResetScenario::ResetScenario(support::PostgresCluster& cluster)
    : db(support::TestDatabase::CreateIn(cluster)),
      target(std::make_unique<PostgresTarget>(base::Secret(db.OwnerUrl()), "staging", "shop")) {
  db.Execute(kTables);
  rules.blockers_give_up_after = absl::Seconds(20);
}

ResetScenario& ResetScenario::Clear(const std::string& yaml_list) {
  clear_ = yaml_list;
  return *this;
}

ResetScenario& ResetScenario::Keep(const std::string& yaml_list) {
  keep_ = yaml_list;
  return *this;
}

ResetScenario& ResetScenario::Schemas(const std::string& yaml_list) {
  schemas_ = yaml_list;
  return *this;
}

ResetScenario& ResetScenario::Unlisted(const std::string& word) {
  unlisted_ = word;
  return *this;
}

ResetScenario& ResetScenario::Postgres(const std::string& yaml_line) {
  postgres_ = yaml_line.empty() ? "" : absl::StrCat("  ", yaml_line, "\n");
  return *this;
}

ResetScenario& ResetScenario::Recreate(const std::string& yaml_step) {
  absl::StrAppend(&recreate_, "  - ", yaml_step, "\n");
  return *this;
}

ResetScenario& ResetScenario::Verify(const std::string& yaml_check) {
  absl::StrAppend(&verify_, "  - ", yaml_check, "\n");
  return *this;
}

ResetScenario& ResetScenario::File(const std::string& path, const std::string& content) {
  bundle_.files[path] = content;
  return *this;
}

ResetScenario& ResetScenario::Parameter(const std::string& name, const std::string& value,
                                        const std::string& declaration) {
  absl::StrAppend(&parameters_yaml_, "  ", name, ": ", declaration, "\n");
  ResolvedParameter parameter;
  parameter.name = name;
  parameter.value = base::Secret(value);
  parameter.secret = declaration.find("secret: true") != std::string::npos;
  parameter.sql = !parameter.secret || declaration.find("sql: true") != std::string::npos;
  parameter.source = "environment";
  parameters_[name] = parameter;
  return *this;
}

ResetScenario& ResetScenario::WithholdFromSql(const std::string& name) {
  parameters_[name].secret = true;
  parameters_[name].sql = false;
  return *this;
}

ResetScenario& ResetScenario::Sql(const std::string& sql) {
  return Recreate("{name: Step, sql: step.sql}").File("step.sql", sql);
}

ResetScenario& ResetScenario::OwnSchema(const std::string& name) {
  own_schema_ = name;
  target = std::make_unique<PostgresTarget>(DatabaseAccess(base::Secret(db.OwnerUrl()), name),
                                            "staging", "shop");
  return *this;
}

ResetScenario& ResetScenario::FireOnDelete(const std::string& table) {
  db.Execute(absl::StrCat(
      "create or replace function on_delete() returns trigger language plpgsql as $$ begin return "
      "null; end $$; create trigger on_delete after delete on ",
      table, " execute function on_delete()"));
  return *this;
}

absl::StatusOr<Survey> ResetScenario::MakeSurvey() {
  std::string yaml = "version: 1\nname: shop\n";
  if (!parameters_yaml_.empty()) absl::StrAppend(&yaml, "parameters:\n", parameters_yaml_);
  absl::StrAppend(&yaml, "postgres:\n  schemas: ", schemas_,
                  "\n  search_path: [public]\n  clear:\n", "    - {group: All, tables: ", clear_,
                  "}\n  keep: ", keep_, "\n  unlisted: ", unlisted_, "\n", postgres_);
  if (!recreate_.empty()) absl::StrAppend(&yaml, "recreate:\n", recreate_);
  if (!verify_.empty()) absl::StrAppend(&yaml, "verify:\n", verify_);
  absl::StrAppend(&yaml, "redis: {flush: none}\n");
  bundle_.blueprint_path = "blueprint.yaml";
  bundle_.files["blueprint.yaml"] = yaml;
  contract::ParsedBlueprint parsed = contract::ParseBlueprint(bundle_);
  for (const v1::Problem& problem : parsed.problems) {
    ADD_FAILURE() << problem.ShortDebugString() << "\n" << yaml;
  }
  blueprint_ = std::move(parsed.blueprint);
  steps_ = blueprint_.recreate;
  return target->MakeSurvey(blueprint_, bundle_, steps_);
}

std::vector<std::string> ResetScenario::Problems() {
  absl::StatusOr<Survey> survey = MakeSurvey();
  if (!survey.ok()) return {survey.status().ToString()};
  std::vector<std::string> lines;
  for (const v1::Problem& problem : survey->problems) {
    lines.push_back(absl::StrCat(contract::NameOf(problem.reason()), " ",
                                 absl::StrJoin(problem.objects(), " ")));
  }
  return lines;
}

std::vector<v1::Problem> ResetScenario::WholeProblems() {
  absl::StatusOr<Survey> survey = MakeSurvey();
  if (survey.ok()) return survey->problems;
  ADD_FAILURE() << survey.status();
  return {};
}

std::string ResetScenario::Strategy(const std::string& table) const {
  for (const v1::ClearGroup& group : plan.groups()) {
    for (const v1::ClearTable& line : group.tables()) {
      if (line.name() != table) continue;
      const char* words[] = {"?", "untouched", "truncate", "delete"};
      return absl::StrCat(words[line.strategy()], ": ", line.strategy_reason());
    }
  }
  return "not cleared";
}

void ResetScenario::Plan() {
  absl::StatusOr<Survey> survey = MakeSurvey();
  ASSERT_TRUE(survey.ok()) << survey.status();
  for (const v1::Problem& problem : survey->problems) ADD_FAILURE() << problem.ShortDebugString();
  plan = survey->document;
  plan.set_environment("staging");
  plan.set_target("shop");
  plan_digest = contract::Digest(plan.SerializeAsString());
}

ClaimOrder ResetScenario::NextClaim() {
  ++claims_;
  run_id = absl::StrCat("r-", db.name(), "-", claims_);
  return {run_id, plan_digest, absl::StrCat("nonce-", run_id), "alice"};
}

ResetOrder ResetScenario::Order(const ClaimOrder& claim, int64_t fence) {
  ResetOrder order;
  order.run_id = claim.run_id;
  order.plan_digest = claim.plan_digest;
  order.fence = fence;
  order.plan = &plan;
  order.blueprint = &blueprint_;
  order.bundle = &bundle_;
  order.steps = steps_;
  order.parameters = &parameters_;
  order.rules = rules;
  return order;
}

ResetOutcome ResetScenario::Run() {
  if (plan_digest.empty()) Plan();
  const ClaimOrder claim = NextClaim();
  const absl::StatusOr<int64_t> fence = target->Claim(claim);
  if (!fence.ok()) {
    ADD_FAILURE() << fence.status();
    return ResetOutcome();
  }
  return target->Reset(Order(claim, *fence), observer);
}

ResetOutcome ResetScenario::ExpectCommitted() {
  ResetOutcome outcome = Run();
  EXPECT_EQ(outcome.end, ResetEnd::kCommitted) << outcome.problem.ShortDebugString();
  return outcome;
}

v1::Problem ResetScenario::ExpectRolledBack(v1::Reason reason) {
  if (plan_digest.empty()) Plan();
  const auto before = Checksums();
  const ResetOutcome outcome = Run();
  EXPECT_EQ(outcome.end, ResetEnd::kRolledBack);
  EXPECT_EQ(outcome.problem.reason(), reason) << outcome.problem.ShortDebugString();
  EXPECT_EQ(Checksums(), before);
  return outcome.problem;
}

std::string ResetScenario::Count(const std::string& table) {
  return db.Scalar("select count(*) from " + table);
}

std::map<std::string, std::string> ResetScenario::Checksums() {
  std::map<std::string, std::string> sums;
  for (const std::string& table :
       db.Column("select format('%I.%I', n.nspname, c.relname) from pg_class c "
                 "join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'm') "
                 "and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', '" +
                 own_schema_ +
                 "') "
                 "and c.relpersistence <> 't'")) {
    sums[table] =
        db.Scalar(absl::StrCat("select count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' "
                               "order by t::text)), '') from only ",
                               table, " t"));
  }
  return sums;
}

void Await(const support::TestDatabase& db, const std::string& condition) {
  support::TestConnection own(db.SuperuserUrl(),
                              "await");  // the scenario's may be in use by another thread
  if (!support::ComesAbout([&] { return own.Scalar(condition) == "t"; })) {
    ADD_FAILURE() << "never true: " << condition;
  }
}

}  // namespace resetctl::agent

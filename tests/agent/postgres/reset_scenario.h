#ifndef RESETCTL_TESTS_AGENT_POSTGRES_RESET_SCENARIO_H_
#define RESETCTL_TESTS_AGENT_POSTGRES_RESET_SCENARIO_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/postgres/postgres_target.h"
#include "agent/service/ports.h"
#include "proto/contract/blueprint.h"
#include "tests/support/postgres_cluster.h"

namespace resetctl::agent {

// Remembers what a run says, and lets a test step in.
class RecordingObserver : public StepObserver {
 public:
  void OnStep(const StepNote& note) override;
  absl::Status OnAboutToCommit(const CommitFacts& facts) override;

  bool Saw(v1::StepKind step, v1::EventKind kind, const std::string& name = "") const;

  std::function<void(const StepNote&)> on_step;
  std::function<absl::Status(const CommitFacts&)> about_to_commit;
  std::vector<StepNote> notes;
  std::vector<CommitFacts> commits;
};

// A database of a plain owner, a blueprint, and the way from plan to reset. The tables: `users` and `orders` (which refers to
// it) are cleared, `notes` is kept.
class ResetScenario {
 public:
  ResetScenario();
  // In a cluster with settings of its own.
  explicit ResetScenario(support::PostgresCluster& cluster);

  // What stands below `recreate:`, `verify:` and in front of them; files that the blueprint names.
  ResetScenario& Clear(const std::string& yaml_list);  // "[users, orders]"
  ResetScenario& Keep(const std::string& yaml_list);
  ResetScenario& Schemas(const std::string& yaml_list);  // "[public]"
  ResetScenario& Unlisted(const std::string& word);      // "refuse"
  // One more line of the blueprint's `postgres:`, 'kept_references: when_null'; empty for none.
  ResetScenario& Postgres(const std::string& yaml_line);
  ResetScenario& Recreate(const std::string& yaml_step);  // "{name: Admin, sql: a.sql}"
  ResetScenario& Verify(const std::string& yaml_check);
  ResetScenario& File(const std::string& path, const std::string& content);
  ResetScenario& Parameter(const std::string& name, const std::string& value,
                           const std::string& declaration = "{required: true}");
  // As a secret without `sql: true`, whatever the declaration said.
  ResetScenario& WithholdFromSql(const std::string& name);
  ResetScenario& Sql(const std::string& sql);  // a recreate step 'Step' with one file step.sql

  // A DELETE trigger: such a table is truncated, and so are those that reference it.
  ResetScenario& FireOnDelete(const std::string& table);

  // Where the agent keeps its own tables from now on; by default in resetctl.
  ResetScenario& OwnSchema(const std::string& name);

  // Makes the plan; a failure of the blueprint or the survey fails the test.
  void Plan();
  // Why there is no plan: 'KEPT_REFERENCES_CLEARED notes.user_id -> users.id ...', one line a problem. Empty: there is one.
  std::vector<std::string> Problems();
  // The same, whole; a survey that fails fails the test.
  std::vector<v1::Problem> WholeProblems();
  // Claims with a new nonce and resets, after Plan() where there is none yet.
  ResetOutcome Run();
  // The same; a run that does not commit fails the test.
  ResetOutcome ExpectCommitted();
  // The same; the test fails unless the run is rolled back for this reason and every table is as before.
  v1::Problem ExpectRolledBack(v1::Reason reason);
  ClaimOrder NextClaim();
  ResetOrder Order(const ClaimOrder& claim, int64_t fence);

  // Rows of a table, as SQL names it.
  std::string Count(const std::string& table);
  // md5 of every table's rows, of each schema but the system's and the agent's own.
  std::map<std::string, std::string> Checksums();

  // What Plan() made.
  const std::string& blueprint_text() const { return bundle_.files.at("blueprint.yaml"); }

  support::TestDatabase db;
  std::unique_ptr<PostgresTarget> target;
  RecordingObserver observer;
  contract::EnvironmentRules rules;
  v1::PlanDocument plan;
  std::string plan_digest;
  std::string run_id;  // of the last claim

  // How the plan clears a table: 'truncate: large'.
  std::string Strategy(const std::string& table) const;

 private:
  absl::StatusOr<Survey> MakeSurvey();

  std::string own_schema_ = kOwnSchema;
  std::string postgres_;
  std::string schemas_ = "[public]";
  std::string unlisted_ = "refuse";
  std::string clear_ = "[users, orders]";
  std::string keep_ = "[notes]";
  std::string recreate_, verify_, parameters_yaml_;
  contract::BundleFiles bundle_;
  contract::Blueprint blueprint_;
  std::vector<contract::RecreateStepSpec> steps_;
  ResolvedParameters parameters_;
  int claims_ = 0;
};

// Waits until the query answers 't' (as superuser, on a connection of its own); fails the test after a minute.
void Await(const support::TestDatabase& db, const std::string& condition);

}  // namespace resetctl::agent

#endif  // RESETCTL_TESTS_AGENT_POSTGRES_RESET_SCENARIO_H_

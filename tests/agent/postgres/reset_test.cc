#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"

namespace resetctl::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ResetTest : public ::testing::Test {
 protected:
  // The run failed for this reason, and no table of the database has changed, nor the ledger.
  v1::Problem ExpectRolledBack(v1::Reason reason) {
    v1::Problem problem = it.ExpectRolledBack(reason);
    EXPECT_EQ(it.Count("resetctl.ledger"), "0");
    return problem;
  }
  ResetScenario it;
};

class ResetNeverAgainTest : public ResetTest {};

TEST_F(ResetTest, ClearsRecreatesChecksAndWritesTheLedger) {
  it.Parameter("ADMIN_USERNAME", "o'hara; \"$x$\" \\")
      .Recreate("{name: Admin user, sql: admin.sql}")
      .File("admin.sql",
            "-- the admin\ninsert into users (name, is_superuser)\n"
            "values (current_setting('resetctl.admin_username'), true);\n")
      .Verify(
          "{name: Admin can be found, sql: 'select count(*) = 1 from users where is_superuser'}");
  const ResetOutcome outcome = it.ExpectCommitted();
  EXPECT_EQ(it.db.Column("select id || ' ' || name from users"),
            (std::vector<std::string>{"1 o'hara; \"$x$\" \\"}));
  EXPECT_EQ(it.db.Scalar("select count(*) from orders"), "0");
  EXPECT_EQ(it.db.Scalar("select count(*) from notes"), "2");
  const v1::RunResult& result = outcome.result;
  EXPECT_EQ(result.rows_cleared(), 200);
  EXPECT_EQ(result.tables_cleared(), 2);
  EXPECT_EQ(result.rows_recreated(), 1);
  EXPECT_EQ(result.recreated(0).name(), "Admin user");
  EXPECT_EQ(result.largest(0).rows(), 100);
  EXPECT_TRUE(result.checks(0).passed());
  EXPECT_TRUE(result.kept_proved());
  EXPECT_EQ(result.fence(), 1);
  ASSERT_EQ(result.refilled_size(), 1);
  EXPECT_EQ(result.refilled(0).table(), "public.users");
  EXPECT_EQ(result.refilled(0).rows(), 1);
  EXPECT_EQ(result.tables_refilled(), 1);
  EXPECT_EQ(result.rows_refilled(), 1);
  EXPECT_EQ(it.db.Scalar(absl::StrCat("select '", result.wal_lsn_before(), "'::pg_lsn < '",
                                      result.wal_lsn(), "'::pg_lsn and '", result.wal_lsn(),
                                      "'::pg_lsn < '", result.wal_lsn_after(), "'::pg_lsn")),
            "t");
  EXPECT_EQ(it.db.Scalar("select plan || ' ' || xid from resetctl.ledger"),
            absl::StrCat(it.plan_digest, " ", result.xid()));
  ASSERT_EQ(it.observer.commits.size(), 1u);
  EXPECT_EQ(it.observer.commits[0].xid, result.xid());
  for (v1::StepKind step : {v1::STEP_KIND_LOCK, v1::STEP_KIND_RECHECK, v1::STEP_KIND_CLEAR,
                            v1::STEP_KIND_RECREATE, v1::STEP_KIND_CHECK, v1::STEP_KIND_COMMIT}) {
    EXPECT_TRUE(it.observer.Saw(step, v1::EVENT_KIND_STARTED)) << step;
    EXPECT_TRUE(it.observer.Saw(step, v1::EVENT_KIND_SUCCEEDED)) << step;
  }
  EXPECT_TRUE(it.observer.Saw(v1::STEP_KIND_RECREATE, v1::EVENT_KIND_SUCCEEDED, "Admin user"));
  const LedgerReading reading = it.target->AskLedger(it.run_id);
  EXPECT_EQ(reading.answer, LedgerAnswer::kCommitted);
  EXPECT_EQ(reading.result.rows_cleared(), 200);
}

TEST_F(ResetTest, APlanTakesEffectOnce) {
  it.ExpectCommitted();
  const absl::StatusOr<int64_t> again = it.target->Claim(it.NextClaim());
  EXPECT_EQ(contract::ReasonOf(again.status()), v1::REASON_WRONG_STATE);
}

TEST_F(ResetTest, AnOlderFenceIsRefused) {
  it.Plan();
  const ClaimOrder claim = it.NextClaim();
  const int64_t fence = *it.target->Claim(claim);
  it.db.Execute("update resetctl.target set fence = fence + 1");
  const ResetOutcome outcome = it.target->Reset(it.Order(claim, fence), it.observer);
  EXPECT_EQ(outcome.problem.reason(), v1::REASON_FENCED);
  EXPECT_EQ(it.db.Scalar("select count(*) from users"), "100");
}

TEST_F(ResetTest, AClosedClaimRunsNoMore) {
  it.Plan();
  const ClaimOrder claim = it.NextClaim();
  const int64_t fence = *it.target->Claim(claim);
  ASSERT_TRUE(it.target->CloseClaim(claim.run_id, "ROLLED_BACK").ok());
  const ResetOutcome outcome = it.target->Reset(it.Order(claim, fence), it.observer);
  EXPECT_EQ(outcome.problem.reason(), v1::REASON_FENCED);
}

// "recreate ran as four programs after the commit: ... stderr cut to its first 500 characters, which hid the cause"
TEST_F(ResetNeverAgainTest, AFailingStepLeavesEveryTableAsItWasAndNamesItsLine) {
  it.Recreate("{name: Admin, sql: admin.sql}")
      .File("admin.sql",
            "insert into users (name) values ('a');\n\n-- again\ninsert into users (name)\n  "
            "values ('a');\n");
  const v1::Problem problem = ExpectRolledBack(v1::REASON_SQL_FAILED);
  EXPECT_EQ(problem.file(), "admin.sql");
  EXPECT_EQ(problem.line(), 4);
  EXPECT_EQ(problem.statement(), 2);
  EXPECT_EQ(problem.sqlstate(), "23505");
  EXPECT_TRUE(it.observer.Saw(v1::STEP_KIND_RECREATE, v1::EVENT_KIND_FAILED, "Admin"));
  EXPECT_EQ(it.target->AskLedger(it.run_id).answer, LedgerAnswer::kNotCommitted);
}

TEST_F(ResetTest, ASyntaxErrorNamesTheVeryLine) {
  it.Sql("insert into users (name) values ('a');\ninsert into users\n  (name)\n  valeus ('b');");
  const v1::Problem problem = ExpectRolledBack(v1::REASON_SQL_FAILED);
  EXPECT_EQ(problem.line(), 4);
}

TEST_F(ResetTest, AFailedRunMayBeTriedAgain) {
  it.Sql(
      "insert into users (name) select text from notes where text = 'third';\n"
      "do $$ begin if not exists (select from users) then raise 'no third note'; end if; end $$;");
  EXPECT_THAT(ExpectRolledBack(v1::REASON_SQL_FAILED).message(), HasSubstr("no third note"));
  ASSERT_TRUE(it.target->CloseClaim(it.run_id, "ROLLED_BACK").ok());
  it.db.Execute("insert into notes (text) values ('third')");
  EXPECT_EQ(it.ExpectCommitted().result.fence(), 2);
}

TEST_F(ResetTest, TheServerRefusesCommitHoweverItIsSpelled) {
  for (const char* sql :
       {"do $$ begin commit; end $$;", "do $$ begin execute 'com' || 'mit'; end $$;",
        "do $$ begin execute 'rollback'; end $$;", "do $$ begin execute 'savepoint a'; end $$;"}) {
    ResetScenario one;
    const auto before = one.Checksums();
    one.Sql(sql);
    const ResetOutcome outcome = one.Run();
    EXPECT_EQ(outcome.problem.reason(), v1::REASON_SQL_FAILED) << sql;
    EXPECT_EQ(one.Checksums(), before) << sql;
  }
}

TEST_F(ResetTest, RefusesAProcedureThatCommits) {
  it.db.Execute("create procedure sneaky() language plpgsql as $$ begin commit; end $$");
  it.Sql("call sneaky();");
  EXPECT_EQ(ExpectRolledBack(v1::REASON_SQL_FAILED).sqlstate(), "2D000");
}

TEST_F(ResetTest, RefusesAStepThatWritesIntoItsLedger) {
  for (const char* sql :
       {"update resetctl.target set fence = 99", "delete from resetctl.claim",
        "insert into resetctl.ledger (run, plan, fence, xid, result) values ('r', 'p', 5, '1', '')",
        "insert into resetctl.witness values (true, 'o', 1, '', '', '')",
        "drop schema resetctl cascade", "create table resetctl.more (id int)",
        "alter table resetctl.ledger drop constraint ledger_plan_key"}) {
    ResetScenario one;
    one.Sql(sql);
    one.Plan();
    const auto before = one.Checksums();
    const ResetOutcome outcome = one.Run();
    EXPECT_EQ(outcome.problem.reason(), v1::REASON_KEPT_TABLE_TOUCHED) << sql;
    EXPECT_EQ(one.Checksums(), before) << sql;
    EXPECT_EQ(one.db.Scalar("select fence from resetctl.target"), "1") << sql;
  }
}

TEST_F(ResetTest, SettingsOfAStepDoNotSurviveIt) {
  it.Recreate("{name: Leaky, sql: leaky.sql}")
      .Recreate("{name: Next, sql: next.sql}")
      .File("leaky.sql",
            "select set_config('statement_timeout', '61s', false);\n"
            "set local search_path = nowhere;\n"
            "select set_config('myapp.tenant', 'evil', false);\n"
            "select set_config('row_security', 'on', true);\n"
            "set local lock_timeout = '61s';\n")
      .File("next.sql",
            "insert into users (name) values (current_setting('search_path') || '|' || "
            "current_setting('statement_timeout') || '|' || "
            "coalesce(current_setting('myapp.tenant', true), '') "
            "|| '|' || current_setting('row_security'));");
  it.ExpectCommitted();
  EXPECT_EQ(it.db.Scalar("select name from users"), "\"public\", pg_temp|1h||off");
}

TEST_F(ResetTest, SettingsOfTheRoleDoNotCutItInHalf) {
  it.Sql("select pg_sleep(0.4); insert into users (name) values ('a');");
  it.Plan();
  for (const char* setting : {"statement_timeout = '300ms'", "lock_timeout = '1ms'",
                              "idle_in_transaction_session_timeout = '100ms'"}) {
    it.db.ExecuteAsSuperuser(absl::StrCat("alter role ", it.db.owner(), " set ", setting));
  }
  it.observer.on_step = [&](const StepNote& note) {
    if (note.step == v1::STEP_KIND_CLEAR) it.db.Scalar("select pg_sleep(0.2)");
  };
  it.ExpectCommitted();
}

TEST_F(ResetTest, ARoleDefaultOfRepeatableReadDoesNotHideLateRows) {
  it.db.ExecuteAsSuperuser(absl::StrCat("alter role ", it.db.owner(),
                                        " set default_transaction_isolation = 'repeatable read'"));
  it.Plan();
  // Committed between the advisory lock and LOCK: the run has begun and waits for this very transaction.
  support::TestConnection writer = it.db.Connect();
  writer.Execute("begin; insert into users (name) values ('late')");
  std::thread other([&] {
    Await(it.db, "select count(*) > 0 from pg_locks where not granted and mode = 'ExclusiveLock'");
    writer.Execute("commit");
  });
  const ResetOutcome outcome = it.ExpectCommitted();
  other.join();
  EXPECT_EQ(outcome.result.rows_cleared(), 201);
  EXPECT_EQ(it.db.Scalar("select count(*) from users"), "0");
}

TEST_F(ResetTest, ChecksMustAnswerOneRowOfTrue) {
  const std::pair<const char*, const char*> cases[] = {
      {"select false", "false"},
      {"select null::boolean", "NULL"},
      {"select true where false", "no row"},
      {"values (true), (true)", "more than one row"},
      {"select true, true", "more than one column"},
      {"select 1", "no boolean"},
      {"select 1/0 = 1", "division by zero"},
      {"select nextval('users_id_seq') > 0", "read-only"},
      {"delete from users returning true", "syntax error"}};
  for (const auto& [sql, why] : cases) {
    ResetScenario one;
    one.Verify(absl::StrCat("{name: Proof, sql: \"", sql, "\"}"));
    one.Plan();
    const auto before = one.Checksums();
    const ResetOutcome outcome = one.Run();
    EXPECT_EQ(outcome.end, ResetEnd::kRolledBack) << sql;
    EXPECT_EQ(outcome.problem.reason(), v1::REASON_CHECK_FAILED) << sql;
    EXPECT_THAT(outcome.problem.message(), HasSubstr("'Proof'")) << sql;
    EXPECT_THAT(outcome.problem.message(), HasSubstr(why)) << sql;
    EXPECT_EQ(one.Checksums(), before) << sql;
  }
}

TEST_F(ResetTest, ACancelledRunChangesNothing) {
  it.Sql("select pg_sleep(600);");
  std::thread other([&] {
    Await(it.db,
          "select count(*) > 0 from pg_stat_activity where query like '%pg_sleep(600)%' "
          "and state = 'active' and application_name = 'resetctl-agent'");
    it.target->CancelReset();
  });
  ExpectRolledBack(v1::REASON_CANCELLED);
  other.join();
}

TEST_F(ResetTest, ACancelBetweenClaimAndResetCounts) {
  it.Plan();
  const ClaimOrder claim = it.NextClaim();
  const int64_t fence = *it.target->Claim(claim);
  it.target->CancelReset();
  EXPECT_EQ(it.target->Reset(it.Order(claim, fence), it.observer).problem.reason(),
            v1::REASON_CANCELLED);
  EXPECT_EQ(it.db.Scalar("select count(*) from users"), "100");
}

// "`kill -9` between commit and recreate: no users, no roles, no settings"
TEST_F(ResetNeverAgainTest, AKilledBackendLeavesTheDataAsItWas) {
  it.observer.on_step = [&](const StepNote& note) {
    if (note.step != v1::STEP_KIND_CLEAR || note.kind != v1::EVENT_KIND_SUCCEEDED) return;
    it.db.Scalar(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity "
        "where datname = current_database() and application_name = 'resetctl-agent'");
  };
  it.Sql("insert into users (name) values ('a');");
  ExpectRolledBack(v1::REASON_DATABASE_UNREACHABLE);
  EXPECT_EQ(it.target->AskLedger(it.run_id).answer, LedgerAnswer::kNotCommitted);
}

TEST_F(ResetTest, AJournalThatCannotBeWrittenRollsBack) {
  it.observer.about_to_commit = [](const CommitFacts&) {
    return contract::Error(v1::REASON_INTERNAL, "The disk is full.");
  };
  ExpectRolledBack(v1::REASON_INTERNAL);
}

TEST_F(ResetTest, ALostAnswerToCommitIsInDoubtAndTheLedgerSettlesIt) {
  it.observer.about_to_commit = [&](const CommitFacts& facts) {
    it.db.Scalar(absl::StrCat("select pg_terminate_backend(", facts.backend_pid, ", 10000)"));
    return absl::OkStatus();
  };
  const ResetOutcome outcome = it.Run();
  EXPECT_EQ(outcome.end, ResetEnd::kInDoubt);
  EXPECT_EQ(outcome.problem.reason(), v1::REASON_OUTCOME_UNKNOWN);
  EXPECT_EQ(it.target->AskLedger(it.run_id).answer, LedgerAnswer::kNotCommitted);
  EXPECT_EQ(it.db.Scalar("select count(*) from users"), "100");
}

TEST_F(ResetTest, NoParameterReachesTheServersLog) {
  it.db.ExecuteAsSuperuser(
      absl::StrCat("alter database ", it.db.name(), " set log_statement = 'all'"));
  it.db.ExecuteAsSuperuser(
      absl::StrCat("alter database ", it.db.name(), " set log_min_duration_statement = 0"));
  it.Parameter("ADMIN_TOKEN", "tok-9f8e7d", "{required: true, secret: true, sql: true}")
      .Parameter("ADMIN_PASSWORD", "pw-1a2b3c", "{required: true, secret: true}")
      .Sql(
          "insert into users (name) values (md5(current_setting('resetctl.admin_token')) || "
          "coalesce(current_setting(concat('reset', 'ctl.admin_password'), true), 'absent'));");
  it.ExpectCommitted();
  EXPECT_THAT(it.db.Scalar("select name from users"), HasSubstr("absent"));
  const std::string log = it.db.cluster().Log();
  EXPECT_THAT(log, HasSubstr("insert into users (name) values (md5"));
  EXPECT_THAT(log, Not(HasSubstr("tok-9f8e7d")));
  EXPECT_THAT(log, Not(HasSubstr("pw-1a2b3c")));
}

}  // namespace
}  // namespace resetctl::agent

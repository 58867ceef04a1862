#include "client/output/run_summary.h"

#include <functional>

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "tests/client/fixtures.h"

namespace resetctl::client {
namespace {

TEST(RunSummaryTest, TellsWhatWasDoneAndProved) {
  EXPECT_EQ(RenderRunSummary(ALook(), ARun(APlan(ADocument()), v1::RUN_STATE_SUCCEEDED)),
            R"(SUCCEEDED  r-19c04e77  in 4 s                                           (exit 0)
  production / rental-manager    writers waited 2.2 s, readers of 2 tables 0.4 s

  cleared      1,240,243 rows in 4 tables: truncate 2, delete 1, empty 1
    Analytics & Monitoring     11,204 rows  truncate 1, delete 1, empty 1
    Transactions            1,229,039 rows  truncate 1
  largest      transaction_lines 1,229,039 truncated
  recreated    21 rows
    Admin user   1 row
    Brands      20 rows
  checks       1 of 1 true, kept tables untouched
  cache        58,112 keys removed
  after        ✓ Restart backend
  proof        ledger row committed, fence 12, xid 90211, log entry 4,811

Report:  resetctl report r-19c04e77 -o run.html
)");
}

std::string SummaryOf(const std::function<void(v1::RunResult*)>& change, int width = 80) {
  v1::Run run = ARun(APlan(ADocument()), v1::RUN_STATE_SUCCEEDED);
  change(run.mutable_result());
  return RenderRunSummary(ALook(width), run);
}

TEST(RunSummaryTest, ReadersOfTablesThatAreDeletedFromWaitNotAtAll) {
  const std::string text = SummaryOf([](v1::RunResult* result) {
    result->set_tables_truncated(0);
    result->set_tables_closed(0);
    result->mutable_readers_waited()->Clear();
  });
  EXPECT_NE(text.find("writers waited 2.2 s, readers not at all\n"), std::string::npos) << text;
}

TEST(RunSummaryTest, HowLongOthersWaitedIsNotBrokenInTheMiddle) {
  const std::string text =
      SummaryOf([](v1::RunResult* result) { result->set_tables_closed(22); }, 78);
  EXPECT_NE(text.find("production / rental-manager\n"
                      "  writers waited 2.2 s, readers of 22 tables 0.4 s\n"),
            std::string::npos)
      << text;
}

TEST(RunSummaryTest, RowsOfSampledTablesAreMarked) {
  const std::string text = SummaryOf([](v1::RunResult* result) {
    result->set_rows_estimated(true);
    result->mutable_cleared(1)->set_estimated(true);
    result->mutable_largest(0)->set_estimated(true);
  });
  EXPECT_NE(text.find("cleared      ≈1,240,243 rows"), std::string::npos) << text;
  EXPECT_NE(text.find("Transactions            ≈1,229,039 rows"), std::string::npos) << text;
  EXPECT_NE(text.find("transaction_lines ≈1,229,039"), std::string::npos) << text;
}

TEST(RunSummaryTest, AnOlderAgentThatDoesNotSayHowIsNotGuessedAt) {
  const std::string text = SummaryOf([](v1::RunResult* result) {
    result->set_tables_truncated(0);
    result->set_tables_closed(0);
    result->set_tables_deleted(0);
    result->set_tables_untouched(0);
    result->mutable_largest(0)->clear_method();
  });
  EXPECT_NE(text.find("writers waited 2.2 s, readers 0.4 s\n"), std::string::npos) << text;
  EXPECT_NE(text.find("cleared      1,240,243 rows in 4 tables\n"), std::string::npos) << text;
  EXPECT_NE(text.find("largest      transaction_lines 1,229,039\n"), std::string::npos) << text;
}

void LeaveSomething(v1::RunResult* result) {
  result->set_large_objects_removed(10000);
  result->set_large_objects_left(2000);
  auto* users = result->add_residue();
  users->set_table("public.users");
  users->add_columns("email");
  users->add_columns("full_name");
  auto* late = result->add_late_rows();
  late->set_table("public.users");
  late->set_rows(2);
  late->add_applications("backend");
  *result->add_late_rows() = *late;
  result->mutable_late_rows(1)->set_rows(1);
  result->mutable_late_rows(1)->add_applications("worker");
}

TEST(RunSummaryTest, TellsWhatIsLeftAndWhatCameAfterTheCommit) {
  const std::string text = SummaryOf(LeaveSomething);
  EXPECT_NE(text.find(R"(
  objects      10,000 large objects removed, 2,000 left at the commit: they go
               in batches after it
)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"(
  since then   2 rows were written to users after the commit by application
               backend
               1 row was written to users after the commit by one of the
               applications backend, worker
  residue      the statistics (pg_stats) still show values of
               users (email, full_name)
               They go when the table holds rows again and is analysed; VACUUM
               or ANALYZE of an empty table does not help. PostgreSQL 18 has
               pg_clear_attribute_stats().
)"),
            std::string::npos)
      << text;
}

TEST(RunSummaryTest, CountsWhatIsLeftInManyTables) {
  const std::string text = SummaryOf([](v1::RunResult* result) {
    for (int i = 0; i < 6; ++i) result->add_residue()->add_columns("email");
  });
  EXPECT_NE(text.find(R"(
  residue      the statistics (pg_stats) still show values of
               6 columns of 6 cleared tables; resetctl show p-)"),
            std::string::npos)
      << text;
}

TEST(RunSummaryTest, FitsEveryTerminal) {
  for (const int width : {48, 60, 80, 120}) {
    const std::string text = SummaryOf(LeaveSomething, width);
    for (const std::string& line : std::vector<std::string>(absl::StrSplit(text, '\n'))) {
      EXPECT_LE(Width(line), width) << line;
    }
  }
}

TEST(RunSummaryTest, ARollbackSaysThatNothingChangedAndWhy) {
  v1::Plan plan;
  plan.set_id("p-7f3a91c2ffffffff");
  v1::Run run = ARun(plan, v1::RUN_STATE_ROLLED_BACK);
  v1::Problem* problem = run.mutable_problem();
  problem->set_reason(v1::REASON_SQL_FAILED);
  problem->set_message("duplicate key value violates unique constraint \"users_email_key\"");
  problem->set_file("sql/admin.sql");
  problem->set_line(12);
  problem->set_statement(3);
  problem->add_objects("public.users");
  problem->set_advice("See the constraint users_email_key of public.users.");
  v1::RunEvent part = AnEvent(v1::STEP_KIND_RECREATE, v1::EVENT_KIND_FAILED, 7);
  part.set_name("Admin user");
  const v1::RunEvent whole = AnEvent(v1::STEP_KIND_RECREATE, v1::EVENT_KIND_FAILED, 8);
  EXPECT_EQ(RenderRunSummary(ALook(), run, FailedPart(FailedPart(std::nullopt, part), whole)),
            R"(ROLLED BACK  r-19c04e77: nothing was changed                            (exit 5)
  production / rental-manager

  recreate · Admin user    sql/admin.sql:12, statement 3
  duplicate key value violates unique constraint "users_email_key"
  See the constraint users_email_key of public.users.

The approvals stand. Mend the blueprint and make a new plan, or run it again
while the plan is valid:
  resetctl run p-7f3a91c2
)");
}

TEST(RunSummaryTest, AStaleTargetNeedsANewPlan) {
  v1::Run run = ARun(APlan(ADocument()), v1::RUN_STATE_REFUSED);
  run.mutable_problem()->set_reason(v1::REASON_STALE_SCHEMA);
  run.mutable_problem()->set_message("column items.weight was added");
  const std::string text = RenderRunSummary(ALook(), run);
  EXPECT_NE(text.find("column items.weight was added"), std::string::npos);
  EXPECT_NE(text.find("make a new plan"), std::string::npos);
  EXPECT_EQ(text.find("resetctl run"), std::string::npos);
  EXPECT_NE(text.find("  resetctl show NEW_PLAN --diff p-"), std::string::npos) << text;
  EXPECT_NE(text.find("(exit 4)"), std::string::npos);
}

TEST(RunSummaryTest, NeedsAttentionSaysThatTheResetIsCommitted) {
  v1::Run run = ARun(APlan(ADocument()), v1::RUN_STATE_NEEDS_ATTENTION);
  auto* login = run.mutable_result()->add_after();
  login->set_name("Admin logs in");
  login->set_kind(v1::EVENT_KIND_FAILED);
  login->set_detail("expected 200, got 502");
  const std::string text = RenderRunSummary(ALook(), run);
  EXPECT_NE(text.find("the reset is committed"), std::string::npos);
  EXPECT_NE(text.find("✗ Admin logs in: expected 200, got 502"), std::string::npos);
  EXPECT_NE(text.find("resetctl resume r-19c04e77"), std::string::npos);
  EXPECT_NE(text.find("(exit 6)"), std::string::npos);
}

}  // namespace
}  // namespace resetctl::client

#include "client/output/plan_page.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "resetctl/v1/plan.pb.h"
#include "tests/client/fixtures.h"

namespace resetctl::client {
namespace {

// The id is a digest of the fixture: replaced, so that the page can be read here.
std::string PageOf(const v1::Plan& plan, const v1::PlanDocument& document, int width) {
  std::string page = RenderPlanPage(ALook(width), plan, document);
  const std::string id = plan.id().substr(0, 10);
  for (size_t at = page.find(id); at != std::string::npos; at = page.find(id, at)) {
    page.replace(at, id.size(), "p-7f3a91c2");
  }
  return page;
}

TEST(PlanPageTest, ReadsLikeAPage) {
  const v1::PlanDocument document = ADocument();
  EXPECT_EQ(PageOf(APlan(document), document, 80),
            R"(Plan p-7f3a91c2    rental-manager -> production              by carol, 2 min ago
Database   rental @ db.internal:5432, PostgreSQL 15.6  identity matches
Blueprint  rental-manager  sha256:4be012345678…  with master-data
State      waiting for approval

CLEAR                     4 tables  1,240,240 rows  612 MB  2 groups
  Analytics & Monitoring  3 tables     11,204 rows  1.1 MB  truncate 1, delete 1
    system_alerts 1,204 · business_metrics 10,000 · analytics_reports 0
  Transactions            1 table   1,229,036 rows  611 MB  truncate 1
    transaction_lines 1,229,036
FORECAST   readers of 2 tables wait, of the others not at all; writers of all
           writes about 232 kB of WAL, leaves 96 kB for VACUUM
KEEP               1 row   in 1 table
  alembic_version  1 row   migration history
RECREATE      20 rows  and 3 SQL statements, in 2 steps
  Admin user           sql/admin.sql, 3 statements
  Brands      20 rows  into brands    (master-data)
CHECKS     Admin can be found · kept tables untouched
CACHE      Redis db 0 at 127.0.0.1:6379    58,112 keys    flush (async)
           214 of them are queues: 1,880 jobs will be lost
AFTER      1 step
  Restart backend  railway restart backend, optional
SIDE EFFECTS
  materialized view daily_totals refreshed

NEEDS      2 approvals from dba, product (not carol)    0 of 2
           phrase  DELETE ALL DATA rental-manager
           hold    5 s before the first statement
           floor   2 approvals from dba, product
Expires    today 18:12 +01

Next:  resetctl approve p-7f3a91c2    (bob, dana may)
)");
}

TEST(PlanPageTest, SaysWhatStopsAPlanBesidesApprovals) {
  const v1::PlanDocument document = ADocument();
  v1::Plan plan = APlan(document);
  auto* busy = plan.add_objections();
  busy->set_reason(v1::REASON_TARGET_BUSY);
  busy->set_message("r-11111111 runs on this target");
  const std::string page = PageOf(plan, document, 80);
  EXPECT_NE(page.find("stops   r-11111111 runs on this target"), std::string::npos) << page;
}

TEST(PlanPageTest, SaysWhyTheCacheIsLeftAlone) {
  v1::PlanDocument document = ADocument();
  document.mutable_cache()->Clear();
  document.mutable_cache()->set_skipped("no cache configured");
  const std::string page = PageOf(APlan(document), document, 80);
  EXPECT_NE(page.find("CACHE      will not be touched: no cache configured"), std::string::npos);
}

TEST(PlanPageTest, SaysThatADatabaseIsNew) {
  v1::PlanDocument document = ADocument();
  document.mutable_database()->clear_marker();
  const std::string page = PageOf(APlan(document), document, 80);
  EXPECT_NE(page.find("PostgreSQL 15.6  identity new\n"), std::string::npos) << page;
}

TEST(PlanPageTest, SaysWhoApprovedAndThatEachMustBeOfAnotherGroup) {
  contract::EnvironmentRules rules = ProductionRules();
  rules.approvals.distinct_groups = true;
  const v1::PlanDocument document = ADocument(rules);
  v1::Plan plan = APlan(document);
  plan.set_approvals_counted(1);
  auto* alice = plan.add_approvals();
  alice->set_person("alice");
  alice->set_decision("approve");
  alice->set_counts(true);
  const std::string page = PageOf(plan, document, 80);
  EXPECT_NE(page.find("NEEDS      2 approvals, one each from dba, product (not carol)    1 of 2\n"
                      "           given   alice\n"),
            std::string::npos)
      << page;
  const std::string narrow = PageOf(plan, document, 50);
  EXPECT_NE(narrow.find("           given   1 of 2: alice\n"), std::string::npos) << narrow;
}

TEST(PlanPageTest, SaysASideEffectsNamesOnce) {
  v1::PlanDocument document = ADocument();
  document.clear_side_effects();
  auto* one = document.add_side_effects();
  one->set_text("trigger stamp on items fires on recreate");
  one->add_objects("stamp on items");
  auto* two = document.add_side_effects();
  two->set_text("2 materialized views refreshed");
  two->add_objects("totals");
  two->add_objects("averages");
  const std::string page = PageOf(APlan(document), document, 80);
  EXPECT_NE(page.find("  trigger stamp on items fires on recreate\n"
                      "  2 materialized views refreshed: totals, averages\n"),
            std::string::npos)
      << page;
}

TEST(PlanPageTest, NamesWhatStaysInTheStatisticsAndWhatMakesItGo) {
  v1::PlanDocument document = ADocument();
  auto* users = document.add_residue();
  users->set_table("public.users");
  users->add_columns("email");
  users->add_columns("full_name");
  auto* alerts = document.add_residue();
  alerts->set_table("public.system_alerts");
  alerts->add_columns("message");
  EXPECT_NE(
      PageOf(APlan(document), document, 80)
          .find("RESIDUE    pg_stats still shows values of 3 columns of 2 cleared tables\n"
                "  users          email, full_name\n"
                "  system_alerts  message\n"
                "  They go when the table holds rows again and is analysed; VACUUM or ANALYZE of\n"
                "  an empty table does not help.\n"),
      std::string::npos)
      << PageOf(APlan(document), document, 80);
  document.mutable_database()->set_server_version("18.1");
  EXPECT_NE(
      PageOf(APlan(document), document, 80).find("  pg_clear_attribute_stats() takes them away;"),
      std::string::npos);
}

TEST(PlanPageTest, CountsWhatStaysInTheStatisticsOfManyTables) {
  v1::PlanDocument document = ADocument();
  for (int i = 0; i < 6; ++i) {
    auto* table = document.add_residue();
    table->set_table(absl::StrCat("public.t", i));
    table->add_columns("email");
  }
  const std::string page = PageOf(APlan(document), document, 80);
  EXPECT_NE(page.find("values of 6 columns of 6 cleared tables\n"
                      "  resetctl show p-7f3a91c2 --tables names them\n"),
            std::string::npos)
      << page;
  EXPECT_EQ(page.find("  t0  email\n"), std::string::npos) << page;
}

TEST(PlanPageTest, SaysWhatAFlushedClusterLoses) {
  v1::PlanDocument document = ADocument();
  auto* cache = document.mutable_cache();
  cache->set_masters(3);
  cache->set_required(false);
  cache->add_warnings("FLUSHALL also empties the dump file of each master");
  EXPECT_NE(PageOf(APlan(document), document, 80)
                .find("CACHE      Redis cluster, 3 masters at 127.0.0.1:6379    58,112 keys    "
                      "flush\n           (async)\n"
                      "           214 of them are queues: 1,880 jobs will be lost\n"
                      "           a failure is only a warning\n"
                      "           FLUSHALL also empties the dump file of each master\n"),
            std::string::npos)
      << PageOf(APlan(document), document, 80);
}

TEST(PlanPageTest, ASummaryBeforeThePhraseSaysThatItsNumbersAreEstimates) {
  v1::PlanDocument document = ADocument();
  document.mutable_groups(1)->mutable_tables(0)->set_estimated(true);
  EXPECT_NE(RenderPlanSummary(ALook(), APlan(document), document)
                .find("Clears     ≈1,240,240 rows in 4 tables, 612 MB\n"),
            std::string::npos);
}

TEST(PlanPageTest, FitsEveryTerminal) {
  v1::PlanDocument document = ADocument();
  auto* residue = document.add_residue();
  residue->set_table("public.rental_lifecycle_events_of_the_past");
  residue->add_columns("email");
  for (const int width : {40, 60, 80, 120}) {
    const std::string page = PageOf(APlan(document), document, width);
    for (const std::string& line : std::vector<std::string>(absl::StrSplit(page, '\n'))) {
      EXPECT_LE(Width(line), width) << line;
    }
  }
}

}  // namespace
}  // namespace resetctl::client

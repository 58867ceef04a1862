#include "client/output/clear_section.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "resetctl/v1/plan.pb.h"
#include "tests/client/fixtures.h"

namespace resetctl::client {
namespace {

v1::PlanDocument WithEstimate() {
  v1::PlanDocument document = ADocument();
  document.mutable_groups(1)->mutable_tables(0)->set_estimated(true);
  return document;
}

v1::PlanDocument WithUncountable() {
  v1::PlanDocument document = ADocument();
  auto* alerts = document.mutable_groups(0)->mutable_tables(0);
  alerts->set_uncountable(true);
  alerts->set_rows(0);
  alerts->set_strategy(v1::CLEAR_STRATEGY_TRUNCATE);
  return document;
}

std::string Names(const v1::PlanDocument& document, int width = 80) {
  return ClearSection(ALook(width), document, TableDetail::kNames);
}

std::string Strategies(const v1::PlanDocument& document, int width = 80) {
  return ClearSection(ALook(width), document, TableDetail::kStrategies);
}

TEST(ClearSectionTest, ATotalWithAnEstimateInItIsAnEstimate) {
  EXPECT_EQ(Names(WithEstimate(), 120),
            R"(CLEAR                     4 tables  ≈1,240,240 rows  612 MB  2 groups
  Analytics & Monitoring  3 tables      11,204 rows  1.1 MB  truncate 1, delete 1
    system_alerts 1,204 · business_metrics 10,000 · analytics_reports 0
  Transactions            1 table   ≈1,229,036 rows  611 MB  truncate 1
    transaction_lines ≈1,229,036
  ≈ is the server's estimate: too large to be counted
)");
}

TEST(ClearSectionTest, RowsThatRowSecurityHidesAreUncountableAndTheTotalALowerBound) {
  EXPECT_EQ(Names(WithUncountable()),
            R"(CLEAR                     4 tables  ≥1,239,036 rows  612 MB  2 groups
  Analytics & Monitoring  3 tables     ≥10,000 rows  1.1 MB  truncate 2
    system_alerts uncountable · business_metrics 10,000 · analytics_reports 0
  Transactions            1 table    1,229,036 rows  611 MB  truncate 1
    transaction_lines 1,229,036
  uncountable: row security hides the rows of 1 table, ≥ is without them
)");
}

TEST(ClearSectionTest, WhereThereIsNoRoomANameIsCutNotTheWayOfClearing) {
  EXPECT_NE(Names(WithEstimate(), 80)
                .find("  Analytics & Monitori…  3 tables      11,204 rows  1.1 MB  truncate 1, "
                      "delete 1\n"),
            std::string::npos)
      << Names(WithEstimate(), 80);
}

TEST(ClearSectionTest, AGroupOfEmptyTablesIsCalledEmpty) {
  v1::PlanDocument document = ADocument();
  auto* lines = document.mutable_groups(1)->mutable_tables(0);
  lines->set_rows(0);
  lines->set_strategy(v1::CLEAR_STRATEGY_UNTOUCHED);
  EXPECT_NE(Names(document).find("611 MB  empty\n"), std::string::npos) << Names(document);
}

TEST(ClearSectionTest, TablesInDetailTellHowEachIsClearedAndWhy) {
  EXPECT_EQ(Strategies(ADocument()),
            R"(CLEAR                     1,240,240 rows  612 MB  4 tables, 2 groups
  Analytics & Monitoring     11,204 rows  1.1 MB  truncate 1, delete 1
    system_alerts             1,204        96 kB  delete
    business_metrics         10,000       1.0 MB  truncate: published without
                                                  replica identity
    analytics_reports             0       8.0 kB  untouched: empty
  Transactions            1,229,036 rows  611 MB  truncate 1
    transaction_lines     1,229,036       611 MB  truncate: large
)");
}

TEST(ClearSectionTest, ALongNameIsNeverCutInDetail) {
  v1::PlanDocument document = ADocument();
  const std::string name = "rental_lifecycle_events_of_the_years_before_the_last_migration";
  document.mutable_groups(1)->mutable_tables(0)->set_name(name);
  const std::string text = Strategies(document);
  EXPECT_NE(text.find(absl::StrCat("    ", name, "\n")), std::string::npos) << text;
  EXPECT_NE(text.find("    1,229,036       611 MB  truncate: large\n"), std::string::npos) << text;
}

TEST(ClearSectionTest, OfALargeGroupTheLargestAreNamedAndTheRestSummed) {
  v1::PlanDocument document = ADocument();
  auto* group = document.mutable_groups(1);
  for (int i = 0; i < 99; ++i) {
    auto* table = group->add_tables();
    table->set_schema("public");
    table->set_name(absl::StrCat("t", i));
    table->set_rows(i);
    table->set_strategy(v1::CLEAR_STRATEGY_DELETE);
  }
  const std::string text = Names(document);
  EXPECT_NE(text.find("transaction_lines 1,229,036"), std::string::npos);
  EXPECT_NE(text.find(" t40 40 "), std::string::npos) << text;
  EXPECT_EQ(text.find(" t39 39"), std::string::npos) << text;
  EXPECT_NE(text.find("    and 40 smaller ones with 780 rows (--tables shows each)\n"),
            std::string::npos)
      << text;
  EXPECT_NE(Strategies(document).find("    t0 "), std::string::npos);
}

TEST(ClearSectionTest, TellsOfLargeObjectsAndSequences) {
  v1::PlanDocument document = ADocument();
  auto* scans = document.add_large_objects();
  scans->set_table("public.documents");
  scans->set_column("scan");
  scans->set_objects(1204);
  document.add_sequences()->set_name("items_id_seq");
  auto* shared = document.add_shared_sequences();
  shared->set_schema("public");
  shared->set_name("receipt_numbers");
  const std::string text = Names(document);
  EXPECT_NE(text.find("  1,204 large objects go with the rows: documents.scan 1,204\n"
                      "  1 sequence restarts, in the same transaction\n"
                      "  1 sequence goes on counting, kept tables use it too: receipt_numbers\n"),
            std::string::npos)
      << text;
}

TEST(ClearSectionTest, FitsEveryTerminal) {
  for (const v1::PlanDocument& document : {ADocument(), WithEstimate(), WithUncountable()}) {
    for (const int width : {40, 60, 72, 80, 120}) {
      for (const std::string& text : {Names(document, width), Strategies(document, width)}) {
        for (const std::string& line : std::vector<std::string>(absl::StrSplit(text, '\n'))) {
          EXPECT_LE(Width(line), width) << text;
        }
      }
    }
  }
}

TEST(ForecastSectionTest, TellsWhoWaitsAndWhatIsWritten) {
  v1::PlanDocument document = ADocument();
  EXPECT_EQ(ForecastSection(ALook(), document),
            "FORECAST   readers of 2 tables wait, of the others not at all; writers of all\n"
            "           writes about 232 kB of WAL, leaves 96 kB for VACUUM\n");
  document.mutable_forecast()->set_truncated(0);
  document.mutable_forecast()->set_deleted(3);
  EXPECT_NE(ForecastSection(ALook(), document)
                .find("writers of all 4 tables wait until the commit, readers not at all\n"),
            std::string::npos);
  document.mutable_forecast()->set_truncated(4);
  document.mutable_forecast()->set_deleted(0);
  document.mutable_forecast()->set_untouched(0);
  document.mutable_forecast()->set_dead_bytes(0);
  EXPECT_EQ(ForecastSection(ALook(), document),
            "FORECAST   readers and writers of all 4 tables wait until the commit\n"
            "           writes about 232 kB of WAL, leaves nothing for VACUUM\n");
}

TEST(ForecastSectionTest, WarnsWhenTheLocksComeNearTheRoom) {
  v1::PlanDocument document = ADocument();
  EXPECT_EQ(ForecastSection(ALook(), document).find("lock"), std::string::npos);
  document.mutable_forecast()->set_lock_entries(3200);
  EXPECT_NE(ForecastSection(ALook(), document)
                .find("           takes up to 3,200 of the server's 6,400 lock entries: others may "
                      "run\n           out of them (max_locks_per_transaction)\n"),
            std::string::npos)
      << ForecastSection(ALook(), document);
}

TEST(ForecastSectionTest, IsLeftOutWhenThePlanHasNone) {
  v1::PlanDocument document = ADocument();
  document.clear_forecast();
  EXPECT_EQ(ForecastSection(ALook(), document), "");
}

}  // namespace
}  // namespace resetctl::client

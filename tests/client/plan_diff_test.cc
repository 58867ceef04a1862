#include "client/output/plan_diff.h"

#include "absl/strings/str_cat.h"
#include "client/output/plan_diff_page.h"
#include "client/output/times.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "resetctl/v1/plan.pb.h"
#include "tests/client/fixtures.h"

namespace resetctl::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// "section name: was -> now", '-' where there is none.
std::vector<std::string> Brief(const std::vector<DiffSection>& sections) {
  std::vector<std::string> lines;
  for (const DiffSection& section : sections) {
    for (const Difference& each : section.differences) {
      lines.push_back(absl::StrCat(section.name, " ", each.name, ": ", each.was.value_or("-"),
                                   " -> ", each.now.value_or("-")));
    }
  }
  return lines;
}

void AddObject(v1::PlanDocument* document, const char* name, const char* definition) {
  auto* object = document->add_schema_objects();
  object->set_name(name);
  object->set_definition(definition);
}

v1::ClearTable* Lines(v1::PlanDocument* document) {
  return document->mutable_groups(1)->mutable_tables(0);
}

TEST(PlanDiffTest, WhenAPlanWasMadeIsNoDifference) {
  v1::PlanDocument now = ADocument();
  *now.mutable_make_time() = ToProto(ALook().now);
  now.set_author("dave");
  now.set_reason("another");
  now.set_plan_statement_digest("sha256:1");
  EXPECT_THAT(Brief(ComparePlans(ADocument(), now)), IsEmpty());
}

TEST(PlanDiffTest, NamesObjectsOfTheSchemaOldAndNew) {
  v1::PlanDocument was = ADocument(), now = ADocument();
  AddObject(&was, "public.items column sku", "varchar(50)");
  AddObject(&now, "public.items column sku", "text");
  AddObject(&now, "public.items column note", "text");
  AddObject(&was, "public.gone", "table");
  AddObject(&was, "public.gone column a", "integer");
  EXPECT_THAT(
      Brief(ComparePlans(was, now)),
      ElementsAre("schema public.gone: table -> -", "schema public.items column note: - -> text",
                  "schema public.items column sku: varchar(50) -> text"));
}

TEST(PlanDiffTest, NamesTablesThatWentToAnotherList) {
  v1::PlanDocument now = ADocument();
  now.mutable_groups()->RemoveLast();
  auto* kept = now.add_kept();
  kept->set_schema("public");
  kept->set_name("transaction_lines");
  kept->set_why("kept by the blueprint");
  EXPECT_THAT(Brief(ComparePlans(ADocument(), now)),
              ElementsAre("tables public.transaction_lines: cleared, Transactions -> "
                          "kept, kept by the blueprint"));
}

TEST(PlanDiffTest, NamesAnotherWayOfClearing) {
  v1::PlanDocument now = ADocument();
  Lines(&now)->set_strategy(v1::CLEAR_STRATEGY_DELETE);
  Lines(&now)->set_strategy_reason("");
  EXPECT_THAT(Brief(ComparePlans(ADocument(), now)),
              ElementsAre("how cleared public.transaction_lines: truncate: large -> delete"));
}

TEST(PlanDiffTest, RowsAreToldWhereTheyAreWorthReadingTheBiggestFirst) {
  v1::PlanDocument was = ADocument(), now = ADocument();
  auto* tables = now.mutable_groups(0)->mutable_tables();
  tables->Mutable(0)->set_rows(1210);   // half a percent, six rows
  tables->Mutable(1)->set_rows(10200);  // two percent
  tables->Mutable(2)->set_rows(3);      // was empty
  Lines(&now)->set_rows(1231000);       // 0.2%, but nearly two thousand
  EXPECT_THAT(Brief(ComparePlans(was, now)),
              ElementsAre("rows public.transaction_lines: 1229036 -> 1231000",
                          "rows public.business_metrics: 10000 -> 10200",
                          "rows public.analytics_reports: 0 -> 3"));
  Lines(&now)->set_estimated(true);
  EXPECT_THAT(Brief(ComparePlans(was, now)),
              ElementsAre("rows public.business_metrics: 10000 -> 10200",
                          "rows public.analytics_reports: 0 -> 3"));
  Lines(&now)->set_rows(2000000);
  EXPECT_EQ(Brief(ComparePlans(was, now))[0], "rows public.transaction_lines: 1229036 -> ≈2000000");
}

TEST(PlanDiffTest, NamesStepsChecksAndHooks) {
  v1::PlanDocument now = ADocument();
  now.mutable_recreate(0)->set_statements(4);
  now.add_recreate()->set_name("Settings");
  now.mutable_recreate(2)->set_kind("sql");
  now.mutable_recreate(2)->set_file("sql/settings.sql");
  now.mutable_recreate(2)->set_statements(1);
  now.mutable_checks(0)->set_sql("select true");
  now.mutable_after(0)->set_required(true);
  EXPECT_THAT(Brief(ComparePlans(ADocument(), now)),
              ElementsAre("recreate Admin user: sql/admin.sql, 3 statements -> "
                          "sql/admin.sql, 4 statements",
                          "recreate Settings: - -> sql/settings.sql, 1 statement",
                          "checks Admin can be found:  -> select true",
                          "after Restart backend: railway restart backend, optional -> "
                          "railway restart backend"));
}

TEST(PlanDiffTest, NamesAnotherOrderOfTheSameSteps) {
  v1::PlanDocument now = ADocument();
  now.mutable_recreate()->SwapElements(0, 1);
  EXPECT_THAT(Brief(ComparePlans(ADocument(), now)),
              ElementsAre("recreate order: Admin user, Brands -> Brands, Admin user"));
}

v1::PlanParameter* AddParameter(v1::PlanDocument* document, const char* name, bool secret,
                                const char* value) {
  auto* parameter = document->add_parameters();
  parameter->set_name(name);
  parameter->set_secret(secret);
  parameter->set_source("environment");
  if (secret) {
    parameter->set_mac(value);
  } else {
    parameter->set_value(value);
  }
  return parameter;
}

TEST(PlanDiffTest, ShowsPublicParametersAndOnlyThatASecretChanged) {
  v1::PlanDocument was = ADocument(), now = ADocument();
  AddParameter(&was, "COMPANY_NAME", false, "Shop");
  AddParameter(&now, "COMPANY_NAME", false, "The Shop");
  AddParameter(&was, "ADMIN_PASSWORD", true, "aa");
  AddParameter(&now, "ADMIN_PASSWORD", true, "bb");
  EXPECT_THAT(Brief(ComparePlans(was, now)),
              ElementsAre("parameters COMPANY_NAME: 'Shop' from environment -> "
                          "'The Shop' from environment",
                          "parameters ADMIN_PASSWORD: - -> -"));
}

TEST(PlanDiffTest, SecretsOfTwoAgentsCannotBeCompared) {
  v1::PlanDocument was = ADocument(), now = ADocument();
  now.set_target("shop");
  AddParameter(&was, "ADMIN_PASSWORD", true, "aa");
  AddParameter(&now, "ADMIN_PASSWORD", true, "bb");
  EXPECT_THAT(Brief(ComparePlans(was, now)),
              ElementsAre("plan target: rental-manager -> shop",
                          "parameters secrets: of one agent -> of another: their values cannot be "
                          "compared"));
}

TEST(PlanDiffTest, NamesRulesFloorAndCache) {
  contract::EnvironmentRules rules = ProductionRules();
  rules.confirm.clear();
  v1::PlanDocument now = ADocument(rules);
  now.mutable_cache()->set_mode("prefixes");
  now.mutable_cache()->add_prefixes("cache:");
  now.mutable_cache()->set_keys(58000);
  const std::vector<std::string> lines = Brief(ComparePlans(ADocument(), now));
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].rfind("plan policy's rules: 2 approvals from dba, product", 0), 0u)
      << lines[0];
  EXPECT_EQ(lines[1], "cache flush: db -> prefixes");
  EXPECT_EQ(lines[2], "cache prefix cache:: - -> ");
}

TEST(PlanDiffTest, NamesFilesThatDiffer) {
  const contract::BundleFiles was = {"b.yaml", {{"b.yaml", "1"}, {"a.sql", "x"}, {"c.sql", "12"}}};
  const contract::BundleFiles now = {"b.yaml", {{"b.yaml", "2"}, {"c.sql", "123"}, {"d.sql", "x"}}};
  EXPECT_THAT(Brief({CompareFiles(was, now)}),
              ElementsAre("files a.sql: 1 byte -> -", "files b.yaml: - -> -",
                          "files c.sql: 2 bytes -> 3 bytes", "files d.sql: - -> 1 byte"));
}

PlanDiff ADiff() {
  v1::PlanDocument was = ADocument(), now = ADocument();
  AddObject(&was, "public.items column sku", "varchar(50)");
  AddObject(&now, "public.items column sku", "text");
  AddObject(&now, "public.items column note", "text");
  AddParameter(&was, "ADMIN_PASSWORD", true, "aa");
  AddParameter(&now, "ADMIN_PASSWORD", true, "bb");
  Lines(&now)->set_rows(1250000);
  return {.was_id = "p-11111111ffffffff",
          .now_id = "p-7f3a91c2ffffffff",
          .sections = ComparePlans(was, now),
          .note = ""};
}

TEST(PlanDiffPageTest, ReadsLikeAPage) {
  v1::PlanDocument was = ADocument();
  *was.mutable_make_time() = ToProto(ALook().now - absl::Hours(48));
  EXPECT_EQ(RenderPlanDiff(ALook(), ADiff(), was, ADocument()),
            R"(Differences
  was  p-11111111  rental-manager -> production  by carol, 2 d ago
  now  p-7f3a91c2  rental-manager -> production  by carol, 2 min ago

SCHEMA
  public.items column note  added (text)
  public.items column sku   was varchar(50), now text
ROWS
                                  was        now
  public.transaction_lines  1,229,036  1,250,000  +20,964
PARAMETERS
  ADMIN_PASSWORD  changed
)");
}

TEST(PlanDiffPageTest, SaysThatNothingDiffers) {
  const PlanDiff same = {.was_id = "p-1", .now_id = "p-2", .sections = {}, .note = ""};
  const std::string page = RenderPlanDiff(ALook(), same, ADocument(), ADocument());
  EXPECT_NE(page.find("None, but for when they were made"), std::string::npos) << page;
}

TEST(PlanDiffPageTest, ForScriptsIsOneObject) {
  PlanDiff diff = ADiff();
  diff.sections.pop_back();
  diff.sections.erase(diff.sections.begin());
  EXPECT_EQ(PlanDiffJson(diff),
            R"({"was":"p-11111111ffffffff","now":"p-7f3a91c2ffffffff","sections":[{"name":"rows",)"
            R"("differences":[{"name":"public.transaction_lines","change":"changed",)"
            R"("was":"1229036","now":"1250000"}]}],"note":""})");
}

}  // namespace
}  // namespace resetctl::client

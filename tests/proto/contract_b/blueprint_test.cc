#include "proto/contract/blueprint.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/contract/reasons.h"
#include "tests/proto/contract_b/blueprint_for_test.h"

namespace resetctl::contract {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

// The page of the design, section 7.
constexpr char kWhole[] = R"(version: 1
name: rental-manager
description: Back to an empty shop that people can log in to.
parameters:
  ADMIN_USERNAME: {required: true}
  ADMIN_EMAIL:    {required: true, pattern: '^[^@ ]+@[^@ ]+$'}
  ADMIN_PASSWORD: {required: true, secret: true, min_length: 8, classes: [upper, lower, digit]}
  ADMIN_PASSWORD_HASH: {bcrypt: ADMIN_PASSWORD, cost: 12}
  COMPANY_NAME:   {default: My Company}
  APP_URL:        {required: true}
postgres:
  schemas: [public]
  search_path: [public]
  clear:
    - group: Analytics & Monitoring
      tables: [system_alerts, public.business_metrics]
      optional: [legacy_reports]
    - group: Rentals
      tables: ['rental_*', '"a.b".c', '"Odd ""name"""']
  keep: [alembic_version]
  unlisted: refuse
before:
  - {name: Maintenance on, do: {command: [app-maintenance, 'on']}, undo: {command: [app-maintenance, 'off']}}
recreate:
  - name: Admin user
    sql: sql/admin.sql
  - name: Default company
    rows: {table: companies, values: [{company_name: '${COMPANY_NAME}', is_active: true, rate: 1.50, note: null}]}
  - name: Note the reset
    sql: sql/note.sql
    writes: [change_notes]
sets:
  master-data:
    - {name: Brands, csv: {table: brands, file: csv/brands.csv}}
verify:
  - {name: Admin can be found, sql: "select count(*) = 1 from users where is_superuser"}
redis:
  flush: db
  required: false
after:
  - {name: Restart backend, railway_restart: {service: backend}}
  - {name: Admin logs in, timeout: 5s, retries: 3, http: {url: '${APP_URL}/api/auth/login', method: POST, headers: {X-Who: '${ADMIN_USERNAME}'}, json: {username: '${ADMIN_USERNAME}', password: '${ADMIN_PASSWORD}'}, expect: 204}}
  - {name: Tell the app, required: false, command: ['/usr/local/bin/warm-cache']}
)";

ParsedBlueprint Whole() {
  std::string text = kWhole;
  // '"a.b".c' names a schema that must be in scope.
  text.replace(text.find("schemas: [public]"), 17, "schemas: [public, a.b]");
  return ParseText(text,
                   {{"sql/admin.sql", "select current_setting('resetctl.admin_password_hash')"},
                    {"sql/note.sql", "insert into change_notes values (1);"},
                    {"csv/brands.csv", "id,name\n1,a\n"}});
}

TEST(BlueprintTest, ReadsTheDesignsExample) {
  const ParsedBlueprint parsed = Whole();
  EXPECT_THAT(Lines(parsed), IsEmpty());
  const Blueprint& b = parsed.blueprint;
  EXPECT_EQ(b.name, "rental-manager");
  EXPECT_THAT(b.description, HasSubstr("empty shop"));
  EXPECT_THAT(b.search_path, ElementsAre("public"));
  EXPECT_EQ(b.unlisted, Unlisted::kRefuse);
  EXPECT_EQ(b.redis.flush, FlushMode::kDb);
  EXPECT_FALSE(b.redis.required);
}

TEST(BlueprintTest, ReadsParameters) {
  const Blueprint b = Whole().blueprint;
  ASSERT_EQ(b.parameters.size(), 6u);
  EXPECT_EQ(b.parameters[0].name, "ADMIN_USERNAME");
  EXPECT_TRUE(b.parameters[0].required);
  EXPECT_EQ(b.parameters[1].pattern, "^[^@ ]+@[^@ ]+$");
  EXPECT_TRUE(b.parameters[2].secret);
  EXPECT_EQ(b.parameters[2].min_length, 8);
  EXPECT_THAT(b.parameters[2].classes, ElementsAre("upper", "lower", "digit"));
  EXPECT_EQ(b.parameters[3].bcrypt_of, "ADMIN_PASSWORD");
  EXPECT_FALSE(b.parameters[3].secret);
  EXPECT_EQ(b.parameters[4].fallback, "My Company");
  EXPECT_EQ(b.parameters[4].location.line, 9);
}

TEST(BlueprintTest, ReadsTables) {
  const Blueprint b = Whole().blueprint;
  ASSERT_EQ(b.clear.size(), 2u);
  const std::vector<TablePattern>& first = b.clear[0].tables;
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(first[0].name, "system_alerts");
  EXPECT_FALSE(first[0].schema.has_value());
  EXPECT_EQ(first[1].schema, "public");
  EXPECT_EQ(first[1].name, "business_metrics");
  EXPECT_FALSE(first[1].optional);
  EXPECT_TRUE(first[2].optional);
  const std::vector<TablePattern>& second = b.clear[1].tables;
  ASSERT_EQ(second.size(), 3u);
  EXPECT_TRUE(second[0].wildcard);
  EXPECT_EQ(second[0].name, "rental_*");
  EXPECT_EQ(second[1].schema, "a.b");
  EXPECT_EQ(second[1].name, "c");
  EXPECT_EQ(second[2].name, "Odd \"name\"");
  EXPECT_EQ(second[2].text, "\"Odd \"\"name\"\"\"");
  EXPECT_EQ(second[2].location.line, 19);
}

TEST(BlueprintTest, ReadsSteps) {
  const Blueprint b = Whole().blueprint;
  ASSERT_EQ(b.recreate.size(), 3u);
  EXPECT_EQ(std::get<SqlStep>(b.recreate[0].what).file, "sql/admin.sql");
  const RowsStep& rows = std::get<RowsStep>(b.recreate[1].what);
  EXPECT_EQ(rows.table.name, "companies");
  ASSERT_EQ(rows.rows.size(), 1u);
  ASSERT_EQ(rows.rows[0].size(), 4u);
  EXPECT_EQ(rows.rows[0][0].first, "company_name");
  EXPECT_EQ(rows.rows[0][0].second.text, "${COMPANY_NAME}");
  EXPECT_EQ(rows.rows[0][1].second.text, "true");
  EXPECT_EQ(rows.rows[0][2].second.text, "1.50");
  EXPECT_TRUE(rows.rows[0][3].second.null);
  ASSERT_EQ(b.recreate[2].writes.size(), 1u);
  EXPECT_EQ(b.recreate[2].writes[0].name, "change_notes");
  ASSERT_EQ(b.sets.count("master-data"), 1u);
  EXPECT_EQ(std::get<CsvStep>(b.sets.at("master-data")[0].what).file, "csv/brands.csv");
  ASSERT_EQ(b.verify.size(), 1u);
  EXPECT_THAT(b.verify[0].sql, HasSubstr("is_superuser"));
}

TEST(BlueprintTest, ReadsHooks) {
  const Blueprint b = Whole().blueprint;
  ASSERT_EQ(b.before.size(), 1u);
  EXPECT_THAT(std::get<CommandAction>(b.before[0].action).argv,
              ElementsAre("app-maintenance", "on"));
  ASSERT_TRUE(b.before[0].undo.has_value());
  ASSERT_EQ(b.after.size(), 3u);
  EXPECT_EQ(std::get<RailwayRestartAction>(b.after[0].action).service, "backend");
  EXPECT_FALSE(b.after[0].required);
  const HttpAction& http = std::get<HttpAction>(b.after[1].action);
  EXPECT_TRUE(b.after[1].required);
  EXPECT_EQ(b.after[1].timeout, absl::Seconds(5));
  EXPECT_EQ(b.after[1].retries, 3);
  EXPECT_EQ(http.method, "POST");
  EXPECT_THAT(http.headers, ElementsAre(Pair("X-Who", "${ADMIN_USERNAME}")));
  EXPECT_EQ(http.json, R"({"password":"${ADMIN_PASSWORD}","username":"${ADMIN_USERNAME}"})");
  EXPECT_EQ(http.expect, 204);
  EXPECT_FALSE(b.after[2].required);
}

TEST(BlueprintTest, JsonKeepsTheTypesThatYamlShows) {
  const ParsedBlueprint parsed = ParseText(absl::StrCat(kHead, R"(after:
  - name: A
    http:
      url: https://a.example
      json: {z: 1, y: '1', x: true, w: "true", v: null, u: [1.5, -2e3, 007, yes], t: {b: 1, a: "\"\u00e9"}}
)"));
  EXPECT_THAT(Lines(parsed), IsEmpty());
  const HttpAction& http = std::get<HttpAction>(parsed.blueprint.after[0].action);
  EXPECT_EQ(http.method, "POST");
  EXPECT_EQ(
      http.json,
      "{\"t\":{\"a\":\"\\\"\xC3\xA9\",\"b\":1},\"u\":[1.5,-2000.0,\"007\",\"yes\"],\"v\":null,"
      "\"w\":\"true\",\"x\":true,\"y\":\"1\",\"z\":1}");
}

TEST(BlueprintTest, WithoutRedisNothingIsFlushed) {
  const ParsedBlueprint parsed = ParseText(kHead);
  EXPECT_THAT(Lines(parsed), IsEmpty());
  EXPECT_EQ(parsed.blueprint.redis.flush, FlushMode::kNone);
}

TEST(BlueprintTest, ReadsEveryWayToFlush) {
  EXPECT_EQ(ParseText(absl::StrCat(kHead, "redis: {flush: all}\n")).blueprint.redis.flush,
            FlushMode::kAll);
  EXPECT_EQ(ParseText(absl::StrCat(kHead, "redis: {flush: none}\n")).blueprint.redis.flush,
            FlushMode::kNone);
  const ParsedBlueprint parsed =
      ParseText(absl::StrCat(kHead, "redis: {flush: {prefixes: ['cache:', 'session:']}}\n"));
  EXPECT_THAT(Lines(parsed), IsEmpty());
  EXPECT_EQ(parsed.blueprint.redis.flush, FlushMode::kPrefixes);
  EXPECT_THAT(parsed.blueprint.redis.prefixes, ElementsAre("cache:", "session:"));
  EXPECT_TRUE(parsed.blueprint.redis.required);
}

TEST(BlueprintTest, TheScopeIsPublicUnlessSaid) {
  const ParsedBlueprint parsed =
      ParseText("version: 1\nname: a\npostgres: {unlisted: clear, keep: [x]}\n");
  EXPECT_THAT(Lines(parsed), IsEmpty());
  EXPECT_THAT(parsed.blueprint.schemas, ElementsAre("public"));
  EXPECT_THAT(parsed.blueprint.search_path, ElementsAre("public"));
  EXPECT_EQ(parsed.blueprint.unlisted, Unlisted::kClear);
}

TEST(BlueprintTest, NamesTheFilesToCollect) {
  EXPECT_THAT(FilesNamedBy(kWhole), ElementsAre("csv/brands.csv", "sql/admin.sql", "sql/note.sql"));
  EXPECT_THAT(FilesNamedBy("recreate: [{sql: a.sql}, {sql: 1, sql: 2}, 7]\nnonsense: true\n"),
              ElementsAre("1", "a.sql"));
  EXPECT_THAT(FilesNamedBy("{"), IsEmpty());
  EXPECT_THAT(FilesNamedBy(""), IsEmpty());
}

TEST(BlueprintTest, SetsFollowTheRecreateStepsInTheGivenOrder) {
  const ParsedBlueprint parsed = ParseText(
      absl::StrCat(kHead,
                   "recreate: [{name: R, sql: a.sql}]\n"
                   "sets: {one: [{name: A, sql: a.sql}], two: [{name: B, sql: a.sql}]}\n"),
      {{"a.sql", "select 1"}});
  ASSERT_THAT(Lines(parsed), IsEmpty());
  const auto steps = StepsWithSets(parsed.blueprint, {"two", "one", "two"});
  ASSERT_TRUE(steps.ok());
  ASSERT_EQ(steps->size(), 3u);
  EXPECT_EQ((*steps)[0].first, "");
  EXPECT_EQ((*steps)[1].first, "two");
  EXPECT_EQ((*steps)[2].second.name, "A");
  const auto unknown = StepsWithSets(parsed.blueprint, {"tow"});
  EXPECT_EQ(ReasonOf(unknown.status()), v1::REASON_NOT_FOUND);
  EXPECT_EQ(ProblemOf(unknown.status()).advice(), "Did you mean 'two'?");
}

TEST(ReplaceParametersTest, ReplacesOnceAndNamesUnknownOnes) {
  const std::string a = "1${B}";
  const auto lookup = [&](absl::string_view name) { return name == "A" ? &a : nullptr; };
  EXPECT_EQ(*ReplaceParameters("x${A}y${A}$ {", lookup), "x1${B}y1${B}$ {");
  EXPECT_EQ(*ReplaceParameters("", lookup), "");
  const auto unknown = ReplaceParameters("${C}", lookup);
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(unknown.status().message()), HasSubstr("'C'"));
  EXPECT_FALSE(ReplaceParameters("${A", lookup).ok());
}

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

TEST(BlueprintTest, TheShippedExamplesAreValid) {
  const std::string folder = std::string(RESETCTL_EXAMPLES) + "/rental-manager/";
  for (const char* name : {"blueprint.yaml", "transactions-only.yaml", "failing.yaml",
                           "failing-check.yaml", "hand-copied.yaml", "incomplete.yaml"}) {
    BundleFiles bundle{name, {{name, ReadAll(folder + name)}}};
    for (const std::string& file : FilesNamedBy(bundle.files[name])) {
      bundle.files[file] = ReadAll(folder + file);
    }
    EXPECT_GT(bundle.files.size(), 1u) << name;
    EXPECT_THAT(Lines(ParseBlueprint(bundle)), IsEmpty()) << name;
    EXPECT_TRUE(PackBundle(bundle).ok()) << name;
  }
}

}  // namespace
}  // namespace resetctl::contract

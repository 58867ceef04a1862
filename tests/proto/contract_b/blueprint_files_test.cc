// What a blueprint's files are checked for, and where parameters may go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proto/contract_b/blueprint_for_test.h"

namespace resetctl::contract {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> WithSql(const std::string& sql, const std::string& head = "") {
  return ProblemsOf(head + "recreate: [{name: A, sql: a.sql}]\n", {{"a.sql", sql}});
}

std::vector<std::string> WithCsv(const std::string& csv) {
  return ProblemsOf("recreate: [{name: A, csv: {table: t, file: a.csv}}]\n", {{"a.csv", csv}});
}

constexpr char kParameters[] =
    "parameters:\n"
    "  ADMIN_NAME: {required: true}\n"
    "  PASSWORD: {required: true, secret: true}\n"
    "  HASH: {bcrypt: PASSWORD}\n"
    "  TOKEN: {required: true, secret: true, sql: true}\n";

TEST(BlueprintFilesTest, AMissingFileIsNamedWhereItIsAskedFor) {
  EXPECT_THAT(ProblemsOf("recreate:\n  - name: A\n    sql: sql/admim.sql\n",
                         {{"sql/admin.sql", "select 1"}}),
              ElementsAre("b.yaml:9:10 recreate[0].sql: there is no file 'sql/admim.sql'."));
  const ParsedBlueprint parsed = ParseText(
      std::string(kHead) + "recreate: [{name: A, sql: admim.sql}]\n", {{"admin.sql", "select 1"}});
  ASSERT_EQ(parsed.problems.size(), 1u);
  EXPECT_EQ(parsed.problems[0].advice(), "Did you mean 'admin.sql'?");
}

TEST(BlueprintFilesTest, PathsStayInsideTheFolder) {
  EXPECT_THAT(ProblemsOf("recreate: [{name: A, sql: ../a.sql}, {name: B, sql: /etc/passwd}]\n"),
              ElementsAre(HasSubstr("'../a.sql' is no path inside the blueprint's folder"),
                          HasSubstr("'/etc/passwd' is no path inside the blueprint's folder")));
}

TEST(BlueprintFilesTest, AnEmptySqlFileIsAnError) {
  EXPECT_THAT(WithSql(""), ElementsAre("a.sql:1:1 the file holds no SQL statement."));
  EXPECT_THAT(WithSql("-- later\n/* or not */;\n"),
              ElementsAre("a.sql:1:1 the file holds no SQL statement."));
}

TEST(BlueprintFilesTest, SqlProblemsHaveFileLineAndColumn) {
  EXPECT_THAT(WithSql("select 1;\n  commit;\n\\i other.sql\ncopy t from stdin;\n1\n\\.\n"),
              ElementsAre("a.sql:2:3 'COMMIT' is not allowed: a reset is one transaction.",
                          "a.sql:3:1 '\\i' is a command of psql, not SQL.",
                          "a.sql:4:1 'COPY ... FROM STDIN' is not allowed."));
}

TEST(BlueprintFilesTest, AFileOfSeveralStepsIsCheckedOnce) {
  EXPECT_THAT(ProblemsOf("recreate: [{name: A, sql: a.sql}, {name: B, sql: a.sql}]\n",
                         {{"a.sql", "commit"}}),
              ElementsAre(HasSubstr("a.sql:1:1")));
}

TEST(BlueprintFilesTest, CsvFilesHaveAHeaderAndRows) {
  EXPECT_THAT(WithCsv("id\n1\n"), IsEmpty());
  EXPECT_THAT(WithCsv(""), ElementsAre("a.csv:1:1 the file is empty."));
  EXPECT_THAT(WithCsv(" \n\n"), ElementsAre("a.csv:1:1 the file is empty."));
  EXPECT_THAT(WithCsv("id,name\n"), ElementsAre("a.csv:1:1 the file has a header and no row."));
  EXPECT_THAT(WithCsv("id\n\xFF\n"), ElementsAre("a.csv:2:0 the file is not UTF-8 text."));
}

TEST(BlueprintFilesTest, CsvFilesMayComeFromASpreadsheet) {
  EXPECT_THAT(
      ProblemsOf("recreate:\n"
                 "  - {name: A, csv: {table: t, file: a.csv, delimiter: ';', null: 'NULL'}}\n"
                 "  - {name: B, csv: {table: t, file: b.csv, delimiter: \"\\t\", null: '\\N'}}\n",
                 {{"a.csv", "\xEF\xBB\xBFid;name\r\n1;a,b\r\n"}, {"b.csv", "a\tb\n1\t2\n"}}),
      IsEmpty());
}

TEST(BlueprintFilesTest, CsvRecordsFitTheHeader) {
  EXPECT_THAT(WithCsv("id,name\n1,a\n2\n3,b,c\n"),
              ElementsAre("a.csv:3:0 the row has 1 value, the header names 2.",
                          "a.csv:4:0 the row has 3 values, the header names 2."));
  EXPECT_THAT(WithCsv("id,name\n1,\"a\nb\n"),
              ElementsAre("a.csv:2:0 a quoted value does not end."));
}

TEST(BlueprintFilesTest, SqlMayUseDeclaredParametersOnly) {
  EXPECT_THAT(WithSql("select current_setting('resetctl.admin_name'),\n"
                      "       current_setting('resetctl.hash'), current_setting('resetctl.token')",
                      kParameters),
              IsEmpty());
  EXPECT_THAT(WithSql("select\n  current_setting('resetctl.admin_nam')", kParameters),
              ElementsAre("a.sql:2:19 current_setting('resetctl.admin_nam'): no such parameter is "
                          "declared."));
  const ParsedBlueprint parsed =
      ParseText(absl::StrCat(kHead, kParameters, "recreate: [{name: A, sql: a.sql}]\n"),
                {{"a.sql", "select current_setting('resetctl.admin_nam')"}});
  ASSERT_EQ(parsed.problems.size(), 1u);
  EXPECT_EQ(parsed.problems[0].advice(), "Did you mean 'admin_name'?");
}

TEST(BlueprintFilesTest, ASecretNeverReachesSql) {
  EXPECT_THAT(
      WithSql("do $$ begin\n perform current_setting('resetctl.password'); end $$", kParameters),
      ElementsAre("a.sql:2:26 current_setting('resetctl.password'): a secret never reaches "
                  "SQL, only what is derived from it."));
  EXPECT_THAT(
      ProblemsOf(absl::StrCat(kParameters, "recreate:\n", "  - name: A\n",
                              "    rows: {table: t, values: [{a: '${PASSWORD}', b: '${TOKEN}', "
                              "c: '${HASH}'}]}\n")),
      ElementsAre(HasSubstr("b.yaml:14:35 ${PASSWORD}: a secret never reaches SQL")));
  EXPECT_THAT(
      ProblemsOf(absl::StrCat(
          kParameters,
          "verify: [{name: A, sql: \"select current_setting('resetctl.password') <> ''\"}]\n")),
      ElementsAre(HasSubstr("b.yaml:12:25 current_setting('resetctl.password')")));
}

TEST(BlueprintFilesTest, SecretsMayGoIntoARequest) {
  EXPECT_THAT(ProblemsOf(absl::StrCat(kParameters,
                                      "after: [{name: A, http: {url: 'https://a/${ADMIN_NAME}', "
                                      "headers: {A: '${TOKEN}'}, json: {p: ['${PASSWORD}']}}}]\n")),
              IsEmpty());
}

TEST(BlueprintFilesTest, UndeclaredReferencesAreFoundWhereverTheyStand) {
  EXPECT_THAT(
      ProblemsOf(absl::StrCat(kParameters,
                              "recreate: [{name: R, rows: {table: t, values: [{a: 'x${NOPE}'}]}}]\n"
                              "after:\n"
                              "  - name: A\n"
                              "    http:\n"
                              "      url: '${APP_URL}/x'\n"
                              "      headers: {X: '${admin_name}'}\n"
                              "      json: {a: [{b: '${ADMIN_NAMES} ${'}]}\n")),
      ElementsAre(HasSubstr("b.yaml:12:52 ${NOPE}: no such parameter is declared"),
                  HasSubstr("b.yaml:16:12 ${APP_URL}: no such parameter is declared"),
                  HasSubstr("b.yaml:17:20 ${admin_name}: no such parameter is declared"),
                  HasSubstr("b.yaml:18:13 after[0].http.json: a '${' begins a parameter"),
                  HasSubstr("b.yaml:18:13 ${ADMIN_NAMES}: no such parameter is declared")));
}

}  // namespace
}  // namespace resetctl::contract

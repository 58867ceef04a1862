// Every rule of the blueprint's grammar, broken.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proto/contract_b/blueprint_for_test.h"

namespace resetctl::contract {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// The one problem of kHead + tail.
std::string Problem(const std::string& tail) {
  const std::vector<std::string> problems = ProblemsOf(tail, {{"a.sql", "select 1"}});
  return problems.size() == 1
             ? problems[0]
             : absl::StrCat(problems.size(),
                            " problems: ", problems.empty() ? "" : problems.back());
}

// The one problem of a postgres section in flow style, which begins in line 3, column 11.
std::string PostgresProblem(const std::string& section) {
  const std::vector<std::string> problems =
      Lines(ParseText(absl::StrCat("version: 1\nname: a\npostgres: {", section, "}\n")));
  return problems.size() == 1
             ? problems[0]
             : absl::StrCat(problems.size(),
                            " problems: ", problems.empty() ? "" : problems.back());
}

std::string TableProblem(const std::string& table) {
  return PostgresProblem(absl::StrCat("clear: [{group: A, tables: [", table, "]}]"));
}

TEST(BlueprintProblemsTest, TheHeadIsThereAndRight) {
  EXPECT_THAT(Lines(ParseText("description: x\n")),
              ElementsAre("b.yaml:1:1 version: is missing.", "b.yaml:1:1 name: is missing.",
                          "b.yaml:1:1 postgres: is missing."));
  EXPECT_THAT(Lines(ParseText("version: 2\nname: 'a b'\npostgres: {unlisted: clear}\n")),
              ElementsAre(HasSubstr("b.yaml:1:10 version: must be between 1 and 1"),
                          HasSubstr("b.yaml:2:7 name: may hold letters, digits")));
  EXPECT_THAT(Problem("description: \"a\\e[2Jb\"\n"),
              HasSubstr("7:14 description: holds control characters"));
}

TEST(BlueprintProblemsTest, ABlueprintThatIsNoYamlHasOneProblem) {
  EXPECT_THAT(Lines(ParseText("a: [1\nb: }")), ElementsAre(HasSubstr("not valid YAML")));
  EXPECT_THAT(Lines(ParseText("")), ElementsAre(HasSubstr("b.yaml:1:1 must be a map")));
  EXPECT_THAT(Lines(ParseBlueprint({"b.yaml", {}})),
              ElementsAre("b.yaml:0:0 the blueprint is missing."));
}

TEST(BlueprintProblemsTest, UnknownAndDuplicateKeysEverywhere) {
  const ParsedBlueprint parsed =
      ParseText(absl::StrCat(kHead,
                             "verfy: []\n"
                             "redis: {flush: none, requird: true}\n"
                             "name: again\n"
                             "after:\n"
                             "  - {name: A, command: [a], retires: 1}\n"));
  EXPECT_THAT(Lines(parsed), ElementsAre("b.yaml:7:1 verfy: unknown key.",
                                         "b.yaml:8:22 redis.requird: unknown key.",
                                         "b.yaml:9:1 name: duplicate key, first in line 2.",
                                         "b.yaml:11:29 after[0].retires: unknown key."));
  EXPECT_EQ(parsed.problems[0].advice(), "Did you mean 'verify'?");
  EXPECT_EQ(parsed.problems[1].advice(), "Did you mean 'required'?");
  EXPECT_EQ(parsed.problems[2].advice(), "Keep one of the two.");
  EXPECT_EQ(parsed.problems[3].advice(), "Did you mean 'retries'?");
}

TEST(BlueprintProblemsTest, AliasesAreRefused) {
  EXPECT_THAT(ProblemsOf("before: &x []\nafter: *x\n"),
              ElementsAre(HasSubstr("7:9 before: anchors are not allowed"),
                          HasSubstr("8:1 after: has no value"),
                          HasSubstr("8:8 after: aliases are not allowed")));
}

TEST(BlueprintProblemsTest, ParameterNamesAreCapitals) {
  EXPECT_THAT(Problem("parameters: {admin: {required: true}}\n"),
              HasSubstr("7:14 parameters.admin: is no parameter name"));
  EXPECT_THAT(Problem("parameters: {_A: {required: true}}\n"), HasSubstr("is no parameter name"));
  EXPECT_THAT(Problem("parameters: {A: 12}\n"), HasSubstr("parameters.A: must be a map"));
}

TEST(BlueprintProblemsTest, ParameterRules) {
  EXPECT_THAT(Problem("parameters: {A: {required: true, default: x}}\n"),
              HasSubstr("a required parameter has no default"));
  EXPECT_THAT(Problem("parameters: {A: {secret: true, pattern: x}}\n"),
              HasSubstr("7:41 parameters.A.pattern: a secret has no pattern"));
  EXPECT_THAT(Problem("parameters: {A: {secret: true, default: x}}\n"),
              HasSubstr("a secret has no default"));
  EXPECT_THAT(Problem("parameters: {A: {pattern: '['}}\n"),
              HasSubstr("is not a regular expression"));
  EXPECT_THAT(Problem("parameters: {A: {pattern: ''}}\n"), HasSubstr("must have 1 to 256"));
  EXPECT_THAT(Problem("parameters: {A: {pattern: '^a+$', default: b}}\n"),
              HasSubstr("does not match this parameter's own pattern"));
  EXPECT_THAT(Problem("parameters: {A: {min_length: 3, default: ab}}\n"),
              HasSubstr("is shorter than min_length 3"));
  EXPECT_THAT(Problem("parameters: {A: {classes: [digits]}}\n"),
              HasSubstr("'digits' is no class of characters"));
  EXPECT_THAT(Problem("parameters: {A: {classes: [special, digit], default: a1}}\n"),
              HasSubstr("has no character of the class 'special'"));
  EXPECT_THAT(Problem("parameters: {A: {cost: 12}}\n"), HasSubstr("is for 'bcrypt' only"));
  EXPECT_THAT(Problem("parameters: {A: {min_length: -1}}\n"), HasSubstr("between 0 and 1000"));
}

TEST(BlueprintProblemsTest, BcryptIsMadeOfADeclaredPassword) {
  EXPECT_THAT(Problem("parameters: {A: {bcrypt: B}}\n"),
              HasSubstr("parameters.A.bcrypt: the parameter 'B' is not declared"));
  EXPECT_THAT(Problem("parameters: {P: {secret: true}, A: {bcrypt: P}, B: {bcrypt: A}}\n"),
              HasSubstr("'A' is a hash itself"));
  EXPECT_THAT(Problem("parameters: {P: {secret: true}, A: {bcrypt: P, secret: true}}\n"),
              HasSubstr("has no place beside 'bcrypt'"));
  EXPECT_THAT(Problem("parameters: {P: {secret: true}, A: {bcrypt: P, cost: 40}}\n"),
              HasSubstr("cost: must be between 4 and 18"));
}

TEST(BlueprintProblemsTest, TablesAreWrittenRight) {
  EXPECT_THAT(TableProblem("my-table"), HasSubstr("needs double quotes"));
  EXPECT_THAT(TableProblem("'my table'"), HasSubstr("needs double quotes"));
  EXPECT_THAT(TableProblem("a.b.c"), HasSubstr("at most two names"));
  EXPECT_THAT(TableProblem("'a.'"), HasSubstr("a name is empty"));
  EXPECT_THAT(TableProblem("''"), HasSubstr("a name is empty"));
  EXPECT_THAT(TableProblem("'\"a'"), HasSubstr("a quote is not closed"));
  EXPECT_THAT(TableProblem("'\"a\"b'"), HasSubstr("after a quoted name comes"));
  EXPECT_THAT(TableProblem("'\"a*\".b*'"), HasSubstr("wildcard and a letter"));
  EXPECT_THAT(TableProblem("\"a\\eb\""), HasSubstr("control characters"));
  EXPECT_THAT(TableProblem("a, {b: c}"), HasSubstr("must be text, not a map"));
}

TEST(BlueprintProblemsTest, AStarInQuotesIsALetter) {
  const ParsedBlueprint parsed =
      ParseText("version: 1\nname: a\npostgres: {clear: [{group: A, tables: ['\"a*\"', 'a*']}]}\n");
  EXPECT_THAT(Lines(parsed), IsEmpty());
  EXPECT_FALSE(parsed.blueprint.clear[0].tables[0].wildcard);
  EXPECT_TRUE(parsed.blueprint.clear[0].tables[1].wildcard);
}

TEST(BlueprintProblemsTest, NoTableIsListedTwice) {
  EXPECT_THAT(
      PostgresProblem("clear: [{group: A, tables: [a, b]}, {group: B, optional: [a]}]"),
      HasSubstr("postgres.clear[1].optional[0]: 'a' stands already under 'clear' in line 3"));
  EXPECT_THAT(PostgresProblem("clear: [{group: A, tables: [a]}], keep: ['\"a\"']"),
              HasSubstr("stands already under 'clear'"));
  EXPECT_THAT(PostgresProblem("clear: [{group: A, tables: [a]}, {group: A, tables: [b]}]"),
              HasSubstr("postgres.clear[1].group: 'A' is used twice"));
}

TEST(BlueprintProblemsTest, TheScopeIsRight) {
  EXPECT_THAT(PostgresProblem("unlisted: clear, schemas: []"), HasSubstr("names no schema"));
  EXPECT_THAT(PostgresProblem("unlisted: clear, schemas: [a, a]"), HasSubstr("listed twice"));
  EXPECT_THAT(PostgresProblem("unlisted: clear, schemas: [a, pg_catalog]"),
              HasSubstr("'pg_catalog' is never in scope"));
  EXPECT_THAT(PostgresProblem("unlisted: clear, schemas: [a, resetctl]"),
              HasSubstr("'resetctl' is never in scope"));
  EXPECT_THAT(PostgresProblem("unlisted: clear, search_path: [a, pg_temp]"),
              HasSubstr("temporary schema"));
  EXPECT_THAT(PostgresProblem("unlisted: clear, schemas: public"),
              HasSubstr("must be a list, not one value"));
  EXPECT_THAT(TableProblem("other.x"), HasSubstr("the schema 'other' is not in scope"));
  EXPECT_THAT(PostgresProblem("unlisted: clear, keep: [resetctl.ledger]"),
              HasSubstr("the schema 'resetctl' is never touched"));
}

TEST(BlueprintProblemsTest, SomethingIsCleared) {
  EXPECT_THAT(PostgresProblem("keep: [a]"), HasSubstr("postgres.clear: names nothing to clear"));
  EXPECT_THAT(PostgresProblem("clear: [{group: A}]"), HasSubstr("the group names no tables"));
  EXPECT_THAT(PostgresProblem("clear: [{tables: [a]}]"), HasSubstr("clear[0].group: is missing"));
  EXPECT_THAT(PostgresProblem("unlisted: clear, kept_references: allow"),
              HasSubstr("kept_references: must be refuse or when_null, not 'allow'"));
  EXPECT_THAT(PostgresProblem("unlisted: clear, shared_sequences: restart"),
              HasSubstr("shared_sequences: must be refuse or leave, not 'restart'"));
  EXPECT_THAT(PostgresProblem("unlisted: clear, large_objects: [{table: a}]"), HasSubstr("column"));
  EXPECT_THAT(PostgresProblem("unlisted: ignore, clear: [{group: A, tables: [a]}]"),
              HasSubstr("unlisted: must be refuse, clear or keep, not 'ignore'"));
}

TEST(BlueprintProblemsTest, AStepDoesExactlyOneThing) {
  EXPECT_THAT(Problem("recreate: [{name: A}]\n"),
              HasSubstr("7:12 recreate[0]: the step does nothing"));
  EXPECT_THAT(Problem("recreate: [{name: A, sql: a.sql, rows: {table: t, values: [{a: 1}]}}]\n"),
              HasSubstr("the step has sql and rows"));
  EXPECT_THAT(Problem("recreate: [{sql: a.sql}]\n"), HasSubstr("recreate[0].name: is missing"));
  EXPECT_THAT(Problem("recreate: [{name: A, sql: a.sql}, {name: A, sql: a.sql}]\n"),
              HasSubstr("recreate[1].name: 'A' is used twice"));
  EXPECT_THAT(Problem("recreate: [{name: \"a\\nb\", sql: a.sql}]\n"),
              HasSubstr("must be one line"));
  EXPECT_THAT(Problem("recreate: [a.sql]\n"), HasSubstr("recreate[0]: must be a map"));
  EXPECT_THAT(Problem("recreate: [{name: A, sql: a.sql, writes: [a-b]}]\n"),
              HasSubstr("recreate[0].writes[0]: 'a-b' is no table"));
}

TEST(BlueprintProblemsTest, RowsAreMapsOfScalars) {
  const auto rows = [](const std::string& inside) {
    return Problem(absl::StrCat("recreate: [{name: A, rows: {", inside, "}}]\n"));
  };
  EXPECT_THAT(rows("table: t"), HasSubstr("values: holds no row"));
  EXPECT_THAT(rows("table: t, values: []"), HasSubstr("values: holds no row"));
  EXPECT_THAT(rows("values: [{a: 1}]"), HasSubstr("rows.table: is missing"));
  EXPECT_THAT(rows("table: 't*', values: [{a: 1}]"), HasSubstr("'*' has no place here"));
  EXPECT_THAT(rows("table: t, values: [{}]"), HasSubstr("the row has no column"));
  EXPECT_THAT(rows("table: t, values: [{a: [1]}]"), HasSubstr("a value is text, a number"));
  EXPECT_THAT(rows("table: t, values: [{a: 1}], more: 1"), HasSubstr("rows.more: unknown key"));
}

TEST(BlueprintProblemsTest, SetsHaveNamesAndSteps) {
  EXPECT_THAT(Problem("sets: {'a,b': [{name: A, sql: a.sql}]}\n"), HasSubstr("is no set name"));
  EXPECT_THAT(Problem("sets: {a: []}\n"), HasSubstr("the set has no step"));
  EXPECT_THAT(Problem("sets: {a: {}}\n"), HasSubstr("sets.a: must be a list, not a map"));
}

TEST(BlueprintProblemsTest, ChecksAreOneStatementEach) {
  EXPECT_THAT(Problem("verify: [{name: A, sql: 'select 1; select 2'}]\n"),
              HasSubstr("7:25 verify[0].sql: must be exactly one SQL statement, not 2"));
  EXPECT_THAT(Problem("verify: [{name: A, sql: '-- nothing'}]\n"), HasSubstr("not 0"));
  EXPECT_THAT(Problem("verify: [{name: A, sql: 'rollback'}]\n"),
              HasSubstr("'ROLLBACK' is not allowed"));
  EXPECT_THAT(Problem("verify: [{name: A}]\n"), HasSubstr("verify[0].sql: is missing"));
}

TEST(BlueprintProblemsTest, RedisSaysWhatIsFlushed) {
  EXPECT_THAT(Problem("redis: {required: true}\n"), HasSubstr("redis.flush: is missing"));
  EXPECT_THAT(Problem("redis: {flush: everything}\n"), HasSubstr("must be db, all, none"));
  EXPECT_THAT(Problem("redis: {flush: [a]}\n"), HasSubstr("must be db, all, none"));
  EXPECT_THAT(Problem("redis: {flush: {prefixes: []}}\n"), HasSubstr("names no prefix"));
  EXPECT_THAT(Problem("redis: {flush: {prefixes: ['']}}\n"), HasSubstr("matches every key"));
}

TEST(BlueprintProblemsTest, HooksAreRight) {
  const auto after = [](const std::string& inside) {
    return Problem(absl::StrCat("after: [{name: A, ", inside, "}]\n"));
  };
  EXPECT_THAT(after("required: true"), HasSubstr("the step does nothing"));
  EXPECT_THAT(after("command: [a], railway_restart: {service: b}"),
              HasSubstr("the step has command and railway_restart"));
  EXPECT_THAT(after("command: rm"), HasSubstr("after[0].command: must be a list"));
  EXPECT_THAT(after("command: []"), HasSubstr("names no program"));
  EXPECT_THAT(after("command: [a, '${B}']"), HasSubstr("parameters cannot be used in a command"));
  EXPECT_THAT(after("command: [a], timeout: 2h"), HasSubstr("must be between 1s and 1h"));
  EXPECT_THAT(after("command: [a], retries: 21"), HasSubstr("must be between 0 and 20"));
  EXPECT_THAT(after("railway_restart: {}"), HasSubstr("service: is missing"));
  EXPECT_THAT(after("http: {url: 'ftp://x'}"), HasSubstr("must begin with https://"));
  EXPECT_THAT(after("http: {url: 'http://a b'}"), HasSubstr("hold no blanks"));
  EXPECT_THAT(after("http: {url: 'http://a', method: post}"), HasSubstr("must be one of GET"));
  EXPECT_THAT(after("http: {url: 'http://a', method: GET, json: {}}"),
              HasSubstr("GET has no body"));
  EXPECT_THAT(after("http: {url: 'http://a', json: }"), HasSubstr("json: has no value"));
  EXPECT_THAT(after("http: {url: 'http://a', json: 123456789012345678901234}"),
              HasSubstr("too large to be kept exactly"));
  EXPECT_THAT(after("http: {url: 'http://a', headers: {'a b': c}}"),
              HasSubstr("is no name of an HTTP"));
  EXPECT_THAT(after("http: {url: 'http://a', headers: {a: \"b\\r\\nc\"}}"), HasSubstr("one line"));
  EXPECT_THAT(after("http: {url: 'http://a', expect: 99}"), HasSubstr("between 100 and 599"));
  EXPECT_THAT(Problem("before: [{name: A}]\n"), HasSubstr("before[0].do: is missing"));
  EXPECT_THAT(Problem("before: [{name: A, do: {command: [a]}, undo: {}}]\n"),
              HasSubstr("before[0].undo: the step does nothing"));
}

TEST(BlueprintProblemsTest, EveryBadInputIsNamedAtOnceInItsPlace) {
  const ParsedBlueprint parsed = ParseText(
      "version: 1\n"
      "nmae: shop\n"
      "parameters:\n"
      "  A: {required: yes}\n"
      "  A: {}\n"
      "postgres:\n"
      "  clear:\n"
      "    - {group: G, tables: [a b]}\n"
      "  unlisted: maybe\n"
      "recreate:\n"
      "  - {name: One, sql: one.sql}\n"
      "  - {name: Two, sql: two.sql}\n"
      "  - {name: Three, csv: {table: t, file: three.csv}}\n"
      "verify:\n"
      "  - {name: V, sql: \"select current_setting('resetctl.b') = ''\"}\n"
      "redis: {flush: some}\n"
      "after:\n"
      "  - {name: H, http: {url: '${C}'}}\n",
      {{"one.sql", "begin;\nselect current_setting('resetctl.d');\n\\q\n"}, {"three.csv", ""}});
  EXPECT_THAT(Lines(parsed),
              ElementsAre("b.yaml:1:1 name: is missing.", "b.yaml:2:1 nmae: unknown key.",
                          "b.yaml:4:17 parameters.A.required: must be true or false, not 'yes'.",
                          "b.yaml:5:3 parameters.A: duplicate key, first in line 4.",
                          AllOf(HasSubstr("b.yaml:8:27"), HasSubstr("'a b' is no table")),
                          HasSubstr("b.yaml:9:13 postgres.unlisted: must be refuse, clear or keep"),
                          "b.yaml:12:22 recreate[1].sql: there is no file 'two.sql'.",
                          HasSubstr("b.yaml:15:20 current_setting('resetctl.b')"),
                          HasSubstr("b.yaml:16:16 redis.flush: must be db"),
                          HasSubstr("b.yaml:18:27 ${C}: no such parameter"),
                          "one.sql:1:1 'BEGIN' is not allowed: a reset is one transaction.",
                          HasSubstr("one.sql:2:24 current_setting('resetctl.d')"),
                          "one.sql:3:1 '\\q' is a command of psql, not SQL.",
                          "three.csv:1:1 the file is empty."));
  for (const v1::Problem& problem : parsed.problems) {
    EXPECT_EQ(problem.reason(), v1::REASON_BLUEPRINT_INVALID);
  }
  EXPECT_EQ(parsed.problems[1].advice(), "Did you mean 'name'?");
}

}  // namespace
}  // namespace resetctl::contract

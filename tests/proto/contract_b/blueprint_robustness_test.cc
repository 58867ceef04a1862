// Damaged input is refused, never a crash: the same mutations in every run.
#include <random>

#include <gtest/gtest.h>

#include "proto/base/utf8.h"
#include "proto/contract/sql_splitter.h"
#include "tests/proto/contract_b/blueprint_for_test.h"

namespace resetctl::contract {
namespace {

constexpr char kSeed[] = R"yaml(version: 1
name: shop
parameters:
  NAME: {required: true, pattern: '^[a-z]{1,30}$'}
  PASSWORD: {required: true, secret: true, min_length: 8, classes: [upper, lower]}
  HASH: {bcrypt: PASSWORD, cost: 12}
  OTHER: {default: abc}
postgres:
  schemas: [public, "a.b"]
  search_path: [public]
  clear:
    - {group: A & B, tables: [a, 'b_*', '"a.b".c'], optional: [d]}
  keep: [e]
  unlisted: refuse
before:
  - {name: On, do: {command: [x, 'on']}, undo: {command: [x, 'off']}}
recreate:
  - {name: S, sql: a.sql, writes: [e]}
  - {name: R, rows: {table: a, values: [{x: '${NAME}', y: 1, z: null}]}}
sets:
  more:
    - {name: C, csv: {table: d, file: a.csv}}
verify:
  - {name: V, sql: "select count(*) = 1 from a where b = current_setting('resetctl.name')"
}
redis: {flush: {prefixes: ['cache:']}, required: false}
after:
  - {name: H, timeout: 5s, retries: 2, http: {url: 'https://x/${NAME}', headers: {A: b}, json: {a: [1, 2.5, true, '${PASSWORD}']}, expect: 200}}
  - {name: W, railway_restart: {service: web}}
)yaml";

constexpr char kSql[] = R"sql(-- comment
insert into a values ('it''s', E'\'x', $t$ ; $t$, "q""n", $1);
/* a /* b */ c */ select current_setting('resetctl.name'), U&'\0041';
do $$ begin perform current_setting('resetctl.hash'); end $$;
create function f() returns int begin atomic select 1; select case when true then 1 end; end;
copy t from stdin;
1;2
\.
select (1; 2);
)sql";

const char* const kTokens[] = {
    "'",  "\"",   "{",      "}",        "[",    "]",    ": ", "- ",    "\n",    "  ",    "&a",
    "*a", "!!",   "${",     "$$",       "$x$",  "/*",   "*/", "--",    "\\",    ";",     "(",
    ")",  "null", "true",   "12",       "-",    "\t",   "|",  ">",     "#",     "? ",    "%",
    "@",  "E'",   "commit", "\xC3\xA9", "\xFF", "\x1B", "<<", "---\n", "...\n", "begin", "end"};

std::string Mutated(std::string text, std::mt19937* random) {
  const int changes = 1 + static_cast<int>((*random)() % 4);
  for (int i = 0; i < changes; ++i) {
    const size_t at = text.empty() ? 0 : (*random)() % text.size();
    const size_t length = (*random)() % 20;
    switch ((*random)() % 5) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, kTokens[(*random)() % std::size(kTokens)]);
        break;
      case 2:
        if (!text.empty()) text[at] = static_cast<char>((*random)());
        break;
      case 3:
        text.insert((*random)() % (text.size() + 1), text.substr(at, length * 5));
        break;
      default:
        text.resize(at);
        text += kTokens[(*random)() % std::size(kTokens)];
    }
  }
  return text;
}

TEST(BlueprintRobustnessTest, TheSeedIsValid) {
  EXPECT_EQ(Lines(ParseText(kSeed, {{"a.sql", "select 1"}, {"a.csv", "x\n1\n"}})),
            std::vector<std::string>());
}

TEST(BlueprintRobustnessTest, DamagedBlueprintsAreRefusedInWords) {
  std::mt19937 random(20261123);
  int refused = 0;
  constexpr int kRounds = 6000;
  for (int round = 0; round < kRounds; ++round) {
    const std::string text = Mutated(kSeed, &random);
    FilesNamedBy(text);
    const ParsedBlueprint parsed = ParseText(
        text, {{"a.sql", Mutated(kSql, &random)}, {"a.csv", Mutated("x,y\n1,2\n", &random)}});
    refused += parsed.ok() ? 0 : 1;
    for (const v1::Problem& problem : parsed.problems) {
      ASSERT_FALSE(problem.message().empty()) << text;
      ASSERT_TRUE(base::IsUtf8(problem.message())) << text;
      ASSERT_TRUE(base::IsUtf8(problem.advice())) << text;
      ASSERT_FALSE(problem.file().empty()) << text;
      ASSERT_GE(problem.line(), 0) << text;
    }
  }
  EXPECT_GT(refused, kRounds / 2);
}

TEST(BlueprintRobustnessTest, SplittingAStatementAgainGivesItself) {
  std::mt19937 random(42);
  int whole = 0;
  for (int round = 0; round < 6000; ++round) {
    const std::string sql = Mutated(kSql, &random);
    std::vector<v1::Problem> problems;
    for (const SqlStatement& statement : SplitSql(sql, &problems)) {
      ASSERT_NE(sql.find(statement.text), std::string::npos);
      std::vector<v1::Problem> none;
      const std::vector<SqlStatement> again = SplitSql(statement.text, &none);
      // A psql command inside it was reported already.
      if (!none.empty()) {
        ASSERT_FALSE(problems.empty());
        continue;
      }
      ASSERT_EQ(again.size(), 1u) << statement.text;
      ASSERT_EQ(again[0].text, statement.text);
      ++whole;
    }
  }
  EXPECT_GT(whole, 6000);
}

}  // namespace
}  // namespace resetctl::contract

#include "proto/contract/sql_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"

namespace resetctl::contract {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Texts(absl::string_view sql) {
  const absl::StatusOr<std::vector<SqlStatement>> statements = SplitSql(sql);
  if (!statements.ok()) return {statements.status().ToString()};
  std::vector<std::string> texts;
  for (const SqlStatement& statement : *statements) texts.push_back(statement.text);
  return texts;
}

// 'line:column message', of all problems.
std::vector<std::string> Problems(absl::string_view sql) {
  std::vector<v1::Problem> problems;
  SplitSql(sql, &problems);
  std::vector<std::string> lines;
  for (const v1::Problem& problem : problems) {
    EXPECT_EQ(problem.reason(), v1::REASON_BLUEPRINT_INVALID);
    EXPECT_FALSE(problem.advice().empty());
    lines.push_back(absl::StrCat(problem.line(), ":", problem.column(), " ", problem.message()));
  }
  return lines;
}

TEST(SqlSplitterTest, SplitsAtSemicolons) {
  EXPECT_THAT(Texts("select 1; select 2;\n  select 3  "),
              ElementsAre("select 1", "select 2", "select 3"));
}

TEST(SqlSplitterTest, AnEmptyFileHasNoStatements) {
  for (const char* sql : {"", " \n\t", "-- nothing\n", "/* no */ ;; ; -- x", "\xEF\xBB\xBF"}) {
    EXPECT_THAT(Texts(sql), IsEmpty()) << sql;
  }
}

TEST(SqlSplitterTest, NumbersAndPlacesStatements) {
  const auto statements = SplitSql("-- first\nselect\n 1;\n;\n/* a\n b */ select 2; select 3");
  ASSERT_TRUE(statements.ok());
  ASSERT_EQ(statements->size(), 3u);
  EXPECT_EQ((*statements)[0].line, 2);
  EXPECT_EQ((*statements)[0].text, "select\n 1");
  EXPECT_EQ((*statements)[1].line, 6);
  EXPECT_EQ((*statements)[2].line, 6);
  EXPECT_EQ((*statements)[2].number, 3);
}

TEST(SqlSplitterTest, DropsCommentsAroundButKeepsThoseInside) {
  EXPECT_THAT(Texts("/* a; */ select /* b; */ 1 -- c;\n ; -- d\n"),
              ElementsAre("select /* b; */ 1"));
}

TEST(SqlSplitterTest, CommentsNest) {
  EXPECT_THAT(Texts("/* 1 /* 2 ; */ still; */ select 1"), ElementsAre("select 1"));
}

TEST(SqlSplitterTest, QuotedTextHidesSemicolons) {
  EXPECT_THAT(Texts("select ';', 'it''s;'; select \"a;\"\"b\"; select 1"),
              ElementsAre("select ';', 'it''s;'", "select \"a;\"\"b\"", "select 1"));
}

TEST(SqlSplitterTest, BackslashesEscapeInEStringsOnly) {
  EXPECT_THAT(Texts("select E'a\\';b'; select 2"), ElementsAre("select E'a\\';b'", "select 2"));
  EXPECT_THAT(Texts("select e'\\\\'; select 2"), ElementsAre("select e'\\\\'", "select 2"));
  EXPECT_THAT(Texts("select 'a\\'; select 2"), ElementsAre("select 'a\\'", "select 2"));
  // The E belongs to a name here.
  EXPECT_THAT(Texts("select nameE'\\'; select 2"), ElementsAre("select nameE'\\'", "select 2"));
  EXPECT_THAT(Texts("select U&'\\'; select N'\\'; select B'1'"),
              ElementsAre("select U&'\\'", "select N'\\'", "select B'1'"));
}

TEST(SqlSplitterTest, AContinuedEStringStaysOne) {
  EXPECT_THAT(Texts("select E'a'\n -- c\n '\\';b'; select 2"),
              ElementsAre("select E'a'\n -- c\n '\\';b'", "select 2"));
  // On the same line nothing is continued.
  EXPECT_THAT(Texts("select E'a' '\\'; select 2"), ElementsAre("select E'a' '\\'", "select 2"));
}

TEST(SqlSplitterTest, DollarQuotesHideEverything) {
  EXPECT_THAT(Texts("do $$ begin; commit; end $$; select $x$ ; $$ ' $y$ $x$; select 3"),
              ElementsAre("do $$ begin; commit; end $$", "select $x$ ; $$ ' $y$ $x$", "select 3"));
  EXPECT_THAT(Texts("select $\xC3\xA9$;$\xC3\xA9$; select 2"),
              ElementsAre("select $\xC3\xA9$;$\xC3\xA9$", "select 2"));
}

TEST(SqlSplitterTest, DollarSignsThatQuoteNothing) {
  EXPECT_THAT(Texts("select $1; select $2"), ElementsAre("select $1", "select $2"));
  EXPECT_THAT(Texts("select a$b$c; select d$b$e"), ElementsAre("select a$b$c", "select d$b$e"));
  EXPECT_THAT(Texts("select $1$$;$$; select 2"), ElementsAre("select $1$$;$$", "select 2"));
}

TEST(SqlSplitterTest, SemicolonsInParenthesesAndRoutineBodiesEndNothing) {
  EXPECT_THAT(Texts("create rule r as on insert to t do also (delete from a; delete from b); "
                    "select 2"),
              ElementsAre("create rule r as on insert to t do also (delete from a; delete from b)",
                          "select 2"));
  EXPECT_THAT(Texts("create or replace function f() returns int begin atomic select 1; "
                    "select case when true then 2 end; end; select 3"),
              ElementsAre("create or replace function f() returns int begin atomic select 1; "
                          "select case when true then 2 end; end",
                          "select 3"));
}

TEST(SqlSplitterTest, SkipsAByteOrderMark) {
  EXPECT_THAT(Texts("\xEF\xBB\xBFselect 1"), ElementsAre("select 1"));
}

TEST(SqlSplitterTest, RefusesWhatIsNotClosed) {
  EXPECT_THAT(Problems("select 1;\n  select 'abc;"),
              ElementsAre("2:10 a quoted text is not closed"));
  EXPECT_THAT(Problems("select \"abc;"), ElementsAre("1:8 a quoted name is not closed"));
  EXPECT_THAT(Problems("do $x$ $y$ $$;"), ElementsAre("1:4 a dollar-quoted text is not closed"));
  EXPECT_THAT(Problems("select 1;\n /* /* */"), ElementsAre("2:2 a comment '/*' is not closed"));
}

TEST(SqlSplitterTest, RefusesPsqlCommands) {
  EXPECT_THAT(Problems("select 1;\n\\copy t from 'x;y'\nselect 2;\n"),
              ElementsAre("2:1 '\\copy' is a command of psql, not SQL"));
  EXPECT_THAT(Problems("select 1 \\gset\n"),
              ElementsAre("1:10 '\\gset' is a command of psql, not SQL"));
}

TEST(SqlSplitterTest, RefusesCopyFromAndToTheClientAndSkipsItsData) {
  EXPECT_THAT(Problems("copy t (a, b) from stdin with csv;\n1,it's\n\\.\nselect 2;"),
              ElementsAre("1:1 'COPY ... FROM STDIN' is not allowed"));
  EXPECT_THAT(Problems("COPY (select 1) TO STDOUT"),
              ElementsAre("1:1 'COPY ... TO STDOUT' is not allowed"));
  EXPECT_THAT(Problems("insert into copy select stdin from stdin"), IsEmpty());
}

TEST(SqlSplitterTest, RefusesTransactionControl) {
  for (const char* word : {"BEGIN", "start transaction", "Commit", "END", "rollback", "ABORT",
                           "savepoint a", "release a", "PREPARE TRANSACTION 'x'"}) {
    EXPECT_THAT(Problems(absl::StrCat("select 1;\n", word, ";")),
                ElementsAre(HasSubstr("is not allowed: a reset is one transaction")))
        << word;
  }
  EXPECT_THAT(Problems("prepare x as select 1; select 'commit'; insert into \"commit\" values (1)"),
              IsEmpty());
}

TEST(SqlSplitterTest, NamesEveryProblemWithItsStatement) {
  std::vector<v1::Problem> problems;
  const auto statements = SplitSql("commit;\nselect 1;\n\\d\nrollback;", &problems);
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0].statement(), 1);
  EXPECT_EQ(problems[1].line(), 3);
  EXPECT_EQ(problems[2].statement(), 3);
  ASSERT_EQ(statements.size(), 1u);
  EXPECT_EQ(statements[0].text, "select 1");
}

TEST(SqlSplitterTest, TheFirstProblemBecomesAnErrorWithItsLine) {
  const auto statements = SplitSql("select 1;\ncommit");
  ASSERT_FALSE(statements.ok());
  EXPECT_EQ(ReasonOf(statements.status()), v1::REASON_BLUEPRINT_INVALID);
  EXPECT_EQ(ProblemOf(statements.status()).line(), 2);
  EXPECT_THAT(std::string(statements.status().message()), HasSubstr("Line 2"));
}

TEST(SqlSplitterTest, RefusesBytesThatAreNotText) {
  EXPECT_THAT(Problems("select 1;\nselect '\xFF'"), ElementsAre("2:9 the SQL is not UTF-8"));
  EXPECT_THAT(Problems(absl::string_view("a\0b", 3)), ElementsAre("1:2 the SQL holds a NUL byte"));
}

TEST(SettingsUsedByTest, FindsThemInBodiesTooAndNotInCommentsOrTexts) {
  const std::vector<SettingUse> uses = SettingsUsedBy(
      "select current_setting('resetctl.a'),\n"
      "  Current_Setting ( 'RESETCTL.B' , true), current_setting('other.c');\n"
      "-- current_setting('resetctl.d')\n"
      "select 'current_setting(''resetctl.e'')';\n"
      "do $$ begin\n  perform current_setting('resetctl.f'); end $$;");
  ASSERT_EQ(uses.size(), 3u);
  EXPECT_EQ(uses[0].name, "a");
  EXPECT_EQ(uses[0].line, 1);
  EXPECT_EQ(uses[0].column, 24);
  EXPECT_EQ(uses[1].name, "b");
  EXPECT_EQ(uses[1].line, 2);
  EXPECT_EQ(uses[2].name, "f");
  EXPECT_EQ(uses[2].line, 6);
  EXPECT_EQ(uses[2].column, 27);
}

TEST(OutsideCallsTest, FindsThemInBodiesTooAndNotInCommentsOrTexts) {
  const std::vector<OutsideCall> calls = OutsideCallsOf(
      "select * from DBLink ('dbname=other', 'select 1') t (a int);\n"
      "-- dblink('x')\n"
      "select 'dblink(1)', dblinks from dblink;\n"
      "do $$ begin\n  perform public.\"dblink_exec\"('c', 'delete from t'); end $$;");
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].function, "DBLink");
  EXPECT_EQ(calls[0].column, 15);
  EXPECT_EQ(calls[1].function, "dblink_exec");
  EXPECT_EQ(calls[1].line, 5);
  EXPECT_EQ(calls[1].column, 18);
}

}  // namespace
}  // namespace resetctl::contract

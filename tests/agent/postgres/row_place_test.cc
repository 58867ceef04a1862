// Every error of a row names the user's file, the line in it and, where it is known, the column.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/postgres/loader_fixture.h"

namespace resetctl::agent {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// By COPY into the table, and by way of a temporary one (a lookup).
class RowPlaceTest : public LoaderFixture, public ::testing::WithParamInterface<const char*> {
 protected:
  // `record` is the third of things.csv; it begins in line 5, after one of two lines.
  void Things(const std::string& columns, const std::string& record) {
    Tables(absl::StrCat("create table things (a text, note text, by int, ", columns, ")"),
           "things");
    Csv("users", "id,name\n1,1\n");
    Csv("things",
        absl::StrCat("a,note,by,x\r\nk,l,1,1\r\nm,\"two\nlines\",1,2\r\n", record,
                     "\r\no,p,1,4\r\n"),
        GetParam());
  }
  bool Staged() const { return *GetParam() != '\0'; }
};
INSTANTIATE_TEST_SUITE_P(BothWays, RowPlaceTest, ::testing::Values("", "lookup: {by: users.name}"));

TEST_P(RowPlaceTest, AValueOfTheWrongType) {
  Things("x int", "é,n,1,three");
  EXPECT_THAT(ExpectRolledBack(),
              AllOf(StartsWith("SQL_FAILED things.csv:5:7 "), HasSubstr("(column x)")));
  EXPECT_EQ(problem.sqlstate(), "22P02");
}

TEST_P(RowPlaceTest, ARecordOfSeveralLinesIsNamedByItsFirst) {
  Things("x int", "a,\"in\nthree\nlines\",1,three");
  EXPECT_THAT(ExpectRolledBack(), StartsWith("SQL_FAILED things.csv:5:0 "));
  EXPECT_THAT(problem.message(), HasSubstr("(column x)"));
}

TEST_P(RowPlaceTest, ADuplicate) {
  Things("x int unique", "n,n,1,2");
  EXPECT_THAT(ExpectRolledBack(), StartsWith("SQL_FAILED things.csv:5:"));
  EXPECT_EQ(problem.sqlstate(), "23505");
  EXPECT_THAT(problem.advice(), HasSubstr("things_x_key"));
  EXPECT_THAT(problem.ShortDebugString(), Not(HasSubstr("already exists")));
}

TEST_P(RowPlaceTest, ADuplicateOfAnExpression) {
  Things("x text); create unique index on things (lower(a)", "K,n,1,9");
  EXPECT_THAT(ExpectRolledBack(), StartsWith("SQL_FAILED things.csv:5:"));
}

TEST_P(RowPlaceTest, AMissingValue) {
  Things("x int not null", "n,n,1,");
  EXPECT_THAT(ExpectRolledBack(), StartsWith("SQL_FAILED things.csv:5:7 "));
  EXPECT_EQ(problem.sqlstate(), "23502");
}

TEST_P(RowPlaceTest, ACheck) {
  Things("x int check (x <> 3)", "n,n,1,3");
  EXPECT_THAT(ExpectRolledBack(), StartsWith("SQL_FAILED things.csv:5:"));
  EXPECT_EQ(problem.sqlstate(), "23514");
}

TEST_P(RowPlaceTest, ADomainsCheck) {
  it.db.Execute("create domain small as int check (value < 10)");
  Things("x small", "n,n,1,30");
  EXPECT_THAT(ExpectRolledBack(), StartsWith("SQL_FAILED things.csv:5:"));
}

TEST_P(RowPlaceTest, AForeignKey) {
  it.db.Execute("create table sizes (id int primary key); insert into sizes values (1), (2), (4)");
  it.Keep("[notes, sizes]");
  Things("x int references sizes", "n,n,1,3");
  EXPECT_THAT(ExpectRolledBack(), StartsWith("SQL_FAILED things.csv:5:"));
  EXPECT_EQ(problem.sqlstate(), "23503");
}

TEST_P(RowPlaceTest, AForeignKeyIntoTheTableItself) {
  Things("unique (a)); alter table things add x text references things (a", "n,n,1,z");
  it.File("things.csv", "a,note,by,x\r\nk,l,1,o\r\nm,\"two\nlines\",1,m\r\nn,n,1,z\r\no,p,1,k\r\n");
  EXPECT_THAT(ExpectRolledBack(), StartsWith("SQL_FAILED things.csv:5:"));
  EXPECT_EQ(problem.sqlstate(), "23503");
}

TEST_P(RowPlaceTest, WhereTheServerMakesTheKeysNoRowIsBlamed) {
  Things("id int generated always as identity primary key, x int references things", "n,n,1,77");
  EXPECT_THAT(ExpectRolledBack(), StartsWith("SQL_FAILED things.csv:0:0"));
  EXPECT_EQ(problem.sqlstate(), "23503");
}

TEST_P(RowPlaceTest, WhatATriggerRaises) {
  it.db.Execute(R"(
    create function picky() returns trigger language plpgsql as
      $$ begin if new.x = 3 then raise 'not three'; end if; return new; end $$)");
  Things("x int", "n,n,1,3");
  it.db.Execute(
      "create trigger picky after insert on things for each row execute function picky()");
  EXPECT_THAT(ExpectRolledBack(),
              AllOf(StartsWith("SQL_FAILED things.csv:5:"), HasSubstr("not three")));
}

TEST_P(RowPlaceTest, WhatAStatementTriggerRaisesBelongsToNoRow) {
  it.db.Execute(R"(
    create function never() returns trigger language plpgsql as
      $$ begin raise 'never'; end $$)");
  Things("x int", "n,n,1,3");
  it.db.Execute("create trigger never after insert on things execute function never()");
  EXPECT_THAT(ExpectRolledBack(), StartsWith("SQL_FAILED things.csv:0:0 "));
}

TEST_P(RowPlaceTest, APolicy) {
  Things(
      "x int); alter table things enable row level security; alter table things force row level "
      "security; create policy p on things using (true) with check (x <> 3",
      "n,n,1,3");
  EXPECT_THAT(ExpectRolledBack(), StartsWith("SQL_FAILED things.csv:5:"));
  EXPECT_EQ(problem.sqlstate(), "42501");
}

TEST_F(LoaderFixture, AColumnNamedLikeOneOfOursIsNotMistakenForAnother) {
  Tables("create table things (a int, \"a c0\" int, c0 int)", "things");
  Csv("things", "a,a c0,c0\n1,2,x\n");
  EXPECT_THAT(ExpectRolledBack(), StartsWith("SQL_FAILED things.csv:2:5 "));
}

class RowsPlaceTest : public LoaderFixture {
 protected:
  // The line of the blueprint in which `text` stands.
  int LineOf(const std::string& text) {
    const std::string& yaml = it.blueprint_text();
    return 1 +
           static_cast<int>(std::count(
               yaml.begin(), yaml.begin() + static_cast<std::ptrdiff_t>(yaml.find(text)), '\n'));
  }
};

TEST_F(RowsPlaceTest, ARowOfTheBlueprintIsNamedByItsOwnLine) {
  Tables("create table things (id int unique, note text)", "things");
  it.Recreate(
      "name: R\n    rows:\n      table: things\n      values:\n"
      "        - {id: 1, note: \"a\\nb\"}\n        - {id: 2, note: \"c\\n\\nd\"}\n"
      "        - {id: 1, note: third}\n        - {id: 4, note: fourth}");
  const std::string said = ExpectRolledBack();
  EXPECT_THAT(said,
              StartsWith(absl::StrCat("SQL_FAILED blueprint.yaml:", LineOf("note: third"), ":")));
  EXPECT_EQ(problem.sqlstate(), "23505");
}

TEST_F(RowsPlaceTest, AValueOfTheWrongTypeHasItsColumn) {
  Tables("create table things (id int unique, note text)", "things");
  it.Recreate(
      "name: R\n    rows:\n      table: things\n      values:\n"
      "        - {id: 1, note: \"a\\nb\"}\n        - {note: alone}\n"
      "        - {id: two, note: third}\n        - {id: 3, note: fourth}");
  const std::string said = ExpectRolledBack();
  EXPECT_THAT(
      said, StartsWith(absl::StrCat("SQL_FAILED blueprint.yaml:", LineOf("note: third"), ":16 ")));
}

TEST_F(RowsPlaceTest, AForeignKeyToo) {
  Rows("users", "{id: 1, name: a}");
  it.Recreate(
      "name: O\n    rows:\n      table: orders\n      values:\n"
      "        - {user_id: 1}\n        - {user_id: 2}");
  const std::string said = ExpectRolledBack();
  EXPECT_THAT(said,
              StartsWith(absl::StrCat("SQL_FAILED blueprint.yaml:", LineOf("user_id: 2"), ":")));
}

}  // namespace
}  // namespace resetctl::agent

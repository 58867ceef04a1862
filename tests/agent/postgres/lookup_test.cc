// References by natural key, against a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/postgres/loader_fixture.h"

namespace resetctl::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class LookupTest : public LoaderFixture {
 protected:
  // The names of categories with their parents'.
  void ExpectTree() {
    EXPECT_THAT(
        it.db.Column("select c.path || ' < ' || coalesce(p.path, '-') from categories c "
                     "left join categories p on p.id = c.parent_id order by c.path"),
        ElementsAre("Tools < -", "Tools/Drills < Tools", "Tools/Drills/Core < Tools/Drills"));
  }
};

constexpr char kTree[] =
    "path,parent_id\nTools/Drills/Core,Tools/Drills\nTools,\nTools/Drills,Tools\n";
constexpr char kParent[] = "lookup: {parent_id: categories.path}";

TEST_F(LookupTest, AKeyTakesThePlaceOfAnId) {
  Tables(
      "create table brands (id uuid primary key default gen_random_uuid(), code varchar(9) unique);"
      "create table items (sku text, brand_id uuid references brands, maker uuid)",
      "items, brands");
  Csv("brands", "code\nALD\nBXL\n");
  Csv("items", "sku,brand_id,maker\na,BXL,ALD\nb,ALD,\nc,,BXL\n",
      "lookup: {brand_id: brands.code, maker: brands.code}");
  EXPECT_EQ(ExpectCommitted().result.rows_recreated(), 5);
  EXPECT_THAT(it.db.Column("select sku || coalesce(b.code, '-') || coalesce(m.code, '-') "
                           "from items left join brands b on b.id = brand_id "
                           "left join brands m on m.id = maker order by sku"),
              ElementsAre("aBXLALD", "bALD-", "c-BXL"));
}

TEST_F(LookupTest, RowsLookUpAsFilesDo) {
  it.Recreate("{name: U, rows: {table: users, values: [{name: 'a${NO}'}, {name: b}]}}")
      .Parameter("NO", "1");
  Rows("orders", "{user_id: 'a${NO}', note: x}, {user_id: b}", "lookup: {user_id: users.name}");
  ExpectCommitted();
  EXPECT_THAT(it.db.Column("select name || coalesce(note, '-') from orders o join users u "
                           "on u.id = o.user_id order by name"),
              ElementsAre("a1x", "b-"));
}

TEST_F(LookupTest, KeptTablesAndViewsAreLookedIntoWithoutBeingTouched) {
  it.db.Execute("create view note_texts as select id, upper(text) as t from notes");
  Tables("create table things (note_id int, again int)", "things");
  Csv("things", "note_id,again\nfirst,SECOND\n",
      "lookup: {note_id: notes.text, again: {table: note_texts, by: t, gives: id}}");
  ExpectCommitted();
  EXPECT_EQ(it.db.Scalar("select note_id || ' ' || again from things"), "1 2");
}

TEST_F(LookupTest, AKeyOfSeveralColumns) {
  Tables(
      "create table permissions (id serial primary key, resource text, action text);"
      "create table grants (role text, permission_id int references permissions)",
      "grants, permissions");
  Csv("permissions", "resource,action\nitems,read\nitems,write\nusers,read\n");
  Csv("grants", "role,on,may\nclerk,items,write\nguest,,\n",
      "lookup: {permission_id: {table: permissions, by: {resource: 'on', action: may}}}");
  ExpectCommitted();
  EXPECT_THAT(it.db.Column("select role || coalesce(permission_id::text, '-') from grants "
                           "order by role"),
              ElementsAre("clerk2", "guest-"));
}

TEST_F(LookupTest, HalfAKeyIsAnError) {
  Tables(
      "create table permissions (id serial primary key, resource text, action text);"
      "create table grants (role text, permission_id int references permissions)",
      "grants, permissions");
  Csv("permissions", "resource,action\nitems,read\n");
  Csv("grants", "role,on,may\nclerk,items,\n",
      "lookup: {permission_id: {table: permissions, by: {resource: 'on', action: may}}}");
  EXPECT_THAT(ExpectRolledBack(), StartsWith("CSV_INVALID grants.csv:2:7 Only a part of the key"));
}

TEST_F(LookupTest, AColumnCanBeAKeyAndAValueAtOnce) {
  Tables(
      "create table brands (id int primary key, tenant int, code text);"
      "create table items (tenant int, brand_id int)",
      "items, brands");
  Csv("brands", "id,tenant,code\n1,7,A\n2,8,A\n");
  Csv("items", "tenant,brand_id\n8,A\n7,A\n",
      "lookup: {brand_id: {table: brands, by: {tenant: tenant, code: brand_id}}}");
  ExpectCommitted();
  EXPECT_THAT(it.db.Column("select tenant || ' ' || brand_id from items order by tenant"),
              ElementsAre("7 1", "8 2"));
}

TEST_F(LookupTest, AValueThatMatchesNothingIsNamedWithItsPlaceAndTheClosest) {
  Csv("users", "name\nalice\nbob\n");
  Csv("orders", "note,user_id\nx,bob\n\"two\nlines\",alise\ny,nobody\n",
      "lookup: {user_id: users.name}");
  EXPECT_EQ(ExpectRolledBack(),
            "CSV_INVALID orders.csv:3:0 No row of users has name 'alise' (column user_id; 1 more "
            "row of the same kind).");
  EXPECT_EQ(problem.advice(), "Did you mean 'alice'?");
}

TEST_F(LookupTest, AStepThatComesTooEarlyIsToldSo) {
  Csv("orders", "note,user_id\nx,bob\n", "lookup: {user_id: users.name}");
  Csv("users", "name\nbob\n");
  EXPECT_THAT(ExpectRolledBack(), StartsWith("CSV_INVALID orders.csv:2:3 No row of users has"));
  EXPECT_EQ(problem.advice(), "It stands in users.csv: the step 'Load users' has to come first.");
}

TEST_F(LookupTest, AnEmptyTableIsToldSo) {
  Csv("orders", "note,user_id\nx,bob\n", "lookup: {user_id: users.name}");
  ExpectRolledBack();
  EXPECT_EQ(problem.advice(), "users holds no rows at this point: fill it in an earlier step.");
}

TEST_F(LookupTest, WhatAKeptTableHoldsIsNotHinted) {
  Tables("create table things (note_id int)", "things");
  Csv("things", "note_id\nfirs\n", "lookup: {note_id: notes.text}");
  EXPECT_THAT(ExpectRolledBack(), HasSubstr("No row of notes has text 'firs'"));
  EXPECT_THAT(problem.advice(), Not(HasSubstr("first")));
}

TEST_F(LookupTest, AKeyThatSeveralRowsHaveIsAnError) {
  it.db.Execute("insert into notes (text) values ('first')");
  Tables("create table things (note_id int)", "things");
  Csv("things", "note_id\nsecond\nfirst\n", "lookup: {note_id: notes.text}");
  EXPECT_EQ(ExpectRolledBack(),
            "CSV_INVALID things.csv:3:1 2 rows of notes have text 'first', and a reference needs "
            "exactly one (column note_id).");
}

TEST_F(LookupTest, AParameterIsNeverQuoted) {
  it.Parameter("WHO", "v4lue-of-who");
  Rows("orders", "{user_id: '${WHO}'}", "lookup: {user_id: users.name}");
  EXPECT_THAT(ExpectRolledBack(), HasSubstr("BLUEPRINT_INVALID blueprint.yaml:"));
  EXPECT_THAT(problem.message(), HasSubstr("has name '${WHO}' (column user_id)"));
  EXPECT_THAT(problem.ShortDebugString(), Not(HasSubstr("v4lue")));
  EXPECT_GT(problem.column(), 0);
}

TEST_F(LookupTest, KeysAreComparedAsTheirTypeDoes) {
  it.db.ExecuteAsSuperuser("create extension citext");
  Tables(
      "create type size as enum ('S', 'M'); create domain word as citext;"
      "create table brands (id int primary key, code citext, w word, s size, at timestamptz, "
      "c text collate \"C\");"
      "create table items (a int, b int, c int, d int, e int)",
      "items, brands");
  Csv("brands",
      "id,code,w,s,at,c\n1,Ald,Ald,S,2026-01-01 00:00:00+00,x\n2,Bxl,Bxl,M,2026-02-01,y\n");
  Csv("items", "a,b,c,d,e\nALD,bxl,M,2026-01-01 01:00:00+01,x\n",
      "lookup: {a: brands.code, b: brands.w, c: brands.s, d: brands.at, e: brands.c}");
  ExpectCommitted();
  EXPECT_EQ(it.db.Scalar("select items::text from items"), "(1,2,2,1,1)");
}

TEST_F(LookupTest, AnOperatorOfSomebodyElseIsNotUsed) {
  it.db.Execute(
      "create function anything(varchar, varchar) returns boolean language sql immutable as "
      "'select true';"
      "create operator public.= (leftarg = varchar, rightarg = varchar, function = anything)");
  Tables("create table brands (id int primary key, code varchar(5)); create table items (b int)",
         "items, brands");
  Csv("brands", "id,code\n1,A\n2,B\n");
  Csv("items", "b\nB\n", "lookup: {b: brands.code}");
  ExpectCommitted();
  EXPECT_EQ(it.db.Scalar("select b from items"), "2");
}

TEST_F(LookupTest, RowsOfAFileReferToEachOtherInAnyOrderWithAUuidDefault) {
  Tables(
      "create table categories (id uuid primary key default gen_random_uuid(), "
      "path text unique, parent_id uuid references categories)",
      "categories");
  Csv("categories", kTree, kParent);
  ExpectCommitted();
  ExpectTree();
}

TEST_F(LookupTest, AndWithASerialKeyThatGoesOn) {
  Tables(
      "create table categories (id serial primary key, path text, "
      "parent_id int references categories on delete restrict)",
      "categories");
  Csv("categories", kTree, kParent);
  ExpectCommitted();
  ExpectTree();
  EXPECT_EQ(it.db.Scalar("insert into categories (path) values ('x') returning id"), "4");
}

TEST_F(LookupTest, AndWithIdentities) {
  for (const char* kind : {"always", "by default"}) {
    ResetScenario one;
    one.db.Execute(absl::StrCat("create table categories (id int generated ", kind,
                                " as identity primary key, path text, "
                                "parent_id int not null references categories)"));
    one.Clear("[users, orders, categories]")
        .Recreate(
            "{name: C, csv: {table: categories, file: c.csv, "
            "lookup: {parent_id: categories.path}}}")
        .File("c.csv", "path,parent_id\nb,a\na,a\n");
    const ResetOutcome outcome = one.Run();
    ASSERT_EQ(outcome.end, ResetEnd::kCommitted) << outcome.problem.ShortDebugString();
    EXPECT_THAT(one.db.Column("select id || path || parent_id from categories order by id"),
                ElementsAre("1b2", "2a2"));
    EXPECT_EQ(one.db.Scalar("insert into categories (path, parent_id) values ('x', 1) "
                            "returning id"),
              "3");
  }
}

TEST_F(LookupTest, AndWithKeysInTheFile) {
  Tables(
      "create table categories (id text primary key, path text, parent_id text references "
      "categories)",
      "categories");
  Csv("categories",
      "id,path,parent_id\n3,Tools/Drills/Core,Tools/Drills\n1,Tools,\n"
      "2,Tools/Drills,Tools\n",
      kParent);
  ExpectCommitted();
  ExpectTree();
}

TEST_F(LookupTest, RowsInABlueprintReferToEachOther) {
  Tables(
      "create table categories (id serial primary key, path text, "
      "parent_id int references categories)",
      "categories");
  Rows("categories",
       "{path: Tools}, {path: Tools/Drills/Core, parent_id: Tools/Drills}, "
       "{path: Tools/Drills, parent_id: Tools}",
       kParent);
  ExpectCommitted();
  ExpectTree();
}

TEST_F(LookupTest, AKeyThatTheFileHasTwiceIsAnErrorOfTheRowThatUsesIt) {
  Tables("create table categories (id serial primary key, path text, parent_id int)", "categories");
  Csv("categories", "path,parent_id\na,\nb,a\na,\n", kParent);
  EXPECT_THAT(ExpectRolledBack(),
              StartsWith("CSV_INVALID categories.csv:3:3 2 rows of categories"));
}

TEST_F(LookupTest, RowsThatAreKeptAreFoundBesideThoseOfTheFile) {
  it.db.Execute(
      "create table tree (id serial primary key, path text, up int references tree);"
      "insert into tree (path) values ('root')");
  it.Keep("[notes, tree]")
      .Recreate(
          "{name: T, writes: [tree], csv: {table: tree, file: t.csv, "
          "lookup: {up: tree.path}}}")
      .File("t.csv", "path,up\nleaf,branch\nbranch,root\n");
  ExpectCommitted();
  EXPECT_THAT(it.db.Column("select t.path || '<' || u.path from tree t join tree u on u.id = t.up "
                           "order by t.id"),
              ElementsAre("leaf<branch", "branch<root"));
}

TEST_F(LookupTest, WorksUnderPoliciesToo) {
  Tables(
      "create table things (user_id int, owner text); alter table things enable row level security;"
      "alter table things force row level security;"
      "create policy mine on things using (owner = 'me') with check (owner = 'me')",
      "things");
  Csv("users", "name\na\n");
  Csv("things", "user_id,owner\na,me\n", "lookup: {user_id: users.name}");
  ExpectCommitted();
  EXPECT_EQ(it.db.Scalar("set row_security = on; select count(*) from things"), "1");
}

}  // namespace
}  // namespace resetctl::agent

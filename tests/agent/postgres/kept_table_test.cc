#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"

namespace resetctl::agent {
namespace {

using ::testing::HasSubstr;

// P4: this transaction changes no kept table but the declared ones, or nothing at all.
class KeptTableTest : public ::testing::Test {
 protected:
  void ExpectTouched(const std::string& step, const std::string& table) {
    const v1::Problem problem = it.ExpectRolledBack(v1::REASON_KEPT_TABLE_TOUCHED);
    EXPECT_THAT(problem.message(), HasSubstr(absl::StrCat("'", step, "'")));
    EXPECT_THAT(problem.message(), HasSubstr(table));
  }
  ResetScenario it;
};

TEST_F(KeptTableTest, AnUndeclaredInsertRollsBack) {
  it.Sql("insert into notes (text) values ('reset')");
  ExpectTouched("Step", "notes");
}

TEST_F(KeptTableTest, AWriteInASubtransactionIsSeen) {
  it.Sql(R"(do $$ begin
      begin update notes set text = 'changed'; exception when others then null; end;
    end $$)");
  ExpectTouched("Step", "notes");
}

TEST_F(KeptTableTest, ADeclaredInsertIsFine) {
  it.Recreate("{name: Note, sql: note.sql, writes: [notes]}")
      .File("note.sql", "insert into notes (text) values ('reset')");
  it.ExpectCommitted();
  EXPECT_EQ(it.db.Scalar("select count(*) from notes"), "3");
}

TEST_F(KeptTableTest, WhatOneStepDeclaresAnotherMayNotWrite) {
  it.Recreate("{name: Note, sql: note.sql, writes: [notes]}")
      .Recreate("{name: Sneaky, sql: sneaky.sql}")
      .File("note.sql", "insert into notes (text) values ('reset')")
      .File("sneaky.sql", "update notes set text = 'mine' where text = 'first'");
  ExpectTouched("Sneaky", "notes");
}

TEST_F(KeptTableTest, AStatementThatChangesNoRowIsForgiven) {
  it.Sql("update notes set text = 'x' where false");
  it.ExpectCommitted();
}

TEST_F(KeptTableTest, ATableThatGotANewFileSinceThePlanIsNotTakenForATruncatedOne) {
  it.Sql("update notes set text = 'x' where false").Plan();
  it.db.Execute("vacuum full notes");
  it.ExpectCommitted();
}

TEST_F(KeptTableTest, ATriggerThatWritesElsewhereRollsBack) {
  it.db.Execute(R"(
    create function audit() returns trigger language plpgsql as
      $$ begin insert into public.notes (text) values (tg_table_name); return null; end $$;
    create trigger audit after insert on users for each row execute function audit())");
  it.Sql("insert into users (name) values ('a')");
  ExpectTouched("Step", "notes");
}

TEST_F(KeptTableTest, ATruncateTriggerThatWritesElsewhereRollsBack) {
  it.db.Execute(R"(
    create function audit() returns trigger language plpgsql as
      $$ begin insert into notes (text) values (tg_table_name); return null; end $$;
    create trigger audit after truncate on users for each statement execute function audit())");
  it.FireOnDelete("users");
  ExpectTouched("clearing", "notes");
}

TEST_F(KeptTableTest, ADeferredTriggerIsSeenBeforeTheCommit) {
  it.db.Execute(R"(
    create function audit() returns trigger language plpgsql as
      $$ begin update notes set text = 'changed'; return null; end $$;
    create constraint trigger audit after insert on users deferrable initially deferred
      for each row execute function audit())");
  it.Sql("insert into users (name) values ('a')");
  ExpectTouched("deferred triggers", "notes");
}

TEST_F(KeptTableTest, AForeignKeysCascadeIsSeen) {
  // Both are kept; the step deletes from the one it has declared, and the cascade reaches the other.
  it.db.Execute(R"(
    create table parents (id int primary key); insert into parents values (1);
    create table children (id int references parents on delete cascade); insert into children values (1))");
  it.Keep("[notes, parents, children]")
      .Recreate("{name: Step, sql: step.sql, writes: [parents]}")
      .File("step.sql", "delete from parents");
  ExpectTouched("Step", "children");
}

TEST_F(KeptTableTest, ATruncateInsideAFunctionIsSeenThoughNothingIsCounted) {
  it.db.Execute(
      "create function wipe() returns void language plpgsql as $$ begin truncate notes; end $$");
  it.Sql("select wipe()");
  ExpectTouched("Step", "notes");
}

TEST_F(KeptTableTest, AKeptTablesSequenceIsPartOfIt) {
  it.Sql("select setval('notes_id_seq', 1000)");
  ExpectTouched("Step", "notes_id_seq");
}

TEST_F(KeptTableTest, OtherSessionsMayWriteToKeptTables) {
  it.observer.on_step = [&](const StepNote& note) {
    if (note.step == v1::STEP_KIND_CLEAR && note.kind == v1::EVENT_KIND_SUCCEEDED) {
      it.db.Execute("insert into notes (text) values ('application')");
    }
  };
  it.ExpectCommitted();
  EXPECT_EQ(it.db.Scalar("select count(*) from notes"), "3");
}

TEST_F(KeptTableTest, OtherSchemasAreKeptToo) {
  it.db.Execute("create schema other; create table other.things (id int)");
  it.Sql("insert into other.things values (1)");
  ExpectTouched("Step", "other.things");
}

TEST_F(KeptTableTest, OtherSchemasTablesAreNotDroppedOrRedefined) {
  for (const char* sql :
       {"drop table other.things cascade", "alter table other.things drop column note",
        "alter table other.things disable trigger user", "drop view other.things_seen",
        "create table mine (id int references other.things on delete cascade)"}) {
    SCOPED_TRACE(sql);
    ResetScenario one;
    one.db.Execute(
        "create schema other; create table other.things (id int primary key, note text); "
        "create view other.things_seen as select id from other.things");
    one.Sql(sql).Plan();
    const auto before = one.Checksums();
    const ResetOutcome outcome = one.Run();
    EXPECT_EQ(outcome.end, ResetEnd::kRolledBack);
    EXPECT_EQ(outcome.problem.reason(), v1::REASON_KEPT_TABLE_TOUCHED)
        << outcome.problem.ShortDebugString();
    EXPECT_THAT(outcome.problem.message(), HasSubstr("other.things"));
    EXPECT_EQ(one.Checksums(), before);
  }
}

TEST_F(KeptTableTest, RowsMayBeWrittenThroughAView) {
  it.db.Execute("create view people as select name from users");
  it.Sql("insert into people values ('a')");
  it.ExpectCommitted();
  EXPECT_EQ(it.db.Scalar("select count(*) from users"), "1");
}

TEST_F(KeptTableTest, ATableThatOneStepEmptiedAsDeclaredIsNotHeldAgainstTheNext) {
  it.Recreate("{name: Wipe, sql: wipe.sql, writes: [notes]}")
      .Recreate("{name: Next, sql: next.sql}")
      .File("wipe.sql", "truncate notes")
      .File("next.sql", "insert into users (name) values ('a')");
  it.ExpectCommitted();
  EXPECT_EQ(it.db.Scalar("select count(*) from notes"), "0");
}

TEST_F(KeptTableTest, ACursorHeldOverTheCommitDoesNotRunBehindTheProof) {
  it.db.Execute(R"(
    create function meddle() returns int language plpgsql as
      $$ begin update public.notes set text = 'changed'; return 1; end $$)");
  it.Sql("declare later cursor with hold for select meddle()");
  it.ExpectCommitted();
  EXPECT_EQ(it.db.Scalar("select count(*) from notes where text = 'changed'"), "0");
}

TEST_F(KeptTableTest, AMaterializedViewThatReadsAClearedTableIsRefreshedInOrder) {
  it.db.Execute(R"(
    create materialized view b as select count(*) as n from users;
    create materialized view a as select n from b)");
  it.Sql("insert into users (name) values ('a'), ('b')");
  it.ExpectCommitted();
  EXPECT_EQ(it.db.Scalar("select n from a"), "2");
}

TEST_F(KeptTableTest, AStepMayNotChangeTheSchema) {
  it.Sql("alter table users add column extra int");
  it.Plan();
  const ResetOutcome outcome = it.Run();
  EXPECT_EQ(outcome.problem.reason(), v1::REASON_SQL_FAILED);
  EXPECT_THAT(outcome.problem.message(), HasSubstr("extra"));
}

}  // namespace
}  // namespace resetctl::agent

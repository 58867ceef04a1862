// POSTGRES.md, "Which tables, which order": one test a row, against a real server, as a plain owner.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"

namespace resetctl::agent {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class WhichTablesCases : public ::testing::Test {
 protected:
  ResetScenario it;
};

TEST_F(WhichTablesCases, AForeignKeyFromAKeptTableIsRefusedByName) {
  it.db.Execute("alter table notes add user_id int references users");
  EXPECT_THAT(it.Problems(),
              ElementsAre("KEPT_REFERENCES_CLEARED notes.user_id -> users.id notes users "
                          "notes_user_id_fkey"));
}

TEST_F(WhichTablesCases, AForeignKeyFromAKeptTableThatIsNullThroughoutTakesTheDeletePath) {
  it.db.Execute("alter table notes add user_id int references users on delete cascade");
  it.Postgres("kept_references: when_null").Plan();
  EXPECT_EQ(it.Strategy("users"), "delete: kept notes references it");
  it.ExpectCommitted();
  EXPECT_EQ(it.Count("users"), "0");
  EXPECT_EQ(it.Count("notes"), "2");
}

TEST_F(WhichTablesCases, AKeptRowThatComesToReferenceAClearedOneMakesThePlanStale) {
  it.db.Execute("alter table notes add user_id int references users on delete set null");
  it.Postgres("kept_references: when_null").Plan();
  it.db.Execute("update notes set user_id = 1 where text = 'first'");
  const ResetOutcome outcome = it.Run();
  EXPECT_EQ(outcome.problem.reason(), v1::REASON_STALE_ROWS);
  EXPECT_THAT(outcome.problem.message(), HasSubstr("1 kept row points to public.users"));
  EXPECT_EQ(it.Count("users"), "100");
}

TEST_F(WhichTablesCases, AKeptRowThatComesToReferenceAClearedOneBeforeTheLockIsSeenUnderIt) {
  it.db.Execute("alter table notes add user_id int references users on delete set null");
  it.Postgres("kept_references: when_null").Plan();
  bool done = false;
  it.observer.on_step = [&](const StepNote& note) {
    if (done || note.step != v1::STEP_KIND_LOCK || note.kind != v1::EVENT_KIND_STARTED) return;
    done = true;
    it.db.Execute("update notes set user_id = 1 where text = 'first'");
  };
  const ResetOutcome outcome = it.Run();
  EXPECT_TRUE(done);
  EXPECT_EQ(outcome.end, ResetEnd::kRolledBack);
  EXPECT_EQ(outcome.problem.reason(), v1::REASON_STALE_ROWS) << outcome.problem.ShortDebugString();
  EXPECT_THAT(outcome.problem.message(), HasSubstr("1 kept row points to public.users"));
  EXPECT_EQ(it.Count("users"), "100");
  EXPECT_EQ(it.Count("notes where user_id = 1"), "1");
}

TEST_F(WhichTablesCases, AForeignKeyFromAnEmptyKeptTableIsRefusedToo) {
  it.db.Execute("create table visits (user_id int references users)");
  EXPECT_EQ(it.db.Connect().ErrorOf("truncate users, orders"), "0A000");
  it.Keep("[notes, visits]");
  const std::vector<v1::Problem> problems = it.WholeProblems();
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].reason(), v1::REASON_KEPT_REFERENCES_CLEARED);
  EXPECT_THAT(problems[0].objects(),
              ElementsAre("visits.user_id -> users.id", "visits", "users", "visits_user_id_fkey"));
  EXPECT_THAT(problems[0].message(), HasSubstr("no kept row points there now"));
  EXPECT_THAT(problems[0].advice(), HasSubstr("`kept_references: when_null`"));
}

TEST_F(WhichTablesCases, AForeignKeyThatIsNotValidCounts) {
  it.db.Execute(R"(
    alter table notes add user_id int; update notes set user_id = 7000 where text = 'first';
    alter table notes add constraint someday foreign key (user_id) references users not valid)");
  EXPECT_EQ(it.db.Connect().ErrorOf("truncate users, orders"), "0A000");
  const std::string refusal =
      "KEPT_REFERENCES_CLEARED notes.user_id -> users.id notes users someday";
  EXPECT_THAT(it.Problems(), ElementsAre(refusal));
  it.Postgres("kept_references: when_null");
  EXPECT_THAT(it.Problems(), ElementsAre(refusal));
  it.db.Execute("update notes set user_id = null");
  it.ExpectCommitted();
  EXPECT_EQ(it.Count("users") + it.Count("notes"), "02");
}

TEST_F(WhichTablesCases, AViewCannotBeCleared) {
  it.db.Execute("create view v as select 1");
  it.Clear("[users, orders, v]");
  const std::vector<v1::Problem> problems = it.WholeProblems();
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].reason(), v1::REASON_UNSUPPORTED_RELATION);
  EXPECT_THAT(problems[0].objects(), ElementsAre("v"));
  EXPECT_EQ(problems[0].message(), "v is a view, not a table.");
}

TEST_F(WhichTablesCases, OnDeleteCascadeSetNullAndSetDefaultAreSeenByTheProof) {
  // Both tables are kept; the step deletes from the one it has declared, and the action reaches the other.
  for (const std::string action : {"cascade", "set null", "set default"}) {
    SCOPED_TRACE(action);
    ResetScenario one;
    one.db.Execute(
        "create table parents (id int primary key); insert into parents values (1), (2);"
        "create table children (id int, p int default 2 references parents on delete " +
        action + "); insert into children values (1, 1)");
    one.Keep("[notes, parents, children]")
        .Recreate("{name: Step, sql: step.sql, writes: [parents]}")
        .File("step.sql", "delete from parents where id = 1")
        .Plan();
    const auto before = one.Checksums();
    const ResetOutcome outcome = one.Run();
    EXPECT_EQ(outcome.end, ResetEnd::kRolledBack);
    EXPECT_EQ(outcome.problem.reason(), v1::REASON_KEPT_TABLE_TOUCHED)
        << outcome.problem.ShortDebugString();
    EXPECT_THAT(outcome.problem.objects(), ElementsAre("public.children"));
    EXPECT_EQ(one.Checksums(), before);
  }
}

TEST_F(WhichTablesCases, ACycleOfForeignKeysIsOneStatement) {
  it.db.Execute(R"(
    create table a (id int primary key, b int not null);
    create table b (id int primary key, a int not null references a on delete restrict);
    insert into a select i, i from generate_series(1, 50) i; insert into b select id, id from a;
    alter table a add foreign key (b) references b on delete restrict)");
  it.Clear("[users, orders, a, b]").Plan();
  EXPECT_EQ(it.Strategy("a"), "delete: small");
  it.ExpectCommitted();
  EXPECT_EQ(it.Count("a") + it.Count("b"), "00");
}

TEST_F(WhichTablesCases, ASelfReferenceDoesNotCountInTheOrder) {
  it.db.Execute(R"(
    create table tree (id int primary key, parent int references tree on delete restrict);
    create index on tree (parent);
    insert into tree select i, nullif(i / 2, 0) from generate_series(1, 500) i)");
  it.Clear("[users, orders, tree]").Plan();
  EXPECT_EQ(it.Strategy("tree"), "delete: small");
  it.ExpectCommitted();
  EXPECT_EQ(it.Count("tree"), "0");
}

TEST_F(WhichTablesCases, APartitionTreeIsOneUnit) {
  it.db.Execute(R"(
    create table events (id int, at int) partition by range (at);
    create table events_1 partition of events for values from (0) to (10);
    create table events_2 partition of events for values from (10) to (20) partition by range (at);
    create table events_21 partition of events_2 for values from (10) to (20);
    insert into events select i, i % 20 from generate_series(1, 100) i)");
  it.Clear("[users, orders, events]");
  it.ExpectCommitted();
  EXPECT_EQ(it.Count("events"), "0");
}

TEST_F(WhichTablesCases, ALargePartitionTreeIsTruncatedByItsRoot) {
  it.db.Execute(R"(
    create table events (id int, at int, pad text) partition by range (at);
    create table events_1 partition of events for values from (0) to (10);
    create table events_2 partition of events for values from (10) to (20);
    insert into events select i, i % 20, repeat('x', 500) from generate_series(1, 12000) i)");
  it.Clear("[users, orders, events]").Plan();
  EXPECT_EQ(it.Strategy("events"), "truncate: large");
  it.ExpectCommitted();
  EXPECT_EQ(it.Count("events"), "0");
}

TEST_F(WhichTablesCases, MixedKeepAndClearInOneTreeIsRefused) {
  it.db.Execute(R"(
    create table events (at int) partition by range (at);
    create table events_1 partition of events for values from (0) to (10))");
  it.Clear("[users, orders, events]").Keep("[notes, events_1]");
  EXPECT_THAT(it.Problems(), Contains(HasSubstr("UNSUPPORTED_RELATION events_1")));
}

TEST_F(WhichTablesCases, ADetachedLookAlikeKeepsItsRowsAndIsAWarning) {
  it.db.Execute(R"(
    create table events (at int) partition by range (at);
    create table events_1 partition of events for values from (0) to (10);
    insert into events values (1);
    alter table events detach partition events_1)");
  it.Clear("[users, orders, events]").Keep("[notes, events_1]").Plan();
  ASSERT_EQ(it.plan.warnings_size(), 1);
  EXPECT_THAT(it.plan.warnings(0).message(), HasSubstr("events_1 looks like a detached partition"));
  it.ExpectCommitted();
  EXPECT_EQ(it.Count("events_1"), "1");
}

TEST_F(WhichTablesCases, AForeignPartitionIsRefused) {
  it.db.ExecuteAsSuperuser(
      "create extension postgres_fdw; create server far foreign data wrapper postgres_fdw; "
      "grant usage on foreign server far to " +
      it.db.owner());
  it.db.Execute(R"(
    create table events (at int) partition by range (at);
    create foreign table events_far partition of events for values from (0) to (10) server far)");
  it.Clear("[users, orders, events]");
  EXPECT_THAT(it.Problems(), Contains(HasSubstr("UNSUPPORTED_RELATION events_far")));
}

TEST_F(WhichTablesCases, PlainInheritanceIsClearedChildByChild) {
  it.db.Execute(R"(
    create table base (id int); create table child () inherits (base);
    insert into base values (1); insert into child values (2))");
  it.Clear("[users, orders, base]").Keep("[notes, child]");
  it.ExpectCommitted();
  EXPECT_EQ(it.Count("only base"), "0");
  EXPECT_EQ(it.Count("child"), "1");
}

TEST_F(WhichTablesCases, AnExtensionsTablesAreKeptAndShownAsItsOwn) {
  it.db.Execute("create table reference_data (id int); insert into reference_data values (1)");
  it.db.ExecuteAsSuperuser(
      "create extension hstore; alter extension hstore add table reference_data");
  it.Clear("[users, orders, 'ref*']").Plan();
  ASSERT_EQ(it.plan.kept_size(), 2);
  EXPECT_EQ(it.plan.kept(1).why(), "belongs to extension hstore");
  it.ExpectCommitted();
  EXPECT_EQ(it.Count("reference_data"), "1");
}

TEST_F(WhichTablesCases, EveryMigrationHistoryIsKeptInEverySchema) {
  const char* histories[] = {
      "alembic_version",        "schema_migrations",     "ar_internal_metadata",
      "data_migrations",        "flyway_schema_history", "schema_version",
      "databasechangelog",      "databasechangeloglock", "_prisma_migrations",
      "django_migrations",      "knex_migrations",       "knex_migrations_lock",
      "__EFMigrationsHistory",  "_sqlx_migrations",      "goose_db_version",
      "__drizzle_migrations",   "SequelizeMeta",         "doctrine_migration_versions",
      "atlas_schema_revisions", "mikro_orm_migrations"};
  for (const std::string name : histories) {
    it.db.Execute("create table \"" + name + "\" (v int); insert into \"" + name + "\" values (1)");
  }
  it.Clear("['*']").Plan();
  EXPECT_EQ(it.plan.kept_size(), 21);
  it.ExpectCommitted();
  for (const std::string name : histories) EXPECT_EQ(it.Count("\"" + name + "\""), "1") << name;
}

TEST_F(WhichTablesCases, OddNamesAreTheirOwn) {
  it.db.Execute(R"(
    create table "Order" (id int); create table "a ""b"" c" (id int); create table "Größe" (id int);
    insert into "Order" values (1); insert into "a ""b"" c" values (1); insert into "Größe" values (1))");
  it.Clear(R"([users, orders, Order, '"a ""b"" c"', Größe])");
  it.ExpectCommitted();
  EXPECT_EQ(it.Count(R"("Order")") + it.Count(R"("a ""b"" c")") + it.Count(R"("Größe")"), "000");
}

TEST_F(WhichTablesCases, MaterializedViewsAreRefreshedInTheOrderOfTheirDependence) {
  it.db.Execute(R"(
    create materialized view z_first as select count(*) as n from users;
    create view between_them as select n from z_first;
    create materialized view a_second as select n from between_them)");
  it.ExpectCommitted();
  EXPECT_EQ(it.db.Scalar("select n from a_second"), "0");
}

TEST_F(WhichTablesCases, TemporaryTablesOfOthersAreSkippedAndUnloggedOnesAreOrdinary) {
  support::TestConnection other = it.db.Connect();
  other.Execute("create temporary table mine (id int)");
  it.db.Execute("create unlogged table fast (id int); insert into fast values (1)");
  it.Clear("[users, orders, fast]");
  it.ExpectCommitted();
  EXPECT_EQ(it.Count("fast"), "0");
  EXPECT_THAT(it.Problems(), IsEmpty());
}

TEST_F(WhichTablesCases, AChainOfForeignKeysIsClearedFromItsEnd) {
  it.db.Execute(R"(do $$ begin
    create table c0 (id int primary key); insert into c0 values (1);
    for i in 1..200 loop
      execute format('create table c%s (id int primary key references c%s)', i, i - 1);
      execute format('insert into c%s values (1)', i);
    end loop; end $$)");
  it.Clear("[users, orders, 'c*']");
  it.ExpectCommitted();
  EXPECT_EQ(it.Count("c0"), "0");
  EXPECT_EQ(it.Count("c200"), "0");
}

}  // namespace
}  // namespace resetctl::agent

// POSTGRES.md, "Which tables, which order": several schemas, equal names in them, names that look like others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"

namespace resetctl::agent {
namespace {

using ::testing::ElementsAre;

class SchemasCases : public ::testing::Test {
 protected:
  // 'a.things: kept by the blueprint', sorted by schema and name.
  std::vector<std::string> Kept() const {
    std::vector<std::string> lines;
    for (const v1::KeptTable& kept : it.plan.kept()) {
      lines.push_back(kept.schema() + "." + kept.name() + ": " + kept.why());
    }
    return lines;
  }
  ResetScenario it;
};

TEST_F(SchemasCases, MigrationHistoriesOfEverySchemaAreKept) {
  it.db.Execute(R"(
    create schema a; create table a.alembic_version (v int); insert into a.alembic_version values (1);
    create table a.things (id int); insert into a.things values (1);
    create schema b; create table b.knex_migrations_lock (v int);
    insert into b.knex_migrations_lock values (1);
    create table b.things (id int); insert into b.things values (1))");
  it.Schemas("[public, a, b]").Clear("[users, orders, 'a.*', b.things]").Plan();
  EXPECT_THAT(Kept(), ElementsAre("a.alembic_version: migration history",
                                  "b.knex_migrations_lock: migration history",
                                  "public.notes: kept by the blueprint"));
  EXPECT_EQ(it.ExpectCommitted().result.tables_cleared(), 4);
  EXPECT_EQ(it.Count("a.things") + it.Count("b.things"), "00");
  EXPECT_EQ(it.Count("a.alembic_version") + it.Count("b.knex_migrations_lock"), "11");
}

TEST_F(SchemasCases, ADotInANameIsNoSeparator) {
  const char* const names[] = {R"("a.b".c)", R"(a."b.c")"};
  for (const int cleared : {0, 1}) {
    SCOPED_TRACE(names[cleared]);
    const std::string clear = names[cleared], keep = names[1 - cleared];
    ResetScenario one;
    one.db.Execute(R"(
      create schema "a.b"; create table "a.b".c (id int); insert into "a.b".c values (1);
      create schema a; create table a."b.c" (id int); insert into a."b.c" values (1))");
    one.Schemas("[public, a, a.b]")
        .Clear("[users, orders, '" + clear + "']")
        .Keep("[notes, '" + keep + "']");
    const ResetOutcome outcome = one.Run();
    EXPECT_EQ(outcome.end, ResetEnd::kCommitted) << outcome.problem.ShortDebugString();
    EXPECT_EQ(outcome.result.rows_cleared(), 201);
    EXPECT_EQ(one.db.Scalar("select count(*) from " + clear), "0");
    EXPECT_EQ(one.db.Scalar("select count(*) from " + keep), "1");
  }
}

TEST_F(SchemasCases, EqualNamesOfTablesAndForeignKeysAreToldApart) {
  for (const std::string schema : {"a", "b"}) {
    it.db.Execute("create schema " + schema + "; create table " + schema +
                  ".parents (id serial primary key); create table " + schema +
                  ".children (id int, p int constraint belongs references " + schema +
                  ".parents on delete cascade); insert into " + schema +
                  ".parents values (default); insert into " + schema + ".children values (1, 1)");
  }
  it.Schemas("[public, a, b]").Clear("[users, orders, 'a.*']").Keep("[notes, 'b.*']");
  EXPECT_EQ(it.ExpectCommitted().result.rows_cleared(), 202);
  EXPECT_EQ(it.Count("a.parents") + it.Count("a.children"), "00");
  EXPECT_EQ(it.Count("b.parents") + it.Count("b.children"), "11");
  EXPECT_EQ(it.db.Scalar("select is_called from a.parents_id_seq"), "f");
  EXPECT_EQ(it.db.Scalar("select is_called from b.parents_id_seq"), "t");
}

TEST_F(SchemasCases, AForeignKeyIntoTheClearedOneOfTwoEqualNamesIsRefused) {
  it.db.Execute(R"(
    create schema a; create table a.parents (id int primary key);
    create schema b; create table b.parents (id int primary key);
    create table b.children (p int constraint belongs references b.parents,
                             q int constraint wanders references a.parents))");
  it.Schemas("[public, a, b]").Clear("[users, orders, a.parents]").Keep("[notes, 'b.*']");
  EXPECT_THAT(it.Problems(), ElementsAre("KEPT_REFERENCES_CLEARED b.children.q -> a.parents.id "
                                         "b.children a.parents wanders"));
}

TEST_F(SchemasCases, ANameOfTwoTablesIsAmbiguous) {
  it.db.Execute("create schema a; create table a.users (id int)");
  it.Schemas("[public, a]").Keep("[notes, a.users]");
  EXPECT_THAT(it.Problems(), testing::Contains("AMBIGUOUS_TABLE a.users public.users"));
}

TEST_F(SchemasCases, ASchemaOrTableThatLooksLikeTheSystemsIsNotSkipped) {
  it.db.Execute(R"(
    create schema pgboss; create table pgboss.job (id int); insert into pgboss.job values (1);
    create table pg_jobs (id int); insert into pg_jobs values (1))");
  it.Schemas("[public, pgboss]").Clear("[public.users, orders]");
  EXPECT_THAT(it.Problems(), ElementsAre("UNLISTED_TABLES pgboss.job public.pg_jobs"));
  it.Clear("[users, orders, 'pgboss.*', pg_jobs]");
  it.ExpectCommitted();
  EXPECT_EQ(it.Count("pgboss.job") + it.Count("pg_jobs"), "00");
}

}  // namespace
}  // namespace resetctl::agent

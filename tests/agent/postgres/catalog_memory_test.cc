#include "agent/postgres/catalog_memory.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/postgres_cluster.h"

namespace resetctl::agent {
namespace {

constexpr char kTables[] = R"(
  create type mood as enum ('good', 'bad');
  create function price(int) returns int language sql immutable return $1;
  create function stamp() returns trigger language plpgsql as $$ begin return new; end $$;
  create table items (id serial primary key, n int default price(1), m mood, sku text);
  create unique index one on items (sku);
  create trigger g before insert on items for each row execute function stamp();
  create table parent (id int); create table child (id int); create sequence loose;
  create view shown as select id from items;
  create materialized view sums as select count(*) from items;
  create table alembic_version (version_num text); insert into alembic_version values ('aaa');
)";

class CatalogMemoryTest : public ::testing::Test {
 protected:
  CatalogMemoryTest() { db_.Execute(kTables); }

  // In a transaction of its own, as a plan and a run read it.
  template <typename F>
  auto InTransaction(F read) {
    auto session = Session::Connect(base::Secret(db_.OwnerUrl()));
    EXPECT_TRUE(session.ok()) << session.status();
    EXPECT_TRUE((*session)->Execute("begin isolation level repeatable read").ok());
    auto answer = read(**session);
    EXPECT_TRUE(answer.ok()) << answer.status() << (*session)->last_error().message;
    return *std::move(answer);
  }
  Catalog Read() {
    return InTransaction([](Session& session) { return ReadCatalog(session); });
  }
  CatalogState State(const Catalog& catalog) {
    return InTransaction([&](Session& session) { return ReadCatalogState(session, catalog); });
  }
  KnownCatalog Known() {
    return InTransaction([&](Session& session) { return ReadKnownCatalog(session, memory_); });
  }
  // Something in the memory that no server would answer.
  void KeepMarked() {
    Catalog catalog = Read();
    CatalogState state = State(catalog);
    catalog.role = "from memory";
    memory_.Keep({std::move(catalog), std::move(state)});
  }

  support::TestDatabase db_ = support::TestDatabase::Create();
  CatalogMemory memory_;
};

TEST_F(CatalogMemoryTest, EveryChangeOfTheSchemaChangesTheState) {
  const std::vector<std::string> changes = {
      "alter table items rename n to number",
      "alter table items alter number drop default",
      "alter table items add check (number > 0)",
      "alter index one rename to two",
      "alter sequence loose owned by items.number",
      "alter sequence loose increment 2",
      "alter function stamp() rename to stamped",
      "alter type mood rename to humour",
      "alter table items disable trigger g",
      "alter table items enable row level security",
      "create policy p on items using (true)",
      "alter table child inherit parent",
      "grant select on items to public",
      "create rule r as on insert to child do instead nothing",
      "update alembic_version set version_num = 'bbb'",
      "create or replace view shown as select id from items where id > 1",
      "create schema other",
      "alter table child set schema other",
      "create table other.far (id int)"};
  const std::vector<std::string> changes_by_others = {
      "create publication p for tables in schema other", "alter table parent owner to postgres",
      "create subscription s connection 'dbname=nowhere' publication p with (connect = false)",
      "alter role " + db_.owner() + " bypassrls"};
  const Catalog catalog = Read();
  CatalogState last = State(catalog);
  const auto expect_another = [&](const std::string& change) {
    CatalogState now = State(catalog);
    EXPECT_FALSE(now == last) << change;
    last = std::move(now);
  };
  for (const std::string& change : changes) {
    db_.Execute(change);
    expect_another(change);
  }
  for (const std::string& change : changes_by_others) {
    db_.ExecuteAsSuperuser(change);
    expect_another(change);
  }
  db_.ExecuteAsSuperuser(
      "alter subscription s set (slot_name = none); drop subscription s; alter role " +
      db_.owner() + " nobypassrls");
}

TEST_F(CatalogMemoryTest, RowsFilesStatisticsAndCommentsDoNot) {
  const Catalog catalog = Read();
  const CatalogState before = State(catalog);
  db_.Execute("insert into items (sku) select i::text from generate_series(1, 100) i");
  db_.Execute("vacuum full items");
  db_.Execute("analyze");
  db_.Execute(
      "comment on table items is 'x'; truncate parent; alter sequence loose restart;"
      "select nextval('loose'); refresh materialized view sums; delete from items");
  EXPECT_TRUE(State(catalog) == before);
}

TEST_F(CatalogMemoryTest, WhatIsStillTrueIsTakenOnce) {
  KeepMarked();
  EXPECT_EQ(Known().catalog.role, "from memory");
  EXPECT_EQ(Known().catalog.role, db_.owner());
}

TEST_F(CatalogMemoryTest, WhatIsTrueNoLongerIsReadAnew) {
  KeepMarked();
  db_.Execute("alter table items add note text");
  EXPECT_EQ(Known().catalog.role, db_.owner());
  KeepMarked();
  db_.Execute("update alembic_version set version_num = 'bbb'");
  const KnownCatalog known = Known();
  EXPECT_EQ(known.catalog.role, db_.owner());
  EXPECT_THAT(known.state.migrations, testing::HasSubstr("bbb"));
}

TEST_F(CatalogMemoryTest, SizesFilesAndPopulatedViewsAreTodays) {
  KeepMarked();
  db_.Execute("insert into items (sku) select i::text from generate_series(1, 5000) i");
  db_.Execute("vacuum full alembic_version");
  db_.Execute("refresh materialized view sums with no data");
  const KnownCatalog known = Known();
  ASSERT_EQ(known.catalog.role, "from memory");
  const Catalog fresh = Read();
  ASSERT_EQ(known.catalog.relations.size(), fresh.relations.size());
  for (const auto& [oid, relation] : fresh.relations) {
    const Relation& remembered = known.catalog.relations.at(oid);
    EXPECT_EQ(remembered.heap_bytes, relation.heap_bytes) << relation.quoted;
    EXPECT_EQ(remembered.file_node, relation.file_node) << relation.quoted;
  }
  ASSERT_EQ(known.catalog.materialized_views.size(), 1u);
  EXPECT_FALSE(known.catalog.materialized_views[0].populated);
  EXPECT_FALSE(fresh.materialized_views[0].populated);
}

}  // namespace
}  // namespace resetctl::agent

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/domain/clear_plan.h"
#include "agent/domain/table_index.h"
#include "agent/postgres/catalog_reader.h"
#include "agent/postgres/session.h"
#include "tests/agent/domain/catalog_builder.h"
#include "tests/support/postgres_cluster.h"

namespace resetctl::agent {
namespace {

using support::TestDatabase;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CatalogTest : public ::testing::Test {
 protected:
  // As the tables' plain owner, in a transaction, as a plan reads it.
  Catalog Read() { return ReadAs(db_.OwnerUrl()); }
  Catalog ReadAs(const std::string& url) {
    auto session = Session::Connect(base::Secret(url));
    EXPECT_TRUE(session.ok()) << session.status();
    EXPECT_TRUE((*session)->Execute("begin isolation level repeatable read, read only").ok());
    auto catalog = ReadCatalog(**session);
    EXPECT_TRUE(catalog.ok()) << catalog.status() << (*session)->last_error().message;
    return *std::move(catalog);
  }
  static const Relation* Find(const Catalog& catalog, const std::string& quoted) {
    for (const auto& [oid, relation] : catalog.relations) {
      if (relation.quoted == quoted) return &relation;
    }
    return nullptr;
  }
  static const Relation* Find(const Catalog&&, const std::string&) = delete;  // it would dangle
  static std::vector<std::string> Names(const Catalog& catalog) {
    std::vector<std::string> names;
    for (const auto& [oid, relation] : catalog.relations) names.push_back(relation.quoted);
    std::sort(names.begin(), names.end());
    return names;
  }
  std::vector<std::string> Drift(const Catalog& before) {
    ABlueprint blueprint;
    return DescribeDrift(FingerprintObjects(before, *blueprint),
                         FingerprintObjects(Read(), *blueprint));
  }

  TestDatabase db_ = TestDatabase::Create();
};

TEST_F(CatalogTest, ReadsOddNamesByOid) {
  db_.Execute(
      "create schema \"a.b\"; create table \"a.b\".c (); create schema a; create table a.\"b.c\" "
      "();"
      "create schema pgboss; create table pgboss.job ();"
      "create table \"Upper Case\" (\"it's\" int); create table \"quo\"\"te\" (); create table "
      "\"größe\" ();"
      "create temp table passing ()");
  EXPECT_THAT(Names(Read()),
              ElementsAre("\"a.b\".c", "a.\"b.c\"", "pgboss.job", "public.\"Upper Case\"",
                          "public.\"größe\"", "public.\"quo\"\"te\""));
  EXPECT_THAT(Read().schemas, ElementsAre("a", "a.b", "pgboss", "public"));
}

TEST_F(CatalogTest, CountsEqualForeignKeysOfManySchemasOnceEach) {
  db_.Execute(
      "do $$ begin for s in 1..30 loop"
      "  execute format('create schema s%s', s);"
      "  execute format('create table s%s.parent (id int primary key)', s);"
      "  for t in 1..20 loop"
      "    execute format('create table s%s.child%s (p int constraint fk references s%s.parent)', "
      "s, t, s);"
      "  end loop; end loop; end $$");
  const Catalog catalog = Read();
  EXPECT_EQ(catalog.foreign_keys.size(), 600u);
  for (const ForeignKey& key : catalog.foreign_keys) {
    EXPECT_EQ(catalog.relations.at(key.from).schema, catalog.relations.at(key.to).schema);
  }
}

TEST_F(CatalogTest, ReadsWhatARoleWithoutPrivilegesCannotSeeElsewhere) {
  db_.Execute(
      "create schema s; create table s.t (a int primary key); create table s.u (a int references "
      "s.t)");
  const std::string role = db_.CreateRole("stranger");
  const Catalog catalog = ReadAs(db_.UrlFor(role));
  const Relation* table = Find(catalog, "s.t");
  ASSERT_NE(table, nullptr);
  EXPECT_FALSE(table->owned || table->may_select || table->may_truncate || table->schema_usage);
  EXPECT_EQ(catalog.foreign_keys.size(), 1u);
  EXPECT_EQ(catalog.role, role);
  const Catalog of_the_owner = Read();
  const Relation* own = Find(of_the_owner, "s.t");
  EXPECT_TRUE(own->owned && own->may_select && own->may_truncate && own->schema_usage);
}

TEST_F(CatalogTest, ReadsForeignKeysWithColumnsAndIndexes) {
  db_.Execute(
      "create table p (a int, b int, primary key (a, b));"
      "create table with_index (x int, y int, foreign key (x, y) references p on delete cascade);"
      "create index on with_index (y, x, (x + 1));"
      "create table without (x int, y int, foreign key (x, y) references p deferrable);"
      "create index on without (x)");
  const Catalog catalog = Read();
  ASSERT_EQ(catalog.foreign_keys.size(), 2u);
  for (const ForeignKey& key : catalog.foreign_keys) {
    const bool with = catalog.relations.at(key.from).name == "with_index";
    EXPECT_EQ(key.supporting_index, with);
    EXPECT_EQ(key.on_delete, with ? 'c' : 'a');
    EXPECT_EQ(key.deferrable, !with);
    EXPECT_THAT(key.from_columns, ElementsAre("x", "y"));
    EXPECT_THAT(key.to_columns, ElementsAre("a", "b"));
  }
}

TEST_F(CatalogTest, ReadsPartitionTreesAndInheritance) {
  db_.Execute(
      "create table target (id int primary key);"
      "create table events (id int, t int references target, primary key (id)) partition by range "
      "(id);"
      "create table events_1 partition of events for values from (1) to (10) partition by range "
      "(id);"
      "create table events_1a partition of events_1 for values from (1) to (5);"
      "create table notes (e int references events);"
      "create table cities (a int); create table capitals () inherits (cities)");
  const Catalog catalog = Read();
  const Relation* events = Find(catalog, "public.events");
  EXPECT_EQ(events->kind, RelationKind::kPartitioned);
  EXPECT_EQ(Find(catalog, "public.events_1")->partition_parent, events->oid);
  EXPECT_EQ(Find(catalog, "public.events_1a")->partition_parent,
            Find(catalog, "public.events_1")->oid);
  EXPECT_THAT(Find(catalog, "public.events_1a")->inherits, IsEmpty());
  EXPECT_THAT(Find(catalog, "public.capitals")->inherits,
              ElementsAre(Find(catalog, "public.cities")->oid));
  EXPECT_EQ(catalog.foreign_keys.size(), 2u);  // not one for each partition
  ABlueprint blueprint;
  blueprint.Clear("E", {"events", "notes", "cities", "capitals"}).Keep({"target"});
  const ClearPlan plan = PlanClear(catalog, *blueprint, {});
  EXPECT_THAT(Brief(plan.problems), IsEmpty());
  EXPECT_EQ(plan.cleared.size(), 6u);
}

TEST_F(CatalogTest, ReadsSequencesWithTheirOwnersAndUsers) {
  db_.Execute(
      "create sequence doc; create sequence lonely;"
      "create table a (id serial, n int default nextval('doc'));"
      "create table b (id int generated always as identity, n bigint default "
      "nextval('public.doc'));"
      "select nextval('doc')");
  const Catalog catalog = Read();
  const auto find = [&catalog](const std::string& name) {
    for (const Sequence& sequence : catalog.sequences) {
      if (catalog.relations.at(sequence.oid).name == name) return sequence;
    }
    return Sequence();
  };
  const Oid a = Find(catalog, "public.a")->oid;
  const Oid b = Find(catalog, "public.b")->oid;
  EXPECT_EQ(find("a_id_seq").owner_table, a);
  EXPECT_EQ(find("b_id_seq").owner_table, b);
  EXPECT_THAT(find("b_id_seq").used_by, ElementsAre(b));
  EXPECT_EQ(find("doc").owner_table, 0u);
  EXPECT_THAT(find("doc").used_by, ::testing::UnorderedElementsAre(a, b));
  EXPECT_TRUE(find("doc").owned);
  EXPECT_THAT(find("lonely").used_by, IsEmpty());
}

TEST_F(CatalogTest, ReadsMaterializedViewsThroughViews) {
  db_.Execute(
      "create table t (a int); create view v as select * from t; create view w as select * from v;"
      "create materialized view first as select * from w;"
      "create materialized view second as select f.a from first f join t on true;"
      "create materialized view later as select 1 with no data");
  const Catalog catalog = Read();
  const Oid t = Find(catalog, "public.t")->oid;
  const Oid first = Find(catalog, "public.first")->oid;
  for (const MaterializedView& view : catalog.materialized_views) {
    const std::string& name = catalog.relations.at(view.oid).name;
    EXPECT_EQ(view.populated, name != "later");
    if (name == "first") {
      EXPECT_THAT(view.reads, ElementsAre(t));
    }
    if (name == "second") {
      EXPECT_THAT(view.reads, ::testing::UnorderedElementsAre(t, first));
    }
  }
}

TEST_F(CatalogTest, ReadsTriggersRulesAndRowSecurity) {
  db_.Execute(
      "create function f() returns trigger language plpgsql as $$ begin return null; end $$;"
      "create table t (a int); create trigger g before insert or truncate on t execute function "
      "f();"
      "alter table t disable trigger g;"
      "create rule r as on delete to t do instead nothing;"
      "create table seen (a int); alter table seen enable row level security;"
      "create table hidden (a int); alter table hidden enable row level security, force row level "
      "security;"
      "create unlogged table fast ()");
  const Catalog catalog = Read();
  ASSERT_EQ(catalog.triggers.size(), 1u);
  EXPECT_TRUE(catalog.triggers[0].on_insert && catalog.triggers[0].on_truncate);
  EXPECT_FALSE(catalog.triggers[0].on_delete || catalog.triggers[0].on_update);
  EXPECT_EQ(catalog.triggers[0].enabled, 'D');
  EXPECT_EQ(catalog.triggers[0].function, "public.f");
  EXPECT_THAT(catalog.rules_on, ElementsAre("public.t"));
  EXPECT_FALSE(Find(catalog, "public.seen")->row_security_hides);
  EXPECT_TRUE(Find(catalog, "public.hidden")->row_security_hides);
  EXPECT_TRUE(Find(catalog, "public.fast")->unlogged);
}

TEST_F(CatalogTest, KnowsTheTablesOfExtensions) {
  // No extension that Debian packages with the server makes a table: one is made a member by hand.
  db_.Execute("create table spatial_ref_sys (a int); create table own ()");
  db_.ExecuteAsSuperuser(
      "create extension hstore; alter extension hstore add table spatial_ref_sys");
  const Catalog catalog = Read();
  EXPECT_EQ(Find(catalog, "public.spatial_ref_sys")->extension, "hstore");
  EXPECT_EQ(Find(catalog, "public.own")->extension, "");
}

TEST_F(CatalogTest, AnalyzeCommentsIndexesGrantsAndRowsAreNoDrift) {
  db_.Execute(
      "create table items (id serial primary key, sku varchar(50) not null default 'x'); create "
      "index on items (sku)");
  const Catalog before = Read();
  db_.Execute(
      "insert into items default values; analyze; comment on table items is 'c'; comment on column "
      "items.sku is 'd';"
      "create index on items (sku, id); grant select on items to public; alter table items set "
      "(fillfactor = 50);"
      "create view v as select * from items");
  EXPECT_THAT(Drift(before), IsEmpty());
}

TEST_F(CatalogTest, NamesEveryChangeThatMatters) {
  db_.Execute(
      "create table items (id serial primary key, sku varchar(50) not null, gone int, n int check "
      "(n > 0));"
      "create table alembic_version (version_num varchar(32)); insert into alembic_version values "
      "('aaa');"
      "create function f() returns trigger language plpgsql as $$ begin return new; end $$;"
      "create trigger g before insert on items for each row execute function f()");
  const Catalog before = Read();
  db_.Execute(
      "alter table items add note text, drop gone, alter sku type text, alter n set default 3;"
      "alter table items disable trigger g; create unique index one on items (sku);"
      "create table extra (a int, b int); alter sequence items_id_seq increment 2;"
      "update alembic_version set version_num = 'bbb'");
  EXPECT_THAT(
      Drift(before),
      ElementsAre(
          "public.alembic_version contents: was (aaa), now (bbb)", "public.extra: added (table)",
          "public.items column gone: removed (integer)",
          "public.items column n: was integer, now integer default 3",
          "public.items column note: added (text)",
          "public.items column sku: was character varying(50) not null, now text not null",
          "public.items index one: added (CREATE UNIQUE INDEX one ON public.items USING btree "
          "(sku))",
          "public.items trigger g: was CREATE TRIGGER g BEFORE INSERT ON public.items FOR EACH ROW "
          "EXECUTE FUNCTION public.f(), now CREATE TRIGGER g BEFORE INSERT ON public.items FOR "
          "EACH "
          "ROW EXECUTE FUNCTION public.f() (disabled)",
          "public.items_id_seq: was sequence, integer start 1 increment 1 min 1 max 2147483647, "
          "owned "
          "by public.items.id, now sequence, integer start 1 increment 2 min 1 max 2147483647, "
          "owned "
          "by public.items.id"));
}

TEST_F(CatalogTest, ANewOwnerAndAReferenceFromElsewhereAreDrift) {
  db_.Execute("create table items (id int primary key); create schema other");
  const Catalog before = Read();
  db_.Execute("create table other.o (i int constraint fk references items)");
  EXPECT_THAT(
      Drift(before),
      ElementsAre("public.items referenced by other.o constraint fk: added (FOREIGN KEY (i) "
                  "REFERENCES public.items(id))"));
  db_.Execute("drop table other.o");
  db_.ExecuteAsSuperuser("alter table items owner to postgres");
  EXPECT_THAT(Drift(before),
              ElementsAre("public.items owner: was " + db_.owner() + ", now postgres"));
}

TEST_F(CatalogTest, NewPartitionsAreNoDriftUnlessTheyBringForeignKeysOrTriggers) {
  db_.Execute(
      "create table target (id int primary key);"
      "create table events (id int primary key) partition by range (id)");
  const Catalog before = Read();
  db_.Execute("create table e1 partition of events for values from (1) to (2)");
  EXPECT_THAT(Drift(before), IsEmpty());
  db_.Execute("alter table e1 add constraint fk foreign key (id) references target");
  EXPECT_THAT(
      Drift(before),
      ElementsAre(
          "public.e1 constraint fk: added (FOREIGN KEY (id) REFERENCES public.target(id))"));
}

TEST_F(CatalogTest, QualifiesNamesWhateverTheSearchPathAndGivesItBack) {
  db_.Execute("create type mood as enum ('a'); create table items (m mood default 'a')");
  const Catalog plain = Read();
  auto session = Session::Connect(base::Secret(db_.OwnerUrl()));
  ASSERT_TRUE(session.ok());
  ASSERT_TRUE((*session)
                  ->Execute("begin; set local search_path = public; create temp table items ()")
                  .ok());
  auto catalog = ReadCatalog(**session);
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  EXPECT_THAT(DescribeDrift(plain.objects, catalog->objects), IsEmpty());
  EXPECT_EQ((*session)->Query("show search_path")->Text(0, 0), "public");
  EXPECT_EQ(Fingerprint(plain.objects), Fingerprint(catalog->objects));
}

TEST_F(CatalogTest, TakesNoLockThatTheKeptTableProofWouldFind) {
  db_.Execute(
      "create table t (id serial, n int generated always as identity); create materialized view m "
      "as select * from t");
  auto session = Session::Connect(base::Secret(db_.OwnerUrl()));
  ASSERT_TRUE(session.ok() && (*session)->Execute("begin").ok());
  ASSERT_TRUE(ReadCatalog(**session).ok());
  auto locks = (*session)->Query(
      "select count(*) from pg_locks where pid = pg_backend_pid() and relation is not null "
      "and mode not in ('AccessShareLock', 'RowShareLock')");
  ASSERT_TRUE(locks.ok());
  EXPECT_EQ(locks->Int(0, 0), 0);
}

TEST_F(CatalogTest, SeesPublications) {
  db_.Execute(
      "create table t (a int primary key); create table u (); create publication p for table t");
  const Catalog catalog = Read();
  EXPECT_TRUE(Find(catalog, "public.t")->published);
  EXPECT_FALSE(Find(catalog, "public.u")->published);
  EXPECT_THAT(catalog.publications, ElementsAre("p"));
}

TEST_F(CatalogTest, SeesASubscriptionOfThisDatabaseAlone) {
  db_.ExecuteAsSuperuser(
      "create subscription s connection 'dbname=nowhere' publication p with (connect = false)");
  EXPECT_THAT(Read().subscriptions, ElementsAre("s"));
  TestDatabase other = TestDatabase::Create();
  EXPECT_THAT(ReadAs(other.OwnerUrl()).subscriptions, IsEmpty());
}

}  // namespace
}  // namespace resetctl::agent

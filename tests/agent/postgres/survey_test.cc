#include "agent/postgres/survey.h"

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/domain/catalog_builder.h"
#include "tests/support/postgres_cluster.h"

namespace resetctl::agent {
namespace {

using support::PostgresCluster;
using support::TestDatabase;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SurveyTest : public ::testing::Test {
 protected:
  Survey Make(const ABlueprint& blueprint,
              const std::vector<contract::RecreateStepSpec>& steps = {}) {
    return MakeAs(db_.OwnerUrl(), blueprint, steps);
  }
  Survey MakeAs(const std::string& url, const ABlueprint& blueprint,
                const std::vector<contract::RecreateStepSpec>& steps = {}) {
    auto session = Session::Connect(base::Secret(url));
    EXPECT_TRUE(session.ok()) << session.status();
    auto survey =
        MakeDatabaseSurvey(**session, *blueprint, bundle_, steps, base::Secret(), {}, memory_);
    EXPECT_TRUE(survey.ok()) << survey.status() << (*session)->last_error().message;
    EXPECT_FALSE((*session)->in_transaction());
    return *std::move(survey);
  }
  static std::vector<std::string> Lines(const v1::PlanDocument& document) {
    std::vector<std::string> lines;
    for (const v1::ClearGroup& group : document.groups()) {
      for (const v1::ClearTable& table : group.tables()) {
        lines.push_back(group.name() + ": " + table.name() + " " + std::to_string(table.rows()));
      }
    }
    for (const v1::KeptTable& table : document.kept()) {
      lines.push_back("keep: " + table.name() + (table.estimated() ? " ~" : " ") +
                      std::to_string(table.rows()) + " " + table.why());
    }
    return lines;
  }
  static std::vector<std::string> Warnings(const v1::PlanDocument& document) {
    std::vector<std::string> texts;
    for (const v1::Problem& warning : document.warnings()) texts.push_back(warning.message());
    return texts;
  }

  TestDatabase db_ = TestDatabase::Create();
  contract::BundleFiles bundle_;
  CatalogMemory memory_;
};

TEST_F(SurveyTest, CountsEveryTableExactly) {
  db_.Execute(
      "create table items (id serial primary key, name text); insert into items select i, 'x' from "
      "generate_series(1, 1234) i;"
      "create table empty ();"
      "create table kept (a int); insert into kept values (1), (2);"
      "create table alembic_version (v text); insert into alembic_version values ('abc');"
      "create schema other; create table other.t ()");
  ABlueprint blueprint;
  blueprint.Clear("Stock", {"items", "empty"}).Keep({"kept"});
  const Survey survey = Make(blueprint);
  const v1::PlanDocument& document = survey.document;
  EXPECT_THAT(Brief(survey.problems), IsEmpty());
  EXPECT_THAT(Lines(document), ElementsAre("Stock: empty 0", "Stock: items 1234",
                                           "keep: alembic_version 1 migration history",
                                           "keep: kept 2 kept by the blueprint"));
  EXPECT_EQ(document.rows_total(), 1234);
  EXPECT_EQ(std::to_string(document.bytes_total()),
            db_.Scalar("select pg_total_relation_size('items') + pg_total_relation_size('empty')"));
  EXPECT_THAT(document.out_of_scope_schemas(), ElementsAre("other"));
  ASSERT_EQ(document.sequences_size(), 1);
  EXPECT_EQ(document.sequences(0).name(), "items_id_seq");
  EXPECT_EQ(document.sequences(0).owner_table(), "items");
  EXPECT_TRUE(document.creates_resetctl_schema());
  EXPECT_EQ(document.groups(0).tables(0).strategy(), v1::CLEAR_STRATEGY_UNTOUCHED);
  EXPECT_EQ(document.groups(0).tables(1).strategy(), v1::CLEAR_STRATEGY_DELETE);
  EXPECT_EQ(document.groups(0).tables(1).strategy_reason(), "small");
  EXPECT_THAT(Warnings(document), IsEmpty());
  EXPECT_GT(document.schema_objects_size(), 5);
  EXPECT_EQ(document.schema_fingerprint().substr(0, 7), "sha256:");
}

TEST_F(SurveyTest, SaysWhichDatabaseThisIs) {
  db_.Execute("create table t ()");
  ABlueprint blueprint;
  blueprint.Clear("T", {"t"});
  const v1::DatabaseIdentity identity = Make(blueprint).document.database();
  EXPECT_EQ(identity.system_identifier(),
            db_.Scalar("select system_identifier from pg_control_system()"));
  EXPECT_EQ(std::to_string(identity.database_oid()),
            db_.Scalar("select oid from pg_database where datname = current_database()"));
  EXPECT_EQ(identity.database_name(), db_.name());
  EXPECT_EQ(identity.timeline(), 1u);
  EXPECT_EQ(identity.server_version(), db_.Scalar("show server_version"));
}

TEST_F(SurveyTest, CountsUnlistedTablesAndKeptReferences) {
  db_.Execute(
      "create table customers (id int primary key);"
      "create table contact_persons (customer_id int references customers);"
      "insert into customers values (1); insert into contact_persons values (1), (1), (null);"
      "create table booking_headers (); create table ip_whitelist (a int); insert into "
      "ip_whitelist values (1)");
  ABlueprint blueprint;
  blueprint.Clear("C", {"customers"}).Keep({"contact_persons"});
  const Survey survey = Make(blueprint);
  ASSERT_EQ(survey.problems.size(), 2u);
  EXPECT_EQ(survey.problems[0].message(),
            "2 tables of schema public are in no list: booking_headers (0 rows) and ip_whitelist "
            "(1 row).");
  EXPECT_THAT(
      survey.problems[1].message(),
      HasSubstr(
          "(contact_persons.customer_id -> customers.id): 2 kept rows would point to nothing"));
}

TEST_F(SurveyTest, CountsPartitionTreesAsOneAndInheritanceChildByChild) {
  db_.Execute(
      "create table events (id int) partition by range (id);"
      "create table e1 partition of events for values from (0) to (10);"
      "create table e2 partition of events for values from (10) to (20);"
      "insert into events select generate_series(5, 14);"
      "create table cities (a int); create table capitals () inherits (cities);"
      "insert into cities values (1); insert into capitals values (2), (3)");
  ABlueprint blueprint;
  blueprint.Clear("E", {"events", "cities"}).Keep({"capitals"});
  const Survey survey = Make(blueprint);
  EXPECT_THAT(Brief(survey.problems), IsEmpty());
  EXPECT_THAT(Lines(survey.document),
              ElementsAre("E: cities 1", "E: events 10", "keep: capitals 2 kept by the blueprint"));
  EXPECT_GT(survey.document.groups(0).tables(1).bytes(), 0);
}

TEST_F(SurveyTest, NeverCountsAHiddenRowAsAbsent) {
  db_.Execute(
      "create table hidden (a int); insert into hidden values (1), (2);"
      "alter table hidden enable row level security, force row level security;"
      "create table also (a int); insert into also values (1); analyze also;"
      "alter table also enable row level security, force row level security");
  ABlueprint blueprint;
  blueprint.Clear("H", {"hidden"}).Keep({"also"});
  const Survey survey = Make(blueprint);
  EXPECT_THAT(Brief(survey.problems), IsEmpty());
  EXPECT_TRUE(survey.document.groups(0).tables(0).uncountable());
  EXPECT_TRUE(survey.document.kept(0).estimated());
}

TEST_F(SurveyTest, CountsAllRowsForAnOwnerWhoseRoleDefaultsHideThem) {
  db_.Execute(
      "create table seen (a int); insert into seen values (1), (2);"
      "alter table seen enable row level security");
  db_.ExecuteAsSuperuser("alter role " + db_.owner() +
                         " set default_transaction_isolation = 'read committed';"
                         "alter role " +
                         db_.owner() + " set search_path = nowhere");
  ABlueprint blueprint;
  blueprint.Clear("S", {"seen"});
  EXPECT_THAT(Lines(Make(blueprint).document), ElementsAre("S: seen 2"));
}

TEST_F(SurveyTest, NamesTheGrantsThatAStrangerNeeds) {
  db_.Execute("create table \"Mine\" (a int); create table kept ()");
  const std::string role = db_.CreateRole("stranger");
  ABlueprint blueprint;
  blueprint.Clear("M", {"Mine"}).Keep({"kept"});
  const std::vector<contract::RecreateStepSpec> steps = {RowsInto("Fill", "Mine")};
  Survey survey = MakeAs(db_.UrlFor(role), blueprint, steps);
  EXPECT_THAT(Brief(survey.problems), ElementsAre("PRIVILEGE_MISSING Mine", "PRIVILEGE_MISSING"));
  // The advice is what helps, to the letter.
  for (const v1::Problem& problem : survey.problems) {
    const std::string& advice = problem.advice();
    db_.ExecuteAsSuperuser(
        advice.substr(std::min(advice.find("GRANT"), advice.find("CREATE SCHEMA"))));
  }
  survey = MakeAs(db_.UrlFor(role), blueprint, steps);
  EXPECT_THAT(Brief(survey.problems), IsEmpty());
  EXPECT_TRUE(survey.document.kept(0).estimated());
}

TEST_F(SurveyTest, RefusesADatabaseThatSomebodyMadeReadOnly) {
  db_.Execute("create table t ()");
  db_.ExecuteAsSuperuser("alter database " + db_.name() +
                         " set default_transaction_read_only = on");
  ABlueprint blueprint;
  blueprint.Clear("T", {"t"});
  EXPECT_THAT(Brief(Make(blueprint).problems), ElementsAre("DATABASE_READ_ONLY"));
}

TEST_F(SurveyTest, ReadsOneSnapshotAndWritesNothing) {
  db_.Execute("create table t (a int); insert into t values (1)");
  ABlueprint blueprint;
  blueprint.Clear("T", {"t"});
  EXPECT_THAT(Brief(Make(blueprint).problems), IsEmpty());
  EXPECT_EQ(db_.Scalar("select count(*) from pg_namespace where nspname = 'resetctl'"), "0");
  EXPECT_EQ(db_.Scalar("select count(*) from t"), "1");
}

TEST_F(SurveyTest, FailsWhereACountFailsInsteadOfSayingZero) {
  PostgresCluster cluster;
  TestDatabase db = TestDatabase::CreateIn(cluster);
  db.Execute("create table t (a int); insert into t values (1)");
  const std::string file =
      cluster.socket_folder() + "/data/" + db.Scalar("select pg_relation_filepath('t')");
  cluster.StopGracefully();
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary) << std::string(24, '\xff');
  cluster.Start();
  auto session = Session::Connect(base::Secret(db.OwnerUrl()));
  ASSERT_TRUE(session.ok()) << session.status();
  ABlueprint blueprint;
  blueprint.Clear("T", {"t"});
  EXPECT_FALSE(
      MakeDatabaseSurvey(**session, *blueprint, bundle_, {}, base::Secret(), {}, memory_).ok());
  EXPECT_FALSE((*session)->in_transaction());
}

TEST_F(SurveyTest, DescribesStepsAndChecksTheirColumns) {
  db_.Execute(
      "create table brands (id serial, \"Order\" text, name text); create table notes (note text)");
  bundle_.files = {{"admin.sql", "insert into brands (name) values ('a;b');\n-- done\nselect 1;"},
                   {"brands.csv", "name,Order\nA,\"x\ny\"\nB,2\n"},
                   {"wrong.csv", "nam\nA\n"}};
  ABlueprint blueprint;
  blueprint.Clear("B", {"brands"}).Keep({"notes"});
  Survey survey = Make(blueprint, {SqlFrom("Admin", "admin.sql", {"notes"}),
                                   CsvInto("Brands", "brands", "brands.csv")});
  EXPECT_THAT(Brief(survey.problems), IsEmpty());
  ASSERT_EQ(survey.document.recreate_size(), 2);
  EXPECT_EQ(survey.document.recreate(0).kind(), "sql");
  EXPECT_EQ(survey.document.recreate(0).statements(), 2);
  EXPECT_THAT(survey.document.recreate(0).writes(), ElementsAre("notes"));
  EXPECT_EQ(survey.document.recreate(1).rows(), 2);
  EXPECT_TRUE(survey.document.kept(0).writes_declared());
  survey = Make(blueprint, {CsvInto("Brands", "brands", "wrong.csv")});
  EXPECT_THAT(Brief(survey.problems), ElementsAre("CSV_INVALID brands.nam"));
  EXPECT_THAT(survey.problems[0].advice(), HasSubstr("name"));
}

TEST_F(SurveyTest, ListsViewsToRefreshInOrderAndTriggers) {
  db_.Execute(
      "create table t (a int); create materialized view \"B\" as select * from t;"
      "create materialized view a as select * from \"B\";"
      "create function f() returns trigger language plpgsql as $$ begin return null; end $$;"
      "create trigger guard before truncate on t execute function f();"
      "create trigger audit before delete on t execute function f()");
  ABlueprint blueprint;
  blueprint.Clear("T", {"t"});
  const v1::PlanDocument document = Make(blueprint).document;
  EXPECT_THAT(document.materialized_views(), ElementsAre("public.\"B\"", "public.a"));
  ASSERT_EQ(document.side_effects_size(), 2);
  EXPECT_EQ(document.side_effects(0).text(), "trigger guard on t fires on TRUNCATE");
  EXPECT_EQ(document.side_effects(1).text(), "2 materialized views refreshed");
}

TEST_F(SurveyTest, WarnsOfPublicationsAndStatementLogging) {
  db_.Execute("create table t (a int primary key); create publication p for table t");
  db_.ExecuteAsSuperuser("alter role " + db_.owner() + " set log_statement = 'all'");
  ABlueprint blueprint;
  blueprint.Clear("T", {"t"});
  EXPECT_THAT(Warnings(Make(blueprint).document),
              ElementsAre(HasSubstr("log_statement = all"), HasSubstr("published (p)")));
}

TEST_F(SurveyTest, RefusesWhenTheServerHasTooFewLocksAndNamesTheSetting) {
  PostgresCluster small(
      {{"max_locks_per_transaction=10", "max_connections=10", "max_prepared_transactions=0"},
       false});
  TestDatabase db = TestDatabase::CreateIn(small);
  for (int i = 0; i < 60; ++i) db.Execute("create table t" + std::to_string(i) + " ()");
  ABlueprint blueprint;
  blueprint.Clear("T", {"*"});
  EXPECT_THAT(Warnings(MakeAs(db.OwnerUrl(), blueprint).document),
              ElementsAre(HasSubstr("takes about 60 locks, and the server has room for 100")));
  for (int i = 60; i < 120; ++i) db.Execute("create table t" + std::to_string(i) + " ()");
  const Survey survey = MakeAs(db.OwnerUrl(), blueprint);
  ASSERT_THAT(Brief(survey.problems), ElementsAre("LOCKS_INSUFFICIENT"));
  EXPECT_THAT(survey.problems[0].advice(),
              HasSubstr("Set max_locks_per_transaction to 19 (now 10)"));
}

TEST_F(SurveyTest, CountsMoreTablesThanTheServerHasLocksFor) {
  PostgresCluster small(
      {{"max_locks_per_transaction=10", "max_connections=10", "max_prepared_transactions=0"},
       false});
  TestDatabase db = TestDatabase::CreateIn(small);
  for (int i = 0; i < 1500; i += 20) {
    db.Execute(
        "do $$ begin for i in " + std::to_string(i) + ".." + std::to_string(i + 19) +
        " loop execute format('create table t%s (id int primary key)', i); end loop; end $$");
  }
  db.Execute("insert into t1499 values (1)");
  ABlueprint blueprint;
  blueprint.Clear("T", {"*"});
  const Survey survey = MakeAs(db.OwnerUrl(), blueprint);
  EXPECT_EQ(survey.document.groups(0).tables_size(), 1500);
  EXPECT_EQ(survey.document.rows_total(), 1);
}

TEST_F(SurveyTest, RefusesAForeignPartitionAndCountsNothingRemote) {
  db_.ExecuteAsSuperuser(
      "create extension postgres_fdw; create server far foreign data wrapper postgres_fdw "
      "options (host '/nowhere'); grant usage on foreign server far to " +
      db_.owner());
  db_.Execute(
      "create table events (id int) partition by range (id);"
      "create foreign table e_far partition of events for values from (0) to (10) server far;"
      "create foreign table remote (a int) server far; create table t ()");
  ABlueprint clear;
  clear.Clear("E", {"events", "t"}).Keep({"remote"});
  EXPECT_THAT(Brief(Make(clear).problems), ElementsAre("UNSUPPORTED_RELATION e_far"));
  ABlueprint keep;
  keep.Clear("E", {"t"}).Keep({"remote", "events"});
  const Survey survey = Make(keep);
  EXPECT_THAT(Brief(survey.problems), IsEmpty());
  EXPECT_TRUE(survey.document.kept(0).estimated());
}

}  // namespace
}  // namespace resetctl::agent

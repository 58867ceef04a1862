// POSTGRES.md, "Silent failures to catch": one test a row, against a real server, as a plain owner.
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"

namespace resetctl::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SilentFailuresCases : public ::testing::Test {
 protected:
  ResetScenario it;
};

TEST_F(SilentFailuresCases, DeferredConstraintTriggersRunBeforeTheLastProof) {
  it.db.Execute(R"(
    create function audit() returns trigger language plpgsql as
      $$ begin update notes set text = 'changed'; return null; end $$;
    create constraint trigger audit after delete on orders deferrable initially deferred
      for each row execute function audit();
    create index on orders (user_id))");
  it.Sql(
      "insert into users (id, name) values (1, 'a'); insert into orders (user_id) values (1); "
      "delete from orders");
  EXPECT_THAT(it.ExpectRolledBack(v1::REASON_KEPT_TABLE_TOUCHED).message(), HasSubstr("notes"));
}

TEST_F(SilentFailuresCases, RowSecurityThatBindsTheOwnerIsUncountableAndTruncated) {
  it.db.Execute(R"(
    create table secrets (id int, owner text); insert into secrets values (1, 'nobody');
    alter table secrets enable row level security; alter table secrets force row level security;
    create policy mine on secrets using (owner = current_user))");
  it.Clear("[users, orders, secrets]").Plan();
  EXPECT_EQ(it.Strategy("secrets"), "truncate: row security hides its rows");
  EXPECT_TRUE(it.plan.groups(0).tables(1).uncountable());
  it.ExpectCommitted();
  EXPECT_EQ(it.Count("secrets"), "0");
}

TEST_F(SilentFailuresCases, RowSecurityThatSparesTheOwnerIsSwitchedOff) {
  it.db.Execute(R"(
    create table secrets (id int); insert into secrets values (1), (2);
    alter table secrets enable row level security; create policy none on secrets using (false))");
  it.Clear("[users, orders, secrets]");
  EXPECT_EQ(it.ExpectCommitted().result.rows_cleared(), 202);
  EXPECT_EQ(it.Count("secrets"), "0");
}

TEST_F(SilentFailuresCases, ATriggerOrRuleThatKeepsRowsIsGoneAround) {
  it.db.Execute(R"(
    create function no() returns trigger language plpgsql as $$ begin return null; end $$;
    create trigger no before delete on orders for each row execute function no();
    create table ruled (id int); insert into ruled values (1);
    create rule keep as on delete to ruled do instead nothing)");
  it.Clear("[users, orders, ruled]");
  it.ExpectCommitted();
  EXPECT_EQ(it.Count("orders") + it.Count("ruled"), "00");
}

TEST_F(SilentFailuresCases, AnAuditTriggerThatRefillsAClearedTableIsNoSuccess) {
  it.db.Execute(R"(
    create table trail (text text);
    create function audit() returns trigger language plpgsql as
      $$ begin insert into trail values (tg_op); return null; end $$;
    create trigger audit after truncate on orders execute function audit())");
  it.FireOnDelete("orders").Clear("[users, orders, trail]");
  EXPECT_THAT(it.ExpectRolledBack(v1::REASON_TABLE_NOT_EMPTY).message(), HasSubstr("trail"));
  ASSERT_EQ(it.plan.side_effects_size(), 1);
  EXPECT_EQ(it.plan.side_effects(0).text(), "trigger audit on orders fires on TRUNCATE");
}

TEST_F(SilentFailuresCases, AnAuditTriggerThatFiresOnDeleteDoesNotRunAtAll) {
  it.db.Execute(R"(
    create table trail (text text); insert into trail values ('old');
    create function audit() returns trigger language plpgsql as
      $$ begin insert into trail values (tg_op); return null; end $$;
    create trigger audit after delete on orders for each row execute function audit())");
  it.Clear("[users, orders, trail]").Plan();
  EXPECT_EQ(it.Strategy("orders"), "truncate: trigger audit fires on DELETE");
  EXPECT_EQ(it.Strategy("trail"), "delete: small");
  it.ExpectCommitted();
  EXPECT_EQ(it.Count("orders") + it.Count("trail"), "00");
}

TEST_F(SilentFailuresCases, ATruncateTriggerThatRefusesIsACleanFailure) {
  it.db.Execute(R"(
    create function refuse() returns trigger language plpgsql as $$ begin raise 'not today'; end $$;
    create trigger refuse before truncate on orders execute function refuse())");
  it.FireOnDelete("orders");
  EXPECT_THAT(it.ExpectRolledBack(v1::REASON_SQL_FAILED).message(), HasSubstr("not today"));
}

TEST_F(SilentFailuresCases, TriggerStatesStayAsTheyAre) {
  it.db.Execute(R"(
    create function f() returns trigger language plpgsql as $$ begin return new; end $$;
    create trigger a before insert on users for each row execute function f();
    create trigger b before insert on users for each row execute function f();
    create trigger c before insert on users for each row execute function f();
    create trigger d before insert on users for each row execute function f();
    alter table users enable always trigger a; alter table users enable replica trigger b;
    alter table users disable trigger c)");
  const std::string states =
      "select string_agg(tgname || tgenabled::text, ' ' order by tgname) from pg_trigger "
      "where not tgisinternal";
  it.ExpectCommitted();
  EXPECT_EQ(it.db.Scalar(states), "aA bR cD dO");
}

TEST_F(SilentFailuresCases, ASequenceStartsAgainAtItsOwnStart) {
  it.db.Execute("alter sequence users_id_seq start 1000");
  it.ExpectCommitted();
  it.db.Execute("insert into users (name) values ('first')");
  EXPECT_EQ(it.db.Scalar("select id from users"), "1000");
}

TEST_F(SilentFailuresCases, AnUnownedSequenceOfClearedTablesStartsAgain) {
  it.db.Execute(
      "create sequence numbers; alter table orders add number int default nextval('numbers')");
  it.ExpectCommitted();
  EXPECT_EQ(it.db.Scalar("select last_value || ' ' || is_called from numbers"), "1 false");
}

TEST_F(SilentFailuresCases, ASequenceSharedWithAKeptTableIsRefused) {
  it.db.Execute("alter table notes alter id set default nextval('users_id_seq')");
  EXPECT_THAT(it.Problems(), ElementsAre(HasSubstr("SEQUENCE_SHARED users_id_seq")));
}

TEST_F(SilentFailuresCases, ASequenceSharedWithAKeptTableIsLeftWhereTheBlueprintSaysSo) {
  it.db.Execute("alter table notes alter id set default nextval('users_id_seq')");
  it.Postgres("shared_sequences: leave").Plan();
  ASSERT_EQ(it.plan.shared_sequences_size(), 1);
  EXPECT_EQ(it.plan.shared_sequences(0).name(), "users_id_seq");
  it.ExpectCommitted();
  EXPECT_EQ(it.db.Scalar("select last_value from users_id_seq"), "100");
}

TEST_F(SilentFailuresCases, ARolledBackRunLeavesEverySequenceWhereItWas) {
  it.db.Execute("create table empty (id serial primary key, name text)");
  it.Clear("[users, orders, empty]")
      .Sql(
          "insert into empty (name) values ('a'); insert into users (name) values ('b'); "
          "select 1 / 0");
  const std::string states =
      "select string_agg(last_value || ' ' || is_called, ', ') from (select last_value, is_called "
      "from empty_id_seq union all select last_value, is_called from users_id_seq) s";
  const std::string before = it.db.Scalar(states);
  it.ExpectRolledBack(v1::REASON_SQL_FAILED);
  EXPECT_EQ(it.db.Scalar(states), before);
}

TEST_F(SilentFailuresCases, SetvalBehindTheRecreatedRowsRollsBackToo) {
  it.Recreate("{name: R, rows: {table: users, values: [{id: 500, name: a}]}}")
      .Verify("{name: Moved past the rows, sql: 'select last_value = 500 from users_id_seq'}")
      .Verify("{name: Never, sql: 'select false'}");
  const std::string states =
      "select string_agg(last_value || ' ' || is_called, ', ') from (select last_value, is_called "
      "from users_id_seq union all select last_value, is_called from orders_id_seq) s";
  const std::string before = it.db.Scalar(states);
  EXPECT_EQ(before, "100 true, 100 true");
  EXPECT_THAT(it.ExpectRolledBack(v1::REASON_CHECK_FAILED).message(), HasSubstr("'Never'"));
  EXPECT_EQ(it.db.Scalar(states), before);
}

TEST_F(SilentFailuresCases, ASequenceOfAnotherRoleGoesOnCounting) {
  it.db.ExecuteAsSuperuser("create sequence theirs; grant all on theirs to " + it.db.owner());
  it.db.Execute(
      "create table tickets (id int default nextval('theirs'), text text); "
      "insert into tickets (text) values ('a'), ('b'), ('c')");
  it.Clear("[users, orders, tickets]").Plan();
  ASSERT_EQ(it.plan.warnings_size(), 1);
  EXPECT_EQ(it.plan.warnings(0).message(),
            "Sequence theirs belongs to another role and goes on counting.");
  it.ExpectCommitted();
  EXPECT_EQ(it.Count("tickets"), "0");
  EXPECT_EQ(it.db.Scalar("select last_value || ' ' || is_called from theirs"), "3 true");
}

TEST_F(SilentFailuresCases, AnyOtherOidColumnMayMeanSomethingElse) {
  it.db.Execute(
      "create table documents (id int, body oid); insert into documents values (1, lo_create(0))");
  it.Clear("[users, orders, documents]").Plan();
  EXPECT_EQ(it.plan.large_objects_size(), 0);
  const std::string exists = "select count(*) from pg_largeobject_metadata where oid = " +
                             it.db.Scalar("select body from documents");
  const ResetOutcome outcome = it.ExpectCommitted();
  EXPECT_EQ(it.Count("documents"), "0");
  EXPECT_EQ(outcome.result.large_objects_removed() + outcome.result.large_objects_left(), 0);
  EXPECT_EQ(it.db.Scalar(exists), "1");
}

TEST_F(SilentFailuresCases, LargeObjectsGoWithTheirRows) {
  it.db.ExecuteAsSuperuser("create extension lo");
  it.db.Execute(R"(
    create table documents (id int, body lo);
    insert into documents select i, lo_create(0) from generate_series(1, 50) i;
    create table kept_documents (body lo); insert into kept_documents select min(body::oid) from documents)");
  it.Clear("[users, orders, documents]").Keep("[notes, kept_documents]").Plan();
  ASSERT_EQ(it.plan.large_objects_size(), 1);
  EXPECT_EQ(it.plan.large_objects(0).objects(), 50);
  const ResetOutcome outcome = it.ExpectCommitted();
  EXPECT_EQ(outcome.result.large_objects_removed(), 49);
  EXPECT_EQ(it.db.Scalar("select count(*) from pg_largeobject_metadata m join pg_roles r "
                         "on r.oid = m.lomowner where r.rolname = '" +
                         it.db.owner() + "'"),
            "1");
}

TEST_F(SilentFailuresCases, LargeObjectsOfDeclaredColumnsBeyondTheLockBudgetGoAfterTheCommit) {
  it.db.Execute(R"(
    create table documents (id int, body oid);
    insert into documents select i, lo_create(0) from generate_series(1, 6000) i)");
  it.Postgres("large_objects: [{table: documents, column: body}]")
      .Clear("[users, orders, documents]");
  const ResetOutcome outcome = it.ExpectCommitted();
  const int64_t left = outcome.result.large_objects_left();
  EXPECT_GT(left, 0);
  EXPECT_EQ(outcome.result.large_objects_removed() + left, 6000);
  const absl::StatusOr<int64_t> removed = it.target->RemoveLargeObjects(it.run_id);
  ASSERT_TRUE(removed.ok()) << removed.status();
  EXPECT_EQ(*removed, left);
  EXPECT_EQ(*it.target->RemoveLargeObjects(it.run_id), 0);
  EXPECT_EQ(it.db.Scalar("select count(*) from pg_largeobject_metadata m join pg_roles r "
                         "on r.oid = m.lomowner where r.rolname = '" +
                         it.db.owner() + "'"),
            "0");
}

TEST_F(SilentFailuresCases, StatisticsThatStillShowValuesAreReportedAsResidue) {
  it.db.Execute("analyze users");
  it.Plan();
  ASSERT_EQ(it.plan.residue_size(), 1);
  EXPECT_EQ(it.plan.residue(0).table(), "public.users");
  EXPECT_THAT(it.plan.residue(0).columns(), ElementsAre("id", "is_superuser", "name"));
  const ResetOutcome outcome = it.ExpectCommitted();
  ASSERT_EQ(outcome.result.residue_size(), 1);
  EXPECT_EQ(outcome.result.residue(0).table(), "public.users");
}

TEST_F(SilentFailuresCases, AWriterThatWaitedWritesAfterTheCommit) {
  it.Plan();
  support::TestConnection application = it.db.Connect("the shop");
  application.Execute("begin; insert into notes (text) values ('busy')");
  std::thread writer;
  it.observer.on_step = [&](const StepNote& note) {
    if (note.step != v1::STEP_KIND_CLEAR || note.kind != v1::EVENT_KIND_STARTED) return;
    writer = std::thread([&] { application.Execute("insert into users (name) values ('late')"); });
    Await(it.db, "select count(*) > 0 from pg_locks where not granted");
  };
  const ResetOutcome outcome = it.Run();
  writer.join();
  application.Execute("commit");
  EXPECT_EQ(outcome.end, ResetEnd::kCommitted) << outcome.problem.ShortDebugString();
  EXPECT_EQ(it.Count("users"), "1");
}

TEST_F(SilentFailuresCases, RowsThatComeRightAfterTheCommitAreReported) {
  it.Plan();
  support::TestConnection application = it.db.Connect("the shop");
  it.observer.on_step = [&](const StepNote& note) {
    if (note.step == v1::STEP_KIND_COMMIT && note.kind == v1::EVENT_KIND_SUCCEEDED) {
      application.Execute("insert into users (name) values ('late')");
    }
  };
  const ResetOutcome outcome = it.ExpectCommitted();
  ASSERT_EQ(outcome.result.late_rows_size(), 1);
  EXPECT_EQ(outcome.result.late_rows(0).table(), "public.users");
  EXPECT_EQ(outcome.result.late_rows(0).rows(), 1);
  EXPECT_THAT(outcome.result.late_rows(0).applications(), testing::Contains("the shop"));
  EXPECT_THAT(outcome.result.warnings(), IsEmpty());
}

}  // namespace
}  // namespace resetctl::agent

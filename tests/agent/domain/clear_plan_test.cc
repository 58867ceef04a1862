#include "agent/domain/clear_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/domain/catalog_builder.h"

namespace resetctl::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ClearPlanTest, RefusesAReferenceFromAKeptTableAndNamesIt) {
  ACatalog catalog;
  catalog.Tables({"customers", "contact_persons"});
  catalog.References("contact_persons", "customers", "customer_id");
  ABlueprint blueprint;
  blueprint.Clear("C", {"customers"}).Keep({"contact_persons"});
  ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  EXPECT_THAT(
      Brief(plan.problems),
      ElementsAre(
          "KEPT_REFERENCES_CLEARED contact_persons.customer_id -> customers.id contact_persons "
          "customers contact_persons_fkey"));
  ASSERT_EQ(plan.kept_references.size(), 1u);
  EXPECT_EQ(plan.problems[0].advice(), "Clear contact_persons too, or keep customers.");
  CountedRows counted;
  counted.references[plan.kept_references[0]] = 300;
  plan = PlanClear(*catalog, *blueprint, {}, counted);
  EXPECT_THAT(plan.problems[0].message(), HasSubstr("300 kept rows would point to nothing"));
  counted.references[plan.kept_references[0]] = 0;
  plan = PlanClear(*catalog, *blueprint, {}, counted);
  EXPECT_THAT(plan.problems[0].message(), HasSubstr("refuses to truncate a referenced table"));
}

TEST(ClearPlanTest, RefusesAReferenceFromATableOutOfScope) {
  ACatalog catalog;
  catalog.Tables({"customers", "billing.invoices"});
  catalog.References("billing.invoices", "customers");
  ABlueprint blueprint;
  blueprint.Clear("C", {"customers"});
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  ASSERT_EQ(plan.problems.size(), 1u);
  EXPECT_EQ(plan.problems[0].reason(), v1::REASON_KEPT_REFERENCES_CLEARED);
  EXPECT_EQ(plan.problems[0].objects(1), "billing.invoices");
}

TEST(ClearPlanTest, AllowsCyclesSelfReferencesAndReferencesIntoKeptTables) {
  ACatalog catalog;
  catalog.Tables({"a", "b", "kept"});
  catalog.References("a", "b").References("b", "a").References("a", "a").References("a", "kept");
  ABlueprint blueprint;
  blueprint.Clear("C", {"a", "b"}).Keep({"kept"});
  EXPECT_THAT(Brief(PlanClear(*catalog, *blueprint, {}).problems), IsEmpty());
}

TEST(ClearPlanTest, LooksThroughPartitionsForReferences) {
  ACatalog catalog;
  catalog.Table("events", RelationKind::kPartitioned);
  catalog.Partition("events", "events_1").Tables({"notes"});
  catalog.References("notes", "events_1");
  ABlueprint blueprint;
  blueprint.Clear("E", {"events"}).Keep({"notes"});
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  ASSERT_EQ(plan.problems.size(), 1u);
  EXPECT_EQ(plan.problems[0].objects(2), "events");
}

TEST(ClearPlanTest, RestartsOwnedSequencesAndUnownedOnesThatOnlyClearedTablesUse) {
  ACatalog catalog;
  catalog.Tables({"items", "orders", "kept"});
  catalog.Numbers("items_id_seq", "items", {"items"});
  catalog.Numbers("doc_numbers", "", {"items", "orders"});
  catalog.Numbers("kept_id_seq", "kept", {"kept"});
  catalog.Numbers("nobodys", "", {});
  catalog.Numbers("theirs", "orders", {"orders"}).owned = false;
  ABlueprint blueprint;
  blueprint.Clear("I", {"items", "orders"}).Keep({"kept"});
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  EXPECT_THAT(Brief(plan.problems), IsEmpty());
  EXPECT_THAT(catalog.NamesOf(plan.restarted_sequences),
              ElementsAre("doc_numbers", "items_id_seq"));
  EXPECT_THAT(Brief(plan.warnings), ElementsAre("PRIVILEGE_MISSING theirs"));
}

TEST(ClearPlanTest, RefusesASequenceSharedWithAKeptTable) {
  ACatalog catalog;
  catalog.Tables({"items", "kept"});
  catalog.Numbers("shared", "items", {"items", "kept"});
  ABlueprint blueprint;
  blueprint.Clear("I", {"items"}).Keep({"kept"});
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  EXPECT_THAT(Brief(plan.problems), ElementsAre("SEQUENCE_SHARED shared items kept"));
  EXPECT_EQ(
      plan.problems[0].advice(),
      "Clear kept too, or keep items, or say `shared_sequences: leave`: then it goes on counting.");
  EXPECT_THAT(plan.restarted_sequences, IsEmpty());
}

TEST(ClearPlanTest, RefreshesMaterializedViewsInTheOrderOfTheirDependence) {
  ACatalog catalog;
  catalog.Tables({"t", "kept"});
  catalog.Copies("z_first", {"t"});
  catalog.Copies("m_second", {"z_first", "kept"});
  catalog.Copies("a_third", {"m_second"});
  catalog.Copies("other", {"kept"});
  catalog.Copies("empty", {"t"}).populated = false;
  ABlueprint blueprint;
  blueprint.Clear("T", {"t"}).Keep({"kept"});
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  EXPECT_THAT(catalog.NamesOf(plan.refreshed_views), ElementsAre("z_first", "m_second", "a_third"));
  // Also those that read what a recreate step writes.
  const ClearPlan written =
      PlanClear(*catalog, *blueprint, {SqlFrom("Note", "note.sql", {"kept"})});
  EXPECT_EQ(written.refreshed_views.size(), 4u);
}

TEST(ClearPlanTest, RefusesAMaterializedViewThatItCannotRefresh) {
  ACatalog catalog;
  catalog.Tables({"t"});
  catalog.Copies("mv", {"t"}).owned = false;
  ABlueprint blueprint;
  blueprint.Clear("T", {"t"});
  EXPECT_THAT(Brief(PlanClear(*catalog, *blueprint, {}).problems),
              ElementsAre("PRIVILEGE_MISSING mv"));
}

TEST(ClearPlanTest, ListsTheTriggersThatWillFire) {
  ACatalog catalog;
  catalog.Tables({"items", "brands", "kept"});
  Trigger& guard = catalog.Fires("no_truncate", "items");
  guard.on_truncate = guard.on_delete = true;
  catalog.Fires("audit_brands", "brands").on_insert = true;
  catalog.Fires("stamp", "items").on_insert = true;
  Trigger& disabled = catalog.Fires("off", "brands");
  disabled.on_insert = true;
  disabled.enabled = 'D';
  catalog.Fires("kept_insert", "kept").on_insert = true;
  ABlueprint blueprint;
  blueprint.Clear("T", {"items", "brands"}).Keep({"kept"});
  const ClearPlan plan =
      PlanClear(*catalog, *blueprint, {RowsInto("Brands", "brands"), SqlFrom("Admin", "a.sql")});
  std::vector<std::string> texts;
  for (const PlannedSideEffect& effect : plan.side_effects) texts.push_back(effect.text);
  EXPECT_THAT(texts, ElementsAre("trigger no_truncate on items fires on TRUNCATE",
                                 "trigger audit_brands on brands fires on recreate",
                                 "trigger stamp on items fires if recreate SQL inserts there"));
}

TEST(ClearPlanTest, CountsManyTriggersAndNamesEach) {
  ACatalog catalog;
  catalog.Tables({"items", "brands"});
  for (const std::string table : {"items", "brands"}) {
    Trigger& audit = catalog.Fires("audit", table);
    audit.on_truncate = audit.on_delete = true;
  }
  ABlueprint blueprint;
  blueprint.Clear("T", {"items", "brands"});
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  ASSERT_EQ(plan.side_effects.size(), 1u);
  EXPECT_EQ(plan.side_effects[0].text, "2 triggers fire on TRUNCATE");
  EXPECT_THAT(plan.side_effects[0].objects, ElementsAre("audit on brands", "audit on items"));
}

TEST(ClearPlanTest, NamesMissingPrivilegesWithTheGrantThatHelps) {
  ACatalog catalog;
  catalog->role = "My App";
  for (const std::string name : {"a", "b"}) {
    Relation& table = catalog.Table(name);
    table.may_truncate = table.may_delete = false;
  }
  catalog.Table("c").may_insert = false;
  Relation& far = catalog.Table("far.d");
  far.schema_usage = far.may_select = false;
  ABlueprint blueprint;
  blueprint.Schemas({"public", "far"}).Clear("T", {"*"});
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {RowsInto("C", "c")});
  EXPECT_THAT(Brief(plan.problems),
              ElementsAre("PRIVILEGE_MISSING far", "PRIVILEGE_MISSING public.c",
                          "PRIVILEGE_MISSING far.d", "PRIVILEGE_MISSING public.a public.b"));
  EXPECT_EQ(plan.problems[0].advice(), "As its owner: GRANT USAGE ON SCHEMA far TO \"My App\";");
  EXPECT_EQ(plan.problems[3].advice(),
            "As their owner: GRANT TRUNCATE ON public.a, public.b TO \"My App\";");
}

TEST(ClearPlanTest, RefusesStepsThatWriteWhereNoRollbackReaches) {
  ACatalog catalog;
  catalog.Tables({"users"});
  catalog.Table("remote", RelationKind::kForeign);
  ABlueprint blueprint;
  blueprint.Clear("U", {"users"}).Keep({"remote"});
  contract::RecreateStepSpec step = RowsInto("Far", "remote");
  step.writes.push_back(std::get<contract::RowsStep>(step.what).table);
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {step});
  EXPECT_THAT(Brief(plan.problems), ElementsAre("UNSUPPORTED_RELATION remote"));
}

TEST(ClearPlanTest, ResolvesStepsAndRefusesAnUndeclaredWriteToAKeptTable) {
  ACatalog catalog;
  catalog.Tables({"users", "notes"});
  ABlueprint blueprint;
  blueprint.Clear("U", {"users"}).Keep({"notes"});
  ClearPlan plan = PlanClear(*catalog, *blueprint, {RowsInto("Note", "notes")});
  EXPECT_THAT(Brief(plan.problems), ElementsAre("KEPT_TABLE_TOUCHED notes"));
  EXPECT_THAT(plan.problems[0].advice(), HasSubstr("writes: [notes]"));
  plan = PlanClear(*catalog, *blueprint,
                   {RowsInto("Note", "notes", {"notes"}), RowsInto("Users", "users")});
  EXPECT_THAT(Brief(plan.problems), IsEmpty());
  EXPECT_TRUE(plan.kept[0].writes_declared);
  ASSERT_EQ(plan.steps.size(), 2u);
  EXPECT_EQ(plan.steps[1].table, catalog.Id("users"));
  plan = PlanClear(*catalog, *blueprint, {RowsInto("X", "user"), SqlFrom("Y", "y.sql", {"note"})});
  EXPECT_THAT(Brief(plan.problems), ElementsAre("NO_SUCH_TABLE user", "NO_SUCH_TABLE note"));
}

TEST(ClearPlanTest, RefusesASubscriber) {
  ACatalog catalog;
  catalog.Tables({"t"});
  catalog->subscriptions = {"from_head_office"};
  ABlueprint blueprint;
  blueprint.Clear("T", {"t"});
  EXPECT_THAT(Brief(PlanClear(*catalog, *blueprint, {}).problems),
              ElementsAre("UNSUPPORTED_RELATION from_head_office"));
}

TEST(ClearPlanTest, AnswersTheSameForAShuffledCatalog) {
  ACatalog catalog;
  for (int i = 0; i < 40; ++i) {
    const std::string n = std::to_string(i);
    catalog.Tables({"t" + n, "k" + n});
    catalog.Numbers("s" + n, "t" + n, {"t" + n});
    catalog.Copies("mv" + n, {"t" + n});
    if (i > 0) catalog.Copies("over" + n, {"mv" + std::to_string(i - 1), "mv" + n});
    catalog.References("k" + n, "t" + n);
    catalog.Fires("g" + n, "t" + n).on_truncate = true;
  }
  ABlueprint blueprint;
  blueprint.Clear("T", {"t*"}).Keep({"k*"});
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  for (unsigned seed = 1; seed < 6; ++seed) {
    const ClearPlan other = PlanClear(catalog.Shuffled(seed), *blueprint, {});
    EXPECT_EQ(other.cleared_roots, plan.cleared_roots);
    EXPECT_EQ(other.restarted_sequences, plan.restarted_sequences);
    EXPECT_EQ(other.refreshed_views, plan.refreshed_views);
    EXPECT_EQ(Brief(other.problems), Brief(plan.problems));
    EXPECT_EQ(other.side_effects[0].objects, plan.side_effects[0].objects);
  }
}

TEST(ClearPlanTest, PlansAChainOfFiveThousandForeignKeysAndAsManyViews) {
  ACatalog catalog;
  std::vector<Oid> tables;
  Oid last_view = 0;
  for (int i = 0; i < 5000; ++i) {
    tables.push_back(catalog.Table("t" + std::to_string(i)).oid);
    if (i > 0) {
      ForeignKey key;
      key.oid = 1000000 + i;
      key.from = tables[i - 1];
      key.to = tables[i];
      catalog->foreign_keys.push_back(key);
    }
    MaterializedView view;
    view.oid = catalog.Table("mv" + std::to_string(i), RelationKind::kMaterializedView).oid;
    view.reads = {i == 0 ? tables[0] : last_view};
    view.owned = true;
    last_view = view.oid;
    catalog->materialized_views.push_back(view);
  }
  ABlueprint blueprint;
  blueprint.Clear("T", {"*"});
  const ClearPlan plan = PlanClear(*catalog, *blueprint, {});
  EXPECT_THAT(plan.problems, IsEmpty());
  EXPECT_EQ(plan.cleared_roots.size(), 5000u);
  EXPECT_EQ(plan.refreshed_views.size(), 5000u);
  EXPECT_EQ(plan.refreshed_views.back(), last_view);
}

TEST(DriftTest, NamesWhatChangedOldAndNew) {
  const std::vector<CatalogObject> before = {{"public", "public.items", "table"},
                                             {"public", "public.items column sku", "varchar(50)"},
                                             {"public", "public.gone", "table"},
                                             {"public", "public.gone column a", "integer"}};
  const std::vector<CatalogObject> after = {{"public", "public.items", "table"},
                                            {"public", "public.items column note", "text"},
                                            {"public", "public.items column sku", "text"},
                                            {"public", "public.\"new one\"", "table"},
                                            {"public", "public.\"new one\" column a", "integer"}};
  EXPECT_THAT(DescribeDrift(before, after),
              ElementsAre("public.\"new one\": added (table)", "public.gone: removed (table)",
                          "public.items column note: added (text)",
                          "public.items column sku: was varchar(50), now text"));
  EXPECT_THAT(DescribeDrift(before, before), IsEmpty());
  EXPECT_NE(Fingerprint(before), Fingerprint(after));
}

TEST(DriftTest, FingerprintsOnlyTheScope) {
  ACatalog catalog;
  catalog->objects = {
      {"other", "other.t", "table"}, {"public", "public.t", "table"}, {"", "everywhere", "x"}};
  const std::vector<CatalogObject> objects = FingerprintObjects(*catalog, *ABlueprint());
  ASSERT_EQ(objects.size(), 2u);
  EXPECT_EQ(objects[0].name, "everywhere");
  EXPECT_EQ(Fingerprint(objects).substr(0, 7), "sha256:");
}

TEST(LargeObjectPlanTest, RefusesWhereNobodyCouldTellWhichObjectsAreStillInUse) {
  ACatalog catalog;
  catalog.Tables({"letters", "templates"});
  catalog.Table("other.scans").may_select = false;
  for (const char* name : {"letters", "templates", "other.scans"}) {
    catalog->large_objects.push_back({catalog.Id(name), "body"});
  }
  ABlueprint blueprint;
  blueprint.Clear("All", {"letters"}).Keep({"templates"});
  EXPECT_THAT(Brief(PlanClear(*catalog, *blueprint, {}, {}).problems),
              ElementsAre("PRIVILEGE_MISSING other.scans"));
  catalog->relations[catalog.Id("other.scans")].may_select = true;
  EXPECT_THAT(Brief(PlanClear(*catalog, *blueprint, {}, {}).problems), IsEmpty());
}

}  // namespace
}  // namespace resetctl::agent

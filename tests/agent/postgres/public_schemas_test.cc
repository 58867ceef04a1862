// Schemas that other projects really use, where a folder `shared/schemas` stands beside this project: each plans, clears and
// recreates nothing, as an ordinary owner of its tables.
#include <cstdlib>
#include <ostream>
#include <string>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "agent/postgres/postgres_target.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"

namespace resetctl::agent {
namespace {

const std::string kFolder = std::string(RESETCTL_SOURCE_DIR) + "/../shared/schemas/";

struct PublicSchema {
  std::string name;
  std::string schemas;                // of the blueprint
  std::vector<std::string> packages;  // extensions that the server must have
};

void PrintTo(const PublicSchema& schema, std::ostream* out) { *out << schema.name; }

class PublicSchemasTest : public ::testing::TestWithParam<PublicSchema> {
 protected:
  // Loads as superuser, then gives every table to the plain owner.
  void Load() {
    support::PostgresCluster& cluster = support::PostgresCluster::Shared();
    const std::string command = absl::StrCat(
        "PGHOST=", cluster.socket_folder(), " PGPORT=", cluster.port(), " PGUSER=postgres ",
        kFolder, "load.sh ", GetParam().name, " ", db_.name(), " >/dev/null 2>&1");
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
    db_.ExecuteAsSuperuser(absl::StrCat("alter database ", db_.name(), " owner to ", db_.owner()));
    db_.ExecuteAsSuperuser(absl::StrCat(R"(
      do $$ declare r record; begin
        for r in select format('%I', nspname) as name from pg_namespace
                 where nspname !~ '^pg_' and nspname <> 'information_schema' loop
          execute format('alter schema %s owner to )",
                                        db_.owner(), R"(', r.name);
        end loop;
        for r in select c.oid::regclass as name, c.relkind from pg_class c
                 join pg_namespace n on n.oid = c.relnamespace
                 where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
                   and c.relkind in ('r', 'p', 'm', 'v', 'f')
                   and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e') loop
          execute format('alter table %s owner to )",
                                        db_.owner(), R"(', r.name);
        end loop;
        for r in select c.oid::regclass as name from pg_class c
                 join pg_namespace n on n.oid = c.relnamespace
                 where n.nspname !~ '^pg_' and c.relkind = 'S'
                   and not exists (select from pg_depend d where d.objid = c.oid and d.deptype in ('a', 'i', 'e')) loop
          execute format('alter sequence %s owner to )",
                                        db_.owner(), R"(', r.name);
        end loop;
      end $$)"));
  }

  support::TestDatabase db_ = support::TestDatabase::Create();
};

TEST_P(PublicSchemasTest, PlansAndClears) {
  if (access(kFolder.c_str(), R_OK) != 0) {
    GTEST_SKIP() << "there is no " << kFolder << ": nothing was tried";
  }
  support::TestConnection server(support::PostgresCluster::Shared().SuperuserUrl());
  for (const std::string& extension : GetParam().packages) {
    if (server.Scalar("select count(*) from pg_available_extensions where name = '" + extension +
                      "'") == "0") {
      GTEST_SKIP() << "this server has no extension " << extension << ": nothing was tried";
    }
  }
  Load();
  contract::BundleFiles bundle;
  bundle.blueprint_path = "blueprint.yaml";
  bundle.files["blueprint.yaml"] = absl::StrCat(
      "version: 1\nname: public\npostgres:\n  schemas: ", GetParam().schemas,
      "\n  clear: [{group: All, tables: ['*']}]\n  unlisted: keep\nredis: {flush: none}\n");
  const contract::ParsedBlueprint parsed = contract::ParseBlueprint(bundle);
  ASSERT_TRUE(parsed.ok()) << parsed.problems[0].ShortDebugString();
  PostgresTarget target(base::Secret(db_.OwnerUrl()), "staging", "public");
  absl::StatusOr<Survey> survey = target.MakeSurvey(parsed.blueprint, bundle, {});
  ASSERT_TRUE(survey.ok()) << survey.status();
  for (const v1::Problem& problem : survey->problems) ADD_FAILURE() << problem.ShortDebugString();
  v1::PlanDocument plan = survey->document;
  plan.set_environment("staging");
  plan.set_target("public");
  const std::string digest = contract::Digest(plan.SerializeAsString());
  const absl::StatusOr<int64_t> fence = target.Claim({"r-1", digest, "nonce", "alice"});
  ASSERT_TRUE(fence.ok()) << fence.status();
  ResolvedParameters parameters;
  ResetOrder order;
  order.run_id = "r-1";
  order.plan_digest = digest;
  order.fence = *fence;
  order.plan = &plan;
  order.blueprint = &parsed.blueprint;
  order.bundle = &bundle;
  order.parameters = &parameters;
  RecordingObserver observer;
  const ResetOutcome outcome = target.Reset(order, observer);
  ASSERT_EQ(outcome.end, ResetEnd::kCommitted) << outcome.problem.ShortDebugString();
  EXPECT_GT(outcome.result.tables_cleared(), 5);
  EXPECT_GT(outcome.result.rows_cleared(), 500);
  for (const v1::ClearGroup& group : plan.groups()) {
    for (const v1::ClearTable& table : group.tables()) {
      EXPECT_EQ(
          db_.Scalar(absl::StrCat("select count(*) from only ",
                                  db_.Scalar(absl::StrCat("select ", table.oid(), "::regclass")))),
          "0")
          << table.schema() << "." << table.name();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, PublicSchemasTest,
    ::testing::Values(PublicSchema{"chinook", "[public]", {}},
                      PublicSchema{"pagila", "[public]", {}},
                      PublicSchema{"supabase-storage", "[storage]", {}},
                      PublicSchema{"postgrest-fixtures",
                                   "[test, private, postgrest, public, v1, v2, jwt, 'تست']",
                                   {"postgis"}}),
    [](const auto& schema) {
      std::string name = schema.param.name;
      for (char& c : name) {
        if (c == '-') c = '_';
      }
      return name;
    });

}  // namespace
}  // namespace resetctl::agent

#include "tests/e2e/shop.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace resetctl::support {
namespace {

constexpr char kSchema[] = R"(
create table users (id serial primary key, username text unique not null, password_hash text not null,
                    is_superuser boolean not null);
create table companies (id serial primary key, name text not null);
create table items (id serial primary key, sku text unique not null, company_id int references companies (id));
create table notes (id int primary key, body text not null);
create table alembic_version (version_num text not null);
insert into users (username, password_hash, is_superuser)
  select 'user' || i, 'old', i = 1 from generate_series(1, 50) i;
insert into companies (name) select 'company ' || i from generate_series(1, 10) i;
insert into items (sku, company_id) select 'sku-' || i, 1 + i % 10 from generate_series(1, 1000) i;
insert into notes select i, 'note ' || i from generate_series(1, 7) i;
insert into alembic_version values ('4f2a');
)";

constexpr char kBlueprint[] = R"(version: 1
name: shop
description: Back to an empty shop that people can log in to.
parameters:
  ADMIN_USERNAME: {required: true}
  ADMIN_PASSWORD: {required: true, secret: true, min_length: 8, classes: [upper, lower, digit]}
  ADMIN_PASSWORD_HASH: {bcrypt: ADMIN_PASSWORD, cost: 4}
postgres:
  schemas: [public]
  search_path: [public]
  clear:
    - group: Stock
      tables: [items]
    - group: People
      tables: [users, companies]
  keep: [notes]
  unlisted: refuse
recreate:
  - name: Admin user
    sql: sql/admin.sql
  - name: Company
    rows: {table: companies, values: [{name: 'My Company'}]}
sets:
  master-data:
    - {name: Items, csv: {table: items, file: csv/items.csv}}
verify:
  - {name: Admin can be found, sql: "select count(*) = 1 from users where is_superuser"}
redis:
  flush: db
)";

constexpr char kAdminSql[] = R"(-- The one account that exists afterwards.
insert into users (username, password_hash, is_superuser)
values (current_setting('resetctl.admin_username'), current_setting('resetctl.admin_password_hash'), true);
)";

void WriteFile(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace

void ShopTest::SetUp() { stack_ = std::make_unique<Stack>(options_); }

std::map<std::string, std::string> ShopTest::Variables() {
  return {{"ADMIN_USERNAME", "root"}, {"ADMIN_PASSWORD", kAdminPassword}};
}

void ShopTest::Open(const std::string& environment, Stack::Agent agent) {
  Environment made;
  made.database = std::make_unique<TestDatabase>(TestDatabase::Create());
  made.redis = std::make_unique<RedisServer>();
  made.database->Execute(kSchema);
  for (int i = 0; i < 20; ++i) made.redis->Call({"SET", "session:" + std::to_string(i), "x"});
  agent.environment = environment;
  if (agent.database_url.empty()) agent.database_url = made.database->OwnerUrl();
  if (agent.redis_url.empty()) agent.redis_url = made.redis->Url(0);
  if (agent.redis_url == "none") agent.redis_url.clear();
  for (const auto& [name, value] : Variables()) agent.variables.emplace(name, value);
  environments_[environment] = std::move(made);
  stack_->AddAgent(agent);
}

std::string ShopTest::Blueprint(const std::map<std::string, std::string>& changes,
                                const std::map<std::string, std::string>& more_files) {
  std::string text = kBlueprint;
  for (const auto& [from, to] : changes) {
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << "the blueprint has no text '" << from << "'";
    if (at != std::string::npos) text.replace(at, from.size(), to);
  }
  const std::string folder = stack_->folder() + "/blueprints/" + std::to_string(++blueprints_);
  WriteFile(folder + "/sql/admin.sql", kAdminSql);
  WriteFile(folder + "/csv/items.csv", "sku,company_id\na-1,1\na-2,\na-3,1\n");
  for (const auto& [path, content] : more_files) {
    WriteFile(absl::StrCat(folder, "/", path), content);
  }
  WriteFile(folder + "/blueprint.yaml", text);
  return folder + "/blueprint.yaml";
}

std::string ShopTest::Contents(const std::string& environment) {
  TestDatabase& database = Database(environment);
  std::string text;
  for (const std::string& table : database.Column(
           "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname not in "
           "('pg_catalog', 'information_schema', 'resetctl') order by 1")) {
    text += table + " " +
            database.Scalar(
                "select count(*) || ' ' || coalesce(md5(string_agg(t::text, ',' order by "
                "t::text)), '') from " +
                table + " t") +
            "\n";
  }
  return text;
}

std::string ShopTest::StateOf(const std::string& run) {
  return Stack::Field(As("alice", {"show", run, "-o", "json"}).out, "run.state");
}

void ShopTest::ExpectEventsOnceEach(const std::string& shown) {
  int events = 0;
  for (;; ++events) {
    const std::string seq = Stack::Field(shown, "events." + std::to_string(events) + ".seq");
    if (seq.empty()) break;
    EXPECT_EQ(seq, std::to_string(events + 1));
  }
  EXPECT_EQ(std::to_string(events), Stack::Field(shown, "run.lastSeq"));
}

std::string ShopTest::ApprovedPlan(const std::string& blueprint, const std::string& environment) {
  std::string plan = stack_->Plan("carol", blueprint, environment);
  for (const char* person : {"alice", "dana"}) {
    const Said said = As(person, {"approve", plan, "--yes"});
    EXPECT_EQ(said.exit_code, 0) << said.both();
  }
  return plan;
}

std::string ShopTest::OnlyRun() {
  std::string id;
  Await("a run", [&] {
    id = Stack::Field(As("alice", {"list", "runs", "-o", "json"}).out, "runs.0.id");
    return !id.empty();
  });
  return id;
}

}  // namespace resetctl::support

#include "tests/e2e/forgery_house.h"

#include <filesystem>
#include <stdexcept>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "proto/base/clock.h"
#include "proto/base/file.h"
#include "proto/base/subprocess.h"
#include "proto/contract/admin_action.h"
#include "proto/contract/bundle.h"
#include "proto/contract/digest.h"
#include "tests/e2e/forged_offer.h"

namespace resetctl::support {
namespace {

namespace fs = std::filesystem;
using contract::FormatStatementTime;
using contract::StatementType;

constexpr const char* kKnown[] = {"alice", "alice2", "bob", "carol", "dana", "erin", "nightly"};

constexpr char kFloor[] =
    R"(groups: {dba: [alice, bob], product: [dana], sre: [carol, bob], developers: [erin], robots: [nightly]}
robots: [nightly]
plan: [dba, robots]
run: [dba]
rebind: [dba]
approvals: {required: 2, groups: [dba, product], distinct_groups: true, ttl: 4h}
break_glass: {groups: [sre], approvals: 1}
)";

constexpr char kBlueprint[] = R"(version: 1
name: shop
parameters:
  ADMIN_USERNAME: {required: true}
  ADMIN_PASSWORD: {required: true, secret: true, min_length: 8}
postgres:
  schemas: [public]
  search_path: [public]
  clear:
    - {group: Stock, tables: [items]}
  keep: [notes]
before:
  - {name: Ask, do: {http: {url: 'ORIGIN/before', method: POST}}}
  - {name: Mark, do: {command: [touch, 'FOLDER/before']}}
recreate:
  - {name: First item, rows: {table: items, values: [{sku: '${ADMIN_USERNAME}'}]}}
sets:
  demo:
    - {name: Second item, rows: {table: items, values: [{sku: second}]}}
redis: {flush: none}
after:
  - {name: Tell, http: {url: 'ORIGIN/after', method: POST}}
)";

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) throw std::runtime_error(value.status().ToString());
  return *std::move(value);
}

void MustBeOk(const absl::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

std::string Now() { return FormatStatementTime(base::RealClock().Now()); }
std::string In(absl::Duration time) { return FormatStatementTime(base::RealClock().Now() + time); }

void Replace(std::string* text, const std::string& from, const std::string& to) {
  const size_t at = text->find(from);
  if (at == std::string::npos) throw std::runtime_error("there is no text '" + from + "'");
  text->replace(at, from.size(), to);
}

// The agent of all tests ends before PostgreSQL does, and by then it must still work.
class HouseEnvironment : public testing::Environment {
 public:
  void TearDown() override {
    if (house == nullptr) return;
    house->ProveAlive();
    house.reset();
  }
  std::unique_ptr<ForgeryHouse> house;
};

HouseEnvironment* const environment =
    static_cast<HouseEnvironment*>(testing::AddGlobalTestEnvironment(new HouseEnvironment));

}  // namespace

ForgeryHouse& ForgeryHouse::Shared() {
  if (environment->house == nullptr) {
    environment->house = std::make_unique<ForgeryHouse>();
    environment->house->ProveAlive();
  }
  return *environment->house;
}

ForgeryHouse::ForgeryHouse()
    : http_(std::make_unique<HttpServer>([this](const HttpExchange& exchange) {
        base::MutexLock lock(mutex_);
        const auto status = status_of_path_.find(exchange.path);
        return status == status_of_path_.end() ? 200 : status->second;
      })),
      database_(TestDatabase::Create()) {
  database_.Execute(
      "create table items (id serial primary key, sku text not null);"
      "create table notes (id int primary key, body text not null);"
      "insert into notes select i, 'note ' || i from generate_series(1, 7) i");
  Refill();
  const std::string state = folder_.File("state");
  const std::string config = folder_.File("agent.yaml");
  MustBeOk(base::MakeFolders(folder_.File("trust"), 0755));
  RestoreTrust();
  MustBeOk(base::WriteFileDurably(
      config,
      absl::StrCat("controller: ", controller_.address(), "\nca_pin: ", controller_.ca_pin(),
                   "\nstate_dir: ", state,
                   "\ndatabase_url: ${DATABASE_URL}\n"
                   "parameters:\n  - {name: ADMIN_USERNAME, public: true}\n"
                   "  - {name: OPTIONAL, public: true}\n  - {name: ADMIN_PASSWORD}\n"
                   "http_origins: ['",
                   http_->Origin(), "']\ncommands: [[touch, '", folder_.File("before"),
                   "']]\ntrust: {dir: ", folder_.File("trust"),
                   ", same_owner: accept}\nreconnect: {min: 20ms, max: 100ms}\n"),
      0600));
  const std::vector<std::string> variables = {
      "PATH=/usr/bin:/bin", "HOME=" + folder_.path(), "DATABASE_URL=" + database_.OwnerUrl(),
      "ADMIN_USERNAME=root", absl::StrCat("ADMIN_PASSWORD=", kSecret)};
  MustBeOk(base::WriteFileDurably(folder_.File("token"), "any\n", 0600));
  base::SubprocessOptions enroll;
  enroll.argv = {RESETCTL_AGENT,        "enroll",   "--token-file",
                 folder_.File("token"), "--config", config};
  enroll.environment = variables;
  const base::SubprocessResult enrolled = Must(base::RunSubprocess(enroll));
  if (enrolled.exit_code != 0) throw std::runtime_error("enroll: " + enrolled.standard_error);
  agent_ = std::make_unique<Daemon>(
      std::vector<std::string>{RESETCTL_AGENT, "serve", "--config", config}, variables,
      folder_.File("agent.log"));
  controller_.AwaitHelloAfter(0);
}

ForgeryHouse::~ForgeryHouse() { agent_->Stop(); }

void ForgeryHouse::AnswerHooks(std::map<std::string, int> status_of_path) {
  base::MutexLock lock(mutex_);
  status_of_path_ = std::move(status_of_path);
}

std::string ForgeryHouse::Floor() { return kFloor; }

std::string ForgeryHouse::Signers() {
  std::string text;
  for (const std::string name : kKnown) {
    absl::StrAppend(&text, name == "alice2" ? "alice" : name,
                    " namespaces=\"resetctl-plan-v1,resetctl-approval-v1,resetctl-run-v1,"
                    "resetctl-resume-v1,resetctl-admin-v1\" ",
                    KeyOf(name).public_line(), "\n");
  }
  return text;
}

void ForgeryHouse::WriteTrust(const std::string& file, const std::string& text) {
  const std::string path = folder_.File("trust/" + file);
  if (text.empty()) {
    fs::remove(path);
  } else {
    MustBeOk(base::WriteFileDurably(path, text, 0644));
  }
}

void ForgeryHouse::RestoreTrust() {
  WriteTrust("floor.yaml", Floor());
  WriteTrust("allowed_signers", Signers());
  WriteTrust("revoked_keys", "");
}

contract::EnvironmentRules ForgeryHouse::Rules() {
  contract::EnvironmentRules rules;
  rules.plan = {"dba"};
  rules.run = {"dba"};
  rules.approvals.required = 2;
  rules.approvals.groups = {"dba", "product"};
  rules.confirm = "DELETE ALL DATA";
  rules.break_glass = {{"sre"}, 1};
  return rules;
}

std::string ForgeryHouse::Blueprint(const std::map<std::string, std::string>& changes) const {
  std::string text = kBlueprint;
  for (const auto& [from, to] : changes) Replace(&text, from, to);
  for (const auto& [from, to] : std::map<std::string, std::string>{{"ORIGIN", http_->Origin()},
                                                                   {"FOLDER", folder_.path()}}) {
    while (text.find(from) != std::string::npos) Replace(&text, from, to);
  }
  return text;
}

std::string ForgeryHouse::Bundle(const std::string& blueprint) {
  contract::BundleFiles files;
  files.blueprint_path = "blueprint.yaml";
  files.files["blueprint.yaml"] = blueprint;
  return Must(contract::PackBundle(files));
}

Words ForgeryHouse::PlanWords(const std::string& bundle) const {
  return {StatementType::kPlan,
          {{"environment", "production"},
           {"target", "shop"},
           {"bundle", contract::Digest(bundle)},
           {"person", "bob"},
           {"time", Now()}},
          "bob"};
}

Words ForgeryHouse::ApprovalWords(const std::string& person, const MadePlan& plan) const {
  return {StatementType::kApproval,
          {{"plan", plan.digest},
           {"environment", "production"},
           {"target", "shop"},
           {"decision", "approve"},
           {"person", person},
           {"policy", plan.plan.policy_digest()},
           {"floor", plan.plan.floor_digest()},
           {"start-before", In(absl::Hours(2))},
           {"time", Now()}},
          person};
}

Words ForgeryHouse::RunWords(const MadePlan& plan) const {
  return {StatementType::kRun,
          {{"plan", plan.digest},
           {"environment", "production"},
           {"target", "shop"},
           {"phrase", "DELETE ALL DATA shop"},
           {"person", "bob"},
           {"start-before", In(absl::Minutes(10))},
           {"time", Now()}},
          "bob"};
}

Words ForgeryHouse::ResumeWords(const std::string& run_id) const {
  return {StatementType::kResume,
          {{"run", run_id},
           {"environment", "production"},
           {"target", "shop"},
           {"person", "alice"},
           {"time", Now()}},
          "alice"};
}

Words ForgeryHouse::RebindWords() const {
  const contract::AdminAction action = contract::RebindAction("production", "shop");
  return {StatementType::kAdmin,
          {{"verb", action.verb},
           {"arguments", action.ArgumentsDigest()},
           {"person", "alice"},
           {"time", Now()}},
          "alice"};
}

v1::PlanOrder ForgeryHouse::PlanOrder(const std::string& blueprint) {
  v1::PlanOrder order;
  order.set_order_id("o-" + std::to_string(++orders_));
  order.set_bundle(Bundle(blueprint));
  order.set_rules(contract::ToCanonicalJson(Rules()));
  *order.mutable_plan_statement() = PlanWords(order.bundle()).Sign();
  return order;
}

MadePlan ForgeryHouse::Plan(const v1::PlanOrder& order) {
  const v1::PlanReply reply = controller_.Order(order);
  if (reply.document().empty()) throw std::runtime_error("no plan: " + reply.DebugString());
  MadePlan made{order, reply.document(), reply.mac(), {}, contract::Digest(reply.document())};
  if (!made.plan.ParseFromString(made.document)) throw std::runtime_error("no plan document");
  return made;
}

const MadePlan& ForgeryHouse::AnyPlan() {
  if (any_plan_ == nullptr) any_plan_ = std::make_unique<MadePlan>(Plan(PlanOrder(Blueprint())));
  return *any_plan_;
}

std::string ForgeryHouse::NewRunId() {
  return absl::StrCat("r-", absl::Hex(++runs_, absl::kZeroPad16));
}

std::string ForgeryHouse::Traces() {
  std::string text = database_.Scalar(
      "select concat_ws(' ', (select count(*) || md5(string_agg(i::text, ',' order by id)) from "
      "items i), "
      "(select count(*) || md5(string_agg(n::text, ',' order by id)) from notes n))");
  if (database_.Scalar("select to_regclass('resetctl.ledger') is not null") == "t") {
    absl::StrAppend(
        &text, " ",
        database_.Scalar("select concat_ws(' ', (select count(*) from resetctl.ledger), "
                         "(select count(*) from resetctl.claim), "
                         "(select string_agg(t::text, ',') from resetctl.target t))"));
  }
  absl::StrAppend(&text, " http ", http_->Seen().size());
  // The agent's own state apart: its journal tells of refusals.
  for (const auto& entry : fs::directory_iterator(folder_.path())) {
    absl::StrAppend(&text, " ", entry.path().filename().string());
  }
  return text;
}

void ForgeryHouse::Refill() {
  database_.Execute(
      "truncate items; insert into items (sku) select 'sku-' || i from generate_series(1, 1000) i");
  fs::remove(folder_.File("before"));
  any_plan_.reset();
}

void ForgeryHouse::ProveAlive() {
  EXPECT_TRUE(agent_->Running()) << "the agent ended:\n"
                                 << base::ReadFile(folder_.File("agent.log")).value_or("");
  Draft draft(*this);
  const v1::RunOffer offer = draft.Build();
  const v1::OfferReply reply = controller_.Offer(offer);
  ASSERT_TRUE(reply.accepted()) << reply.DebugString();
  const v1::RunReport end = controller_.AwaitEnd(offer.run_id());
  EXPECT_EQ(end.state(), v1::RUN_STATE_SUCCEEDED) << end.DebugString();
  EXPECT_EQ(database_.Scalar("select string_agg(sku, ',') from items"), "root");
  Refill();
}

}  // namespace resetctl::support

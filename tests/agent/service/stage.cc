#include "tests/agent/service/stage.h"

#include <cstdlib>
#include <iostream>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "proto/base/file.h"
#include "proto/contract/bundle.h"
#include "proto/contract/digest.h"
#include "proto/contract/environment_rules.h"
#include "proto/contract/ssh_signature.h"

namespace resetctl::agent {
namespace {

constexpr char kBlueprint[] = R"(version: 1
name: shop
parameters:
  COMPANY: {required: true}
  ADMIN_PASSWORD: {required: true, secret: true, min_length: 8}
postgres:
  schemas: [public]
  clear:
    - {group: Sales, tables: [orders]}
before:
  - {name: Maintenance on, do: {command: [app, 'on']}, undo: {command: [app, 'off']}}
recreate:
  - {name: Admin, sql: sql/admin.sql}
redis: {flush: db, required: true}
after:
  - {name: Restart, command: [app, restart]}
  - {name: Warm the cache, command: [app, warm]}
)";

absl::Time Start() { return absl::FromUnixSeconds(1795510800); }

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::cerr << value.status() << std::endl;
  std::abort();
}

void MustBeOk(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << std::endl;
  std::abort();
}

}  // namespace

const test::SshKey& KeyOf(const std::string& person) {
  static std::map<std::string, std::unique_ptr<test::SshKey>> keys;  // their folders go at the end
  std::unique_ptr<test::SshKey>& key = keys[person];
  if (key == nullptr) key = std::make_unique<test::SshKey>();
  return *key;
}

std::string AllowedSignersText() {
  std::string text;
  for (const char* person : {"alice", "bob", "dana", "carol", "nightly"}) {
    absl::StrAppend(
        &text, person,
        " namespaces=\"resetctl-plan-v1,resetctl-approval-v1,resetctl-run-v1,resetctl-resume-v1,"
        "resetctl-admin-v1\" ",
        KeyOf(person).public_line(), "\n");
  }
  return text;
}

std::string BundleBytes() { return BundleBytes(kBlueprint); }

std::string BundleBytes(const std::string& blueprint) {
  contract::BundleFiles files;
  files.blueprint_path = "blueprint.yaml";
  files.files["blueprint.yaml"] = blueprint;
  files.files["sql/admin.sql"] = "insert into users values (1);";
  return Must(contract::PackBundle(files));
}

std::string RulesJson() {
  contract::EnvironmentRules rules;
  rules.plan = {"dba"};
  rules.run = {"dba"};
  rules.approvals.required = 2;
  rules.approvals.groups = {"dba"};
  rules.confirm = "DELETE ALL DATA";
  rules.blockers_action = contract::BlockerAction::kTerminate;
  return contract::ToCanonicalJson(rules);
}

v1::SignedStatement Words::Sign() const {
  contract::StatementBuilder builder(type);
  for (const auto& [field, value] : fields) builder.Set(field, value);
  return Must(contract::SignStatement(Must(builder.Build()), KeyOf(key_of).path()));
}

Stage::Stage()
    : clock(Start()),
      trust(folder.File("trust"), /*accept_same_owner=*/true, geteuid()),
      key(base::Secret("0123456789abcdef0123456789abcdef")),
      plans(folder.path()),
      commits(folder.path()),
      witness(*Witness::Open(folder.path(), kEnvironment, kTarget, clock)),
      parts{{kEnvironment, kTarget},
            clock,
            trust,
            key,
            plans,
            commits,
            *witness,
            database,
            cache,
            hooks,
            {{"COMPANY", "COMPANY", "", true}, {"ADMIN_PASSWORD", "ADMIN_PASSWORD", "", false}},
            [this](const std::string& name) -> std::optional<std::string> {
              const auto found = environment.find(name);
              if (found == environment.end()) return std::nullopt;
              return found->second;
            },
            {}} {
  witness->TakeTargets(std::optional<v1::SeenLog>());
  environment = {{"COMPANY", "Rentals Ltd"}, {"ADMIN_PASSWORD", kPassword}};
  MustBeOk(base::MakeFolders(folder.File("trust"), 0755));
  WriteFloor(kFloor);
  MustBeOk(
      base::WriteFileDurably(folder.File("trust/allowed_signers"), AllowedSignersText(), 0644));
  cache.plan.set_configured(true);
  cache.plan.set_reachable(true);
  cache.plan.set_address("127.0.0.1:6379");
  cache.plan.set_run_id("cafe");
  cache.plan.set_keys(10);
  database.survey.document.set_schema_fingerprint("sha256:1");
}

void Stage::WriteFloor(const std::string& text) {
  MustBeOk(base::WriteFileDurably(folder.File("trust/floor.yaml"), text, 0644));
}

Words Stage::PlanWords() const {
  return {contract::StatementType::kPlan,
          {{"environment", kEnvironment},
           {"target", kTarget},
           {"bundle", contract::Digest(BundleBytes())},
           {"person", "bob"},
           {"time", contract::FormatStatementTime(clock.Now())}},
          "bob"};
}

v1::PlanOrder Stage::PlanOrder(const Words& words) const {
  v1::PlanOrder order;
  order.set_order_id("o-1");
  order.set_bundle(BundleBytes());
  order.set_rules(RulesJson());
  *order.mutable_plan_statement() = words.Sign();
  return order;
}

Words Stage::ApprovalWords(const std::string& person, const v1::PlanDocument& plan,
                           const std::string& digest) const {
  return {contract::StatementType::kApproval,
          {{"plan", digest},
           {"environment", kEnvironment},
           {"target", kTarget},
           {"decision", "approve"},
           {"person", person},
           {"policy", plan.policy_digest()},
           {"floor", plan.floor_digest()},
           {"start-before", contract::FormatStatementTime(clock.Now() + absl::Hours(2))},
           {"time", contract::FormatStatementTime(clock.Now())}},
          person};
}

Words Stage::RunWords(const std::string& digest) const {
  return {contract::StatementType::kRun,
          {{"plan", digest},
           {"environment", kEnvironment},
           {"target", kTarget},
           {"phrase", kPhrase},
           {"person", "bob"},
           {"start-before", contract::FormatStatementTime(clock.Now() + absl::Minutes(10))},
           {"time", contract::FormatStatementTime(clock.Now())}},
          "bob"};
}

Words Stage::ResumeWords(const std::string& run_id) const {
  return {contract::StatementType::kResume,
          {{"run", run_id},
           {"environment", kEnvironment},
           {"target", kTarget},
           {"person", "alice"},
           {"time", contract::FormatStatementTime(clock.Now())}},
          "alice"};
}

OfferDraft::OfferDraft(Stage& on) : stage(on), plan_words(on.PlanWords()) {}

v1::RunOffer OfferDraft::Build() {
  v1::RunOffer offer;
  offer.set_run_id(run_id);
  *offer.mutable_plan_statement() = plan_words.Sign();
  const absl::Time now = stage.clock.Now();
  v1::PlanDocument plan = stage.database.survey.document;
  plan.set_format(1);
  plan.set_environment(kEnvironment);
  plan.set_target(kTarget);
  plan.mutable_make_time()->set_seconds(absl::ToUnixSeconds(now));
  plan.mutable_expire_time()->set_seconds(absl::ToUnixSeconds(now + absl::Hours(24)));
  plan.set_author("bob");
  plan.set_plan_statement_digest(contract::Digest(offer.plan_statement().text()));
  plan.set_bundle_digest(contract::Digest(BundleBytes()));
  plan.set_rules(RulesJson());
  plan.set_policy_digest(contract::Digest(RulesJson()));
  plan.set_floor_digest(contract::Digest(kFloor));
  *plan.mutable_cache() = stage.cache.plan;
  v1::PlanParameter* company = plan.add_parameters();
  company->set_name("COMPANY");
  company->set_value(stage.environment["COMPANY"]);
  v1::PlanParameter* password = plan.add_parameters();
  password->set_name("ADMIN_PASSWORD");
  password->set_secret(true);
  password->set_mac(
      stage.key.ParameterMac("ADMIN_PASSWORD", base::Secret(stage.environment["ADMIN_PASSWORD"])));
  if (edit_plan) edit_plan(plan);
  offer.set_document(plan.SerializeAsString());
  offer.set_mac(stage.key.PlanMac(offer.document()));
  MustBeOk(stage.plans.Save(offer.document(), BundleBytes()));

  const std::string digest = contract::Digest(offer.document());
  for (size_t i = 0; i < approvers.size(); ++i) {
    Words words = stage.ApprovalWords(approvers[i], plan, digest);
    if (edit_approval) edit_approval(i, words);
    *offer.add_approvals() = words.Sign();
  }
  Words run = stage.RunWords(digest);
  if (edit_run) edit_run(run);
  *offer.mutable_run_statement() = run.Sign();
  if (tamper) tamper(offer);
  return offer;
}

Process::Process(Stage& stage)
    : journal(Must(Journal::Open(stage.folder.path()))),
      book(*journal, stage.clock, stage.witness->key()),
      settler(stage.parts, book, absl::Milliseconds(1)),
      executor(stage.parts, book, settler) {
  MustBeOk(book.Load());
}

v1::OfferReply Process::Offer(const v1::RunOffer& offer) {
  v1::OfferReply answer;
  executor.Offer(offer, [&](v1::OfferReply reply) { answer = std::move(reply); });
  return answer;
}

v1::OfferReply Process::Resume(const v1::ResumeOffer& offer) {
  v1::OfferReply answer;
  executor.Resume(offer, [&](v1::OfferReply reply) { answer = std::move(reply); });
  return answer;
}

v1::RunReport Process::Report(const std::string& run_id) const {
  v1::RunReport newest;
  for (const RunBook::Item& item : book.After(0, 10000)) {
    if (item.message.has_report() && item.message.report().run_id() == run_id) {
      newest = item.message.report();
    }
  }
  return newest;
}

}  // namespace resetctl::agent

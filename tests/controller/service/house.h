#ifndef RESETCTL_TESTS_CONTROLLER_SERVICE_HOUSE_H_
#define RESETCTL_TESTS_CONTROLLER_SERVICE_HOUSE_H_

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "controller/service/administration.h"
#include "controller/service/agent_desk.h"
#include "controller/service/approvals.h"
#include "controller/service/audit_reader.h"
#include "controller/service/catalogue.h"
#include "controller/service/enrolment.h"
#include "controller/service/plans.h"
#include "controller/service/reviews.h"
#include "controller/service/runs.h"
#include "controller/service/sessions.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/policy_file.h"
#include "proto/contract/reasons.h"
#include "proto/contract/ssh_signature.h"
#include "tests/support/controller_builders.h"
#include "tests/support/fake_clock.h"
#include "tests/support/honest_plan.h"
#include "tests/support/memory_store.h"
#include "tests/support/ssh_keys.h"

namespace resetctl::controller {

using test::DocumentFor;

inline constexpr char kCaPin[] =
    "sha256:1111111111111111111111111111111111111111111111111111111111111111";

// People with real keys; made once, ssh-keygen is slow.
inline const test::SshKey& KeyOf(const std::string& person) {
  static auto& keys = *new std::map<std::string, std::unique_ptr<test::SshKey>>();
  std::unique_ptr<test::SshKey>& key = keys[person];
  if (key == nullptr) key = std::make_unique<test::SshKey>();
  return *key;
}

inline std::string PolicyYaml() {
  return absl::StrCat("people:\n", "  alice: {keys: ['", KeyOf("alice").public_line(),
                      "'], groups: [dba]}\n", "  bob: {keys: ['", KeyOf("bob").public_line(),
                      "'], groups: [dba]}\n", "  carol: {keys: ['", KeyOf("carol").public_line(),
                      "'], groups: [guests]}\n", "  nightly: {keys: ['",
                      KeyOf("nightly").public_line(), "'], groups: [robots], robot: true}\n", R"(
environments:
  staging:
    read: [dba, robots]
    plan: [dba, robots]
    run: [dba, robots]
    approvals: {required: 0}
  production:
    read: [dba]
    plan: [dba]
    run: [dba]
    approvals: {required: 1, groups: [dba], self: false}
    confirm: DELETE ALL DATA
    hold: 5s
admin: {groups: [dba]}
)");
}

inline v1::SignedStatement Sign(const std::string& person, contract::StatementBuilder builder,
                                absl::Time now) {
  builder.Set("person", person).SetTime("time", now);
  const absl::StatusOr<contract::Statement> statement = builder.Build();
  absl::StatusOr<v1::SignedStatement> done =
      statement.ok() ? contract::SignStatement(*statement, KeyOf(person).path())
                     : absl::StatusOr<v1::SignedStatement>(statement.status());
  if (!done.ok()) {
    std::cerr << "cannot sign: " << done.status() << std::endl;
    std::abort();
  }
  return *done;
}

inline v1::SignedStatement SignAdmin(const std::string& person, const contract::AdminAction& action,
                                     absl::Time now) {
  return Sign(person,
              contract::StatementBuilder(contract::StatementType::kAdmin)
                  .Set("verb", action.verb)
                  .Set("arguments", action.ArgumentsDigest()),
              now);
}

// An agent that writes down what it is sent.
class Mailbox : public AgentChannel {
 public:
  void Send(v1::AttachResponse message) override { got.push_back(std::move(message)); }
  void Close(const absl::Status& reason) override { closed.push_back(reason); }

  // The last message of a kind; fails the program when there is none.
  const v1::AttachResponse& Last(v1::AttachResponse::MessageCase kind) const {
    for (auto it = got.rbegin(); it != got.rend(); ++it) {
      if (it->message_case() == kind) return *it;
    }
    std::cerr << "no message of kind " << kind << std::endl;
    std::abort();
  }
  int Count(v1::AttachResponse::MessageCase kind) const {
    int count = 0;
    for (const v1::AttachResponse& message : got) count += message.message_case() == kind ? 1 : 0;
    return count;
  }

  std::vector<v1::AttachResponse> got;
  std::vector<absl::Status> closed;
};

// A controller without gRPC: services on the fake store, a clock that tests move.
struct House {
  House() : clock(Start()) { agent_records(); }

  test::FakeClock clock;
  const contract::LogKeyPair log_key = *contract::MakeLogKey("resetctl.controller/test");
  MemoryStore store{"resetctl.controller/test", [this](const contract::Checkpoint& checkpoint) {
                      return contract::SignCheckpoint(checkpoint, "resetctl.controller/test",
                                                      log_key.private_pem);
                    }};
  PolicyHolder policy{contract::ReadPolicy(PolicyYaml(), "policy.yaml").policy};
  AgentHub agents;
  Scheduler scheduler{clock};
  WatchHub watchers;
  TargetGuard guard{clock, store, store, agents, scheduler};
  Desk desk{clock, policy, store,     store,    store, store, store,
            store, agents, scheduler, watchers, guard, {}};
  Sessions sessions{clock, policy, store, store, {kCaPin}};
  Plans plans{desk};
  Rebinds rebinds{desk};
  Approvals approvals{desk};
  Witnesses witnesses{desk, store, log_key.verifier};
  RunFlow flow{desk, witnesses};
  Runs runs{desk, flow};
  Reviews reviews{desk};
  AgentDesk agent_desk{desk, plans, rebinds, flow, witnesses, absl::Seconds(15)};
  Enrolment enrolment{
      desk,
      {"CA",
       [this](auto, auto, auto, absl::Time now) {
         return Enrolment::IssuedCertificate{"PEM", absl::StrCat("5e", ++serials),
                                             now + absl::Hours(720)};
       },
       // A certificate is its agent's name, a CSR of the same name is signed by its key.
       [this](absl::string_view certificate,
              absl::string_view csr) -> absl::StatusOr<AgentIdentity> {
         if (certificate != csr) return absl::InvalidArgumentError("no");
         return Agent(base::Str(certificate));
       }}};
  Catalogue catalogue{desk};
  AuditReader audit_reader{desk, store, "log-key"};
  std::string kept_policy;  // as the file that the next start would read
  absl::Status keeping;     // what keeping a policy comes to
  Administration administration{desk, policy, [this](const std::string& yaml) {
                                  if (keeping.ok()) kept_policy = yaml;
                                  return keeping;
                                }};
  int serials = 0;

  Requester As(const std::string& person) const {
    const auto key = contract::ParsePublicKey(KeyOf(person).public_line());
    return {{person, key->fingerprint}, "10.0.0.1", "hash", clock.Now() + absl::Hours(1)};
  }
  AgentIdentity Agent(const std::string& environment, const std::string& target = "shop") const {
    return {environment, target, absl::StrCat("01", environment), clock.Now() + absl::Hours(720),
            "10.0.0.2"};
  }
  void agent_records() {
    for (const std::string environment : {"staging", "production"}) {
      CertificateRecord record{absl::StrCat("01", environment), environment, "shop",
                               clock.Now() + absl::Hours(720),  clock.Now(), false};
      Act act{.action = "test"};
      if (!store
               .Commit(Change().Add(InsertCertificate{record}),
                       AuditTrail(EntryBySystem(act, clock.Now())))
               .ok()) {
        std::abort();
      }
    }
  }
  void Advance(absl::Duration by) {
    clock.Advance(by);
    scheduler.RunDue();
  }

  struct Attached {
    std::shared_ptr<Mailbox> mail = std::make_shared<Mailbox>();
    AgentIdentity who;
    uint64_t session = 0;
  };
  Attached Attach(const std::string& environment, const std::vector<v1::RunReport>& open = {}) {
    v1::AgentHello hello;
    hello.set_version("test");
    hello.set_environment(environment);
    hello.set_target("shop");
    for (const v1::RunReport& report : open) *hello.add_open_runs() = report;
    return Attach(hello);
  }
  Attached Attach(const v1::AgentHello& hello) {
    Attached agent;
    agent.who = Agent(hello.environment());
    const auto session = agent_desk.Hello(agent.who, hello, agent.mail);
    if (!session.ok()) {
      std::cerr << "no hello: " << session.status() << std::endl;
      std::abort();
    }
    agent.session = *session;
    return agent;
  }
  absl::Status Tell(const Attached& agent, v1::AttachRequest message) {
    return agent_desk.Take(agent.who, agent.session, {std::move(message)});
  }
  void Report(const Attached& agent, const std::string& run_id, v1::RunState state,
              v1::Reason reason = v1::REASON_UNSPECIFIED) {
    v1::AttachRequest message;
    message.mutable_report()->set_run_id(run_id);
    message.mutable_report()->set_state(state);
    if (reason != v1::REASON_UNSPECIFIED) {
      *message.mutable_report()->mutable_problem() = contract::MakeProblem(reason, "it says so");
    }
    if (!Tell(agent, message).ok()) std::abort();
  }
  void Accept(const Attached& agent, const std::string& run_id, bool accepted = true) {
    v1::AttachRequest message;
    message.mutable_offer_reply()->set_run_id(run_id);
    message.mutable_offer_reply()->set_accepted(accepted);
    message.mutable_offer_reply()->set_fence(7);
    if (!Tell(agent, message).ok()) std::abort();
  }

  v1::InviteAgentRequest InviteRequest(const std::string& person, const std::string& environment,
                                       const std::string& target) {
    v1::InviteAgentRequest request;
    request.set_environment(environment);
    request.set_target(target);
    *request.mutable_admin_statement() =
        SignAdmin(person, contract::InviteAction(environment, target), clock.Now());
    return request;
  }
  v1::RevokeAgentRequest RevokeRequest(const std::string& person, const std::string& environment,
                                       const std::string& target) {
    v1::RevokeAgentRequest request;
    request.set_environment(environment);
    request.set_target(target);
    *request.mutable_admin_statement() =
        SignAdmin(person, contract::RevokeAgentAction(environment, target), clock.Now());
    return request;
  }

  v1::CreatePlanRequest PlanRequest(const std::string& person, const std::string& environment) {
    v1::CreatePlanRequest request;
    request.set_environment(environment);
    request.set_target("shop");
    request.set_bundle("bundle bytes");
    *request.mutable_plan_statement() =
        Sign(person,
             contract::StatementBuilder(contract::StatementType::kPlan)
                 .Set("environment", environment)
                 .Set("target", "shop")
                 .Set("bundle", contract::Digest("bundle bytes")),
             clock.Now());
    return request;
  }
  // Orders a plan; the answer comes once the agent has replied.
  std::shared_ptr<absl::StatusOr<v1::CreatePlanResponse>> Order(
      const std::string& person, const v1::CreatePlanRequest& request) {
    auto answer =
        std::make_shared<absl::StatusOr<v1::CreatePlanResponse>>(absl::UnknownError("no answer"));
    plans.Create(
        As(person), request, absl::InfiniteDuration(),
        [answer](absl::StatusOr<v1::CreatePlanResponse> made) { *answer = std::move(made); });
    return answer;
  }
  void ReplyWithPlan(const Attached& agent) {
    const v1::PlanOrder& order = agent.mail->Last(v1::AttachResponse::kPlanOrder).plan_order();
    v1::AttachRequest message;
    message.mutable_plan_reply()->set_order_id(order.order_id());
    message.mutable_plan_reply()->set_document(
        DocumentFor(order, agent.who.environment, "shop", clock.Now()).SerializeAsString());
    message.mutable_plan_reply()->set_mac("mac");
    if (!Tell(agent, message).ok()) std::abort();
  }
  v1::Plan MakePlan(const std::string& person, const Attached& agent) {
    const auto answer = Order(person, PlanRequest(person, agent.who.environment));
    ReplyWithPlan(agent);
    if (!answer->ok()) {
      std::cerr << "no plan: " << answer->status() << std::endl;
      std::abort();
    }
    return (*answer)->plan();
  }

  v1::DecidePlanRequest Decision(const std::string& person, const v1::Plan& plan,
                                 const std::string& decision) {
    v1::PlanDocument document;
    document.ParseFromString(plan.document());
    v1::DecidePlanRequest request;
    request.set_plan_id(plan.id());
    *request.mutable_statement() =
        Sign(person,
             contract::StatementBuilder(contract::StatementType::kApproval)
                 .Set("plan", contract::DigestOfPlanId(plan.id()))
                 .Set("environment", plan.environment())
                 .Set("target", plan.target())
                 .Set("decision", decision)
                 .Set("policy", document.policy_digest())
                 .Set("floor", document.floor_digest())
                 .SetTime("start-before", clock.Now() + absl::Hours(4)),
             clock.Now());
    return request;
  }
  v1::StartRunRequest RunRequest(const std::string& person, const v1::Plan& plan,
                                 const std::string& phrase) {
    v1::StartRunRequest request;
    request.set_plan_id(plan.id());
    *request.mutable_run_statement() =
        Sign(person,
             contract::StatementBuilder(contract::StatementType::kRun)
                 .Set("plan", contract::DigestOfPlanId(plan.id()))
                 .Set("environment", plan.environment())
                 .Set("target", plan.target())
                 .Set("phrase", phrase)
                 .SetTime("start-before", clock.Now() + absl::Minutes(10)),
             clock.Now());
    return request;
  }
  v1::RunState StateOf(const std::string& run_id) { return store.GetRun(run_id)->state; }
  v1::PlanState PlanStateOf(const std::string& plan_id) { return store.GetPlan(plan_id)->state; }

  // 'login.fail UNKNOWN_KEY', newest first.
  std::vector<std::string> Log() {
    std::vector<std::string> lines;
    const auto page = store.ListAudit({}, {500, ""});
    for (const StoredAuditEntry& stored : page->items) {
      v1::AuditEntry entry;
      entry.ParseFromString(stored.bytes);
      lines.push_back(absl::StrCat(entry.action(), " ", entry.outcome()));
    }
    return lines;
  }
};

}  // namespace resetctl::controller

#endif  // RESETCTL_TESTS_CONTROLLER_SERVICE_HOUSE_H_

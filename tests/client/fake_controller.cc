#include "tests/client/fake_controller.h"

#include <cstdlib>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/commands/program.h"
#include "client/output/times.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "proto/base/mutex.h"
#include "proto/base/subprocess.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "proto/transport/status.h"
#include "proto/transport/tls.h"
#include "resetctl/v1/approval.grpc.pb.h"
#include "resetctl/v1/audit.grpc.pb.h"
#include "resetctl/v1/environment.grpc.pb.h"
#include "resetctl/v1/login.grpc.pb.h"
#include "resetctl/v1/plan.grpc.pb.h"
#include "resetctl/v1/run.grpc.pb.h"
#include "resetctl/v1/target.grpc.pb.h"
#include "tests/client/fixtures.h"

namespace resetctl::client {
namespace {

constexpr char kToken[] = "token-of-carol";

std::string MakeFolder() {
  std::string folder = testing::TempDir() + "/resetctl-client-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) abort();
  return folder;
}

void MakeKeyPair(const std::string& path) {
  base::SubprocessOptions options;
  options.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "carol", "-f", path};
  const auto made = base::RunSubprocess(options);
  if (!made.ok() || made->exit_code != 0) abort();
}

}  // namespace

struct FakeController::Impl : public v1::LoginService::Service,
                              public v1::PlanService::Service,
                              public v1::ApprovalService::Service,
                              public v1::RunService::Service,
                              public v1::EnvironmentService::Service,
                              public v1::TargetService::Service,
                              public v1::AuditService::Service {
  base::Mutex mutex;
  base::CondVar changed;
  Script script;
  contract::AllowedSigners signers;
  std::string ca_pin, challenge;
  v1::Plan plan;  // the latest
  std::map<std::string, v1::Plan> plans;
  std::map<std::string, std::string> bundles;  // by plan id
  v1::Run run;
  FakeLog log;
  std::unique_ptr<grpc::Server> server;

  // Of a person with the token only.
  static grpc::Status Allowed(grpc::ServerContext* context) {
    const auto& metadata = context->client_metadata();
    const auto found = metadata.find("authorization");
    const std::string expected = absl::StrCat("Bearer ", kToken);
    if (found != metadata.end() && found->second == expected) return grpc::Status::OK;
    return transport::ToGrpc(
        contract::Error(v1::REASON_UNAUTHENTICATED, "you are not logged in", "resetctl login"));
  }

  grpc::Status Verify(const v1::SignedStatement& statement, contract::StatementType type) {
    auto verified = contract::VerifyStatement(statement, type, signers);
    if (!verified.ok()) return transport::ToGrpc(verified.status());
    base::MutexLock lock(mutex);
    script.statements.push_back(*std::move(verified));
    return grpc::Status::OK;
  }

  grpc::Status CreateChallenge(grpc::ServerContext*, const v1::CreateChallengeRequest*,
                               v1::CreateChallengeResponse* response) override {
    response->set_challenge(std::string(32, 'c'));
    return grpc::Status::OK;
  }

  grpc::Status Login(grpc::ServerContext*, const v1::LoginRequest* request,
                     v1::LoginResponse* response) override {
    grpc::Status verified = Verify(request->statement(), contract::StatementType::kLogin);
    if (!verified.ok()) return verified;
    response->set_token(kToken);
    response->set_person("carol");
    *response->mutable_expire_time() = ToProto(absl::Now() + absl::Hours(1));
    return grpc::Status::OK;
  }

  grpc::Status GetIdentity(grpc::ServerContext* context, const v1::GetIdentityRequest*,
                           v1::GetIdentityResponse* response) override {
    grpc::Status allowed = Allowed(context);
    if (!allowed.ok()) return allowed;
    response->set_person("carol");
    response->add_groups("dba");
    *response->mutable_expire_time() = ToProto(absl::Now() + absl::Hours(1));
    return grpc::Status::OK;
  }

  grpc::Status GetEnvironment(grpc::ServerContext* context, const v1::GetEnvironmentRequest*,
                              v1::GetEnvironmentResponse* response) override {
    grpc::Status allowed = Allowed(context);
    if (!allowed.ok()) return allowed;
    base::MutexLock lock(mutex);
    response->mutable_environment()->set_name("production");
    response->mutable_environment()->set_rules(contract::ToCanonicalJson(script.rules));
    response->mutable_environment()->add_targets("rental-manager");
    return grpc::Status::OK;
  }

  grpc::Status ListEntries(grpc::ServerContext* context, const v1::ListEntriesRequest* request,
                           v1::ListEntriesResponse* response) override {
    grpc::Status allowed = Allowed(context);
    if (!allowed.ok()) return allowed;
    grpc::Status status;
    {
      base::MutexLock lock(mutex);
      script.lists.push_back(*request);
      *response = log.List(*request);
      if (script.nothing_fits) {
        response->clear_records();
        response->clear_next_page_token();
      }
      if (script.drop_lists > 0) {
        // As a controller does that stops, and then one that is not there.
        status = grpc::Status(
            script.drop_lists > 1 ? grpc::StatusCode::CANCELLED : grpc::StatusCode::UNAVAILABLE,
            "gone");
        --script.drop_lists;
      }
    }
    if (script.on_list) script.on_list();
    return status;
  }

  grpc::Status GetConsistencyProof(grpc::ServerContext* context,
                                   const v1::GetConsistencyProofRequest* request,
                                   v1::GetConsistencyProofResponse* response) override {
    grpc::Status allowed = Allowed(context);
    if (!allowed.ok()) return allowed;
    base::MutexLock lock(mutex);
    *response = log.Prove(*request);
    return grpc::Status::OK;
  }

  grpc::Status GetInclusionProof(grpc::ServerContext* context,
                                 const v1::GetInclusionProofRequest* request,
                                 v1::GetInclusionProofResponse* response) override {
    grpc::Status allowed = Allowed(context);
    if (!allowed.ok()) return allowed;
    base::MutexLock lock(mutex);
    *response = log.Prove(*request);
    return grpc::Status::OK;
  }

  grpc::Status ExportEntries(grpc::ServerContext* context, const v1::ExportEntriesRequest* request,
                             v1::ExportEntriesResponse* response) override {
    grpc::Status allowed = Allowed(context);
    if (!allowed.ok()) return allowed;
    {
      base::MutexLock lock(mutex);
      if (!script.reads_all) {
        return transport::ToGrpc(contract::Error(v1::REASON_ROLE_MISSING, "not for you"));
      }
      if (request->first() < log.archived) {
        return transport::ToGrpc(
            contract::Error(v1::REASON_ENTRIES_ARCHIVED,
                            "the log's entries from 0 to 3 are in the archive file a"));
      }
      *response = log.Export(*request);
    }
    if (script.on_export) script.on_export();
    return grpc::Status::OK;
  }

  grpc::Status ListCosignatures(grpc::ServerContext* context, const v1::ListCosignaturesRequest*,
                                v1::ListCosignaturesResponse* response) override {
    grpc::Status allowed = Allowed(context);
    if (!allowed.ok()) return allowed;
    base::MutexLock lock(mutex);
    if (!script.has_witnesses) return grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "");
    for (const std::string& note : script.cosigned) {
      response->add_checkpoints()->set_checkpoint(note);
    }
    return grpc::Status::OK;
  }

  grpc::Status CreatePlan(grpc::ServerContext* context, const v1::CreatePlanRequest* request,
                          v1::CreatePlanResponse* response) override {
    grpc::Status allowed = Allowed(context);
    if (!allowed.ok()) return allowed;
    grpc::Status verified = Verify(request->plan_statement(), contract::StatementType::kPlan);
    if (!verified.ok()) return verified;
    base::MutexLock lock(mutex);
    for (const v1::Problem& problem : script.problems) *response->add_problems() = problem;
    if (!script.problems.empty()) return grpc::Status::OK;
    script.bundle = request->bundle();
    v1::PlanDocument document = ADocument(script.rules);
    *document.mutable_make_time() = ToProto(absl::Now());
    *document.mutable_expire_time() = ToProto(absl::Now() + absl::Hours(9));
    document.set_bundle_digest(contract::Digest(request->bundle()));
    document.clear_sets();
    if (script.change) script.change(&document);
    plan = APlan(document);
    plan.set_state(script.approved ? v1::PLAN_STATE_APPROVED : v1::PLAN_STATE_PENDING_APPROVAL);
    if (script.approved) plan.clear_objections();
    *plan.mutable_plan_statement() = request->plan_statement();
    if (script.tamper) plan.mutable_document()->append("\x22\x01x");
    plans[plan.id()] = plan;
    bundles[plan.id()] = request->bundle();
    *response->mutable_plan() = plan;
    return grpc::Status::OK;
  }

  grpc::Status GetPlan(grpc::ServerContext* context, const v1::GetPlanRequest* request,
                       v1::GetPlanResponse* response) override {
    grpc::Status allowed = Allowed(context);
    if (!allowed.ok()) return allowed;
    base::MutexLock lock(mutex);
    const auto found = plans.lower_bound(request->plan_id());
    if (found == plans.end() || !absl::StartsWith(found->first, request->plan_id())) {
      return transport::ToGrpc(contract::Error(v1::REASON_NOT_FOUND, "there is no such plan"));
    }
    *response->mutable_plan() = found->first == plan.id() ? plan : found->second;
    return grpc::Status::OK;
  }

  grpc::Status GetBundle(grpc::ServerContext*, const v1::GetBundleRequest* request,
                         v1::GetBundleResponse* response) override {
    base::MutexLock lock(mutex);
    if (script.lose_bundles) {
      return transport::ToGrpc(contract::Error(v1::REASON_NOT_FOUND, "the bundle is gone"));
    }
    response->set_bundle(bundles[request->plan_id()]);
    return grpc::Status::OK;
  }

  grpc::Status DecidePlan(grpc::ServerContext*, const v1::DecidePlanRequest* request,
                          v1::DecidePlanResponse* response) override {
    grpc::Status verified = Verify(request->statement(), contract::StatementType::kApproval);
    if (!verified.ok()) return verified;
    base::MutexLock lock(mutex);
    plan.set_approvals_counted(plan.approvals_counted() + 1);
    *response->mutable_plan() = plan;
    return grpc::Status::OK;
  }

  grpc::Status StartRun(grpc::ServerContext*, const v1::StartRunRequest* request,
                        v1::StartRunResponse* response) override {
    grpc::Status verified = Verify(request->run_statement(), contract::StatementType::kRun);
    if (!verified.ok()) return verified;
    base::MutexLock lock(mutex);
    ++script.started;
    run = ARun(plan, script.rules.hold > absl::ZeroDuration() ? v1::RUN_STATE_HELD
                                                              : v1::RUN_STATE_RUNNING);
    *run.mutable_hold_until() = ToProto(absl::Now() + script.rules.hold);
    *response->mutable_run() = run;
    return grpc::Status::OK;
  }

  grpc::Status GetRun(grpc::ServerContext*, const v1::GetRunRequest*,
                      v1::GetRunResponse* response) override {
    base::MutexLock lock(mutex);
    *response->mutable_run() = script.shown.id().empty() ? run : script.shown;
    for (const v1::RunEvent& event : script.events) *response->add_events() = event;
    return grpc::Status::OK;
  }

  grpc::Status ListRuns(grpc::ServerContext*, const v1::ListRunsRequest* request,
                        v1::ListRunsResponse* response) override {
    base::MutexLock lock(mutex);
    for (const v1::Run& one : script.runs) {
      if (one.state() == request->state()) *response->add_runs() = one;
    }
    return grpc::Status::OK;
  }

  grpc::Status ListTargets(grpc::ServerContext*, const v1::ListTargetsRequest*,
                           v1::ListTargetsResponse* response) override {
    base::MutexLock lock(mutex);
    for (const v1::Target& target : script.targets) *response->add_targets() = target;
    return grpc::Status::OK;
  }

  grpc::Status CancelRun(grpc::ServerContext*, const v1::CancelRunRequest*,
                         v1::CancelRunResponse* response) override {
    base::MutexLock lock(mutex);
    ++script.cancelled;
    run.set_state(v1::RUN_STATE_CANCELLED);
    changed.SignalAll();
    *response->mutable_run() = run;
    return grpc::Status::OK;
  }

  // Sends the state; while that is HELD, or the script has no end, waits until the client goes or cancels.
  grpc::Status WatchRun(grpc::ServerContext* context, const v1::WatchRunRequest* request,
                        grpc::ServerWriter<v1::WatchRunResponse>* writer) override {
    v1::WatchRunResponse message;
    std::function<void(v1::RunState)> on_watch;
    bool drop = false;
    {
      base::MutexLock lock(mutex);
      ++script.watched;
      if (script.drop_streams > 0) {
        --script.drop_streams;
        drop = true;
      }
      on_watch = script.on_watch;
      *message.mutable_run() = run;
    }
    writer->Write(message);
    if (on_watch) on_watch(message.run().state());
    {
      base::MutexLock lock(mutex);
      const bool waits = run.state() == v1::RUN_STATE_HELD || script.end.id().empty();
      while (waits && run.state() != v1::RUN_STATE_CANCELLED && !context->IsCancelled()) {
        changed.WaitFor(mutex, std::chrono::milliseconds(20));
      }
      if (waits) return grpc::Status::OK;
    }
    for (const v1::RunEvent& event : script.events) {
      if (event.seq() <= request->after_seq()) continue;
      v1::WatchRunResponse next;
      *next.mutable_event() = event;
      writer->Write(next);
      if (drop) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "going down");
    }
    v1::WatchRunResponse last;
    *last.mutable_run() = script.end;
    writer->Write(last);
    return grpc::Status::OK;
  }
};

FakeController::FakeController() : impl_(std::make_unique<Impl>()) {
  home_ = MakeFolder();
  key_ = absl::StrCat(home_, "/key");
  MakeKeyPair(key_);
  const auto key = contract::PublicKeyOf(key_);
  impl_->signers = *contract::AllowedSigners::FromPeople({{"carol", {key->Line()}}});
  const auto ca = transport::MakeCa("test CA", absl::Now(), absl::Hours(24));
  const auto certificate = transport::IssueServerCertificate(*ca, {"127.0.0.1", "localhost"},
                                                             absl::Now(), absl::Hours(12));
  ca_pin_ = *transport::CertificatePin(ca->certificate_pem);
  impl_->ca_pin = ca_pin_;
  impl_->script.rules = ProductionRules();
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(
      "127.0.0.1:0",
      transport::ControllerCredentials(ca->certificate_pem,
                                       certificate->certificate_pem + ca->certificate_pem,
                                       certificate->key_pem),
      &port);
  builder.RegisterService(static_cast<v1::LoginService::Service*>(impl_.get()));
  builder.RegisterService(static_cast<v1::PlanService::Service*>(impl_.get()));
  builder.RegisterService(static_cast<v1::ApprovalService::Service*>(impl_.get()));
  builder.RegisterService(static_cast<v1::RunService::Service*>(impl_.get()));
  builder.RegisterService(static_cast<v1::EnvironmentService::Service*>(impl_.get()));
  builder.RegisterService(static_cast<v1::TargetService::Service*>(impl_.get()));
  builder.RegisterService(static_cast<v1::AuditService::Service*>(impl_.get()));
  impl_->server = builder.BuildAndStart();
  address_ = absl::StrCat("127.0.0.1:", port);
}

FakeController::~FakeController() { Stop(); }

void FakeController::Stop() { impl_->server->Shutdown(std::chrono::system_clock::now()); }

Script& FakeController::script() { return impl_->script; }

FakeLog& FakeController::log() { return impl_->log; }

v1::Plan FakeController::plan() {
  base::MutexLock lock(impl_->mutex);
  return impl_->plan;
}

}  // namespace resetctl::client

#include "controller/app/controller.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "controller/app/store_health.h"
#include "controller/archive/archivist.h"
#include "controller/notify/notifier.h"
#include "controller/notify/waking_committer.h"
#include "controller/rpc/access.h"
#include "controller/rpc/agent_link_rpc.h"
#include "controller/rpc/audit_rpc.h"
#include "controller/rpc/executor.h"
#include "controller/rpc/listener.h"
#include "controller/rpc/people_rpc.h"
#include "controller/rpc/run_rpc.h"
#include "controller/service/agent_desk.h"
#include "controller/store/sqlite/sqlite_store.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/impl/service_type.h"
#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/base/memory.h"
#include "proto/contract/checkpoint.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

constexpr absl::Duration kRequestMemory = absl::Hours(24 * 7);
constexpr int kThreads = 8;
constexpr absl::Duration kArchiveEvery = absl::Hours(24);

ArchiveOptions ArchiveOptionsOf(const Config& config, const std::vector<Sink>& sinks) {
  ArchiveOptions options;
  options.folder = absl::StrCat(config.state_dir, "/archive");
  options.origin = LogOrigin(config.name);
  options.retain = config.audit_retain;
  for (const Sink& sink : sinks) options.readers.push_back(sink.name);
  return options;
}
constexpr absl::Duration kProbeEvery = absl::Seconds(1);  // of a store that cannot be written

Enrolment::Authority AuthorityOf(const transport::KeyAndCertificate& ca, absl::Duration lifetime) {
  Enrolment::Authority authority;
  authority.ca_pem = ca.certificate_pem;
  authority.issue = [ca, lifetime](absl::string_view csr, absl::string_view environment,
                                   absl::string_view target,
                                   absl::Time now) -> absl::StatusOr<Enrolment::IssuedCertificate> {
    absl::StatusOr<std::string> pem =
        transport::IssueAgentCertificate(ca, csr, environment, target, now, lifetime);
    if (!pem.ok()) return pem.status();
    absl::StatusOr<transport::CertificateFacts> facts = transport::ReadCertificate(*pem);
    if (!facts.ok()) return facts.status();
    return Enrolment::IssuedCertificate{*std::move(pem), facts->serial, facts->not_after};
  };
  authority.identify = [ca](absl::string_view certificate,
                            absl::string_view csr) -> absl::StatusOr<AgentIdentity> {
    absl::Status same = transport::CheckSameKey(ca.certificate_pem, certificate, csr);
    if (!same.ok()) return same;
    absl::StatusOr<transport::CertificateFacts> facts = transport::ReadCertificate(certificate);
    if (!facts.ok()) return facts.status();
    return AgentIdentity{facts->environment, facts->target, facts->serial, facts->not_after, ""};
  };
  return authority;
}

class ServingController final : public Controller {
 public:
  ServingController(const Config& config, Materials materials, std::unique_ptr<Store> store,
                    std::shared_ptr<StoreHealth> store_health, const base::Clock& clock)
      : config_(config),
        ca_pin_(materials.ca_pin),
        clock_(clock),
        store_(std::move(store)),
        archivist_(*store_, clock, ArchiveOptionsOf(config, materials.sinks)),
        store_health_(std::move(store_health)),
        policy_(std::move(materials.policy)),
        notifier_(std::move(materials.sinks), *store_, policy_, clock),
        committer_(*store_, [this] { notifier_.Wake(); }),
        scheduler_(clock),
        guard_(clock, *store_, *store_, agents_, scheduler_),
        desk_{clock,      policy_, *store_,    *store_,   *store_, *store_, *store_,
              committer_, agents_, scheduler_, watchers_, guard_,  {}},
        sessions_(clock, policy_, *store_, *store_, {ca_pin_, config.session_ttl}),
        plans_(desk_),
        rebinds_(desk_),
        approvals_(desk_),
        witnesses_(desk_, *store_, materials.log_keys.verifier),
        flow_(desk_, witnesses_),
        runs_(desk_, flow_),
        reviews_(desk_),
        agent_desk_(desk_, plans_, rebinds_, flow_, witnesses_, config.lease),
        enrolment_(desk_, AuthorityOf(materials.ca, config.certificate_lifetime)),
        catalogue_(desk_),
        audit_reader_(desk_, *store_, materials.log_keys.verifier),
        administration_(desk_, policy_,
                        [file = config.policy](const std::string& yaml) {
                          return base::WriteFileDurably(file, yaml, 0644);
                        }),
        access_(sessions_, enrolment_),
        executor_(kThreads),
        gateway_{access_, executor_} {
    services_.push_back(MakeLoginRpc(gateway_, sessions_));
    services_.push_back(MakePlanRpc(gateway_, plans_));
    services_.push_back(MakeApprovalRpc(gateway_, approvals_));
    services_.push_back(MakeEnvironmentRpc(gateway_, catalogue_, administration_));
    services_.push_back(MakeTargetRpc(gateway_, catalogue_, enrolment_, rebinds_));
    services_.push_back(MakeAuditRpc(gateway_, audit_reader_));
    services_.push_back(MakeAgentLinkRpc(gateway_, enrolment_, agent_desk_, scheduler_));
    services_.push_back(
        MakeRunRpc(gateway_, runs_, reviews_, watches_,
                   [this](const Requester& who, const v1::WatchRunRequest& request,
                          std::function<void()> wake) -> absl::StatusOr<std::unique_ptr<RunWatch>> {
                     absl::StatusOr<RunRecord> run = FindRun(desk_, who, request.run_id());
                     if (!run.ok()) return run.status();
                     return std::make_unique<RunWatch>(desk_, flow_, who, *run, request.after_seq(),
                                                       std::move(wake));
                   }));
  }

  ~ServingController() override { Drain(); }

  absl::Status Open(const transport::KeyAndCertificate& ca,
                    const transport::KeyAndCertificate& server) {
    absl::Status notifying = notifier_.Start();
    if (!notifying.ok()) return notifying;
    absl::Status recovered = agent_desk_.Recover();
    if (!recovered.ok()) return recovered;
    grpc::EnableDefaultHealthCheckService(config_.health);
    if (config_.reflection) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    transport::ConfigureServer(&builder);
    absl::StatusOr<std::unique_ptr<Listener>> listener = Listener::Open(config_.listen);
    if (!listener.ok()) return listener.status();
    listener_ = *std::move(listener);
    connections_ = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
        transport::ControllerCredentials(ca.certificate_pem, server.certificate_pem,
                                         server.key_pem));
    for (const auto& service : services_) builder.RegisterService(service.get());
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) {
      return contract::Error(v1::REASON_CONFIG_INVALID,
                             absl::StrCat("cannot serve at ", config_.listen),
                             "do key and certificate belong together?");
    }
    address_ =
        absl::StrCat(config_.listen.substr(0, config_.listen.rfind(':')), ":", listener_->port());
    store_health_->SetListener([this](const absl::Status& written) { StoreChanged(written); });
    KeepHouse();
    if (config_.audit_retain != absl::InfiniteDuration()) KeepArchive();
    scheduler_.Start();
    listener_->Start([this](int fd) {
      grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
      connection.fd = fd;
      connections_->HandleNewConnection(&connection);
    });
    return absl::OkStatus();
  }

  const std::string& address() const override { return address_; }
  const std::string& ca_pin() const override { return ca_pin_; }
  void SetPolicy(Policy policy) override {
    const std::string digest = policy.digest;
    policy_.Set(std::move(policy));
    const absl::Status written =
        store_
            ->Commit(Change(), AuditTrail(EntryBySystem(
                                   {.action = "policy.load", .subject = digest}, clock_.Now())))
            .status();
    if (!written.ok()) {
      base::Log(base::LogLevel::kError, "the new policy could not be written to the audit log",
                {{"error", written.message()}});
    }
  }

  void Drain() override {
    if (drained_) return;
    drained_ = true;
    const absl::Duration limit = clock_.Steady() + config_.drain_timeout;
    archivist_.Stop();
    if (server_ != nullptr) {
      const absl::Status reason = contract::Error(v1::REASON_DRAINING, "the controller is stopping",
                                                  "try again in a moment");
      // People are told why for as long as calls are in progress: so connections are taken until then.
      executor_.Close();
      agents_.Drain(reason);
      watches_.Drain(reason);
      executor_.AwaitIdle(config_.drain_timeout);
    }
    if (listener_ != nullptr) listener_->Stop();
    if (server_ != nullptr) {
      server_->Shutdown(std::chrono::system_clock::now() +
                        absl::ToChronoMilliseconds(limit - clock_.Steady()));
      server_->Wait();
    }
    executor_.Stop();
    scheduler_.Stop();
    notifier_.Stop();
    store_health_->SetListener(nullptr);
  }

 private:
  void StoreChanged(const absl::Status& written) {
    if (auto* health = server_->GetHealthCheckService()) health->SetServingStatus(written.ok());
    if (!written.ok()) ProbeLater();
  }

  // Nobody may want to write anything for hours: so the way back is looked for.
  void ProbeLater() {
    scheduler_.After(kProbeEvery, [this] {
      if (!store_health_->ok() && !store_->Probe().ok()) ProbeLater();
    });
  }

  void KeepHouse() {
    plans_.ExpireDue();
    const absl::Time now = clock_.Now();
    store_->Write(Forget{now, now - kRequestMemory}).IgnoreError();
    witnesses_.RefreshAll();
    base::GiveBackFreeMemory();
    scheduler_.After(absl::Minutes(1), [this] { KeepHouse(); });
  }

  // On the pool: files are written. The next one begins after the end of this.
  void KeepArchive() {
    executor_.Continue([this] {
      const absl::StatusOr<uint64_t> moved = archivist_.ArchiveDue();
      if (!moved.ok()) {
        base::Log(base::LogLevel::kError, "old audit entries could not be archived",
                  {{"error", moved.status().message()}});
      }
      scheduler_.After(std::min(config_.audit_retain, kArchiveEvery), [this] { KeepArchive(); });
    });
  }

  const Config config_;
  const std::string ca_pin_;
  const base::Clock& clock_;
  std::unique_ptr<Store> store_;
  Archivist archivist_;
  const std::shared_ptr<StoreHealth> store_health_;  // of store_
  PolicyHolder policy_;
  Notifier notifier_;
  WakingCommitter committer_;
  Scheduler scheduler_;
  AgentHub agents_;
  WatchHub watchers_;
  TargetGuard guard_;
  Desk desk_;
  Sessions sessions_;
  Plans plans_;
  Rebinds rebinds_;
  Approvals approvals_;
  Witnesses witnesses_;
  RunFlow flow_;
  Runs runs_;
  Reviews reviews_;
  AgentDesk agent_desk_;
  Enrolment enrolment_;
  Catalogue catalogue_;
  AuditReader audit_reader_;
  Administration administration_;
  Access access_;
  Executor executor_;
  Gateway gateway_;
  WatchRegistry watches_;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> connections_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
  bool drained_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Controller>> Controller::Start(const Config& config,
                                                              Materials materials,
                                                              const base::Clock& clock) {
  absl::Status made = base::MakeFolders(config.state_dir, 0700);
  if (!made.ok()) return made;
  SqliteOptions options;
  options.path = absl::StrCat(config.state_dir, "/controller.db");
  options.log_origin = LogOrigin(config.name);
  options.sign = SignerOf(options.log_origin, materials.log_keys.pems);
  const auto store_health = std::make_shared<StoreHealth>();
  options.observe = [store_health](const absl::Status& written) { store_health->Take(written); };
  absl::StatusOr<std::unique_ptr<Store>> store = OpenSqliteStore(options);
  if (!store.ok()) return store.status();
  const transport::KeyAndCertificate ca = materials.ca;
  const transport::KeyAndCertificate server = materials.server;
  auto controller = std::make_unique<ServingController>(config, std::move(materials),
                                                        *std::move(store), store_health, clock);
  absl::Status opened = controller->Open(ca, server);
  if (!opened.ok()) return opened;
  return controller;
}

}  // namespace resetctl::controller

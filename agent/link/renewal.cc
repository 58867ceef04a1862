#include "agent/link/renewal.h"

#include <chrono>
#include <utility>

#include "proto/contract/reasons.h"
#include "proto/transport/status.h"
#include "proto/transport/tls.h"

namespace resetctl::agent {
namespace {

constexpr std::chrono::seconds kDeadline(20);

}  // namespace

Renewal::Renewal(std::shared_ptr<grpc::Channel> channel, const Identity& identity, Done done)
    : channel_(std::move(channel)),
      stub_(v1::AgentLinkService::NewStub(channel_)),
      identity_(identity),
      done_(std::move(done)) {
  context_.set_deadline(std::chrono::system_clock::now() + kDeadline);
}

absl::StatusOr<std::shared_ptr<Renewal>> Renewal::Start(std::shared_ptr<grpc::Channel> channel,
                                                        const Identity& identity, Done done) {
  absl::StatusOr<std::string> csr = transport::MakeCsr(identity.key_pem.Reveal());
  if (!csr.ok()) return csr.status();
  std::shared_ptr<Renewal> renewal(new Renewal(std::move(channel), identity, std::move(done)));
  renewal->self_ = renewal;
  renewal->request_.set_csr(*std::move(csr));
  renewal->stub_->async()->Renew(&renewal->context_, &renewal->request_, &renewal->response_,
                                 [self = renewal.get()](const grpc::Status& status) {
                                   self->Finish(status, self->response_.certificate());
                                 });
  return renewal;
}

absl::StatusOr<std::shared_ptr<Renewal>> Renewal::StartExpired(
    std::shared_ptr<grpc::Channel> channel, const Identity& identity, Done done) {
  absl::StatusOr<std::string> csr = transport::MakeCsr(identity.key_pem.Reveal());
  if (!csr.ok()) return csr.status();
  std::shared_ptr<Renewal> renewal(new Renewal(std::move(channel), identity, std::move(done)));
  renewal->self_ = renewal;
  renewal->expired_request_.set_csr(*std::move(csr));
  renewal->expired_request_.set_certificate(identity.certificate_pem);
  renewal->stub_->async()->RenewExpired(
      &renewal->context_, &renewal->expired_request_, &renewal->expired_response_,
      [self = renewal.get()](const grpc::Status& status) {
        self->Finish(status, self->expired_response_.certificate());
      });
  return renewal;
}

absl::StatusOr<Identity> Renewal::Read(const std::string& certificate) const {
  absl::StatusOr<transport::CertificateFacts> facts = transport::ReadCertificate(certificate);
  if (!facts.ok()) return facts.status();
  if (facts->environment != identity_.environment || facts->target != identity_.target) {
    return contract::Error(v1::REASON_WRONG_AUDIENCE,
                           "the renewed certificate is for another target",
                           "Look into the controller.");
  }
  Identity renewed = identity_;
  renewed.certificate_pem = certificate;
  renewed.not_before = facts->not_before;
  renewed.not_after = facts->not_after;
  return renewed;
}

void Renewal::Finish(const grpc::Status& status, const std::string& certificate) {
  absl::StatusOr<Identity> renewed =
      status.ok() ? Read(certificate) : absl::StatusOr<Identity>(transport::FromGrpc(status));
  // Whoever gets the hold may destroy the renewal before `done` has returned: nothing of it is used from here on.
  const Done done = std::move(done_);
  done(std::move(renewed), std::move(self_));
}

}  // namespace resetctl::agent

#ifndef RESETCTL_CONTROLLER_SERVICE_ENROLMENT_H_
#define RESETCTL_CONTROLLER_SERVICE_ENROLMENT_H_

#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "controller/service/desk.h"
#include "controller/service/rate_limiter.h"
#include "resetctl/v1/agent_link.pb.h"
#include "resetctl/v1/target.pb.h"

namespace resetctl::controller {

// Certificates of agents (TRUST §4): invited by an admin with a one-use token of which only the digest is kept, issued for
// the agent's own key, renewed with the certificate itself, revoked by an admin.
class Enrolment {
 public:
  struct IssuedCertificate {
    std::string pem;
    std::string serial;  // lower-case hex
    absl::Time not_after;
  };
  // The certificate authority, as a port: this layer knows no TLS library.
  struct Authority {
    std::string ca_pem;
    std::function<absl::StatusOr<IssuedCertificate>(absl::string_view csr,
                                                    absl::string_view environment,
                                                    absl::string_view target, absl::Time now)>
        issue;
    // Who an agent's certificate says it is, when it is of this authority and the CSR is signed by its key: whatever the time.
    std::function<absl::StatusOr<AgentIdentity>(absl::string_view certificate,
                                                absl::string_view csr)>
        identify;
  };

  Enrolment(Desk& desk, Authority authority) : desk_(desk), authority_(std::move(authority)) {}

  absl::StatusOr<v1::InviteAgentResponse> Invite(const Requester& who,
                                                 const v1::InviteAgentRequest& request);
  absl::StatusOr<v1::EnrollResponse> Enroll(const v1::EnrollRequest& request,
                                            const std::string& peer);
  absl::StatusOr<v1::RenewResponse> Renew(const AgentIdentity& who,
                                          const v1::RenewRequest& request);
  // For a certificate that ended up to 30 days ago and was not revoked: UNAUTHENTICATED, CERTIFICATE_REVOKED, RATE_LIMITED.
  absl::StatusOr<v1::RenewExpiredResponse> RenewExpired(const v1::RenewExpiredRequest& request,
                                                        const std::string& peer);
  // All certificates of the agent; its stream ends.
  absl::StatusOr<v1::RevokeAgentResponse> Revoke(const Requester& who,
                                                 const v1::RevokeAgentRequest& request);
  absl::StatusOr<v1::ListAgentsResponse> List(const Requester& who);

  // UNAUTHENTICATED or CERTIFICATE_REVOKED unless this certificate was issued here, for this target, and is good now.
  absl::Status CheckIdentity(const AgentIdentity& who);

 private:
  absl::StatusOr<v1::EnrollResponse> TryEnroll(const v1::EnrollRequest& request,
                                               const std::string& peer, Act* act);
  absl::StatusOr<AgentIdentity> IdentifyExpired(const v1::RenewExpiredRequest& request,
                                                const std::string& peer);
  absl::Status CheckRecord(const AgentIdentity& who, absl::Time good_at);
  absl::StatusOr<v1::Agent> ShowAgent(const AgentRecord& record);

  Desk& desk_;
  const Authority authority_;
  RateLimiter by_peer_{30, 30};
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_ENROLMENT_H_

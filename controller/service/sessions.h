#ifndef RESETCTL_CONTROLLER_SERVICE_SESSIONS_H_
#define RESETCTL_CONTROLLER_SERVICE_SESSIONS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "controller/service/audit_entries.h"
#include "controller/service/policy_holder.h"
#include "controller/service/rate_limiter.h"
#include "controller/service/requester.h"
#include "controller/service/store.h"
#include "proto/base/clock.h"
#include "resetctl/v1/login.pb.h"

namespace resetctl::controller {

// Who is calling (TRUST §2, §3). A challenge is 32 random bytes, good once and for a minute; a token is 32 random bytes of
// which only the digest is kept. A subprocess starts only for a challenge that was issued and a key that is known.
class Sessions {
 public:
  struct Options {
    std::string ca_pin;  // a login statement names the CA that its signer talks to
    absl::Duration session_ttl = absl::Hours(12);
    absl::Duration challenge_ttl = absl::Minutes(1);
  };

  Sessions(const base::Clock& clock, const PolicyHolder& policy, SessionStore& sessions,
           Committer& committer, Options options)
      : clock_(clock),
        policy_(policy),
        sessions_(sessions),
        committer_(committer),
        options_(std::move(options)) {}

  // RATE_LIMITED per address, and per address and person. Says nothing of whether the person exists.
  absl::StatusOr<v1::CreateChallengeResponse> CreateChallenge(
      const v1::CreateChallengeRequest& request, const std::string& peer);
  absl::StatusOr<v1::LoginResponse> Login(const v1::LoginRequest& request, const std::string& peer);
  absl::Status Logout(const Requester& who);
  v1::GetIdentityResponse GetIdentity(const Requester& who) const;

  // One's own; an admin's list has everybody's.
  absl::StatusOr<v1::ListSessionsResponse> List(const Requester& who);
  // One's own, or, with an admin's statement, another person's. NOT_FOUND for an id that is none, or not one's to see.
  absl::StatusOr<v1::RevokeSessionResponse> Revoke(const Requester& who,
                                                   const v1::RevokeSessionRequest& request);

  // UNAUTHENTICATED for an unknown token, SESSION_EXPIRED, and UNAUTHENTICATED again when the person or the key has left the
  // policy since.
  absl::StatusOr<Requester> Authenticate(absl::string_view token, const std::string& peer);

 private:
  absl::StatusOr<v1::LoginResponse> TryLogin(const v1::LoginRequest& request,
                                             const std::string& peer, v1::AuditEntry* entry);
  absl::StatusOr<v1::RevokeSessionResponse> TryRevoke(const Requester& who,
                                                      const v1::RevokeSessionRequest& request,
                                                      const Act& act);

  const base::Clock& clock_;
  const PolicyHolder& policy_;
  SessionStore& sessions_;
  Committer& committer_;
  const Options options_;
  RateLimiter by_peer_{120, 120};
  RateLimiter by_person_{20, 20};
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_SESSIONS_H_

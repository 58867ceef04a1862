#ifndef RESETCTL_AGENT_SERVICE_OFFER_VERIFIER_H_
#define RESETCTL_AGENT_SERVICE_OFFER_VERIFIER_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/service/local_key.h"
#include "agent/service/trust_store.h"
#include "proto/contract/environment_rules.h"
#include "resetctl/v1/agent_link.pb.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::agent {

// Who this agent is: the one target that it serves. From its certificate.
struct AgentIdentity {
  std::string environment;
  std::string target;
};

struct VerifiedPlanOrder {
  std::string author;
  std::string reason;
  std::string statement_digest;
};
// TRUST §2 and §4: the author's statement, field by field, and the floor's plan right; before anything is read.
absl::StatusOr<VerifiedPlanOrder> VerifyPlanOrder(const v1::PlanOrder& order,
                                                  const AgentIdentity& identity, const Trust& trust,
                                                  absl::Time now);

struct VerifiedOffer {
  v1::PlanDocument plan;
  std::string plan_digest;
  contract::EnvironmentRules rules;
  std::string runner;
  std::string nonce;        // of the run statement
  std::string break_glass;  // the reason, as the runner signed it; empty: an ordinary run
};
// TRUST §4, in its order: own MAC, digest, audience; author, approvers and runner with their signatures and the floor; times by
// our own clock. Approvals as in CheckApprovals(). A run statement that breaks the glass (TRUST §8) needs the floor to name its
// runner for that.
absl::StatusOr<VerifiedOffer> VerifyOffer(const v1::RunOffer& offer, const AgentIdentity& identity,
                                          const LocalKey& key, const Trust& trust, absl::Time now);

struct VerifiedResume {
  std::string runner;
  std::string nonce;
};
// A statement about exactly this run, just signed, by somebody whom the floor lets run.
absl::StatusOr<VerifiedResume> VerifyResume(const v1::ResumeOffer& offer,
                                            const AgentIdentity& identity, const LocalKey& key,
                                            const Trust& trust, absl::Time now);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_OFFER_VERIFIER_H_

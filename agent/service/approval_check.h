#ifndef RESETCTL_AGENT_SERVICE_APPROVAL_CHECK_H_
#define RESETCTL_AGENT_SERVICE_APPROVAL_CHECK_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "agent/service/offer_verifier.h"
#include "agent/service/statement_expectations.h"
#include "agent/service/trust_store.h"
#include "resetctl/v1/agent_link.pb.h"

namespace resetctl::agent {

// Whether an offer's approvals suffice: for the floor, and for the plan's own rules, which people approved, so that nobody can
// lower them afterwards (TRUST §4). An approval by a stranger, an expired one or one by the author is not counted, and its reason
// is given when the others do not suffice; one that says something else than this plan is refused outright.
//
// A run that breaks the glass (TRUST §8) needs floor and plan to know of that, and as many approvals as they ask for then, by
// people whom they name, and not by its runner.
//
// `verified`: plan, its digest and rules, and the reason to break the glass are set. Every statement's nonce goes into `nonces`.
absl::Status CheckApprovals(const v1::RunOffer& offer, const VerifiedOffer& verified,
                            const AgentIdentity& identity, const Trust& trust, absl::Time now,
                            Nonces* nonces);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_APPROVAL_CHECK_H_

#ifndef RESETCTL_CONTROLLER_DOMAIN_TARGET_IDENTITY_H_
#define RESETCTL_CONTROLLER_DOMAIN_TARGET_IDENTITY_H_

#include <string>

#include "resetctl/v1/plan.pb.h"

namespace resetctl::controller {

// Which database, which cache (TRUST §6). What agents report is compared here; whether two databases that look alike are one
// is asked of the agents (service/twin_watch.h).

// Whether an agent has told of a database at all: an unreachable one has no name.
bool IsKnown(const v1::DatabaseIdentity& database);

// What differs, for people: 'the system identifier was 71, it is 72'. Empty when `now` may be the database that was bound. A
// marker that comes into being is no difference, nor are a new address, version or timeline.
std::string Difference(const v1::DatabaseIdentity& bound, const v1::DatabaseIdentity& now);

// Same system identifier, OID and name, as a physical clone has them too, and no two markers that tell them apart. Without an
// identifier (a provider that hides it) the server's address takes its place.
bool LookAlike(const v1::DatabaseIdentity& a, const v1::DatabaseIdentity& b);

// One server process and one db index.
bool AreOneCache(const v1::CachePlan& a, const v1::CachePlan& b);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_DOMAIN_TARGET_IDENTITY_H_

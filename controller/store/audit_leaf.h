#ifndef RESETCTL_CONTROLLER_STORE_AUDIT_LEAF_H_
#define RESETCTL_CONTROLLER_STORE_AUDIT_LEAF_H_

#include <string>

#include "absl/time/time.h"
#include "resetctl/v1/audit.pb.h"

namespace resetctl::controller {

// The leaf of the next entry: its bytes, serialised once, here, and never again. Its time is in whole microseconds and
// never before `newest`, the time of the entry before it, which becomes its own: order and time of the log agree, so that
// a time can be searched for. When the clock has been put back meanwhile, what it said is in the evidence as 'clock'.
std::string MakeLeaf(v1::AuditEntry entry, absl::Time* newest);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_STORE_AUDIT_LEAF_H_

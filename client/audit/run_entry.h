#ifndef RESETCTL_CLIENT_AUDIT_RUN_ENTRY_H_
#define RESETCTL_CLIENT_AUDIT_RUN_ENTRY_H_

#include "absl/status/status.h"
#include "resetctl/v1/audit.pb.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::client {

// Whether the log says the same of a run's end as the controller does: state, plan, fence, transaction, positions in the WAL,
// rows and tables, each as far as the entry has it (an older controller wrote down less). LOG_TAMPERED, naming what differs.
absl::Status CheckRunEntry(const v1::Run& run, const v1::AuditRecord& record);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_AUDIT_RUN_ENTRY_H_

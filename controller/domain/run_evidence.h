#ifndef RESETCTL_CONTROLLER_DOMAIN_RUN_EVIDENCE_H_
#define RESETCTL_CONTROLLER_DOMAIN_RUN_EVIDENCE_H_

#include "controller/domain/records.h"
#include "resetctl/v1/audit.pb.h"

namespace resetctl::controller {

// What the audit log keeps of a run whenever its state changes: state, plan and fence; and once it is committed what its
// agent proved (contract/result_evidence.h).
void AddRunEvidence(const RunRecord& run, v1::AuditEntry* entry);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_DOMAIN_RUN_EVIDENCE_H_

#ifndef RESETCTL_CONTROLLER_STORE_SQLITE_ROWS_H_
#define RESETCTL_CONTROLLER_STORE_SQLITE_ROWS_H_

#include "controller/domain/records.h"
#include "controller/store/sqlite/connection.h"

namespace resetctl::controller {

// Column lists and the readers of what they select, in the same order; column 0 of plans and runs is `number`.
extern const char kPlanColumns[];
extern const char kPlanListColumns[];  // document, mac and statement left empty
PlanRecord ReadPlan(const Query& row);

extern const char kRunColumns[];
RunRecord ReadRun(const Query& row);

extern const char kApprovalColumns[];
ApprovalRecord ReadApproval(const Query& row);

extern const char kSessionColumns[];
SessionRecord ReadSession(const Query& row);
extern const char kAgentColumns[];
AgentRecord ReadAgent(const Query& row);

extern const char kCertificateColumns[];
CertificateRecord ReadCertificate(const Query& row);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_STORE_SQLITE_ROWS_H_

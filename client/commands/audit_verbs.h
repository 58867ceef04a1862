#ifndef RESETCTL_CLIENT_COMMANDS_AUDIT_VERBS_H_
#define RESETCTL_CLIENT_COMMANDS_AUDIT_VERBS_H_

#include "client/commands/verb_builder.h"

namespace resetctl::client {

// `audit` and what is below it.
void AddAuditVerbs(VerbBuilder& builder);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_COMMANDS_AUDIT_VERBS_H_

#ifndef RESETCTL_AGENT_POSTGRES_RUN_PARAMETERS_H_
#define RESETCTL_AGENT_POSTGRES_RUN_PARAMETERS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/postgres/session.h"
#include "agent/service/ports.h"

namespace resetctl::agent {

// Sets resetctl.<lower case name> for this transaction, for every parameter that may reach SQL. The values travel by COPY
// into a temporary table, which is dropped again: neither a statement's text nor a bound parameter holds one, so the
// server has nothing to log (P7). A secret without `sql: true` is never sent.
absl::Status SetParameters(Session& session, const ResolvedParameters& parameters);

// '${NAME}' replaced. PARAMETER_NOT_ALLOWED for a secret that may not reach SQL, BLUEPRINT_INVALID for an unknown name.
absl::StatusOr<std::string> FillIn(const ResolvedParameters& parameters, absl::string_view text);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_RUN_PARAMETERS_H_

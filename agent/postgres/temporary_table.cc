#include "agent/postgres/temporary_table.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {

absl::Status CreateTemporaryTable(Session& session, absl::string_view rest) {
  const absl::Status status = session.Execute(absl::StrCat("create temporary table ", rest));
  if (status.ok() || contract::ReasonOf(status) != v1::REASON_PRIVILEGE_MISSING) return status;
  return contract::Error(
      v1::REASON_PRIVILEGE_MISSING,
      "The agent's role may not make temporary tables in this database.",
      "Let its owner say: grant temporary on database <name> to <the agent's role>.");
}

}  // namespace resetctl::agent

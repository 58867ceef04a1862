#include "agent/postgres/run_parameters.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "agent/postgres/temporary_table.h"
#include "proto/base/text.h"
#include "proto/contract/csv_text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {

absl::Status SetParameters(Session& session, const ResolvedParameters& parameters) {
  std::string data;
  for (const auto& [name, parameter] : parameters) {
    if (!parameter.sql) continue;
    absl::StrAppend(&data, "resetctl.", absl::AsciiStrToLower(name), ",",
                    contract::QuoteCsv(parameter.value.Reveal()), "\n");
  }
  if (data.empty()) return absl::OkStatus();
  absl::Status status =
      CreateTemporaryTable(session, "resetctl_parameter (name text, value text) on commit drop");
  if (!status.ok()) return status;
  status = session.CopyIn(
      "copy pg_temp.resetctl_parameter (name, value) from stdin with (format csv, encoding 'utf8')",
      data);
  if (!status.ok()) {
    // The message may quote the line.
    return contract::Error(v1::REASON_PARAMETER_INVALID,
                           "PostgreSQL cannot hold the value of a parameter.",
                           "Values are UTF-8 text without NUL.");
  }
  // The values stay on the server: what comes back is their number.
  status = session.Execute(
      "select pg_catalog.count(pg_catalog.set_config(name, value, true)) from "
      "pg_temp.resetctl_parameter; "
      "drop table pg_temp.resetctl_parameter");
  return status;
}

absl::StatusOr<std::string> FillIn(const ResolvedParameters& parameters, absl::string_view text) {
  std::string refused;
  const auto lookup = [&](absl::string_view name) -> const std::string* {
    const auto found = parameters.find(base::Str(name));
    if (found == parameters.end()) return nullptr;
    if (!found->second.sql) {
      refused = base::Str(name);
      return nullptr;
    }
    return &found->second.value.Reveal();
  };
  absl::StatusOr<std::string> filled = contract::ReplaceParameters(text, lookup);
  if (!refused.empty()) {
    return contract::Error(
        v1::REASON_PARAMETER_NOT_ALLOWED,
        absl::StrCat("The secret ", refused, " may not reach SQL."),
        "Use what is derived from it (bcrypt), or say `sql: true` at the parameter.");
  }
  return filled;
}

}  // namespace resetctl::agent

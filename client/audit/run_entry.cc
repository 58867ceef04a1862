#include "client/audit/run_entry.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {
namespace {

std::string StateName(v1::RunState state) {
  absl::string_view name = v1::RunState_Name(state);
  absl::ConsumePrefix(&name, "RUN_STATE_");
  return base::Str(name);
}

// Whether a number is an estimate older entries do not say.
absl::string_view WithoutMark(absl::string_view value) {
  absl::ConsumePrefix(&value, "≈");
  return value;
}

}  // namespace

absl::Status CheckRunEntry(const v1::Run& run, const v1::AuditRecord& record) {
  const v1::RunResult& result = run.result();
  std::vector<std::pair<std::string, std::string>> said = {
      {"state", StateName(run.state())},
      {"plan", run.plan_id()},
      {"fence", absl::StrCat(run.fence())},
      {"xid", result.xid()},
      {"timeline", absl::StrCat(result.timeline())},
      {"wal_before", result.wal_lsn_before()},
      {"wal_lsn", result.wal_lsn()},
      {"wal_after", result.wal_lsn_after()},
      {"rows_cleared", absl::StrCat(result.rows_cleared())},
      {"tables_cleared", absl::StrCat(result.tables_cleared())},
      {"rows_recreated", absl::StrCat(result.rows_recreated())},
  };
  if (result.cache_done())
    said.emplace_back("cache_keys", absl::StrCat(result.cache_keys_removed()));
  for (const v1::TableResult& table : result.largest()) {
    said.emplace_back(absl::StrCat("cleared:", table.table()), absl::StrCat(table.rows()));
  }
  for (const v1::TableResult& table : result.refilled()) {
    said.emplace_back(absl::StrCat("recreated:", table.table()), absl::StrCat(table.rows()));
  }
  const v1::AuditEntry& entry = record.decoded();
  std::string differs = entry.subject() == run.id() ? "" : "run";
  for (const auto& [key, value] : said) {
    const auto found = entry.evidence().find(key);
    if (found != entry.evidence().end() && WithoutMark(found->second) != value) differs = key;
  }
  if (differs.empty()) return absl::OkStatus();
  return contract::Error(
      v1::REASON_LOG_TAMPERED,
      absl::StrCat("The controller says something else of the end of ", run.id(), " than entry ",
                   record.index(), " of its log: ", differs, " differs."),
      "The log is what was written down then. Ask the controller's administrators.");
}

}  // namespace resetctl::client

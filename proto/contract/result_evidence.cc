#include "proto/contract/result_evidence.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"

namespace resetctl::contract {
namespace {

using Tables = google::protobuf::RepeatedPtrField<v1::TableResult>;

std::string Rows(int64_t rows, bool estimated) { return absl::StrCat(estimated ? "≈" : "", rows); }

std::string Seconds(const google::protobuf::Duration& duration) {
  const absl::Duration exact =
      absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
  return absl::FormatDuration(absl::Trunc(exact, absl::Milliseconds(1)));
}

// 'cleared:public.items' for each named table, 'cleared_other_rows' and 'cleared_other_tables' for the rest.
void AddTables(const std::string& word, const Tables& named, int64_t rows_in_all, bool estimated,
               int tables_in_all, Evidence* evidence) {
  int64_t rows = rows_in_all;
  for (const v1::TableResult& table : named) {
    (*evidence)[absl::StrCat(word, ":", table.table())] = Rows(table.rows(), table.estimated());
    rows -= table.rows();
  }
  const int others = tables_in_all - named.size();
  if (others <= 0) return;
  (*evidence)[word + "_other_rows"] = Rows(std::max<int64_t>(rows, 0), estimated);
  (*evidence)[word + "_other_tables"] = absl::StrCat(others);
}

}  // namespace

void AddResultEvidence(const v1::RunResult& result, Evidence* evidence) {
  if (result.xid().empty()) return;
  const auto add = [evidence](const char* key, const std::string& value) {
    if (!value.empty()) (*evidence)[key] = value;
  };
  add("xid", result.xid());
  if (result.timeline() != 0) add("timeline", absl::StrCat(result.timeline()));
  add("wal_before", result.wal_lsn_before());
  add("wal_lsn", result.wal_lsn());
  add("wal_after", result.wal_lsn_after());
  add("rows_cleared", Rows(result.rows_cleared(), result.rows_estimated()));
  add("tables_cleared", absl::StrCat(result.tables_cleared()));
  AddTables("cleared", result.largest(), result.rows_cleared(), result.rows_estimated(),
            result.tables_cleared(), evidence);
  add("rows_recreated", absl::StrCat(result.rows_recreated()));
  AddTables("recreated", result.refilled(), result.rows_refilled(), false, result.tables_refilled(),
            evidence);
  const auto passed = std::count_if(result.checks().begin(), result.checks().end(),
                                    [](const v1::CheckResult& check) { return check.passed(); });
  add("checks", absl::StrCat(passed, " of ", result.checks_size()));
  if (result.kept_proved()) add("kept_tables", "untouched");
  if (result.cache_done()) add("cache_keys", absl::StrCat(result.cache_keys_removed()));
  if (result.has_took()) add("took", Seconds(result.took()));
  if (result.has_writers_waited()) add("writers_waited", Seconds(result.writers_waited()));
}

bool IsResultEvidence(absl::string_view key) {
  constexpr absl::string_view kKeys[] = {
      "xid",          "timeline",       "wal_before",     "wal_lsn", "wal_after",
      "rows_cleared", "rows_recreated", "tables_cleared", "checks",  "kept_tables",
      "cache_keys",   "took",           "writers_waited"};
  if (std::find(std::begin(kKeys), std::end(kKeys), key) != std::end(kKeys)) return true;
  for (const absl::string_view tables : {"cleared", "recreated"}) {
    if (absl::ConsumePrefix(&key, tables))
      return absl::StartsWith(key, ":") || absl::StartsWith(key, "_other_");
  }
  return false;
}

}  // namespace resetctl::contract

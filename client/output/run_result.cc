#include "client/output/run_result.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/output/residue.h"
#include "client/output/table.h"
#include "client/output/times.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::client {
namespace {

constexpr int kLabelWidth = 13;

std::string Line(const Look& look, absl::string_view label, absl::string_view text) {
  return absl::StrCat("  ", Pad(label, kLabelWidth), Wrap(text, look.width, kLabelWidth + 2), "\n");
}

std::string ShortName(absl::string_view table) {
  static constexpr absl::string_view kPublic = "public.";
  return base::Str(absl::StartsWith(table, kPublic) ? table.substr(kPublic.size()) : table);
}

using Groups = google::protobuf::RepeatedPtrField<v1::GroupResult>;

// "truncate 3, delete 21, empty 14", in the words of the plan
template <typename Result>
std::string MethodsText(const Result& result) {
  std::vector<std::string> parts;
  const auto part = [&](const char* word, int tables) {
    if (tables > 0) parts.push_back(absl::StrCat(word, " ", Count(tables)));
  };
  part("truncate", result.tables_truncated());
  part("delete", result.tables_deleted());
  part("empty", result.tables_untouched());
  return parts.empty() ? "" : Listed(parts);
}

std::string TablesText(const v1::GroupResult& group) {
  std::string methods = MethodsText(group);
  if (!methods.empty() || group.tables() == 0) return methods;
  return Counted(group.tables(), "table", "tables");  // an older agent does not say how
}

std::string GroupLines(const Look& look, const Groups& groups, bool tables) {
  Table table;
  table.Column("").Column("", Table::Align::kRight).Column("", Table::Align::kLeft, true);
  for (const auto& group : groups) {
    // Of recreated rows the step's name says where they went.
    table.Row({group.name(),
               absl::StrCat(EstimateMark(group.estimated()), Counted(group.rows(), "row ", "rows")),
               tables ? TablesText(group) : ""});
  }
  return table.Render(look, 4);
}

// "1,240,243 rows in 38 tables: truncate 3, delete 21, empty 14"
std::string ClearedText(const v1::RunResult& result) {
  const std::string methods = MethodsText(result);
  return absl::StrCat(
      EstimateMark(result.rows_estimated()), Counted(result.rows_cleared(), "row", "rows"), " in ",
      Counted(result.tables_cleared(), "table", "tables"), methods.empty() ? "" : ": ", methods);
}

std::string LargestLine(const Look& look, const v1::RunResult& result) {
  std::vector<std::string> parts;
  for (const auto& table : result.largest()) {
    std::string part = absl::StrCat(ShortName(table.table()), " ", EstimateMark(table.estimated()),
                                    Count(table.rows()));
    if (table.method() == v1::CLEAR_METHOD_TRUNCATED) absl::StrAppend(&part, " truncated");
    if (table.method() == v1::CLEAR_METHOD_DELETED) absl::StrAppend(&part, " deleted");
    parts.push_back(std::move(part));
  }
  return absl::StrCat("  ", Pad("largest", kLabelWidth), Flow(parts, look.width, kLabelWidth + 2),
                      "\n");
}

std::string LargeObjectsText(const v1::RunResult& result) {
  std::string text = absl::StrCat(
      Counted(result.large_objects_removed(), "large object", "large objects"), " removed");
  if (result.large_objects_left() > 0) {
    absl::StrAppend(&text, ", ", Count(result.large_objects_left()),
                    " left at the commit: they go in batches after it");
  }
  return text;
}

std::string ChecksText(const v1::RunResult& result) {
  int passed = 0;
  std::vector<std::string> failed;
  for (const auto& check : result.checks()) {
    if (check.passed()) {
      ++passed;
    } else {
      failed.push_back(check.name());
    }
  }
  std::string text = absl::StrCat(passed, " of ", result.checks_size(), " true");
  if (!failed.empty()) absl::StrAppend(&text, "; not: ", Listed(failed));
  if (result.kept_proved()) absl::StrAppend(&text, ", kept tables untouched");
  return text;
}

// Done and not done after the commit, one line each.
std::string AfterLines(const Look& look, const v1::RunResult& result) {
  std::string out;
  for (const auto& hook : result.after()) {
    const char* mark = "✓";
    Tone tone = Tone::kGood;
    if (hook.kind() == v1::EVENT_KIND_FAILED) {
      mark = "✗";
      tone = Tone::kBad;
    } else if (hook.kind() != v1::EVENT_KIND_SUCCEEDED) {
      mark = hook.kind() == v1::EVENT_KIND_SKIPPED ? "-" : "!";
      tone = Tone::kWarn;
    }
    std::string text = hook.name();
    if (!hook.detail().empty()) absl::StrAppend(&text, ": ", hook.detail());
    absl::StrAppend(&out, "  ", Pad(out.empty() ? "after" : "", kLabelWidth),
                    Paint(look, tone, mark), " ", Wrap(text, look.width, kLabelWidth + 4), "\n");
  }
  return out;
}

std::string CacheText(const v1::RunResult& result) {
  if (!result.cache_done()) {
    return result.cache_detail().empty() ? "not touched" : result.cache_detail();
  }
  std::string text = absl::StrCat(Counted(result.cache_keys_removed(), "key", "keys"), " removed");
  if (!result.cache_detail().empty()) absl::StrAppend(&text, "; ", result.cache_detail());
  return text;
}

// "2 rows were written to users after the commit by application backend"
std::string LateText(const v1::LateRows& late) {
  const std::vector<std::string> names(late.applications().begin(), late.applications().end());
  std::string text = absl::StrCat(Counted(late.rows(), "row was", "rows were"), " written to ",
                                  ShortName(late.table()), " after the commit");
  if (names.size() == 1) absl::StrAppend(&text, " by application ", names[0]);
  if (names.size() > 1) absl::StrAppend(&text, " by one of the applications ", Listed(names));
  return text;
}

std::string LeftInStatistics(const Look& look, const v1::Run& run) {
  const Residues& residue = run.result().residue();
  if (residue.empty()) return "";
  std::string named;
  if (IsShort(residue)) {
    std::vector<std::string> parts;
    for (const auto& [table, columns] : ResidueLines(residue, true)) {
      parts.push_back(absl::StrCat(table, " (", columns, ")"));
    }
    named = absl::StrCat(std::string(kLabelWidth + 2, ' '),
                         Flow(parts, look.width, kLabelWidth + 2), "\n");
  } else {
    named =
        Line(look, "",
             absl::StrCat(ResidueCount(residue), "; resetctl show ",
                          contract::ShortId(run.plan_id()), " --tables names those of the plan"));
  }
  return absl::StrCat(Line(look, "residue", "the statistics (pg_stats) still show values of"),
                      named, Line(look, "", ResidueRemedy("")));
}

std::string LateLines(const Look& look, const v1::RunResult& result) {
  std::string out;
  for (const auto& late : result.late_rows()) {
    absl::StrAppend(&out, Line(look, out.empty() ? "since then" : "", LateText(late)));
  }
  return out;
}

std::string ProofText(const v1::Run& run) {
  const v1::RunResult& result = run.result();
  std::vector<std::string> parts = {"ledger row committed"};
  const int64_t fence = result.fence() > 0 ? result.fence() : run.fence();
  if (fence > 0) parts.push_back(absl::StrCat("fence ", fence));
  if (!result.xid().empty()) parts.push_back(absl::StrCat("xid ", result.xid()));
  if (!result.wal_lsn().empty()) {
    parts.push_back(absl::StrCat("LSN ", result.wal_lsn(), " on timeline ", result.timeline()));
  }
  if (run.audit_entry() > 0)
    parts.push_back(absl::StrCat("log entry ", Count(static_cast<int64_t>(run.audit_entry()))));
  return Listed(parts);
}

}  // namespace

std::string WaitedText(const v1::RunResult& result) {
  if (!result.has_writers_waited() && !result.has_readers_waited()) return "";
  const absl::Duration readers = DurationOf(result.readers_waited());
  std::string text = absl::StrCat("writers waited ", Human(DurationOf(result.writers_waited())));
  if (readers == absl::ZeroDuration()) return absl::StrCat(text, ", readers not at all");
  absl::StrAppend(&text, ", readers ");
  if (result.tables_closed() > 0) {
    absl::StrAppend(&text, "of ", Counted(result.tables_closed(), "table", "tables"), " ");
  }
  return absl::StrCat(text, Human(readers));
}

std::string ResultLines(const Look& look, const v1::Run& run) {
  const v1::RunResult& result = run.result();
  std::string out = absl::StrCat(Line(look, "cleared", ClearedText(result)),
                                 GroupLines(look, result.cleared(), true));
  if (result.largest_size() > 0) absl::StrAppend(&out, LargestLine(look, result));
  if (result.large_objects_removed() > 0 || result.large_objects_left() > 0) {
    absl::StrAppend(&out, Line(look, "objects", LargeObjectsText(result)));
  }
  absl::StrAppend(&out, Line(look, "recreated", Counted(result.rows_recreated(), "row", "rows")),
                  GroupLines(look, result.recreated(), false),
                  Line(look, "checks", ChecksText(result)), Line(look, "cache", CacheText(result)),
                  AfterLines(look, result), LateLines(look, result), LeftInStatistics(look, run));
  for (const auto& warning : result.warnings()) {
    absl::StrAppend(&out, Line(look, "warning", warning.message()));
    if (!warning.advice().empty()) absl::StrAppend(&out, Line(look, "", warning.advice()));
  }
  absl::StrAppend(&out, Line(look, "proof", ProofText(run)));
  return out;
}

}  // namespace resetctl::client

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/output/exit_codes.h"
#include "client/output/plan_tables.h"
#include "client/output/report_parts.h"
#include "client/output/residue.h"
#include "client/output/times.h"

namespace resetctl::client {
namespace {

void Checks(Html& page, const v1::RunResult& result) {
  page.Leaf("h3", "Checks, in the transaction");
  const auto list = page.In("ul", {{"class", "marks"}});
  for (const v1::CheckResult& check : result.checks()) {
    const auto item = page.In("li");
    Mark(page, check.passed() ? Tone::kGood : Tone::kBad, check.passed() ? "true" : "not true");
    page.Text(absl::StrCat(": ", check.name()));
  }
  const auto item = page.In("li");
  Mark(page, result.kept_proved() ? Tone::kGood : Tone::kWarn,
       result.kept_proved() ? "true" : "not proved");
  page.Text(": kept tables are untouched");
}

void After(Html& page, const v1::RunResult& result) {
  page.Leaf("h3", "After the commit");
  const auto list = page.In("ul", {{"class", "marks"}});
  {
    const auto item = page.In("li");
    Mark(page, result.cache_done() ? v1::EVENT_KIND_SUCCEEDED : v1::EVENT_KIND_SKIPPED);
    std::string text = ": cache";
    if (result.cache_done()) {
      absl::StrAppend(&text, ", ", Counted(result.cache_keys_removed(), "key", "keys"), " removed");
    }
    if (!result.cache_detail().empty()) absl::StrAppend(&text, ", ", result.cache_detail());
    page.Text(text);
  }
  for (const v1::HookResult& hook : result.after()) {
    const auto item = page.In("li");
    Mark(page, hook.kind());
    page.Text(absl::StrCat(": ", hook.name(), hook.detail().empty() ? "" : ", ", hook.detail()));
  }
}

// What the reset left, and what others did since.
void Left(Html& page, const ReportFacts& facts) {
  const v1::RunResult& result = facts.run.result();
  const TableNames names(facts.document);
  std::vector<std::string> lines;
  for (const v1::LateRows& late : result.late_rows()) {
    std::string line = absl::StrCat(Counted(late.rows(), "row was", "rows were"), " written to ",
                                    names.Of(absl::string_view(late.table())), " after the commit");
    if (late.applications_size() > 0) {
      absl::StrAppend(
          &line, "; connected: ", Listed({late.applications().begin(), late.applications().end()}));
    }
    lines.push_back(std::move(line));
  }
  for (const auto& [table, columns] : ResidueLines(result.residue(), names.plain())) {
    lines.push_back(
        absl::StrCat("the statistics still show values of ", table, " (", columns, ")"));
  }
  if (result.large_objects_left() > 0) {
    lines.push_back(
        absl::StrCat(Counted(result.large_objects_left(), "large object is", "large objects are"),
                     " still to be removed"));
  }
  if (lines.empty()) return;
  page.Leaf("h3", "Left, or written since");
  const auto list = page.In("ul");
  for (const std::string& line : lines) page.Leaf("li", line);
}

std::string Exact(const google::protobuf::Duration& duration) {
  const absl::Duration exact = absl::Trunc(DurationOf(duration), absl::Milliseconds(1));
  return exact == absl::ZeroDuration() ? "not at all" : absl::FormatDuration(exact);
}

}  // namespace

void OutcomeSection(Html& page, const ReportFacts& facts) {
  const auto section =
      page.In("section", {{"id", "outcome"}, {"aria-labelledby", "outcome-title"}});
  page.Leaf("h2", "Checks and later steps", {{"id", "outcome-title"}});
  if (!IsCommitted(facts)) return page.Leaf("p", WhyNothing(facts));
  Checks(page, facts.run.result());
  After(page, facts.run.result());
  Left(page, facts);
}

void EvidenceSection(Html& page, const ReportFacts& facts) {
  const v1::RunResult& result = facts.run.result();
  const auto section =
      page.In("section", {{"id", "evidence"}, {"aria-labelledby", "evidence-title"}});
  page.Leaf("h2", "Evidence", {{"id", "evidence-title"}});
  if (!IsCommitted(facts)) {
    page.Leaf("p", WhyNothing(facts));
    if (facts.run.fence() == 0) return;
    const auto list = page.In("dl", {{"class", "facts"}});
    return CodeFact(page, "Fence", absl::StrCat(facts.run.fence()));
  }
  const bool ended = EndStateOf(facts.run.state()).ended;
  page.Leaf("p", absl::StrCat("What the agent read from the server around the commit.",
                              ended ? " The entry of the run's end in the audit log says the same "
                                      "of fence, transaction, WAL and rows."
                                    : ""));
  const auto list = page.In("dl", {{"class", "facts"}});
  const int64_t fence = result.fence() > 0 ? result.fence() : facts.run.fence();
  CodeFact(page, "Fence", absl::StrCat(fence));
  CodeFact(page, "Transaction id", result.xid());
  CodeFact(page, "Timeline", absl::StrCat(result.timeline()));
  CodeFact(page, "WAL when it began", result.wal_lsn_before());
  CodeFact(page, "WAL just before the COMMIT", result.wal_lsn());
  CodeFact(page, "WAL after the COMMIT", result.wal_lsn_after());
  if (result.has_took()) Fact(page, "Transaction took", Exact(result.took()));
  if (result.has_writers_waited()) Fact(page, "Writers waited", Exact(result.writers_waited()));
  if (result.has_readers_waited()) Fact(page, "Readers waited", Exact(result.readers_waited()));
  Fact(page, "Database", facts.document.database().database_name());
  CodeFact(page, "Server's identifier", facts.document.database().system_identifier());
}

}  // namespace resetctl::client

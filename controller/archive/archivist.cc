#include "controller/archive/archivist.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "controller/archive/archive_text.h"
#include "controller/domain/plan_state.h"
#include "controller/domain/run_state.h"
#include "controller/service/audit_entries.h"
#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/contract/digest.h"

namespace resetctl::controller {
namespace {

constexpr int kPage = 500;
// Above what a file can have: its entries' fields stand in it twice.
constexpr int64_t kMostFileBytes = int64_t{1} << 30;

// The states that something can still come of.
std::vector<v1::PlanState> LivePlanStates() {
  std::vector<v1::PlanState> states;
  for (int i = v1::PlanState_MIN; i <= v1::PlanState_MAX; ++i) {
    const auto state = static_cast<v1::PlanState>(i);
    if (v1::PlanState_IsValid(i) && !IsTerminal(state)) states.push_back(state);
  }
  return states;
}

std::vector<v1::RunState> OpenRunStates() {
  std::vector<v1::RunState> states;
  for (int i = v1::RunState_MIN; i <= v1::RunState_MAX; ++i) {
    const auto state = static_cast<v1::RunState>(i);
    if (v1::RunState_IsValid(i) && !IsTerminal(state)) states.push_back(state);
  }
  return states;
}

// As the log has it, so that the entry which made the plan is not before it.
absl::Time InTheLog(absl::Time time) { return absl::FromUnixMicros(absl::ToUnixMicros(time)); }

}  // namespace

absl::StatusOr<uint64_t> Archivist::ArchiveDue() {
  uint64_t moved = 0;
  while (!stopping_) {
    const absl::StatusOr<uint64_t> before = DueBefore();
    if (!before.ok()) return before.status();
    const absl::StatusOr<std::vector<StoredAuditEntry>> entries = NextStretch(*before);
    if (!entries.ok()) return entries.status();
    if (entries->empty()) break;
    absl::Status status = Move(*entries);
    if (!status.ok()) return status;
    moved += entries->size();
  }
  return moved;
}

absl::StatusOr<absl::Time> Archivist::KeptFrom() {
  absl::Time from = clock_.Now() - options_.retain;
  std::optional<std::string> holds;  // what is older than that, and not over
  const auto keep = [&](absl::Time since, const std::string& id) {
    if (since >= from) return;
    from = since;
    holds = id;
  };
  PlanFilter plans;
  plans.states = LivePlanStates();
  PageRequest page{kPage, ""};
  do {
    const absl::StatusOr<PageOf<PlanRecord>> found = store_.ListPlans(plans, page);
    if (!found.ok()) return found.status();
    for (const PlanRecord& plan : found->items) keep(plan.create_time, plan.id);
    page.token = found->next_token;
  } while (!page.token.empty());
  RunFilter runs;
  runs.states = OpenRunStates();
  do {
    const absl::StatusOr<PageOf<RunRecord>> found = store_.ListRuns(runs, page);
    if (!found.ok()) return found.status();
    for (const RunRecord& run : found->items) {
      // Its plan is consumed, and led to it.
      const absl::StatusOr<PlanRecord> plan = store_.GetPlan(run.plan_id);
      if (!plan.ok()) return plan.status();
      keep(plan->create_time, run.id);
    }
    page.token = found->next_token;
  } while (!page.token.empty());
  if (holds) {
    base::Log(base::LogLevel::kInfo, "old audit entries stay, because something is not over",
              {{"id", *holds}});
  }
  return InTheLog(from);
}

absl::StatusOr<uint64_t> Archivist::DueBefore() {
  const absl::StatusOr<absl::Time> from = KeptFrom();
  if (!from.ok()) return from.status();
  absl::StatusOr<uint64_t> before = store_.FirstAt(*from);
  if (!before.ok()) return before.status();
  for (const std::string& reader : options_.readers) {
    const absl::StatusOr<std::optional<uint64_t>> next = store_.FindCursor(reader);
    if (!next.ok()) return next.status();
    if (next->has_value()) *before = std::min(*before, **next);
  }
  return before;
}

absl::StatusOr<std::vector<StoredAuditEntry>> Archivist::NextStretch(uint64_t before) {
  const absl::StatusOr<uint64_t> first = store_.FirstKept();
  if (!first.ok()) return first.status();
  std::vector<StoredAuditEntry> entries;
  if (before <= *first) return entries;
  const uint64_t most = std::min(options_.most, before - *first) / kArchiveBlock * kArchiveBlock;
  size_t bytes = 0;
  while (entries.size() < most && bytes < options_.most_bytes) {
    absl::StatusOr<std::vector<StoredAuditEntry>> page = store_.ReadAudit(
        *first + entries.size(),
        static_cast<int>(std::min<uint64_t>(kArchiveBlock, most - entries.size())));
    if (!page.ok()) return page.status();
    if (page->size() != kArchiveBlock) return absl::DataLossError("the audit log has a gap");
    for (StoredAuditEntry& entry : *page) {
      bytes += entry.bytes.size();
      entries.push_back(std::move(entry));
    }
  }
  return entries;
}

absl::Status Archivist::RemoveLeftOvers(uint64_t first) const {
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(options_.folder, error)) {
    if (!absl::StartsWith(file.path().filename().string(), ArchiveNamePrefix(first))) continue;
    std::filesystem::remove(file.path(), error);
    base::Log(base::LogLevel::kWarning, "an archive file that was not finished is removed",
              {{"file", file.path().string()}});
  }
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot go through ", options_.folder, ": ", error.message()));
}

absl::Status Archivist::Move(const std::vector<StoredAuditEntry>& entries) {
  ArchiveRecord archive;
  archive.first = entries.front().index;
  archive.end = entries.back().index + 1;
  archive.file = ArchiveName(archive.first, archive.end);
  const absl::StatusOr<StoredCheckpoint> checkpoint = store_.GetCheckpointAt(archive.end);
  if (!checkpoint.ok()) return checkpoint.status();
  absl::Status status = base::MakeFolders(options_.folder, 0700);
  if (status.ok()) status = RemoveLeftOvers(archive.first);
  const std::string path = absl::StrCat(options_.folder, "/", archive.file);
  if (status.ok()) {
    status = base::WriteFileDurably(path, ArchiveText(options_.origin, entries, *checkpoint), 0600);
  }
  if (!status.ok()) return status;

  const absl::StatusOr<std::string> text = base::ReadFile(path, kMostFileBytes);
  if (!text.ok()) return text.status();
  absl::StatusOr<std::vector<std::string>> leaves =
      LeavesOfArchive(*text, options_.origin, archive.first, *checkpoint);
  if (!leaves.ok()) {
    return absl::DataLossError(
        absl::StrCat("the archive file ", path, " was read back: ", leaves.status().message()));
  }
  archive.digest = contract::Digest(*text);
  v1::AuditEntry entry =
      EntryBySystem({.action = "audit.archive",
                     .subject = archive.file,
                     .detail = absl::StrCat("entries ", archive.first, " to ", archive.end - 1,
                                            " are in the archive file ", archive.file)},
                    clock_.Now());
  auto& evidence = *entry.mutable_evidence();
  evidence["first"] = absl::StrCat(archive.first);
  evidence["last"] = absl::StrCat(archive.end - 1);
  evidence["digest"] = archive.digest;
  const std::string file = archive.file;
  status = store_
               .Commit(Change().Add(ArchiveEntries{std::move(archive), *std::move(leaves)}),
                       AuditTrail(std::move(entry)))
               .status();
  if (!status.ok()) return status;
  base::Log(base::LogLevel::kInfo, "old audit entries were archived", {{"file", file}});
  return absl::OkStatus();
}

}  // namespace resetctl::controller

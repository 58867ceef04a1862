#include "controller/service/audit_reader.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "controller/service/wire_time.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

constexpr int kExportPage = 500;
constexpr int kMaxExportPage = 2000;
constexpr size_t kMaxExportBytes = 1 << 20;

}  // namespace

bool AuditReader::ReadsAll(const Requester& who) const {
  return ReadableEnvironments(desk_, who).size() == desk_.policy.Get()->environments.size();
}

absl::StatusOr<AuditFilter> AuditReader::FilterOf(const Requester& who,
                                                  const v1::ListEntriesRequest& request) {
  AuditFilter filter;
  filter.person = request.person();
  filter.subject = request.subject();
  filter.action = request.action();
  filter.without_events = request.without_events();
  filter.first = request.first_index();
  if (request.has_since()) filter.since = TimeOf(request.since());
  if (request.has_until()) filter.until = TimeOf(request.until());
  if (!request.run_id().empty()) {
    const absl::StatusOr<RunRecord> run = FindRun(desk_, who, request.run_id());
    if (!run.ok()) return run.status();
    if (request.plan_id().empty()) filter.subjects = {run->id};
  }
  if (!request.plan_id().empty()) {
    const absl::StatusOr<PlanRecord> plan = desk_.plans.GetPlan(request.plan_id());
    if (!plan.ok()) return plan.status();
    absl::Status allowed = CheckRead(desk_, who, plan->environment);
    if (!allowed.ok()) return allowed;
    RunFilter of_plan;
    of_plan.plan_id = plan->id;
    const absl::StatusOr<PageOf<RunRecord>> runs = desk_.runs.ListRuns(of_plan, {500, ""});
    if (!runs.ok()) return runs.status();
    filter.subjects = {plan->id};
    for (const RunRecord& run : runs->items) filter.subjects.push_back(run.id);
  }
  if (!request.environment().empty()) {
    absl::Status allowed = CheckRead(desk_, who, request.environment());
    if (!allowed.ok()) return allowed;
    filter.environments = {request.environment()};
  } else if (!ReadsAll(who)) {
    filter.environments = ReadableEnvironments(desk_, who);
  }
  return filter;
}

absl::Status AuditReader::Archived(uint64_t index) {
  const absl::StatusOr<ArchiveRecord> archive = audit_.FindArchive(index);
  if (!archive.ok()) return archive.status();
  return contract::Error(
      v1::REASON_ENTRIES_ARCHIVED,
      absl::StrCat("the log's entries from ", archive->first, " to ", archive->end - 1,
                   " are in the archive file ", archive->file),
      "get the controller's archive files from its administrators, and give them in order: "
      "--archive FILES");
}

absl::StatusOr<v1::ListEntriesResponse> AuditReader::ListEntries(
    const Requester& who, const v1::ListEntriesRequest& request) {
  if (!request.run_id().empty() && !request.plan_id().empty()) {
    return contract::Error(v1::REASON_INVALID_ARGUMENT, "a run and a plan are both given",
                           "give one: a plan's entries include those of its runs");
  }
  const absl::StatusOr<AuditFilter> filter = FilterOf(who, request);
  if (!filter.ok()) return filter.status();
  // Before the entries: whoever asks again from there on misses none.
  const absl::StatusOr<StoredCheckpoint> checkpoint = audit_.GetCheckpoint();
  if (!checkpoint.ok()) return checkpoint.status();
  v1::ListEntriesResponse response;
  response.set_size(checkpoint->size);
  const absl::StatusOr<uint64_t> first_kept = audit_.FirstKept();
  if (!first_kept.ok()) return first_kept.status();
  response.set_archived(*first_kept);
  // Nothing to read is not the same as no filter.
  if (filter->environments.empty() && !ReadsAll(who)) return response;
  absl::StatusOr<PageOf<StoredAuditEntry>> page =
      audit_.ListAudit(*filter, {request.page_size(), request.page_token()});
  if (!page.ok()) return page.status();
  for (StoredAuditEntry& entry : page->items) {
    v1::AuditRecord* record = response.add_records();
    record->set_index(entry.index);
    if (!record->mutable_decoded()->ParseFromString(entry.bytes)) {
      return absl::DataLossError(absl::StrCat("audit entry ", entry.index, " cannot be read"));
    }
    record->set_entry(std::move(entry.bytes));
  }
  response.set_next_page_token(page->next_token);
  return response;
}

absl::StatusOr<v1::GetCheckpointResponse> AuditReader::GetCheckpoint() {
  const absl::StatusOr<StoredCheckpoint> checkpoint = audit_.GetCheckpoint();
  if (!checkpoint.ok()) return checkpoint.status();
  v1::GetCheckpointResponse response;
  response.set_checkpoint(checkpoint->note);
  response.set_size(checkpoint->size);
  response.set_root(checkpoint->root);
  response.set_log_key(log_key_);
  return response;
}

absl::StatusOr<v1::GetConsistencyProofResponse> AuditReader::GetConsistencyProof(
    const v1::GetConsistencyProofRequest& request) {
  const absl::StatusOr<StoredCheckpoint> checkpoint = audit_.GetCheckpoint();
  if (!checkpoint.ok()) return checkpoint.status();
  v1::GetConsistencyProofResponse response;
  response.set_checkpoint(checkpoint->note);
  response.set_size(checkpoint->size);
  response.set_log_key(log_key_);
  // A log that was rolled back shows its checkpoint: that is the evidence.
  if (request.old_size() > checkpoint->size) return response;
  const absl::StatusOr<std::vector<std::string>> proof =
      audit_.ProveConsistency(request.old_size(), checkpoint->size);
  if (!proof.ok()) return proof.status();
  for (const std::string& hash : *proof) response.add_hashes(hash);
  return response;
}

absl::StatusOr<v1::GetInclusionProofResponse> AuditReader::GetInclusionProof(
    const v1::GetInclusionProofRequest& request) {
  const absl::StatusOr<StoredCheckpoint> checkpoint = audit_.GetCheckpoint();
  if (!checkpoint.ok()) return checkpoint.status();
  // Whoever holds a checkpoint asks for all of its entries in the same tree, however the log grows meanwhile.
  const uint64_t size = request.size() == 0 ? checkpoint->size : request.size();
  const absl::StatusOr<std::vector<std::string>> proof =
      audit_.ProveInclusion(request.index(), size);
  if (!proof.ok()) return proof.status();
  v1::GetInclusionProofResponse response;
  response.set_checkpoint(checkpoint->note);
  response.set_size(size);
  for (const std::string& hash : *proof) response.add_hashes(hash);
  return response;
}

absl::StatusOr<v1::ExportEntriesResponse> AuditReader::ExportEntries(
    const Requester& who, const v1::ExportEntriesRequest& request) {
  if (!ReadsAll(who)) {
    return contract::Error(v1::REASON_ROLE_MISSING,
                           "the whole log is for those who may read every environment",
                           "ask one of them, or read what you may: resetctl audit list");
  }
  // Before the entries: a checkpoint covers what was there when it was signed.
  const absl::StatusOr<StoredCheckpoint> checkpoint = audit_.GetCheckpoint();
  if (!checkpoint.ok()) return checkpoint.status();
  v1::ExportEntriesResponse response;
  response.set_checkpoint(checkpoint->note);
  response.set_size(checkpoint->size);
  response.set_log_key(log_key_);
  if (request.first() >= checkpoint->size) return response;
  const int wanted =
      request.page_size() <= 0 ? kExportPage : std::min(request.page_size(), kMaxExportPage);
  const auto limit =
      static_cast<int>(std::min<uint64_t>(wanted, checkpoint->size - request.first()));
  absl::StatusOr<std::vector<StoredAuditEntry>> entries = audit_.ReadAudit(request.first(), limit);
  if (!entries.ok()) return entries.status();
  if (entries->empty() || entries->front().index != request.first()) {
    return Archived(request.first());
  }
  size_t bytes = 0;
  for (StoredAuditEntry& entry : *entries) {
    bytes += entry.bytes.size();
    if (bytes > kMaxExportBytes && response.records_size() > 0) break;
    v1::AuditRecord* record = response.add_records();
    record->set_index(entry.index);
    record->set_entry(std::move(entry.bytes));
  }
  return response;
}

absl::StatusOr<v1::ListCosignaturesResponse> AuditReader::ListCosignatures(const Requester& who) {
  absl::StatusOr<std::vector<AgentRecord>> agents = desk_.agent_records.ListAgents();
  if (!agents.ok()) return agents.status();
  std::sort(agents->begin(), agents->end(), [](const AgentRecord& a, const AgentRecord& b) {
    return a.witness.cosigned_size < b.witness.cosigned_size;
  });
  v1::ListCosignaturesResponse response;
  for (const AgentRecord& agent : *agents) {
    if (agent.witness.cosigned.empty()) continue;
    if (!CheckRead(desk_, who, agent.environment).ok()) continue;
    v1::CosignedCheckpoint* cosigned = response.add_checkpoints();
    cosigned->set_environment(agent.environment);
    cosigned->set_target(agent.target);
    cosigned->set_witness_key(agent.witness.key);
    cosigned->set_checkpoint(agent.witness.cosigned);
    cosigned->set_size(agent.witness.cosigned_size);
  }
  return response;
}

}  // namespace resetctl::controller

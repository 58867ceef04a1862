#ifndef RESETCTL_TESTS_SUPPORT_MEMORY_STORE_H_
#define RESETCTL_TESTS_SUPPORT_MEMORY_STORE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/service/store.h"
#include "controller/store/sqlite/audit_log.h"
#include "proto/base/mutex.h"
#include "tests/support/memory_state.h"

namespace resetctl::controller {

// The store as a fake: plain maps under one mutex, a commit works on a copy. It passes the same conformance suite as the
// real one (tests/controller/store/store_conformance.h). It ends the program at an audit entry with evidence that
// controller/domain/audit_fields.h does not know.
class MemoryStore : public Store {
 public:
  // Without a signer the notes of checkpoints are unsigned text.
  explicit MemoryStore(std::string log_origin = "resetctl.controller/test",
                       CheckpointSigner sign = nullptr);

  absl::StatusOr<PlanRecord> GetPlan(absl::string_view id_or_prefix) override;
  absl::StatusOr<PageOf<PlanRecord>> ListPlans(const PlanFilter& filter,
                                               const PageRequest& page) override;
  absl::StatusOr<std::string> GetBundle(absl::string_view bundle_digest) override;
  absl::StatusOr<std::vector<ApprovalRecord>> ListApprovals(absl::string_view plan_id) override;
  absl::StatusOr<RunRecord> GetRun(absl::string_view id_or_prefix) override;
  absl::StatusOr<PageOf<RunRecord>> ListRuns(const RunFilter& filter,
                                             const PageRequest& page) override;
  absl::StatusOr<std::vector<v1::RunEvent>> ListEvents(absl::string_view run_id, uint64_t after_seq,
                                                       int limit) override;
  absl::StatusOr<SessionRecord> FindSession(absl::string_view token_hash) override;
  absl::StatusOr<std::vector<SessionRecord>> ListSessions(const std::string& person) override;
  absl::StatusOr<ChallengeRecord> FindChallenge(absl::string_view challenge) override;
  absl::StatusOr<AgentRecord> GetAgent(absl::string_view environment,
                                       absl::string_view target) override;
  absl::StatusOr<std::vector<AgentRecord>> ListAgents() override;
  absl::StatusOr<CertificateRecord> FindCertificate(absl::string_view serial) override;
  absl::StatusOr<std::vector<CertificateRecord>> ListCertificates(
      absl::string_view environment, absl::string_view target) override;
  absl::StatusOr<JoinTokenRecord> FindJoinToken(absl::string_view token_hash) override;
  absl::StatusOr<std::optional<FreezeRecord>> FindFreeze(absl::string_view environment) override;
  absl::StatusOr<std::optional<RequestRecord>> FindRequest(absl::string_view person,
                                                           absl::string_view method,
                                                           absl::string_view request_id) override;
  absl::StatusOr<std::optional<uint64_t>> FindCursor(absl::string_view sink) override;
  absl::StatusOr<PageOf<StoredAuditEntry>> ListAudit(const AuditFilter& filter,
                                                     const PageRequest& page) override;
  absl::StatusOr<std::vector<StoredAuditEntry>> ReadAudit(uint64_t first, int limit) override;
  absl::StatusOr<uint64_t> FirstKept() override;
  absl::StatusOr<ArchiveRecord> FindArchive(uint64_t index) override;
  absl::StatusOr<uint64_t> FirstAt(absl::Time time) override;
  absl::StatusOr<StoredCheckpoint> GetCheckpoint() override;
  absl::StatusOr<StoredCheckpoint> GetCheckpointAt(uint64_t size) override;
  absl::StatusOr<std::vector<std::string>> ProveInclusion(uint64_t index, uint64_t size) override;
  absl::StatusOr<std::vector<std::string>> ProveConsistency(uint64_t old_size,
                                                            uint64_t size) override;
  absl::StatusOr<CommitReceipt> Commit(const Change& change, const AuditTrail& trail) override;
  absl::Status Write(const Note& note) override;
  absl::Status Probe() override { return absl::OkStatus(); }

 private:
  MemoryState Snapshot();
  // Of the first `size` entries; nothing when there are fewer.
  std::optional<std::vector<std::string>> LeafHashes(uint64_t size);
  absl::Status Sign(MemoryState* state) const;

  const std::string log_origin_;
  const CheckpointSigner sign_;
  base::Mutex mutex_;
  MemoryState state_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace resetctl::controller

#endif  // RESETCTL_TESTS_SUPPORT_MEMORY_STORE_H_

#ifndef RESETCTL_CONTROLLER_SERVICE_AUDIT_READER_H_
#define RESETCTL_CONTROLLER_SERVICE_AUDIT_READER_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "controller/service/desk.h"
#include "resetctl/v1/audit.pb.h"

namespace resetctl::controller {

// The audit log, as people read and verify it. Reads only.
class AuditReader {
 public:
  // `log_key`: the vkey of the key that signs the checkpoints.
  AuditReader(Desk& desk, AuditStore& audit, std::string log_key)
      : desk_(desk), audit_(audit), log_key_(std::move(log_key)) {}

  // Entries of environments that the caller may not read are left out; entries without an environment (logins, say) are for
  // those who may read every environment.
  absl::StatusOr<v1::ListEntriesResponse> ListEntries(const Requester& who,
                                                      const v1::ListEntriesRequest& request);
  // Checkpoints and proofs are for everybody who is logged in: hashes tell nothing of what was hashed.
  absl::StatusOr<v1::GetCheckpointResponse> GetCheckpoint();
  absl::StatusOr<v1::GetConsistencyProofResponse> GetConsistencyProof(
      const v1::GetConsistencyProofRequest& request);
  absl::StatusOr<v1::GetInclusionProofResponse> GetInclusionProof(
      const v1::GetInclusionProofRequest& request);
  // ROLE_MISSING unless the caller may read every environment: a log with gaps has no root. ENTRIES_ARCHIVED
  // when the first of them is in an archive file.
  absl::StatusOr<v1::ExportEntriesResponse> ExportEntries(const Requester& who,
                                                          const v1::ExportEntriesRequest& request);
  // Of the environments that the caller may read, smallest first.
  absl::StatusOr<v1::ListCosignaturesResponse> ListCosignatures(const Requester& who);

 private:
  bool ReadsAll(const Requester& who) const;
  // ENTRIES_ARCHIVED, with the file that the entry is in.
  absl::Status Archived(uint64_t index);
  absl::StatusOr<AuditFilter> FilterOf(const Requester& who, const v1::ListEntriesRequest& request);

  Desk& desk_;
  AuditStore& audit_;
  const std::string log_key_;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_AUDIT_READER_H_

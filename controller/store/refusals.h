#ifndef RESETCTL_CONTROLLER_STORE_REFUSALS_H_
#define RESETCTL_CONTROLLER_STORE_REFUSALS_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "controller/domain/records.h"

namespace resetctl::controller {

// What every store says when it refuses a mutation (controller/service/change.h), in the same words.
absl::Status NoSuch(absl::string_view kind, absl::string_view id);  // plan, run, session, ...
absl::Status NoSuchAgent(absl::string_view environment, absl::string_view target);
absl::Status StaleVersion(absl::string_view kind, absl::string_view id);
absl::Status TargetBusy(absl::string_view environment, absl::string_view target);
absl::Status RepeatedEvent(absl::string_view run_id, uint64_t seq, bool same_bytes);
absl::Status EventGap(absl::string_view run_id, uint64_t seq, uint64_t last);
absl::Status NoSuchChallenge();
absl::Status NoSuchToken();
absl::Status ReplayedStatement();
// A proof about entries that the log of `size` does not have.
absl::Status NoSuchProof(uint64_t size);

// An archive that may not be made: see ArchiveEntries.
absl::Status CheckArchive(const ArchiveRecord& archive, size_t leaf_hashes, uint64_t first_kept,
                          uint64_t size);
absl::Status NotTheArchivedEntry(uint64_t index);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_STORE_REFUSALS_H_

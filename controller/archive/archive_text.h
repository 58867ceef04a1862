#ifndef RESETCTL_CONTROLLER_ARCHIVE_ARCHIVE_TEXT_H_
#define RESETCTL_CONTROLLER_ARCHIVE_ARCHIVE_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "controller/service/store.h"

namespace resetctl::controller {

// An archive file is an exported log (contract/export_line.h) that begins at its first entry instead of 0. Pure.

// 'audit-000000004096-000000008191.jsonl': names sort as the files follow one another.
std::string ArchiveName(uint64_t first, uint64_t end);
// How the names of all archives begin that begin with this entry.
std::string ArchiveNamePrefix(uint64_t first);

// `checkpoint`: of the log up to the last of the entries.
std::string ArchiveText(const std::string& origin, const std::vector<StoredAuditEntry>& entries,
                        const StoredCheckpoint& checkpoint);

// The leaf hashes of the file's entries. DATA_LOSS unless the text is, byte for byte, an archive of this log from `first` on
// up to the checkpoint.
absl::StatusOr<std::vector<std::string>> LeavesOfArchive(absl::string_view text,
                                                         const std::string& origin, uint64_t first,
                                                         const StoredCheckpoint& checkpoint);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_ARCHIVE_ARCHIVE_TEXT_H_

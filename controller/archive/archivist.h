#ifndef RESETCTL_CONTROLLER_ARCHIVE_ARCHIVIST_H_
#define RESETCTL_CONTROLLER_ARCHIVE_ARCHIVIST_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/service/store.h"
#include "proto/base/clock.h"

namespace resetctl::controller {

struct ArchiveOptions {
  std::string folder;            // made when it is needed
  std::string origin;            // of the log
  absl::Duration retain;         // what is younger stays in the store
  uint64_t most = 1 << 14;       // entries in one file
  size_t most_bytes = 16 << 20;  // of their leaves, about
  // Receivers of notifications: what they have not been told of stays.
  std::vector<std::string> readers = {};
};

// Moves old entries of the audit log from the store to files (docs/guide/audit.md). A file is durable, was read back and
// found to be what the store has, before the entries go; an entry 'audit.archive' goes with them into the same commit.
// A crash in between leaves a file that nobody knows: the next pass removes it, while its entries are still there.
class Archivist {
 public:
  // The store and the clock outlive it.
  Archivist(Store& store, const base::Clock& clock, ArchiveOptions options)
      : store_(store), clock_(clock), options_(std::move(options)) {}

  // Moves all that is old enough, file by file; how many entries those were. One caller at a time. The entries of plans that
  // can still run, and of runs that are not over, stay, and with them all that is younger.
  absl::StatusOr<uint64_t> ArchiveDue();
  // From any thread: ArchiveDue ends after the file that it is at.
  void Stop() { stopping_ = true; }

 private:
  // What happened before this may go.
  absl::StatusOr<absl::Time> KeptFrom();
  // Entries before this may go.
  absl::StatusOr<uint64_t> DueBefore();
  // From the first kept entry on, before `before`: as many as a file may hold, in whole blocks.
  absl::StatusOr<std::vector<StoredAuditEntry>> NextStretch(uint64_t before);
  absl::Status Move(const std::vector<StoredAuditEntry>& entries);
  absl::Status RemoveLeftOvers(uint64_t first) const;

  Store& store_;
  const base::Clock& clock_;
  const ArchiveOptions options_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_ARCHIVE_ARCHIVIST_H_

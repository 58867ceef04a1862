#include "controller/store/refusals.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {

using contract::Error;

absl::Status NoSuch(absl::string_view kind, absl::string_view id) {
  return Error(v1::REASON_NOT_FOUND,
               absl::StrCat("There is no such ", kind, id.empty() ? "" : " ", id, "."),
               "Check the name.");
}

absl::Status NoSuchAgent(absl::string_view environment, absl::string_view target) {
  return Error(v1::REASON_NOT_FOUND,
               absl::StrCat("No agent has joined for ", environment, "/", target, "."),
               "Look at the targets: resetctl target list.");
}

absl::Status StaleVersion(absl::string_view kind, absl::string_view id) {
  return absl::AbortedError(absl::StrCat("The ", kind, " ", id, " was changed meanwhile."));
}

absl::Status TargetBusy(absl::string_view environment, absl::string_view target) {
  return Error(v1::REASON_TARGET_BUSY,
               absl::StrCat("Another run is going on at ", environment, "/", target, "."),
               "Wait until it has ended: resetctl list runs.");
}

absl::Status RepeatedEvent(absl::string_view run_id, uint64_t seq, bool same_bytes) {
  if (same_bytes) {
    return absl::AlreadyExistsError(absl::StrCat("Event ", seq, " of ", run_id, " is stored."));
  }
  return absl::DataLossError(
      absl::StrCat("Event ", seq, " of ", run_id, " is stored with another content."));
}

absl::Status EventGap(absl::string_view run_id, uint64_t seq, uint64_t last) {
  return absl::OutOfRangeError(
      absl::StrCat("Event ", seq, " of ", run_id, " does not follow event ", last, "."));
}

absl::Status NoSuchChallenge() {
  return Error(v1::REASON_UNAUTHENTICATED,
               "The login's challenge is not known, was used already, or is too old.",
               "Log in again.");
}

absl::Status NoSuchToken() {
  return Error(v1::REASON_TOKEN_INVALID,
               "The join token is not known, was used already, or is too old.",
               "Have a new one made: resetctl agent invite.");
}

absl::Status ReplayedStatement() {
  return Error(v1::REASON_STATEMENT_REPLAYED, "This statement was used before.",
               "Sign a new one: each counts once.");
}

absl::Status NoSuchProof(uint64_t size) {
  return Error(
      v1::REASON_INVALID_ARGUMENT,
      absl::StrCat("The proof is about entries that the log does not have: it has ", size, "."),
      "Ask for an index below the size, and a size that a checkpoint gave.");
}

absl::Status CheckArchive(const ArchiveRecord& archive, size_t leaf_hashes, uint64_t first_kept,
                          uint64_t size) {
  if (archive.first != first_kept) {
    return absl::AbortedError(absl::StrCat("An archive from entry ", archive.first,
                                           " on does not begin where the log does, at ", first_kept,
                                           "."));
  }
  if (archive.end <= archive.first || archive.end > size || archive.end % kArchiveBlock != 0 ||
      leaf_hashes != archive.end - archive.first) {
    return absl::InvalidArgumentError(absl::StrCat("Entries ", archive.first, " to ", archive.end,
                                                   " of a log of ", size, " are no archive."));
  }
  return absl::OkStatus();
}

absl::Status NotTheArchivedEntry(uint64_t index) {
  return absl::DataLossError(
      absl::StrCat("Audit entry ", index, " is not the one that its archive file has."));
}

}  // namespace resetctl::controller

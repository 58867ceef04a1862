#include "client/audit/log_verifier.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/base/text.h"
#include "proto/contract/cosignature.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {
namespace {

absl::Status Tampered(absl::string_view what) {
  return contract::Error(
      v1::REASON_LOG_TAMPERED, what,
      "Do not trust this copy: compare it with another, or export the log anew.");
}

}  // namespace

LogVerifier::LogVerifier(LogTrust trust) : trust_(std::move(trust)) {
  for (const std::string& witness : trust_.witnesses) {
    witnessed_.push_back({.witness = witness.substr(0, witness.find('+'))});
  }
}

absl::Status LogVerifier::CompareExpected() const {
  if (!expected_ || expected_->size != size() || expected_->origin != origin_ ||
      expected_->root == Root()) {
    return absl::OkStatus();
  }
  return contract::Error(
      v1::REASON_LOG_FORKED,
      absl::StrCat("The log's first ", size(),
                   " entries are not those that were seen before: root ",
                   base::ToHex(Root()).substr(0, 16), " now, ",
                   base::ToHex(expected_->root).substr(0, 16), " then."),
      "Somebody shows two histories. Keep both copies, and trust neither until you know who.");
}

absl::Status LogVerifier::TakeEntry(uint64_t index, absl::string_view leaf) {
  if (index > 0 && size() == 0) {
    return contract::Error(
        v1::REASON_LOG_TAMPERED,
        absl::StrCat("Entry 0 is missing: entry ", index, " stands in its place."),
        "If the controller has moved older entries to archive files, give those first, in order.");
  }
  if (index != size()) {
    return Tampered(
        absl::StrCat("Entry ", size(), " is missing: entry ", index, " stands in its place."));
  }
  frontier_.Append(contract::LeafHash(leaf));
  return CompareExpected();
}

absl::Status LogVerifier::TakeCheckpoint(absl::string_view note) {
  const absl::StatusOr<contract::Checkpoint> checkpoint =
      contract::OpenCheckpoint(note, trust_.log_keys);
  if (!checkpoint.ok()) return checkpoint.status();
  if (!origin_.empty() && checkpoint->origin != origin_) {
    return Tampered(absl::StrCat("A checkpoint is of another log, ", checkpoint->origin, "."));
  }
  if (checkpoint->size != size() || checkpoint->root != Root()) {
    return Tampered(absl::StrCat("The checkpoint signs ", checkpoint->size, " entries with root ",
                                 base::ToHex(checkpoint->root).substr(0, 16), ", but these are ",
                                 size(), " with root ", base::ToHex(Root()).substr(0, 16), "."));
  }
  for (size_t i = 0; i < witnessed_.size(); ++i) {
    const absl::StatusOr<absl::Time> time =
        contract::VerifyCosignature(note, trust_.witnesses[i], trust_.now);
    if (time.ok()) {
      witnessed_[i].size = checkpoint->size;
      witnessed_[i].time = *time;
    } else if (!absl::IsNotFound(time.status())) {
      return time.status();
    }
  }
  origin_ = checkpoint->origin;
  note_ = base::Str(note);
  covered_ = size();
  ++checkpoints_;
  return CompareExpected();
}

}  // namespace resetctl::client

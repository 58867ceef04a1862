#include "client/app/cosigned.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "client/output/sanitize.h"
#include "proto/base/text.h"
#include "proto/contract/cosignature.h"
#include "proto/contract/reasons.h"
#include "proto/contract/signed_note.h"

namespace resetctl::client {
namespace {

// Who has put a name to the note, the log itself left out.
std::string Witnesses(const std::string& text, const std::string& origin) {
  std::string names;
  const absl::StatusOr<contract::SignedNote> note = contract::ParseSignedNote(text);
  if (!note.ok()) return names;
  for (const contract::NoteSignature& signature : note->signatures) {
    if (signature.name == origin) continue;
    absl::StrAppend(&names, names.empty() ? "" : ", ", Clean(signature.name));
  }
  return names;
}

}  // namespace

absl::StatusOr<Cosigned> Cosigned::Fetch(Controller& controller) {
  Cosigned cosigned;
  auto response = controller.ListCosignatures();
  if (absl::IsUnimplemented(response.status())) return cosigned;
  if (!response.ok()) return response.status();
  for (v1::CosignedCheckpoint& each : *response->mutable_checkpoints()) {
    const absl::StatusOr<contract::SignedNote> note = contract::ParseSignedNote(each.checkpoint());
    if (!note.ok()) return note.status();
    absl::StatusOr<contract::Checkpoint> checkpoint = contract::ParseCheckpointBody(note->text);
    if (!checkpoint.ok()) return checkpoint.status();
    cosigned.notes_.push_back({std::move(*each.mutable_checkpoint()), *std::move(checkpoint)});
  }
  std::sort(cosigned.notes_.begin(), cosigned.notes_.end(),
            [](const Note& a, const Note& b) { return a.checkpoint.size < b.checkpoint.size; });
  return cosigned;
}

absl::Status Cosigned::KeepThoseOf(const std::vector<std::string>& witnesses, absl::Time now) {
  std::vector<Note> kept;
  for (Note& note : notes_) {
    bool ours = false;
    for (const std::string& witness : witnesses) {
      const absl::StatusOr<absl::Time> time = contract::VerifyCosignature(note.text, witness, now);
      if (!time.ok() && !absl::IsNotFound(time.status())) return time.status();
      ours = ours || time.ok();
    }
    if (ours) kept.push_back(std::move(note));
  }
  notes_ = std::move(kept);
  return absl::OkStatus();
}

const std::string* Cosigned::Next(const LogVerifier& verifier) {
  while (next_ < notes_.size() && notes_[next_].checkpoint.size < verifier.size()) ++next_;
  if (next_ == notes_.size() || notes_[next_].checkpoint.size != verifier.size()) return nullptr;
  return &notes_[next_++].text;
}

absl::Status Cosigned::Compare(const LogVerifier& verifier, const std::string& text) {
  const absl::StatusOr<contract::SignedNote> note = contract::ParseSignedNote(text);
  if (!note.ok()) return note.status();
  const absl::StatusOr<contract::Checkpoint> seen = contract::ParseCheckpointBody(note->text);
  if (!seen.ok()) return seen.status();
  if (seen->size == verifier.size() && seen->root == verifier.Root()) return absl::OkStatus();
  return contract::Error(
      v1::REASON_LOG_FORKED,
      absl::StrCat(Witnesses(text, seen->origin), " saw another history: the first ", seen->size,
                   " entries had root ", base::ToHex(seen->root).substr(0, 16), ", here they have ",
                   base::ToHex(verifier.Root()).substr(0, 16), "."),
      "Believe nothing that this controller says, and tell its administrators. After a restore "
      "that "
      "you know of, the agent's operator accepts the log: reset-agent witness accept.");
}

absl::Status Cosigned::CheckReached(const LogVerifier& verifier) const {
  if (notes_.empty() || notes_.back().checkpoint.size <= verifier.size()) return absl::OkStatus();
  const Note& last = notes_.back();
  return contract::Error(
      v1::REASON_LOG_ROLLED_BACK,
      absl::StrCat(Witnesses(last.text, last.checkpoint.origin), " saw ", last.checkpoint.size,
                   " entries of the log; here are ", verifier.size(), "."),
      "Believe nothing that this controller says, and tell its administrators.");
}

}  // namespace resetctl::client

#include "proto/contract/checkpoint.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/base/text.h"
#include "proto/base/utf8.h"
#include "proto/contract/reasons.h"

namespace resetctl::contract {
namespace {

constexpr size_t kRootBytes = 32;

// A line of the body: text, printable, not empty.
bool IsLine(absl::string_view text) {
  return !text.empty() && base::IsUtf8(text) && !base::HasControlCharacters(text, false);
}

}  // namespace

absl::StatusOr<LogKeyPair> MakeLogKey(absl::string_view name) {
  return MakeNoteKey(name, NoteKeyType::kLog);
}

absl::StatusOr<std::string> SignCheckpoint(const Checkpoint& checkpoint, absl::string_view key_name,
                                           absl::string_view private_pem) {
  if (!IsNoteKeyName(key_name) || !IsLine(checkpoint.origin) ||
      checkpoint.root.size() != kRootBytes) {
    return Error(v1::REASON_INVALID_ARGUMENT, "The checkpoint to sign is malformed.",
                 "Origin and key name are single lines, the root has 32 bytes.");
  }
  const std::string text = absl::StrCat(checkpoint.origin, "\n", checkpoint.size, "\n",
                                        base::ToBase64(checkpoint.root), "\n");
  absl::StatusOr<MadeSignature> made =
      MakeSignature(text, key_name, NoteKeyType::kLog, private_pem);
  if (!made.ok()) return made.status();
  return absl::StrCat(
      text, "\n",
      SignatureLine({base::Str(key_name), std::move(made->id), std::move(made->bytes)}));
}

// Origin, size, root; further lines are extensions that the signature covers too.
absl::StatusOr<Checkpoint> ParseCheckpointBody(absl::string_view body) {
  if (!absl::ConsumeSuffix(&body, "\n")) {
    return MalformedNote("its text does not end with a line end");
  }
  const std::vector<std::string> lines = absl::StrSplit(body, '\n');
  if (lines.size() < 3 || !std::all_of(lines.begin(), lines.end(), IsLine)) {
    return MalformedNote("origin, size and root are not three lines of text");
  }
  Checkpoint checkpoint;
  checkpoint.origin = lines[0];
  const std::string& size = lines[1];
  const bool digits =
      std::all_of(size.begin(), size.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || (size.size() > 1 && size[0] == '0') || !absl::SimpleAtoi(size, &checkpoint.size)) {
    return MalformedNote("its size is no number");
  }
  if (!base::FromBase64(lines[2], &checkpoint.root) || checkpoint.root.size() != kRootBytes) {
    return MalformedNote("its root is no SHA-256 hash");
  }
  return checkpoint;
}

absl::StatusOr<Checkpoint> OpenCheckpoint(absl::string_view note,
                                          const std::vector<std::string>& verifiers) {
  std::vector<NoteVerifier> keys;
  std::vector<std::string> names;
  for (const std::string& verifier : verifiers) {
    absl::StatusOr<NoteVerifier> key = ParseNoteVerifier(verifier, NoteKeyType::kLog);
    if (!key.ok()) return key.status();
    names.push_back(key->name);
    keys.push_back(*std::move(key));
  }
  const absl::StatusOr<SignedNote> parsed = ParseSignedNote(note);
  if (!parsed.ok()) return parsed.status();
  bool ours = false;
  if (keys.empty()) return BadNoteSignature("There is no log key to verify the checkpoint with.");
  for (const NoteSignature& signature : parsed->signatures) {
    for (const NoteVerifier& key : keys) {
      // Signatures by other keys are other witnesses' business.
      if (!signature.By(key)) continue;
      if (!SignatureHolds(key, parsed->text, signature.bytes)) {
        return BadNoteSignature(
            absl::StrCat("The checkpoint's signature by ", key.name, " is wrong."));
      }
      ours = true;
    }
  }
  if (!ours) {
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return BadNoteSignature(
        absl::StrCat("The checkpoint is not signed by ", absl::StrJoin(names, " or "),
                     names.size() == 1 && keys.size() > 1
                         ? absl::StrCat(" with any of the ", keys.size(), " keys")
                         : "",
                     "."));
  }
  return ParseCheckpointBody(parsed->text);
}

absl::StatusOr<Checkpoint> OpenCheckpoint(absl::string_view note, absl::string_view verifier) {
  return OpenCheckpoint(note, std::vector<std::string>{base::Str(verifier)});
}

}  // namespace resetctl::contract

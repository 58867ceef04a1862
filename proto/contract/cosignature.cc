#include "proto/contract/cosignature.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/base/text.h"
#include "proto/contract/checkpoint.h"
#include "proto/contract/reasons.h"

namespace resetctl::contract {
namespace {

constexpr size_t kTimeBytes = 8;
constexpr absl::Duration kClockSkew = absl::Minutes(2);

std::string Message(uint64_t seconds, absl::string_view text) {
  return absl::StrCat("cosignature/v1\ntime ", seconds, "\n", text);
}

// RFC 8446 §3.3: big-endian.
std::string Encode(uint64_t seconds) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>((seconds >> shift) & 0xff));
  }
  return bytes;
}

uint64_t Decode(absl::string_view bytes) {
  uint64_t seconds = 0;
  for (const char byte : bytes) seconds = (seconds << 8) | static_cast<unsigned char>(byte);
  return seconds;
}

}  // namespace

absl::StatusOr<NoteKeyPair> MakeWitnessKey(absl::string_view name) {
  return MakeNoteKey(name, NoteKeyType::kCosignature);
}

absl::StatusOr<std::string> Cosign(absl::string_view note, absl::string_view witness_name,
                                   absl::string_view private_pem, absl::Time time) {
  const absl::StatusOr<SignedNote> parsed = ParseSignedNote(note);
  if (!parsed.ok()) return parsed.status();
  const absl::StatusOr<Checkpoint> checkpoint = ParseCheckpointBody(parsed->text);
  if (!checkpoint.ok()) return checkpoint.status();
  const int64_t seconds = absl::ToUnixSeconds(time);
  if (!IsNoteKeyName(witness_name) || seconds < 0 || time == absl::InfiniteFuture()) {
    return Error(v1::REASON_INVALID_ARGUMENT, "The witness's name or time is not usable.",
                 "Use a name without blanks and '+', and a clock that is right.");
  }
  absl::StatusOr<MadeSignature> made =
      MakeSignature(Message(static_cast<uint64_t>(seconds), parsed->text), witness_name,
                    NoteKeyType::kCosignature, private_pem);
  if (!made.ok()) return made.status();
  std::string timestamped = Encode(static_cast<uint64_t>(seconds));
  timestamped += made->bytes;
  return SignatureLine({base::Str(witness_name), std::move(made->id), std::move(timestamped)});
}

absl::StatusOr<absl::Time> VerifyCosignature(absl::string_view note, absl::string_view witness,
                                             absl::Time now) {
  const absl::StatusOr<NoteVerifier> key = ParseNoteVerifier(witness, NoteKeyType::kCosignature);
  if (!key.ok()) return key.status();
  const absl::StatusOr<SignedNote> parsed = ParseSignedNote(note);
  if (!parsed.ok()) return parsed.status();
  const absl::StatusOr<Checkpoint> checkpoint = ParseCheckpointBody(parsed->text);
  if (!checkpoint.ok()) return checkpoint.status();
  std::optional<absl::Time> newest;
  for (const NoteSignature& signature : parsed->signatures) {
    if (!signature.By(*key)) continue;
    const absl::string_view bytes(signature.bytes);
    const uint64_t seconds = Decode(bytes.substr(0, kTimeBytes));
    if (bytes.size() <= kTimeBytes || seconds > uint64_t{std::numeric_limits<int64_t>::max()} ||
        !SignatureHolds(*key, Message(seconds, parsed->text), bytes.substr(kTimeBytes))) {
      return BadNoteSignature(absl::StrCat("The cosignature by ", key->name, " is wrong."));
    }
    const absl::Time time = absl::FromUnixSeconds(static_cast<int64_t>(seconds));
    if (time > now + kClockSkew) {
      return BadNoteSignature(absl::StrCat("The cosignature by ", key->name, " is of ",
                                           absl::FormatTime(time, absl::UTCTimeZone()),
                                           ", which is yet to come."));
    }
    if (!newest || time > *newest) newest = time;
  }
  if (!newest) {
    return Error(v1::REASON_NOT_FOUND,
                 absl::StrCat("The checkpoint is not cosigned by ", key->name, "."),
                 "Ask for a newer one, once that witness has seen it.");
  }
  return *newest;
}

}  // namespace resetctl::contract

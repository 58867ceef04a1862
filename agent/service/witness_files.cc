#include "agent/service/witness_files.h"

#include <errno.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "agent/service/local_key.h"
#include "agent/service/log_proof.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/contract/cosignature.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr int64_t kMaxBytes = 1 << 20;

constexpr char kKey[] = "/witness.key";
constexpr char kMemory[] = "/witness";
constexpr char kDecision[] = "/witness.accept";

absl::Status NotWritten(const absl::Status& why) {
  return contract::Error(
      v1::REASON_CONFIG_INVALID,
      absl::StrCat("the state directory cannot be written: ", base::Str(why.message())),
      "Check state_dir in agent.yaml and its owner.");
}

absl::Status Damaged(const std::string& path) {
  return contract::Error(v1::REASON_CONFIG_INVALID,
                         absl::StrCat(path, " is damaged: what was seen of the audit log is lost"),
                         "Restore it. Without it the next log that the controller shows is taken "
                         "for the first one: remove it only if you trust that log.");
}

}  // namespace

absl::StatusOr<WitnessKey> WitnessFiles::LoadOrMakeKey(absl::string_view environment,
                                                       absl::string_view target) const {
  const std::string path = folder_ + kKey;
  WitnessKey key;
  key.agent = absl::StrCat(environment, "/", target);
  key.name = absl::StrCat("resetctl.agent/", key.agent);
  if (access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    absl::StatusOr<contract::NoteKeyPair> made = contract::MakeWitnessKey(key.name);
    if (!made.ok()) return made.status();
    const absl::Status written = base::WriteFileDurably(path, made->private_pem, 0600);
    if (!written.ok()) return NotWritten(written);
    key.private_pem = base::Secret(std::move(made->private_pem));
    key.verifier = std::move(made->verifier);
    return key;
  }
  absl::Status status = CheckPrivateFile(path);
  if (!status.ok()) return status;
  absl::StatusOr<std::string> pem = base::ReadFile(path, kMaxBytes);
  if (!pem.ok()) return pem.status();
  absl::StatusOr<std::string> verifier =
      contract::VerifierOfKey(key.name, contract::NoteKeyType::kCosignature, *pem);
  if (!verifier.ok()) {
    return contract::Error(v1::REASON_CONFIG_INVALID,
                           absl::StrCat(path, " is no key that a witness could sign with"),
                           "Restore it, or remove it: the agent makes a new one, and whoever "
                           "verifies with the old one needs the new one then.");
  }
  key.private_pem = base::Secret(*std::move(pem));
  key.verifier = *std::move(verifier);
  return key;
}

absl::StatusOr<v1::WitnessMemory> WitnessFiles::LoadMemory() const {
  const std::string path = folder_ + kMemory;
  const absl::StatusOr<std::string> bytes = base::ReadFile(path, kMaxBytes);
  v1::WitnessMemory memory;
  if (absl::IsNotFound(bytes.status())) return memory;
  if (!bytes.ok()) return bytes.status();
  if (!memory.ParseFromString(*bytes) || (memory.has_seen() && !CheckpointOf(memory.seen()).ok())) {
    return Damaged(path);
  }
  return memory;
}

absl::Status WitnessFiles::SaveMemory(const v1::WitnessMemory& memory) const {
  return base::WriteFileDurably(folder_ + kMemory, memory.SerializeAsString(), 0600);
}

bool WitnessFiles::HasDecision() const { return access((folder_ + kDecision).c_str(), F_OK) == 0; }

absl::StatusOr<std::optional<v1::WitnessDecision>> WitnessFiles::LoadDecision() const {
  const absl::StatusOr<std::string> bytes = base::ReadFile(folder_ + kDecision, kMaxBytes);
  if (absl::IsNotFound(bytes.status())) return std::optional<v1::WitnessDecision>();
  if (!bytes.ok()) return bytes.status();
  v1::WitnessDecision decision;
  if (!decision.ParseFromString(*bytes)) return Damaged(folder_ + kDecision);
  return std::optional<v1::WitnessDecision>(std::move(decision));
}

absl::Status WitnessFiles::SaveDecision(const v1::WitnessDecision& decision) const {
  const absl::Status written =
      base::WriteFileDurably(folder_ + kDecision, decision.SerializeAsString(), 0600);
  return written.ok() ? written : NotWritten(written);
}

void WitnessFiles::RemoveDecision() const { unlink((folder_ + kDecision).c_str()); }

}  // namespace resetctl::agent

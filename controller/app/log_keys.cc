#include "controller/app/log_keys.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/service/audit_entries.h"
#include "controller/store/sqlite/sqlite_store.h"
#include "proto/base/file.h"
#include "proto/contract/checkpoint.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

absl::StatusOr<std::string> VerifierOf(const Config& config, const std::string& path,
                                       const std::string& pem) {
  absl::StatusOr<std::string> verifier =
      contract::VerifierOfKey(LogOrigin(config.name), contract::NoteKeyType::kLog, pem);
  if (verifier.ok()) return verifier;
  return contract::Error(v1::REASON_CONFIG_INVALID, absl::StrCat(path, " is no Ed25519 key"),
                         "audit.key is the log.key that init made, or one like it");
}

// The key that is to come: of an earlier call that did not end, or a new one, durable before anything speaks of it.
absl::StatusOr<std::string> NextKey(const Config& config, const std::string& path) {
  if (Exists(path)) return ReadPrivateKey(path);
  absl::StatusOr<contract::LogKeyPair> key = contract::MakeLogKey(LogOrigin(config.name));
  if (!key.ok()) return key.status();
  absl::Status written = base::WriteFileDurably(path, key->private_pem, 0600);
  if (!written.ok()) return written;
  return std::move(key->private_pem);
}

absl::Status LogTheChange(const Config& config, const std::vector<std::string>& pems,
                          const ChangedLogKey& changed, absl::Time now) {
  absl::Status made = base::MakeFolders(config.state_dir, 0700);
  if (!made.ok()) return made;
  const std::string origin = LogOrigin(config.name);
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenSqliteStore(
      {absl::StrCat(config.state_dir, "/controller.db"), origin, SignerOf(origin, pems)});
  if (!store.ok()) return store.status();
  v1::AuditEntry entry = EntryBySystem(
      {.action = "log.key", .subject = origin, .detail = "the log's key was changed"}, now);
  (*entry.mutable_evidence())["old_key"] = changed.old_verifier;
  (*entry.mutable_evidence())["new_key"] = changed.new_verifier;
  return (*store)->Commit(Change(), AuditTrail(std::move(entry))).status();
}

}  // namespace

std::string OldLogKeyFile(const Config& config) { return absl::StrCat(config.audit_key, ".old"); }

absl::StatusOr<LogKeys> ReadLogKeys(const Config& config) {
  LogKeys keys;
  absl::StatusOr<std::string> pem = ReadPrivateKey(config.audit_key);
  if (!pem.ok()) return pem.status();
  absl::StatusOr<std::string> verifier = VerifierOf(config, config.audit_key, *pem);
  if (!verifier.ok()) return verifier.status();
  keys.verifier = *std::move(verifier);
  keys.pems.push_back(*std::move(pem));
  const std::string old_file = OldLogKeyFile(config);
  if (!Exists(old_file)) return keys;
  absl::StatusOr<std::string> old_pem = ReadPrivateKey(old_file);
  if (!old_pem.ok()) return old_pem.status();
  const absl::StatusOr<std::string> old_verifier = VerifierOf(config, old_file, *old_pem);
  if (!old_verifier.ok()) return old_verifier.status();
  // A change that has not come far: it is still the same key.
  if (*old_verifier != keys.verifier) keys.pems.push_back(*std::move(old_pem));
  return keys;
}

CheckpointSigner SignerOf(const std::string& origin, const std::vector<std::string>& pems) {
  return [origin, pems](const contract::Checkpoint& checkpoint) -> absl::StatusOr<std::string> {
    std::string note;
    for (const std::string& pem : pems) {
      const absl::StatusOr<std::string> signed_by_it =
          contract::SignCheckpoint(checkpoint, origin, pem);
      if (!signed_by_it.ok()) return signed_by_it.status();
      const absl::StatusOr<contract::SignedNote> parsed = contract::ParseSignedNote(*signed_by_it);
      if (!parsed.ok()) return parsed.status();
      if (note.empty()) note = absl::StrCat(parsed->text, "\n");
      note += contract::SignatureLine(parsed->signatures.front());
    }
    return note;
  };
}

absl::StatusOr<ChangedLogKey> ChangeLogKey(const std::string& config_path, absl::Time now) {
  const absl::StatusOr<Config> config = LoadConfig(config_path);
  if (!config.ok()) return config.status();
  absl::StatusOr<LogKeys> keys = ReadLogKeys(*config);
  if (!keys.ok()) return keys.status();
  ChangedLogKey changed;
  changed.old_verifier = keys->verifier;
  changed.old_key_file = OldLogKeyFile(*config);
  if (keys->pems.size() > 1) {
    return contract::Error(v1::REASON_CONFIG_INVALID,
                           absl::StrCat("the change before this one is not over: ",
                                        changed.old_key_file, " still signs"),
                           "remove that file once everybody who verifies the log has the new key");
  }
  const std::string next_file = absl::StrCat(config->audit_key, ".new");
  const absl::StatusOr<std::string> next = NextKey(*config, next_file);
  if (!next.ok()) return next.status();
  absl::StatusOr<std::string> verifier = VerifierOf(*config, next_file, *next);
  if (!verifier.ok()) return verifier.status();
  changed.new_verifier = *std::move(verifier);
  changed.public_file = std::filesystem::path(config->audit_key).replace_extension(".pub");

  // Refused while the controller runs, with nothing changed but the file of a key that nobody uses.
  absl::Status status = LogTheChange(*config, {*next, keys->pems.front()}, changed, now);
  if (status.ok()) status = base::WriteFileDurably(changed.old_key_file, keys->pems.front(), 0600);
  if (status.ok()) status = base::WriteFileDurably(config->audit_key, *next, 0600);
  if (status.ok()) {
    status =
        base::WriteFileDurably(changed.public_file, absl::StrCat(changed.new_verifier, "\n"), 0644);
  }
  if (!status.ok()) return status;
  std::remove(next_file.c_str());
  return changed;
}

}  // namespace resetctl::controller

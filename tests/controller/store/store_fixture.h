#ifndef RESETCTL_TESTS_CONTROLLER_STORE_STORE_FIXTURE_H_
#define RESETCTL_TESTS_CONTROLLER_STORE_STORE_FIXTURE_H_

#include <atomic>
#include <filesystem>
#include <memory>
#include <stdlib.h>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/store/sqlite/sqlite_store.h"
#include "proto/contract/checkpoint.h"
#include "tests/support/controller_builders.h"

namespace resetctl::controller {

inline constexpr char kOrigin[] = "resetctl.controller/test";

// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "resetctl-store-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string File(const std::string& name) const { return absl::StrCat(path_, "/", name); }

 private:
  std::string path_;
};

// The log's key, and a signer that can be told to fail.
class LogKey {
 public:
  LogKey() : key_(*contract::MakeLogKey(kOrigin)) {}
  CheckpointSigner Signer() {
    return [this](const contract::Checkpoint& checkpoint) -> absl::StatusOr<std::string> {
      if (broken) return absl::UnavailableError("the log's key is out of reach");
      return contract::SignCheckpoint(checkpoint, kOrigin, key_.private_pem);
    };
  }
  const std::string& verifier() const { return key_.verifier; }
  std::atomic<bool> broken = false;

 private:
  const contract::LogKeyPair key_;
};

// The value itself, not a reference into a temporary: to loop over.
template <typename T>
T Get(absl::StatusOr<T> result) {
  return *std::move(result);
}

inline v1::AuditEntry AnEntry(const std::string& action, const std::string& subject = "",
                              const std::string& person = "alice",
                              const std::string& environment = "production") {
  v1::AuditEntry entry;
  entry.mutable_time()->set_seconds(absl::ToUnixSeconds(Start()));
  entry.set_actor("person:" + person);
  entry.set_action(action);
  entry.set_subject(subject);
  entry.set_environment(environment);
  entry.set_outcome("ok");
  return entry;
}

}  // namespace resetctl::controller

#endif  // RESETCTL_TESTS_CONTROLLER_STORE_STORE_FIXTURE_H_

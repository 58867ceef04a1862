#include "agent/service/local_key.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr int kKeyBytes = 32;

// Different uses of one key must never give equal MACs: each begins with its own text.
constexpr char kPlanUse[] = "resetctl plan\n";
constexpr char kParameterUse[] = "resetctl parameter\n";

}  // namespace

absl::Status CheckPrivateFile(const std::string& path) {
  struct stat facts;
  if (stat(path.c_str(), &facts) != 0) {
    return contract::Error(v1::REASON_CONFIG_INVALID,
                           absl::StrCat(path, " cannot be read: ", strerror(errno)),
                           "Check state_dir in agent.yaml, and enrol the agent if it is new.");
  }
  if (!S_ISREG(facts.st_mode) || (facts.st_mode & 077) != 0) {
    return contract::Error(
        v1::REASON_CONFIG_INVALID, absl::StrCat(path, " holds a key that others may read"),
        absl::StrCat("chmod 600 ", path, "; if somebody may have read it, enrol the agent again."));
  }
  if (facts.st_uid != geteuid() && facts.st_uid != 0) {
    return contract::Error(v1::REASON_CONFIG_INVALID,
                           absl::StrCat(path, " belongs to another user"),
                           absl::StrCat("chown it to the agent's user."));
  }
  return absl::OkStatus();
}

absl::StatusOr<LocalKey> LocalKey::LoadOrMake(const std::string& state_dir) {
  const std::string path = state_dir + "/local.key";
  if (access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    const std::string key = base::RandomBytes(kKeyBytes);
    absl::Status written = base::WriteFileDurably(path, base::ToHex(key) + "\n", 0600);
    if (!written.ok()) {
      return contract::Error(
          v1::REASON_CONFIG_INVALID,
          absl::StrCat("the state directory cannot be written: ", base::Str(written.message())),
          "Check state_dir in agent.yaml and its owner.");
    }
    return LocalKey(base::Secret(key));
  }
  absl::Status status = CheckPrivateFile(path);
  if (!status.ok()) return status;
  absl::StatusOr<std::string> text = base::ReadFile(path, 1024);
  if (!text.ok()) return text.status();
  std::string key;
  if (text->size() == 2 * kKeyBytes + 1 && text->back() == '\n') {
    for (size_t i = 0; i + 1 < text->size(); i += 2) {
      const std::string digits = text->substr(i, 2);
      if (digits.find_first_not_of("0123456789abcdef") != std::string::npos) break;
      key.push_back(static_cast<char>(std::stoi(digits, nullptr, 16)));
    }
  }
  if (key.size() != kKeyBytes) {
    return contract::Error(
        v1::REASON_CONFIG_INVALID, absl::StrCat(path, " is damaged"),
        "Restore it from a backup, or remove it; plans made before become useless.");
  }
  return LocalKey(base::Secret(key));
}

std::string LocalKey::PlanMac(absl::string_view document) const {
  return contract::HmacSha256(key_.Reveal(), absl::StrCat(kPlanUse, document));
}

bool LocalKey::IsOurPlan(absl::string_view document, absl::string_view mac) const {
  return base::EqualInConstantTime(PlanMac(document), mac);
}

std::string LocalKey::ParameterMac(absl::string_view name, const base::Secret& value) const {
  // The name's length keeps ("A", "Bx") and ("AB", "x") apart.
  return base::ToHex(contract::HmacSha256(
      key_.Reveal(), absl::StrCat(kParameterUse, name.size(), ":", name, value.Reveal())));
}

}  // namespace resetctl::agent

#include "agent/service/commit_memory.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr char kLost[] = " lost";

}  // namespace

absl::Status CommitMemory::Committed(absl::string_view run_id) {
  return base::WriteFileDurably(file_, absl::StrCat(run_id, "\n"), 0600);
}

absl::Status CommitMemory::Lost(absl::string_view run_id) {
  return base::WriteFileDurably(file_, absl::StrCat(run_id, kLost, "\n"), 0600);
}

absl::Status CommitMemory::Forget() { return base::WriteFileDurably(file_, "\n", 0600); }

absl::StatusOr<std::string> CommitMemory::LastCommit() const {
  absl::StatusOr<std::string> text = base::ReadFile(file_, 4096);
  if (absl::IsNotFound(text.status())) return std::string();
  if (!text.ok()) return text.status();
  return base::Str(absl::StripSuffix(absl::StripAsciiWhitespace(*text), kLost));
}

absl::Status CommitMemory::Check() const {
  const absl::StatusOr<std::string> text = base::ReadFile(file_, 4096);
  if (absl::IsNotFound(text.status())) return absl::OkStatus();
  if (!text.ok()) return text.status();
  absl::string_view run_id = absl::StripAsciiWhitespace(*text);
  if (!absl::ConsumeSuffix(&run_id, kLost)) return absl::OkStatus();
  return contract::Error(
      v1::REASON_COMMIT_LOST,
      absl::StrCat("the database has lost the commit of run ", run_id,
                   " (a failover or a restore)"),
      "Look at the data; then let somebody whom the agent's floor names sign: resetctl target "
      "rebind.");
}

}  // namespace resetctl::agent

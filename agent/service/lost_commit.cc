#include "agent/service/lost_commit.h"

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/base/file.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {

absl::Status LostCommit::Remember(absl::string_view run_id) {
  return base::WriteFileDurably(file_, absl::StrCat(run_id, "\n"), 0600);
}

absl::Status LostCommit::Check() const {
  const absl::StatusOr<std::string> run_id = base::ReadFile(file_, 4096);
  if (absl::IsNotFound(run_id.status())) return absl::OkStatus();
  if (!run_id.ok()) return run_id.status();
  if (absl::StripAsciiWhitespace(*run_id).empty()) return absl::OkStatus();
  return contract::Error(
      v1::REASON_COMMIT_LOST,
      absl::StrCat("the database has lost the commit of run ", absl::StripAsciiWhitespace(*run_id),
                   " (a failover or a restore)"),
      "Look at the data; then let somebody whom the agent's floor names sign: resetctl target "
      "rebind.");
}

// Emptied rather than removed: as durable as it was written.
absl::Status LostCommit::Forget() {
  if (Check().ok()) return absl::OkStatus();
  return base::WriteFileDurably(file_, "", 0600);
}

}  // namespace resetctl::agent

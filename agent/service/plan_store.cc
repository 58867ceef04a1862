#include "agent/service/plan_store.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::agent {

std::string PlanStore::FolderOf(absl::string_view plan_digest) const {
  return absl::StrCat(folder_, "/", absl::StripPrefix(plan_digest, "sha256:"));
}

absl::Status PlanStore::Save(absl::string_view document, absl::string_view bundle) {
  const std::string folder = FolderOf(contract::Digest(document));
  absl::Status status = base::MakeFolders(folder);
  if (!status.ok()) return status;
  status = base::WriteFileDurably(folder + "/bundle", bundle, 0600);
  if (!status.ok()) return status;
  return base::WriteFileDurably(folder + "/document", document, 0600);
}

absl::StatusOr<std::string> PlanStore::LoadBundle(absl::string_view plan_digest) const {
  absl::StatusOr<std::string> bundle = base::ReadFile(FolderOf(plan_digest) + "/bundle");
  if (bundle.ok()) return bundle;
  return contract::Error(
      v1::REASON_PLAN_NOT_OURS, "this agent has no blueprint bundle for the plan",
      "Make a new plan; if this happens again, the agent's state directory is not kept.");
}

void PlanStore::RemoveExpiredBefore(absl::Time limit) {
  std::error_code error;
  std::filesystem::directory_iterator entries(folder_, error);
  if (error) return;
  for (const std::filesystem::directory_entry& entry : entries) {
    absl::StatusOr<std::string> document = base::ReadFile(entry.path().string() + "/document");
    v1::PlanDocument plan;
    if (!document.ok() || !plan.ParseFromString(*document)) continue;
    if (absl::FromUnixSeconds(plan.expire_time().seconds()) >= limit) continue;
    std::filesystem::remove_all(entry.path(), error);
    base::Log(base::LogLevel::kDebug, "expired plan removed",
              {{"folder", entry.path().filename().string()}});
  }
}

}  // namespace resetctl::agent

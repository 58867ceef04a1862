#include "client/commands/bundle_files.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/base/file.h"
#include "proto/contract/blueprint.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {
namespace {

bool StaysInside(const std::string& path) {
  if (path.empty() || path[0] == '/') return false;
  for (const auto part : absl::StrSplit(path, '/')) {
    if (part == "..") return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<contract::BundleFiles> ReadBundleFiles(const std::string& blueprint) {
  const size_t slash = blueprint.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : blueprint.substr(0, slash + 1);

  contract::BundleFiles bundle;
  bundle.blueprint_path = slash == std::string::npos ? blueprint : blueprint.substr(slash + 1);
  auto text = base::ReadFile(blueprint, contract::kMaxBundleBytes);
  if (!text.ok()) {
    return contract::Error(v1::REASON_INVALID_ARGUMENT, text.status().message(),
                           "name the blueprint's file, for example blueprint.yaml");
  }
  const std::vector<std::string> named = contract::FilesNamedBy(*text);
  bundle.files[bundle.blueprint_path] = *std::move(text);
  for (const std::string& path : named) {
    if (!StaysInside(path)) continue;
    auto content = base::ReadFile(folder + path, contract::kMaxBundleBytes);
    if (absl::IsResourceExhausted(content.status())) {
      return contract::Error(
          v1::REASON_TOO_LARGE, content.status().message(),
          absl::StrCat("a blueprint and its files are at most ", contract::kMaxBundleBytes >> 20,
                       " MB; load larger data another way"));
    }
    if (content.ok()) bundle.files[path] = *std::move(content);
  }
  return bundle;
}

}  // namespace resetctl::client

#include "proto/contract/bundle.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/base/text.h"
#include "proto/base/utf8.h"
#include "proto/contract/known_fields.h"
#include "proto/contract/reasons.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::contract {
namespace {

constexpr size_t kMaxPath = 512;

absl::Status Malformed(absl::string_view what) {
  return Error(v1::REASON_INVALID_ARGUMENT, absl::StrCat("The bundle is malformed: ", what, "."),
               "Make the plan again with a resetctl of this version.");
}

absl::Status TooLarge(size_t bytes) {
  return Error(v1::REASON_TOO_LARGE,
               absl::StrCat("The blueprint and its files are ", bytes, " bytes, more than the ",
                            kMaxBundleBytes >> 20, " MiB that a bundle may have."),
               "Leave out what a reset does not need, or make large CSV files smaller.");
}

}  // namespace

absl::Status CheckBundlePath(absl::string_view path) {
  const auto refuse = [](absl::string_view what) {
    return Error(v1::REASON_INVALID_ARGUMENT, what,
                 "Use a path relative to the blueprint's folder, like sql/admin.sql.");
  };
  if (path.empty()) return refuse("A file's path is empty.");
  if (!base::IsUtf8(path) || base::HasControlCharacters(path, false)) {
    return refuse("A file's path holds control characters or is not UTF-8.");
  }
  if (path.size() > kMaxPath) {
    return refuse(absl::StrCat("A file's path is longer than ", kMaxPath, " bytes."));
  }
  if (path.front() == '/') return refuse(absl::StrCat("The path '", path, "' is absolute."));
  if (path.find('\\') != absl::string_view::npos) {
    return refuse(absl::StrCat("The path '", path, "' holds a backslash."));
  }
  for (absl::string_view part : absl::StrSplit(path, '/')) {
    if (part == "..") {
      return refuse(absl::StrCat("The path '", path, "' leaves the blueprint's folder."));
    }
    if (part.empty() || part == ".") {
      return refuse(absl::StrCat("The path '", path, "' has an empty part or a '.'."));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> PackBundle(const BundleFiles& bundle) {
  v1::Bundle message;
  if (bundle.files.count(bundle.blueprint_path) == 0) {
    return Error(v1::REASON_INVALID_ARGUMENT, "The bundle lacks its blueprint.",
                 "Name the blueprint's own file among the files.");
  }
  size_t total = 0;
  for (const auto& [path, content] : bundle.files) {
    if (absl::Status status = CheckBundlePath(path); !status.ok()) return status;
    total += path.size() + content.size();
    if (total > kMaxBundleBytes) continue;
    v1::BundleFile* file = message.add_files();
    file->set_path(path);
    file->set_content(content);
  }
  if (total > kMaxBundleBytes) return TooLarge(total);
  message.set_blueprint_path(bundle.blueprint_path);
  std::string bytes = message.SerializeAsString();
  if (bytes.size() > kMaxBundleBytes) return TooLarge(bytes.size());
  return bytes;
}

absl::StatusOr<BundleFiles> UnpackBundle(absl::string_view bytes) {
  if (bytes.size() > kMaxBundleBytes) return TooLarge(bytes.size());
  v1::Bundle message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Malformed("it cannot be read");
  }
  if (const std::string unknown = UnknownPart(message); !unknown.empty()) {
    return Malformed(absl::StrCat("it has unknown fields, ", unknown));
  }
  BundleFiles bundle;
  bundle.blueprint_path = message.blueprint_path();
  const std::string* previous = nullptr;
  for (v1::BundleFile& file : *message.mutable_files()) {
    if (absl::Status status = CheckBundlePath(file.path()); !status.ok()) return status;
    if (previous != nullptr && *previous == file.path()) {
      return Malformed(absl::StrCat("it holds '", file.path(), "' twice"));
    }
    if (previous != nullptr && *previous > file.path()) {
      return Malformed("its files are not sorted by path");
    }
    previous = &file.path();
    bundle.files.emplace(file.path(), std::move(*file.mutable_content()));
  }
  if (bundle.files.count(bundle.blueprint_path) == 0) return Malformed("its blueprint is missing");
  return bundle;
}

}  // namespace resetctl::contract

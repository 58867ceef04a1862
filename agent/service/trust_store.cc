#include "agent/service/trust_store.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <utility>

#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr int64_t kMaxTrustFile = 1 << 20;

absl::Status Invalid(absl::string_view what, absl::string_view advice) {
  return contract::Error(v1::REASON_TRUST_FILES_INVALID, what, advice);
}

absl::Status CheckOne(const std::string& path, bool is_ancestor, bool accept_same_owner,
                      uid_t uid) {
  struct stat facts;
  if (stat(path.c_str(), &facts) != 0) {
    return Invalid(absl::StrCat(path, " cannot be read: ", strerror(errno)),
                   "Run `reset-agent trust init`, or put the file there.");
  }
  const bool sticky = S_ISDIR(facts.st_mode) && (facts.st_mode & S_ISVTX) != 0;
  if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !(is_ancestor && sticky)) {
    return Invalid(absl::StrCat(path, " may be written by its group or by others"),
                   absl::StrCat("chmod go-w ", path));
  }
  // Folders above belong to root everywhere; a root agent would refuse every machine.
  if (facts.st_uid == uid && !accept_same_owner) {
    return Invalid(absl::StrCat(path, " belongs to the user that the agent runs as"),
                   "Give the trust folder and its files to another user (root), or, in a container "
                   "with one user, set "
                   "trust.same_owner: accept in agent.yaml.");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadTrustFile(const std::string& path, bool accept_same_owner,
                                          uid_t uid) {
  absl::Status status = CheckNotWritable(path, accept_same_owner, uid);
  if (!status.ok()) return status;
  absl::StatusOr<std::string> text = base::ReadFile(path, kMaxTrustFile);
  if (!text.ok()) {
    return Invalid(absl::StrCat(path, " cannot be read: ", base::Str(text.status().message())),
                   "Run `reset-agent trust init`, or put the file there.");
  }
  return text;
}

}  // namespace

absl::Status CheckNotWritable(const std::string& path, bool accept_same_owner, uid_t uid) {
  char resolved[PATH_MAX];
  if (realpath(path.c_str(), resolved) == nullptr) {
    return Invalid(absl::StrCat(path, " cannot be read: ", strerror(errno)),
                   "Run `reset-agent trust init`, or put the file there.");
  }
  std::string place = resolved;
  bool is_ancestor = false;
  for (;;) {
    absl::Status status = CheckOne(place, is_ancestor, accept_same_owner, uid);
    if (!status.ok()) return status;
    if (place == "/") return absl::OkStatus();
    const size_t slash = place.rfind('/');
    place = slash == 0 ? "/" : place.substr(0, slash);
    is_ancestor = true;
  }
}

absl::StatusOr<Trust> TrustStore::Load() const {
  const std::string floor_path = folder_ + "/floor.yaml";
  absl::StatusOr<std::string> floor_text = ReadTrustFile(floor_path, accept_same_owner_, uid_);
  if (!floor_text.ok()) return floor_text.status();
  absl::StatusOr<std::string> signers_text =
      ReadTrustFile(folder_ + "/allowed_signers", accept_same_owner_, uid_);
  if (!signers_text.ok()) return signers_text.status();

  absl::StatusOr<Floor> floor = ParseFloor(*floor_text);
  if (!floor.ok()) return floor.status();
  absl::StatusOr<contract::AllowedSigners> signers = contract::AllowedSigners::Parse(*signers_text);
  if (!signers.ok()) {
    return Invalid(
        absl::StrCat(folder_,
                     "/allowed_signers: ", contract::ProblemOf(signers.status()).message()),
        "Mend the line; the file is refused as a whole, so that no key is ignored unnoticed.");
  }

  // Before anything is revoked: whose only key was, is known all the same, and their statements are refused for that.
  for (const auto& [group, persons] : floor->groups) {
    for (const std::string& person : persons) {
      if (signers->KnowsPerson(person)) continue;
      return Invalid(
          absl::StrCat("the floor's group '", group, "' names '", person,
                       "', who has no key in allowed_signers"),
          "Add the person's key to trust/allowed_signers, or take the name out of the group.");
    }
  }
  const std::string revoked_path = folder_ + "/revoked_keys";
  struct stat facts;
  if (lstat(revoked_path.c_str(), &facts) == 0) {
    absl::StatusOr<std::string> revoked = ReadTrustFile(revoked_path, accept_same_owner_, uid_);
    if (!revoked.ok()) return revoked.status();
    absl::Status status = signers->Revoke(*revoked);
    if (!status.ok()) {
      return Invalid(absl::StrCat(revoked_path, ": ", contract::ProblemOf(status).message()),
                     "Mend the line: one public key a line.");
    }
  } else if (errno != ENOENT) {
    return Invalid(absl::StrCat(revoked_path, " cannot be read: ", strerror(errno)),
                   "Make it readable for the agent, or remove it.");
  }

  return Trust{*std::move(floor), *std::move(signers)};
}

}  // namespace resetctl::agent

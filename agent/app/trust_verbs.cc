#include "agent/app/trust_verbs.h"

#include <map>
#include <optional>
#include <set>
#include <unistd.h>
#include <vector>

#include <sys/stat.h>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "agent/service/trust_store.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"
#include "proto/contract/statement.h"

namespace resetctl::agent {
namespace {

using contract::Error;

struct TrustTexts {
  std::string floor;
  std::string signers;
  std::optional<std::string> revoked;
};

bool IsFolder(const std::string& path) {
  struct stat facts;
  return stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}

absl::StatusOr<TrustTexts> ReadTexts(const TrustInitOptions& options) {
  const bool folder = IsFolder(options.from);
  const std::string floor_path = folder ? options.from + "/floor.yaml" : options.from;
  // Beside a floor file its signers are looked for, unless they are named.
  const size_t slash = floor_path.rfind('/');
  const std::string beside = slash == std::string::npos ? "." : floor_path.substr(0, slash);
  const std::string signers_path =
      options.signers.empty() ? beside + "/allowed_signers" : options.signers;
  TrustTexts texts;
  absl::StatusOr<std::string> floor = base::ReadFile(floor_path, 1 << 20);
  if (!floor.ok()) return Error(v1::REASON_INVALID_ARGUMENT, base::Str(floor.status().message()));
  absl::StatusOr<std::string> signers = base::ReadFile(signers_path, 1 << 20);
  if (!signers.ok())
    return Error(v1::REASON_INVALID_ARGUMENT, base::Str(signers.status().message()));
  texts.floor = *std::move(floor);
  texts.signers = *std::move(signers);
  if (folder) {
    absl::StatusOr<std::string> revoked = base::ReadFile(options.from + "/revoked_keys", 1 << 20);
    if (revoked.ok()) texts.revoked = *std::move(revoked);
  }
  return texts;
}

std::string Ask(absl::string_view question, std::istream& in, std::ostream& out) {
  out << base::Str(question) << ": " << std::flush;
  std::string line;
  std::getline(in, line);
  return base::Str(absl::StripAsciiWhitespace(line));
}

absl::StatusOr<TrustTexts> AskOperator(std::istream& in, std::ostream& out) {
  static constexpr char kNamespaces[] =
      "namespaces=\"resetctl-plan-v1,resetctl-approval-v1,resetctl-run-v1,resetctl-resume-v1,"
      "resetctl-admin-v1\"";
  out << "Who may plan, approve and run resets of this database? One person at a time; an empty "
         "name ends the list.\n";
  TrustTexts texts;
  std::map<std::string, std::set<std::string>> groups;
  for (;;) {
    const std::string person = Ask("name", in, out);
    if (person.empty()) break;
    const std::string key = Ask("SSH public key (a line as in id_ed25519.pub)", in, out);
    const std::string names = Ask("groups (as in: dba, product)", in, out);
    absl::StrAppend(&texts.signers, person, " ", kNamespaces, " ", key, "\n");
    for (absl::string_view name : absl::StrSplit(names, ',', absl::SkipWhitespace())) {
      groups[base::Str(absl::StripAsciiWhitespace(name))].insert(person);
    }
  }
  if (groups.empty()) {
    return Error(v1::REASON_INVALID_ARGUMENT,
                 "nobody was named, so nobody could reset this database",
                 "Begin again, or give --from.");
  }
  int required = 0;
  const std::string plan = Ask("groups that may plan", in, out);
  const std::string run = Ask("groups that may run", in, out);
  if (!absl::SimpleAtoi(Ask("approvals required", in, out), &required)) {
    return Error(v1::REASON_INVALID_ARGUMENT, "the number of approvals is not a number",
                 "Begin again.");
  }
  const std::string approvers = required > 0 ? Ask("groups that may approve", in, out) : "";
  absl::StrAppend(&texts.floor, "groups:\n");
  for (const auto& [name, persons] : groups) {
    absl::StrAppend(&texts.floor, "  ", name, ": [", absl::StrJoin(persons, ", "), "]\n");
  }
  absl::StrAppend(&texts.floor, "plan: [", plan, "]\nrun: [", run,
                  "]\napprovals: {required: ", required);
  if (required > 0) absl::StrAppend(&texts.floor, ", groups: [", approvers, "]");
  absl::StrAppend(&texts.floor, ", self: false}\nmax_plan_age: 24h\nblockers: refuse\n");
  return texts;
}

}  // namespace

absl::Status InitTrust(const AgentConfig& config, const TrustInitOptions& options, std::istream& in,
                       std::ostream& out) {
  const std::string floor_path = config.trust_dir + "/floor.yaml";
  const std::string signers_path = config.trust_dir + "/allowed_signers";
  for (const std::string& path : {floor_path, signers_path}) {
    if (access(path.c_str(), F_OK) == 0) {
      return Error(v1::REASON_TRUST_FILES_INVALID, absl::StrCat(path, " is already there"),
                   "Edit it, or remove it first; it is never overwritten.");
    }
  }
  absl::StatusOr<TrustTexts> texts =
      options.from.empty() ? AskOperator(in, out) : ReadTexts(options);
  if (!texts.ok()) return texts.status();
  absl::StatusOr<Floor> floor = ParseFloor(texts->floor);
  if (!floor.ok()) return floor.status();
  absl::StatusOr<contract::AllowedSigners> signers =
      contract::AllowedSigners::Parse(texts->signers);
  if (!signers.ok()) return signers.status();

  absl::Status status = base::MakeFolders(config.trust_dir, 0755);
  if (status.ok() && texts->revoked) {
    status = base::WriteFileDurably(config.trust_dir + "/revoked_keys", *texts->revoked, 0644);
  }
  if (status.ok()) status = base::WriteFileDurably(signers_path, texts->signers, 0644);
  if (status.ok()) status = base::WriteFileDurably(floor_path, texts->floor, 0644);
  if (!status.ok()) {
    return Error(v1::REASON_TRUST_FILES_INVALID, base::Str(status.message()),
                 "Run this as the owner of the trust folder, not as the agent's user.");
  }
  out << "made  " << floor_path << "\nmade  " << signers_path << "\n";
  return absl::OkStatus();
}

absl::Status ShowTrust(const AgentConfig& config, std::ostream& out) {
  const TrustStore store(config.trust_dir, config.accept_same_owner, geteuid());
  absl::StatusOr<Trust> trust = store.Load();
  if (!trust.ok()) return trust.status();
  out << "folder   " << config.trust_dir << "\n"
      << "floor    " << trust->floor.digest << "\n"
      << "         " << trust->floor.summary << "\n";
  for (const auto& [group, persons] : trust->floor.groups) {
    out << "group    " << group << ": " << absl::StrJoin(persons, ", ") << "\n";
  }
  if (!trust->floor.robots.empty()) {
    out << "robots   " << absl::StrJoin(trust->floor.robots, ", ") << " (never approve)\n";
  }
  out << "signers  " << absl::StrJoin(trust->signers.Persons(), ", ") << "\n";
  if (config.accept_same_owner) {
    out << "owner    may be the agent's own user (trust.same_owner: accept)\n";
  }
  return absl::OkStatus();
}

}  // namespace resetctl::agent

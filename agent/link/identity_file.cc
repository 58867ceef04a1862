#include "agent/link/identity_file.h"

#include <errno.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "agent/service/local_key.h"
#include "proto/base/file.h"
#include "proto/contract/reasons.h"
#include "proto/transport/tls.h"

namespace resetctl::agent {
namespace {

constexpr char kBegin[] = "-----BEGIN ";
constexpr char kEndMark[] = "-----END ";

std::string PathIn(const std::string& state_dir) { return state_dir + "/identity.pem"; }

// The PEM blocks of a text, each with its final line end.
std::vector<std::string> PemBlocks(const std::string& text) {
  std::vector<std::string> blocks;
  size_t at = 0;
  while ((at = text.find(kBegin, at)) != std::string::npos) {
    const size_t end = text.find(kEndMark, at);
    if (end == std::string::npos) break;
    size_t line_end = text.find('\n', end);
    if (line_end == std::string::npos) line_end = text.size() - 1;
    blocks.push_back(text.substr(at, line_end - at + 1));
    at = line_end + 1;
  }
  return blocks;
}

absl::Status FillFacts(Identity* identity) {
  absl::StatusOr<transport::CertificateFacts> facts =
      transport::ReadCertificate(identity->certificate_pem);
  if (!facts.ok()) return facts.status();
  if (facts->environment.empty() || facts->target.empty()) {
    return contract::Error(v1::REASON_CONFIG_INVALID,
                           "the certificate names no environment and target",
                           "Enrol the agent again.");
  }
  identity->environment = facts->environment;
  identity->target = facts->target;
  identity->not_before = facts->not_before;
  identity->not_after = facts->not_after;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Identity> LoadIdentity(const std::string& state_dir) {
  const std::string path = PathIn(state_dir);
  if (access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    return absl::NotFoundError(absl::StrCat("this agent is not enrolled: there is no ", path));
  }
  absl::Status status = CheckPrivateFile(path);
  if (!status.ok()) return status;
  absl::StatusOr<std::string> text = base::ReadFile(path, 1 << 20);
  if (!text.ok()) return text.status();
  std::vector<std::string> blocks = PemBlocks(*text);
  if (blocks.size() != 3 || !absl::StrContains(blocks[0], "PRIVATE KEY")) {
    return contract::Error(v1::REASON_CONFIG_INVALID, absl::StrCat(path, " is damaged"),
                           "Enrol the agent again with a new token.");
  }
  Identity identity;
  identity.key_pem = base::Secret(std::move(blocks[0]));
  identity.certificate_pem = std::move(blocks[1]);
  identity.ca_pem = std::move(blocks[2]);
  status = FillFacts(&identity);
  if (!status.ok()) return status;
  return identity;
}

absl::Status SaveIdentity(const std::string& state_dir, const Identity& identity) {
  Identity checked = identity;
  absl::Status status = FillFacts(&checked);
  if (!status.ok()) return status;
  const auto ends_line = [](const std::string& pem) {
    return absl::EndsWith(pem, "\n") ? pem : pem + "\n";
  };
  status = base::MakeFolders(state_dir);
  if (!status.ok()) return status;
  return base::WriteFileDurably(
      PathIn(state_dir),
      absl::StrCat(ends_line(identity.key_pem.Reveal()), ends_line(identity.certificate_pem),
                   ends_line(identity.ca_pem)),
      0600);
}

}  // namespace resetctl::agent

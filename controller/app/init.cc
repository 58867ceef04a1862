#include "controller/app/init.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "controller/app/config.h"
#include "proto/base/file.h"
#include "proto/contract/allowed_signers.h"
#include "proto/contract/checkpoint.h"
#include "proto/contract/reasons.h"
#include "proto/transport/tls.h"

namespace resetctl::controller {
namespace {

constexpr absl::Duration kCaLifetime = absl::Hours(24 * 3650);
constexpr absl::Duration kServerLifetime = absl::Hours(24 * 825);

struct NewFile {
  std::string path;  // relative to the folder
  std::string content;
  int mode;
};

std::string SampleConfig(absl::string_view name) {
  return absl::StrCat("# The controller's configuration; paths are relative to this file.\n",
                      "# Every key with its default: deploy/config/controller.full.yaml\n",
                      "name: ", name, R"(
listen: 0.0.0.0:7443
state_dir: state
policy: policy.yaml
tls:
  ca: tls/ca.pem
  ca_key: tls/ca.key
  certificate: tls/server.pem
  key: tls/server.key
audit:
  key: log.key
)");
}

constexpr char kRestOfPolicy[] = R"(#  bob: {keys: ['ssh-ed25519 AAAA... bob@desk'], groups: [dba]}
#  nightly: {keys: ['ssh-ed25519 AAAA... ci'], groups: [robots], robot: true}
environments:
  staging:
    read: [everyone]
    plan: [dba]
    run: [dba]
    approvals: {required: 0}
#  production:
#    read: [everyone]
#    plan: [dba]
#    run: [dba]
#    approvals: {required: 1, groups: [dba], self: false, ttl: 4h}
#    confirm: DELETE ALL DATA
#    hold: 5s
admin: {groups: [dba]}
)";

absl::StatusOr<std::string> SamplePolicy(const std::string& person) {
  std::string first = "#  alice: {keys: ['ssh-ed25519 AAAA... alice@laptop'], groups: [dba]}\n";
  if (!person.empty()) {
    const size_t equals = person.find('=');
    if (equals == std::string::npos || equals == 0) {
      return contract::Error(v1::REASON_INVALID_ARGUMENT, "--person must be NAME=KEYFILE",
                             "name a public key file: alice=~/.ssh/id_ed25519.pub");
    }
    absl::StatusOr<std::string> line = base::ReadFile(person.substr(equals + 1), 64 << 10);
    if (!line.ok()) return line.status();
    const absl::StatusOr<contract::PublicKey> key =
        contract::ParsePublicKey(absl::StripAsciiWhitespace(*line));
    if (!key.ok()) return key.status();
    first = absl::StrCat("  ", person.substr(0, equals), ": {keys: ['", key->Line(),
                         "'], groups: [dba]}\n");
  }
  return absl::StrCat(
      "# Who may do what, where. Every rule: deploy/config/policy.full.yaml\n"
      "# A key is the line of an SSH public key file (~/.ssh/id_ed25519.pub).\n"
      "people:\n",
      first, kRestOfPolicy);
}

}  // namespace

absl::StatusOr<InitResult> Init(const InitOptions& options, absl::Time now) {
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
  for (const std::string& host : options.hosts) {
    if (std::find(names.begin(), names.end(), host) == names.end()) names.push_back(host);
  }

  absl::StatusOr<std::string> policy = SamplePolicy(options.person);
  if (!policy.ok()) return policy.status();
  absl::StatusOr<transport::KeyAndCertificate> ca =
      transport::MakeCa(absl::StrCat(options.name, " CA"), now, kCaLifetime);
  if (!ca.ok()) return ca.status();
  absl::StatusOr<transport::KeyAndCertificate> server =
      transport::IssueServerCertificate(*ca, names, now, kServerLifetime);
  if (!server.ok()) return server.status();
  absl::StatusOr<contract::LogKeyPair> log_key = contract::MakeLogKey(LogOrigin(options.name));
  if (!log_key.ok()) return log_key.status();
  absl::StatusOr<std::string> pin = transport::CertificatePin(ca->certificate_pem);
  if (!pin.ok()) return pin.status();

  const std::vector<NewFile> files = {
      {"tls/ca.pem", ca->certificate_pem, 0644},
      {"tls/ca.key", ca->key_pem, 0600},
      {"tls/server.pem", server->certificate_pem, 0644},
      {"tls/server.key", server->key_pem, 0600},
      {"log.key", log_key->private_pem, 0600},
      {"log.pub", absl::StrCat(log_key->verifier, "\n"), 0644},
      {"policy.yaml", *policy, 0644},
      {"controller.yaml", SampleConfig(options.name), 0644},
  };
  const std::filesystem::path folder = options.folder;
  for (const NewFile& file : files) {
    std::error_code error;
    if (std::filesystem::exists(std::filesystem::symlink_status(folder / file.path, error))) {
      return contract::Error(v1::REASON_CONFIG_INVALID,
                             absl::StrCat((folder / file.path).string(), " exists already"),
                             "choose an empty folder: init never overwrites");
    }
  }

  for (const std::filesystem::path& made : {folder / "tls", folder / "state"}) {
    absl::Status status = base::MakeFolders(made.string(), 0700);
    if (!status.ok()) return status;
  }
  InitResult result{*pin, log_key->verifier, {}};
  for (const NewFile& file : files) {
    const std::string path = (folder / file.path).string();
    absl::Status status = base::WriteFileDurably(path, file.content, file.mode);
    if (!status.ok()) return status;
    result.files.push_back(path);
  }
  return result;
}

}  // namespace resetctl::controller

#include "controller/app/materials.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/base/file.h"
#include "proto/contract/policy_file.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

absl::StatusOr<std::string> ReadCertificateFile(const std::string& path) {
  absl::StatusOr<std::string> pem = base::ReadFile(path, 1 << 20);
  if (!pem.ok()) {
    return contract::Error(v1::REASON_CONFIG_INVALID,
                           absl::StrCat("cannot read a certificate: ", pem.status().message()),
                           "make one with: reset-controller init");
  }
  absl::StatusOr<std::string> pin = transport::CertificatePin(*pem);
  if (!pin.ok()) {
    return contract::Error(v1::REASON_CONFIG_INVALID,
                           absl::StrCat(path, " holds no certificate: ", pin.status().message()),
                           "make one with: reset-controller init");
  }
  return pem;
}

}  // namespace

absl::StatusOr<bool> RenewServerCertificate(const Config& config, absl::Time now,
                                            Materials* materials) {
  const absl::StatusOr<transport::CertificateFacts> facts =
      transport::ReadCertificate(materials->server.certificate_pem);
  if (!facts.ok()) return facts.status();
  const absl::Duration lifetime = facts->not_after - facts->not_before;
  if (now < facts->not_before + lifetime / 2) return false;
  absl::StatusOr<std::string> renewed =
      transport::ReissueServerCertificate(materials->ca, materials->server, now, lifetime);
  if (!renewed.ok()) return renewed.status();
  absl::Status written = base::WriteFileDurably(config.certificate, *renewed, 0644);
  if (!written.ok()) return written;
  materials->server.certificate_pem = *std::move(renewed);
  return true;
}

absl::StatusOr<Policy> LoadPolicy(const std::string& path) {
  absl::StatusOr<std::string> yaml = base::ReadFile(path, 16 << 20);
  if (!yaml.ok()) {
    return contract::Error(v1::REASON_POLICY_INVALID,
                           absl::StrCat("cannot read the policy: ", yaml.status().message()),
                           "name an existing file under `policy`");
  }
  contract::PolicyReading reading = contract::ReadPolicy(*yaml, path);
  if (reading.ok()) return std::move(reading.policy);
  std::string lines;
  for (const v1::Problem& problem : reading.problems) {
    absl::StrAppend(&lines, "\n  ", problem.file(), ":", problem.line(), ":", problem.column(), " ",
                    problem.message(), problem.advice().empty() ? "" : "; ", problem.advice());
  }
  return contract::Error(
      v1::REASON_POLICY_INVALID,
      absl::StrCat(reading.problems.size(), reading.problems.size() == 1 ? " problem" : " problems",
                   " in the policy:", lines),
      "every rule stands in deploy/config/policy.full.yaml");
}

absl::StatusOr<Materials> LoadMaterials(const Config& config) {
  Materials materials;
  for (const auto& [path, to] :
       {std::pair{&config.ca, &materials.ca.certificate_pem},
        std::pair{&config.certificate, &materials.server.certificate_pem}}) {
    absl::StatusOr<std::string> pem = ReadCertificateFile(*path);
    if (!pem.ok()) return pem.status();
    *to = *std::move(pem);
  }
  for (const auto& [path, to] : {std::pair{&config.ca_key, &materials.ca.key_pem},
                                 std::pair{&config.key, &materials.server.key_pem}}) {
    absl::StatusOr<std::string> pem = ReadPrivateKey(*path);
    if (!pem.ok()) return pem.status();
    *to = *std::move(pem);
  }
  absl::StatusOr<LogKeys> log_keys = ReadLogKeys(config);
  if (!log_keys.ok()) return log_keys.status();
  materials.log_keys = *std::move(log_keys);
  absl::StatusOr<std::string> pin = transport::CertificatePin(materials.ca.certificate_pem);
  if (!pin.ok()) return pin.status();
  materials.ca_pin = *std::move(pin);
  absl::StatusOr<Policy> policy = LoadPolicy(config.policy);
  if (!policy.ok()) return policy.status();
  materials.policy = *std::move(policy);
  absl::StatusOr<std::vector<Sink>> sinks = LoadSinks(config.notify);
  if (!sinks.ok()) return sinks.status();
  materials.sinks = *std::move(sinks);
  return materials;
}

}  // namespace resetctl::controller

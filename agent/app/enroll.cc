#include "agent/app/enroll.h"

#include <iostream>
#include <iterator>
#include <utility>

#include <sys/stat.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "agent/link/enrollment.h"
#include "agent/service/witness_files.h"
#include "proto/base/clock.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"
#include "proto/transport/tls.h"

namespace resetctl::agent {
namespace {

using contract::Error;

absl::StatusOr<base::Secret> ReadToken(const std::string& path) {
  std::string text;
  if (path == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    absl::StatusOr<std::string> read = base::ReadFile(path, 4096);
    if (!read.ok()) {
      return Error(v1::REASON_INVALID_ARGUMENT, base::Str(read.status().message()),
                   "Name the file with the join token, or - for stdin.");
    }
    text = *std::move(read);
  }
  base::Secret token(base::Str(absl::StripAsciiWhitespace(text)));
  if (token.empty()) {
    return Error(v1::REASON_INVALID_ARGUMENT, "the join token is empty",
                 "`resetctl agent invite` prints one.");
  }
  return token;
}

}  // namespace

absl::Status CheckStateDir(const std::string& state_dir) {
  struct stat facts;
  if (stat(state_dir.c_str(), &facts) != 0) {
    absl::Status made = base::MakeFolders(state_dir, 0700);
    if (made.ok()) return made;
    return Error(v1::REASON_CONFIG_INVALID,
                 absl::StrCat("the state directory cannot be made: ", base::Str(made.message())),
                 "Check state_dir in agent.yaml.");
  }
  if (!S_ISDIR(facts.st_mode) || (facts.st_mode & 077) != 0) {
    return Error(v1::REASON_CONFIG_INVALID,
                 absl::StrCat("the state directory ", state_dir, " is open to other users"),
                 absl::StrCat("chmod 700 ", state_dir));
  }
  return absl::OkStatus();
}

absl::StatusOr<Identity> LoadValidIdentity(const std::string& state_dir, absl::Duration grace) {
  absl::StatusOr<Identity> identity = LoadIdentity(state_dir);
  if (absl::IsNotFound(identity.status())) {
    return Error(v1::REASON_CONFIG_INVALID, base::Str(identity.status().message()),
                 "Enrol it: reset-agent enroll --token-file FILE --config agent.yaml");
  }
  if (!identity.ok()) return identity;
  if (identity->not_after + grace <= base::RealClock().Now()) {
    return Error(v1::REASON_CONFIG_INVALID,
                 absl::StrCat("the agent's certificate ended at ",
                              absl::FormatTime(identity->not_after, absl::UTCTimeZone())),
                 "Enrol the agent again with a new token.");
  }
  return identity;
}

absl::StatusOr<EnrollResult> EnrollAgent(const AgentConfig& config, const EnrollOptions& options) {
  absl::Status status = CheckStateDir(config.state_dir);
  if (!status.ok()) return status;
  const std::string controller =
      options.controller.empty() ? config.controller : options.controller;
  const std::string pin = options.ca_pin.empty() ? config.ca_pin : options.ca_pin;
  if (pin.empty()) {
    return Error(v1::REASON_INVALID_ARGUMENT, "there is no CA pin",
                 "Give --ca-pin sha256:...; `reset-controller init` printed it.");
  }
  absl::StatusOr<base::Secret> token = ReadToken(options.token_file);
  if (!token.ok()) return token.status();
  absl::StatusOr<Identity> identity = Enroll(controller, pin, *token);
  if (!identity.ok()) {
    absl::StatusOr<Identity> old = LoadValidIdentity(config.state_dir);
    const bool token_refused = contract::ReasonOf(identity.status()) == v1::REASON_TOKEN_INVALID;
    if (!token_refused || !old.ok()) return identity.status();
    absl::StatusOr<std::string> old_pin = transport::CertificatePin(old->ca_pem);
    if (!old_pin.ok() || *old_pin != pin) return identity.status();
    return EnrollResult{*std::move(old), true};
  }
  status = SaveIdentity(config.state_dir, *identity);
  if (!status.ok()) return status;
  const absl::StatusOr<WitnessKey> witness =
      WitnessFiles(config.state_dir).LoadOrMakeKey(identity->environment, identity->target);
  if (!witness.ok()) return witness.status();
  return EnrollResult{*std::move(identity), false};
}

}  // namespace resetctl::agent

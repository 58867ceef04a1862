#include "proto/contract/ssh_signature.h"

#include <cstdlib>
#include <fcntl.h>
#include <semaphore>
#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/base/file.h"
#include "proto/base/subprocess.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"
#include "proto/contract/ssh_wire.h"

namespace resetctl::contract {
namespace {

constexpr char kBegin[] = "-----BEGIN SSH SIGNATURE-----";
constexpr char kEnd[] = "-----END SSH SIGNATURE-----";
constexpr size_t kMaxSignature = 32 << 10;
constexpr size_t kMaxKeyFile = 64 << 10;
constexpr absl::Duration kVerifyTimeout = absl::Seconds(5);
// People type passphrases, touch keys, confirm at an agent.
constexpr absl::Duration kSignTimeout = absl::Minutes(2);

absl::Status BadSignature(absl::string_view what) {
  return Error(v1::REASON_BAD_SIGNATURE, what, "Sign the statement again with your own key.");
}

// Verification is open to whoever sends a statement: at most four children at a time.
std::counting_semaphore<4>& VerifierSlots() {
  static auto* const slots = new std::counting_semaphore<4>(4);
  return *slots;
}

class Slot {
 public:
  Slot() { VerifierSlots().acquire(); }
  ~Slot() { VerifierSlots().release(); }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
};

std::string Variable(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return absl::StrCat(name, "=", value == nullptr ? fallback : value);
}

bool HasTerminal() {
  const int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

// What ssh-keygen said, in one line.
std::string Said(const base::SubprocessResult& result) {
  if (result.timed_out) return "it did not finish in time";
  std::string text(absl::StripAsciiWhitespace(
      result.standard_error.empty() ? result.standard_output : result.standard_error));
  text = absl::StrReplaceAll(text, {{"\r", ""}, {"\n", "; "}});
  if (text.empty() && result.signal != 0) return absl::StrCat("it ended by signal ", result.signal);
  return text.empty() ? absl::StrCat("it ended with exit code ", result.exit_code)
                      : text.substr(0, 500);
}

// Runs ssh-keygen. An error means that it could not do its work here, never that a signature is
// bad.
absl::StatusOr<base::SubprocessResult> RunKeygen(base::SubprocessOptions options) {
  options.argv.insert(options.argv.begin(), "ssh-keygen");
  auto result = base::RunSubprocess(options);
  if (absl::IsNotFound(result.status())) {
    return Error(v1::REASON_INTERNAL, "ssh-keygen is not installed here",
                 "Install the package openssh-client.");
  }
  if (!result.ok()) {
    return Error(v1::REASON_INTERNAL,
                 absl::StrCat("ssh-keygen could not be started: ", result.status().message()));
  }
  if (absl::StrContains(result->standard_error, "No user exists for uid")) {
    return Error(v1::REASON_INTERNAL,
                 absl::StrCat("ssh-keygen needs a passwd entry for uid ", getuid()),
                 "Add the user to /etc/passwd of this container.");
  }
  return result;
}

absl::Status CheckWithKeygen(const v1::SignedStatement& signed_statement, const PublicKey& key,
                             absl::string_view person, absl::string_view namespace_name) {
  base::SubprocessOptions options;
  options.argv = {"-Y", "verify",          "-f", "{memory:0}",
                  "-I", base::Str(person), "-n", base::Str(namespace_name),
                  "-s", "{memory:1}"};
  options.environment = {Variable("HOME", "/")};
  options.standard_input = signed_statement.text();
  options.memory_files = {
      absl::StrCat(person, " namespaces=\"", namespace_name, "\" ", key.Line(), "\n"),
      signed_statement.signature()};
  options.timeout = kVerifyTimeout;
  const auto result = [&] {
    const Slot slot;
    return RunKeygen(std::move(options));
  }();
  if (!result.ok()) return result.status();
  if (result->timed_out || result->signal != 0) {
    return Error(v1::REASON_INTERNAL,
                 absl::StrCat("ssh-keygen could not verify a signature: ", Said(*result)),
                 "Try again.");
  }
  const std::string good =
      absl::StrCat("Good \"", namespace_name, "\" signature for ", person, " with ");
  if (result->exit_code != 0 || !absl::StartsWith(result->standard_output, good) ||
      !absl::StrContains(result->standard_output, key.fingerprint)) {
    return BadSignature(
        absl::StrCat("the signature by ", key.fingerprint, " is not good: ", Said(*result)));
  }
  return absl::OkStatus();
}

// For children that need the private key: its agent, or its passphrase, asked at the terminal and
// nowhere else. Without a terminal ssh-keygen would take the first line of the message for the
// passphrase.
base::SubprocessOptions SigningOptions() {
  base::SubprocessOptions options;
  options.environment = {Variable("HOME", "/"), Variable("SSH_AUTH_SOCK", "")};
  options.keep_terminal = HasTerminal();
  if (options.keep_terminal) {
    options.environment.push_back("SSH_ASKPASS_REQUIRE=never");
  } else {
    options.environment.push_back("SSH_ASKPASS_REQUIRE=force");
    options.environment.push_back("SSH_ASKPASS=/bin/false");
  }
  options.timeout = kSignTimeout;
  return options;
}

absl::Status KeyUnusable(const std::string& key_path, const base::SubprocessResult& result) {
  return Error(v1::REASON_INVALID_ARGUMENT,
               absl::StrCat("the SSH key ", key_path, " cannot be used: ", Said(result)),
               "Load the key into ssh-agent with ssh-add, run this at a terminal, or name another "
               "key.");
}

}  // namespace

absl::StatusOr<SshSignature> ParseSshSignature(absl::string_view armoured) {
  if (armoured.size() > kMaxSignature) return BadSignature("the signature is too large");
  absl::string_view body = absl::StripTrailingAsciiWhitespace(armoured);
  if (!absl::ConsumePrefix(&body, absl::StrCat(kBegin, "\n")) ||
      !absl::ConsumeSuffix(&body, absl::StrCat("\n", kEnd))) {
    return BadSignature("there is no SSH signature");
  }
  std::string blob;
  if (!base::FromBase64(absl::StrReplaceAll(body, {{"\n", ""}}), &blob)) {
    return BadSignature("the signature is not base64");
  }
  // openssh PROTOCOL.sshsig: "SSHSIG", version, public key, namespace, reserved, hash algorithm,
  // signature.
  absl::string_view rest = blob;
  if (!absl::ConsumePrefix(&rest, "SSHSIG")) return BadSignature("there is no SSH signature");
  SshReader reader(rest);
  uint32_t version = 0;
  absl::string_view key, namespace_name, reserved, hash, signature;
  if (!reader.Uint32(&version) || !reader.String(&key) || !reader.String(&namespace_name) ||
      !reader.String(&reserved) || !reader.String(&hash) || !reader.String(&signature) ||
      !reader.AtEnd()) {
    return BadSignature("the SSH signature is malformed");
  }
  if (version != 1) return BadSignature(absl::StrCat("the signature has version ", version));
  if (hash != "sha256" && hash != "sha512") {
    return BadSignature(absl::StrCat("the signature's hash is '", absl::CHexEscape(hash), "'"));
  }
  auto public_key = PublicKeyFromBlob(key);
  if (!public_key.ok()) return BadSignature(public_key.status().message());
  return SshSignature{*std::move(public_key), base::Str(namespace_name), base::Str(hash)};
}

absl::StatusOr<VerifiedStatement> VerifyStatement(const v1::SignedStatement& signed_statement,
                                                  StatementType expected,
                                                  const AllowedSigners& signers) {
  auto statement = Statement::Parse(signed_statement.text());
  if (!statement.ok()) return statement.status();
  if (statement->type() != expected) {
    return Error(v1::REASON_STATEMENT_MISMATCH,
                 absl::StrCat("a ", statement->namespace_name(), " statement was given where a ",
                              StatementNamespace(expected), " is needed"));
  }
  auto signature = ParseSshSignature(signed_statement.signature());
  if (!signature.ok()) return signature.status();
  const PublicKey& key = signature->key;
  const std::string& person = statement->person();
  if (signature->namespace_name != statement->namespace_name()) {
    return BadSignature(absl::StrCat("the signature is for '",
                                     absl::CHexEscape(signature->namespace_name), "', not for ",
                                     statement->namespace_name()));
  }
  if (signers.IsRevoked(key)) {
    return Error(v1::REASON_UNKNOWN_KEY, absl::StrCat("the key ", key.fingerprint, " is revoked"),
                 "Sign with another of your keys.");
  }
  if (!signers.KnowsPerson(person)) {
    return Error(v1::REASON_UNKNOWN_PERSON, absl::StrCat("there is no person ", person, " here"),
                 "Ask an administrator to add you and your public key.");
  }
  const std::string* owner = signers.PersonOf(key);
  if (owner == nullptr) {
    return Error(v1::REASON_UNKNOWN_KEY,
                 absl::StrCat("nobody here has the ", key.type, " key ", key.fingerprint),
                 "Ask an administrator to add your public key, or sign with one that is known.");
  }
  if (*owner != person) {
    return Error(v1::REASON_STATEMENT_MISMATCH,
                 absl::StrCat("the statement speaks for ", person, ", but the key ",
                              key.fingerprint, " belongs to ", *owner),
                 "Sign with your own key, in your own name.");
  }
  if (!signers.MaySign(key, statement->namespace_name())) {
    return Error(
        v1::REASON_UNKNOWN_KEY,
        absl::StrCat("the key ", key.fingerprint, " may not sign ", statement->namespace_name()),
        "Add the namespace to its line in allowed_signers.");
  }
  const absl::Status good =
      CheckWithKeygen(signed_statement, key, person, statement->namespace_name());
  if (!good.ok()) return good;
  return VerifiedStatement{*std::move(statement), person, std::move(signature->key)};
}

absl::StatusOr<v1::SignedStatement> SignStatement(const Statement& statement,
                                                  const std::string& key_path) {
  base::SubprocessOptions options = SigningOptions();
  options.argv = {"-Y", "sign", "-f", key_path, "-n", base::Str(statement.namespace_name())};
  options.standard_input = statement.text();
  const auto result = RunKeygen(std::move(options));
  if (!result.ok()) return result.status();
  if (result->exit_code != 0) return KeyUnusable(key_path, *result);

  v1::SignedStatement signed_statement;
  signed_statement.set_text(statement.text());
  signed_statement.set_signature(result->standard_output);
  const auto signature = ParseSshSignature(signed_statement.signature());
  if (!signature.ok()) return signature.status();
  const absl::Status good = CheckWithKeygen(signed_statement, signature->key, statement.person(),
                                            statement.namespace_name());
  if (!good.ok()) return good;
  return signed_statement;
}

absl::StatusOr<PublicKey> PublicKeyOf(const std::string& key_path) {
  const std::string public_path =
      absl::EndsWith(key_path, ".pub") ? key_path : absl::StrCat(key_path, ".pub");
  const auto line = base::ReadFile(public_path, kMaxKeyFile);
  if (line.ok()) return ParsePublicKey(absl::StripAsciiWhitespace(*line));
  if (public_path == key_path) {
    return Error(v1::REASON_INVALID_ARGUMENT, line.status().message(), "Name another key.");
  }
  base::SubprocessOptions options = SigningOptions();
  options.argv = {"-y", "-f", key_path};
  const auto result = RunKeygen(std::move(options));
  if (!result.ok()) return result.status();
  if (result->exit_code != 0) return KeyUnusable(key_path, *result);
  return ParsePublicKey(absl::StripAsciiWhitespace(result->standard_output));
}

}  // namespace resetctl::contract

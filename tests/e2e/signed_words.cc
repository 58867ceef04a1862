#include "tests/e2e/signed_words.h"

#include <memory>
#include <stdexcept>

#include "proto/base/subprocess.h"
#include "proto/base/text.h"

namespace resetctl::support {
namespace {

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) throw std::runtime_error(value.status().ToString());
  return *std::move(value);
}

}  // namespace

const test::SshKey& KeyOf(const std::string& name) {
  static std::map<std::string, std::unique_ptr<test::SshKey>> keys;  // which remove their folders
  std::unique_ptr<test::SshKey>& key = keys[name];
  if (key == nullptr) key = std::make_unique<test::SshKey>();
  return *key;
}

v1::SignedStatement SignText(const std::string& text, const std::string& namespace_name,
                             const std::string& key_of) {
  base::SubprocessOptions sign;
  sign.argv = {"ssh-keygen", "-Y", "sign", "-f", KeyOf(key_of).path(), "-n", namespace_name};
  sign.environment = {"HOME=/"};
  sign.standard_input = text;
  const base::SubprocessResult result = Must(base::RunSubprocess(sign));
  if (result.exit_code != 0) throw std::runtime_error(result.standard_error);
  v1::SignedStatement statement;
  statement.set_text(text);
  statement.set_signature(result.standard_output);
  return statement;
}

v1::SignedStatement Words::Sign() const {
  contract::StatementBuilder builder(type);
  for (const auto& [field, value] : fields) builder.Set(field, value);
  std::string text = Must(builder.Build()).text();
  if (edit_text) edit_text(text);
  return SignText(
      text, namespace_name.empty() ? base::Str(contract::StatementNamespace(type)) : namespace_name,
      key_of);
}

}  // namespace resetctl::support

#ifndef RESETCTL_TESTS_E2E_SIGNED_WORDS_H_
#define RESETCTL_TESTS_E2E_SIGNED_WORDS_H_

#include <functional>
#include <map>
#include <string>

#include "proto/contract/statement.h"
#include "resetctl/v1/statement.pb.h"
#include "tests/support/ssh_keys.h"

namespace resetctl::support {

// Keys of alice, "alice2" (her second one), bob, carol, dana, erin, nightly, and of mallory, whom nobody knows.
const test::SshKey& KeyOf(const std::string& name);

// A signature over any text for any namespace, as ssh-keygen makes it.
v1::SignedStatement SignText(const std::string& text, const std::string& namespace_name,
                             const std::string& key_of);

// A statement in the making: what somebody signs, or somebody else in their name.
struct Words {
  contract::StatementType type;
  std::map<std::string, std::string> fields;
  std::string key_of;
  std::string namespace_name = "";                   // empty: the type's own
  std::function<void(std::string&)> edit_text = {};  // before it is signed

  v1::SignedStatement Sign() const;
};

}  // namespace resetctl::support

#endif  // RESETCTL_TESTS_E2E_SIGNED_WORDS_H_

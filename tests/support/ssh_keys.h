#ifndef RESETCTL_TESTS_SUPPORT_SSH_KEYS_H_
#define RESETCTL_TESTS_SUPPORT_SSH_KEYS_H_

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "proto/base/file.h"
#include "proto/base/subprocess.h"
#include "tests/support/temp_folder.h"

namespace resetctl::test {

// A real key pair in a folder of its own, made by ssh-keygen.
//   SshKey alice;                          // ed25519
//   SshKey old(SshKey::Options{"rsa", 3072});
class SshKey {
 public:
  struct Options {
    std::string type = "ed25519";
    int bits = 0;
    std::string passphrase = "";
  };

  explicit SshKey(const Options& options) {
    base::SubprocessOptions child;
    child.argv = {"ssh-keygen",       "-q", "-t",   options.type, "-N",
                  options.passphrase, "-C", "test", "-f",         path()};
    if (options.bits > 0) {
      child.argv.push_back("-b");
      child.argv.push_back(std::to_string(options.bits));
    }
    child.environment = {"HOME=" + folder_.path()};
    child.timeout = absl::Seconds(60);
    const auto made = base::RunSubprocess(child);
    const auto line = base::ReadFile(path() + ".pub");
    if (!made.ok() || made->exit_code != 0 || !line.ok()) {
      std::cerr << "ssh-keygen made no key: "
                << (made.ok() ? made->standard_error : made.status().ToString()) << std::endl;
      std::abort();
    }
    public_line_ = std::string(absl::StripAsciiWhitespace(*line));
  }
  SshKey() : SshKey(Options{}) {}

  std::string path() const { return folder_.File("key"); }
  const std::string& public_line() const { return public_line_; }  // 'ssh-ed25519 AAAA... test'

 private:
  TempFolder folder_;
  std::string public_line_;
};

}  // namespace resetctl::test

#endif  // RESETCTL_TESTS_SUPPORT_SSH_KEYS_H_

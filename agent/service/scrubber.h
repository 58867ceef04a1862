#ifndef RESETCTL_AGENT_SERVICE_SCRUBBER_H_
#define RESETCTL_AGENT_SERVICE_SCRUBBER_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "proto/base/secret.h"
#include "resetctl/v1/reason.pb.h"

namespace resetctl::agent {

// Takes secret values, and their obvious encodings (percent, base64, hex, JSON and SQL escapes),
// out of whatever leaves the process: server messages, notices, command output (TRUST §4).
class Scrubber {
 public:
  // Values shorter than three characters are left alone: they would redact every text. For a URL
  // its password is added too.
  void Add(const base::Secret& value);
  void AddUrl(const base::Secret& url);

  std::string Scrub(absl::string_view text) const;
  void Scrub(v1::Problem* problem) const;

 private:
  std::vector<std::string> needles_;  // longest first
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_SCRUBBER_H_

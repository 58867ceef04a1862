#ifndef RESETCTL_AGENT_REDIS_KEY_PREFIXES_H_
#define RESETCTL_AGENT_REDIS_KEY_PREFIXES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace resetctl::agent {

inline constexpr char kRedisMarkerKey[] = "resetctl:target";

// A blueprint's prefixes, as bytes: '*' and its like mean themselves. Our own marker has none of them.
class KeyPrefixes {
 public:
  explicit KeyPrefixes(std::vector<std::string> prefixes) : prefixes_(std::move(prefixes)) {}

  size_t size() const { return prefixes_.size(); }
  // Index of the first one that `key` starts with, or -1: a key counts once.
  int Match(absl::string_view key) const;
  // For SCAN's MATCH: a glob of what all of them begin with, so that the server filters; empty when that is nothing. Match()
  // still decides where there are several.
  std::string Glob() const;

 private:
  const std::vector<std::string> prefixes_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_REDIS_KEY_PREFIXES_H_

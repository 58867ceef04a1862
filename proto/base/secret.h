#ifndef RESETCTL_PROTO_BASE_SECRET_H_
#define RESETCTL_PROTO_BASE_SECRET_H_

#include <ostream>
#include <string>
#include <utility>

namespace resetctl::base {

// A connection string, password or token. Prints as [redacted]; reading it is spelled out, so that a review finds
// every place (promise P7).
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  const std::string& Reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

  friend std::ostream& operator<<(std::ostream& out, const Secret&) { return out << "[redacted]"; }

 private:
  std::string value_;
};

}  // namespace resetctl::base

#endif  // RESETCTL_PROTO_BASE_SECRET_H_

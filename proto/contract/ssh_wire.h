#ifndef RESETCTL_PROTO_CONTRACT_SSH_WIRE_H_
#define RESETCTL_PROTO_CONTRACT_SSH_WIRE_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace resetctl::contract {

// Reads the data types of RFC 4251 §5 from `bytes`, which outlive it. Each call is false when
// nothing whole is left.
class SshReader {
 public:
  explicit SshReader(absl::string_view bytes) : rest_(bytes) {}

  bool Uint32(uint32_t* value) {
    if (rest_.size() < 4) return false;
    *value = 0;
    for (int i = 0; i < 4; ++i) *value = *value << 8 | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(4);
    return true;
  }

  bool String(absl::string_view* value) {
    uint32_t length = 0;
    if (!Uint32(&length) || rest_.size() < length) return false;
    *value = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return true;
  }

  bool AtEnd() const { return rest_.empty(); }

 private:
  absl::string_view rest_;
};

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_SSH_WIRE_H_

#ifndef RESETCTL_CLIENT_OUTPUT_SANITIZE_H_
#define RESETCTL_CLIENT_OUTPUT_SANITIZE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace resetctl::client {

// Text from elsewhere must not repaint a terminal: control characters become '?', bad UTF-8 too.
// Line ends and tabs stay when `lines`, otherwise they become blanks.
std::string Clean(absl::string_view text, bool lines = false);

// Every string in the message, at any depth; line ends stay where text is expected to have them
// (advice, detail, message, sql, yaml). Bytes are left alone. For people only: what is hashed or
// signed is never cleaned.
void CleanAll(google::protobuf::Message* message);

template <typename Message>
Message Cleaned(Message message) {
  CleanAll(&message);
  return message;
}

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_SANITIZE_H_

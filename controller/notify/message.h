#ifndef RESETCTL_CONTROLLER_NOTIFY_MESSAGE_H_
#define RESETCTL_CONTROLLER_NOTIFY_MESSAGE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "controller/domain/notification.h"
#include "controller/notify/sink.h"
#include "proto/base/http_client.h"

namespace resetctl::controller {

// The notification as the sink's kind takes it (docs/guide/notifications.md). A webhook's body is signed with HMAC-SHA256
// over its bytes; Slack's is {"text": ...}. Pure.
base::HttpRequest RequestFor(const Sink& sink, const Notification& notification);

// Text in which Slack sees no link, mention or format: & < > escaped, as its manual asks for and no more.
std::string EscapeForSlack(absl::string_view text);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_NOTIFY_MESSAGE_H_

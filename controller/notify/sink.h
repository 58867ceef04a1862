#ifndef RESETCTL_CONTROLLER_NOTIFY_SINK_H_
#define RESETCTL_CONTROLLER_NOTIFY_SINK_H_

#include <set>
#include <string>

#include "absl/time/time.h"
#include "controller/domain/notification.h"
#include "proto/base/secret.h"

namespace resetctl::controller {

enum class SinkKind { kWebhook, kSlack };

// One receiver of notifications: an entry of `notify` in controller.yaml, its files read.
struct Sink {
  std::string name;  // its place in the log is kept under this name
  SinkKind kind = SinkKind::kWebhook;
  base::Secret url;                    // who knows a Slack webhook's can write there
  base::Secret key;                    // of a webhook's HMAC
  std::set<std::string> environments;  // empty: all
  std::set<NotificationEvent> events;  // empty: all
  absl::Duration timeout = absl::Seconds(10);
  // What is older when its turn comes is dropped, so that a receiver that comes back is told of what still matters.
  absl::Duration give_up_after = absl::Hours(24);

  bool Wants(NotificationEvent event, const std::string& environment) const {
    return (environments.empty() || environments.contains(environment)) &&
           (events.empty() || events.contains(event));
  }
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_NOTIFY_SINK_H_

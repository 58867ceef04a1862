#ifndef RESETCTL_CONTROLLER_NOTIFY_DELIVERY_H_
#define RESETCTL_CONTROLLER_NOTIFY_DELIVERY_H_

#include "absl/time/time.h"
#include "controller/domain/notification.h"
#include "controller/notify/sink.h"
#include "resetctl/v1/audit.pb.h"

namespace resetctl::controller {

// What became of a notification.
struct Delivery {
  enum class End {
    kTaken,
    kRefused,  // by a status that trying again does not change
    kTooOld,   // Sink::give_up_after
  };
  End end = End::kTaken;
  int tries = 0;   // since the controller was started
  int answer = 0;  // the last HTTP status; 0: there was none
};

// What the log says of it: 'notify.sent' or 'notify.fail', about the same run or plan. Holds no URL, no body and no word of
// the receiver's. Pure.
v1::AuditEntry EntryOf(const Sink& sink, const Notification& notification, const Delivery& delivery,
                       absl::Time now);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_NOTIFY_DELIVERY_H_

#include "controller/notify/delivery.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "controller/service/audit_entries.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

std::string HowItAnswered(int answer) {
  return answer == 0 ? "no answer" : absl::StrCat("answer ", answer);
}

std::string DetailOf(const Sink& sink, const Delivery& delivery) {
  switch (delivery.end) {
    case Delivery::End::kTaken:
      return absl::StrCat(sink.name, " took it");
    case Delivery::End::kRefused:
      return absl::StrCat(sink.name, " refused it: ", HowItAnswered(delivery.answer));
    case Delivery::End::kTooOld:
      break;
  }
  return absl::StrCat("too old for ", sink.name, ": ",
                      delivery.tries == 0
                          ? "its turn came too late"
                          : absl::StrCat("the last try had ", HowItAnswered(delivery.answer)));
}

// The run or the plan; an alarm is about its target.
std::string SubjectOf(const Notification& notification) {
  if (!notification.run.empty()) return notification.run;
  if (!notification.plan.empty()) return notification.plan;
  return absl::StrCat(notification.environment, "/", notification.target);
}

}  // namespace

v1::AuditEntry EntryOf(const Sink& sink, const Notification& notification, const Delivery& delivery,
                       absl::Time now) {
  const bool taken = delivery.end == Delivery::End::kTaken;
  v1::AuditEntry entry = EntryBySystem({.action = taken ? "notify.sent" : "notify.fail",
                                        .subject = SubjectOf(notification),
                                        .environment = notification.environment,
                                        .target = notification.target,
                                        .detail = DetailOf(sink, delivery)},
                                       now);
  if (!taken) entry.set_outcome(contract::NameOf(v1::REASON_NOTIFICATION_FAILED));
  auto& evidence = *entry.mutable_evidence();
  evidence["sink"] = sink.name;
  evidence["event"] = base::Str(NameOf(notification.event));
  evidence["entry"] = absl::StrCat(notification.id);
  evidence["tries"] = absl::StrCat(delivery.tries);
  return entry;
}

}  // namespace resetctl::controller

#ifndef RESETCTL_CONTROLLER_DOMAIN_NOTIFICATION_H_
#define RESETCTL_CONTROLLER_DOMAIN_NOTIFICATION_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "controller/domain/policy.h"
#include "controller/domain/records.h"
#include "resetctl/v1/audit.pb.h"

namespace resetctl::controller {

// What people can be told of.
enum class NotificationEvent {
  kApprovalNeeded,  // a plan was made, or an approval was taken back
  kApproved,
  kRejected,
  kRunStarted,
  kBreakGlass,  // instead of kRunStarted
  kRunEnded,    // succeeded, or nothing was changed
  kNeedsAttention,
  kAlarm,  // an agent was shown another audit log than the one that it remembers (TRUST §7), or two take turns (TRUST §4)
  kAlarmOver,  // the other log was accepted on the agent's machine, or the alarm is forgotten
};

// As controller.yaml and receivers spell them.
inline constexpr std::array<std::pair<NotificationEvent, const char*>, 9> kNotificationEvents = {{
    {NotificationEvent::kApprovalNeeded, "approval_needed"},
    {NotificationEvent::kApproved, "approved"},
    {NotificationEvent::kRejected, "rejected"},
    {NotificationEvent::kRunStarted, "run_started"},
    {NotificationEvent::kBreakGlass, "break_glass"},
    {NotificationEvent::kRunEnded, "run_ended"},
    {NotificationEvent::kNeedsAttention, "needs_attention"},
    {NotificationEvent::kAlarm, "alarm"},
    {NotificationEvent::kAlarmOver, "alarm_over"},
}};
absl::string_view NameOf(NotificationEvent event);
std::optional<NotificationEvent> NotificationEventOf(absl::string_view name);

// One message about one entry of the audit log. Holds nothing that the log does not.
struct Notification {
  uint64_t id = 0;  // the entry's index: the same however often it is sent
  NotificationEvent event = NotificationEvent::kApprovalNeeded;
  absl::Time time;
  std::string environment;
  std::string target;
  std::string plan;    // empty: it is about the target alone
  std::string run;     // empty: it is about no run
  std::string person;  // who did it; where no person did, who ordered the run
  std::string text;    // for people: one or two sentences
  // Whose approval would count; where the glass was broken, whose approval was skipped.
  std::vector<std::string> waiting_for;
  std::string state;  // of the run, or else of the plan, after the entry; empty for an alarm
  // In the person's words; of an alarm, and of a run that did not succeed, the reason's name.
  std::string reason;
};

// An entry of the log, and what the store says now of what it names.
struct Happening {
  uint64_t index = 0;
  v1::AuditEntry entry;
  PlanRecord plan;  // empty where the entry names none
  std::vector<ApprovalRecord> approvals;
  std::optional<RunRecord> run;  // of an entry about a run
};

// By the entry alone, so that the others need not be looked at any further. Nothing: nobody is told, above all of attempts
// that were refused.
std::optional<NotificationEvent> EventOf(const v1::AuditEntry& entry);
// The ids of what such an entry names. No run: it is about a plan. Neither: it is about a target.
std::string PlanIdOf(const v1::AuditEntry& entry);
std::string RunIdOf(const v1::AuditEntry& entry);

// As things stood right after the entry: what has been decided since is left out. Nothing: nobody is told after all, because
// the plan needs no approval.
std::optional<Notification> NotificationOf(const Policy& policy, const Happening& happening);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_DOMAIN_NOTIFICATION_H_

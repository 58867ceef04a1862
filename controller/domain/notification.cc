#include "controller/domain/notification.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "controller/domain/run_state.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"

namespace resetctl::controller {
namespace {

using base::Str;
using contract::ShortId;

constexpr char kPerson[] = "person:";

std::string Evidence(const v1::AuditEntry& entry, const char* key) {
  const auto found = entry.evidence().find(key);
  return found == entry.evidence().end() ? "" : found->second;
}

absl::Time TimeOf(const v1::AuditEntry& entry) {
  return absl::FromUnixSeconds(entry.time().seconds()) + absl::Nanoseconds(entry.time().nanos());
}

bool IsAboutRun(const v1::AuditEntry& entry) { return absl::StartsWith(entry.action(), "run."); }

bool IsAboutWitness(const v1::AuditEntry& entry) {
  return absl::StartsWith(entry.action(), "witness.");
}

bool IsOfTurns(const v1::AuditEntry& entry) { return entry.action() == "agent.turns"; }

// An alarm's outcome is its reason; 'ok' is an alarm that has gone.
std::optional<NotificationEvent> EventOfWitness(const v1::AuditEntry& entry) {
  if (entry.action() == "witness.accept") return NotificationEvent::kAlarmOver;
  if (entry.action() != "witness.alarm") return std::nullopt;
  return entry.outcome() == "ok" ? NotificationEvent::kAlarmOver : NotificationEvent::kAlarm;
}

std::optional<NotificationEvent> EventOfState(const std::string& name) {
  v1::RunState state = v1::RUN_STATE_UNSPECIFIED;
  if (!v1::RunState_Parse(absl::StrCat("RUN_STATE_", name), &state)) return std::nullopt;
  if (state == v1::RUN_STATE_NEEDS_ATTENTION || state == v1::RUN_STATE_UNKNOWN) {
    return NotificationEvent::kNeedsAttention;
  }
  if (IsTerminal(state)) return NotificationEvent::kRunEnded;
  return std::nullopt;
}

// 'it did not work' and 'It did not work.': one sentence's end.
std::string Sentence(absl::string_view text) {
  return absl::StrCat(absl::StripSuffix(text, "."), ".");
}

std::string Because(absl::string_view why) {
  return why.empty() ? "." : absl::StrCat(": ", Sentence(why));
}

// The approvals that the log had up to the entry.
std::vector<ApprovalRecord> ApprovalsThen(const Happening& happening) {
  std::vector<ApprovalRecord> then;
  if (happening.entry.action() == "plan.create") return then;
  const std::string& signed_text = happening.entry.statement().text();
  for (const ApprovalRecord& approval : happening.approvals) {
    if (approval.time > TimeOf(happening.entry)) break;
    then.push_back(approval);
    if (approval.statement.text() == signed_text) break;
  }
  return then;
}

// What approvals the plan had, and who might have given another one.
struct Standing {
  contract::QuorumAnswer quorum;
  std::vector<std::string> others;
};

Standing StandingThen(const Policy& policy, const Happening& happening) {
  PlanRecord plan = happening.plan;
  plan.state = v1::PLAN_STATE_PENDING_APPROVAL;  // whatever has become of it since
  const std::vector<ApprovalRecord> approvals = ApprovalsThen(happening);
  const absl::Time time = TimeOf(happening.entry);
  Standing standing;
  standing.quorum = QuorumOf(policy, plan, approvals, time);
  if (!standing.quorum.satisfied) standing.others = WhoMayApprove(policy, plan, approvals, time);
  return standing;
}

std::string WhatIsMissing(const Standing& standing) {
  if (standing.quorum.satisfied) return "It has every approval that it needs.";
  return absl::StrCat(
      "Missing: ", standing.quorum.missing,
      standing.others.empty()
          ? "; nobody is left who may approve."
          : absl::StrCat("; ", absl::StrJoin(standing.others, " or "), " may approve."));
}

void TellOfPlan(const Happening& happening, const Standing& standing, Notification* told) {
  const PlanRecord& plan = happening.plan;
  const std::string what =
      absl::StrCat("plan ", ShortId(plan.id), " for ", plan.environment, "/", plan.target);
  told->state = standing.quorum.satisfied ? "APPROVED" : "PENDING_APPROVAL";
  told->reason = happening.entry.detail();
  if (happening.entry.action() == "plan.create") {
    told->text = absl::StrCat(told->person, " made ", what, ", which resets ",
                              plan.rows_estimated ? "about " : "", plan.rows_total, " rows in ",
                              plan.tables_total, " tables. ", WhatIsMissing(standing));
  } else if (told->event == NotificationEvent::kRejected) {
    told->state = "REJECTED";
    told->text = absl::StrCat(told->person, " rejected ", what, Because(told->reason));
  } else {
    told->text = absl::StrCat(
        told->person,
        told->event == NotificationEvent::kApproved ? " approved " : " took back the approval of ",
        what, ". ", WhatIsMissing(standing));
  }
  if (told->event != NotificationEvent::kRejected) told->waiting_for = standing.others;
}

void TellOfStart(const Happening& happening, const Standing& standing, Notification* told) {
  const std::string what =
      absl::StrCat("run ", ShortId(told->run), " of plan ", ShortId(told->plan), " at ",
                   told->environment, "/", told->target);
  told->state = Str(NameOf(v1::RUN_STATE_HELD));
  if (told->event == NotificationEvent::kRunStarted) {
    told->text = absl::StrCat(told->person, " started ", what, ".");
    return;
  }
  told->reason = Evidence(happening.entry, "break_glass");
  told->waiting_for = standing.others;
  // Who breaks the glass was not passed over.
  std::erase(told->waiting_for, told->person);
  told->text =
      absl::StrCat(told->person, " broke the glass for ", what, Because(told->reason),
                   told->waiting_for.empty()
                       ? (standing.quorum.satisfied ? " It has every approval that it needs."
                                                    : " Approvals are missing.")
                       : absl::StrCat(" It starts without the approval of ",
                                      absl::StrJoin(told->waiting_for, ", "), "."));
}

std::string HowItIs(const std::string& state, const std::string& detail) {
  if (state == NameOf(v1::RUN_STATE_SUCCEEDED)) {
    return "succeeded: the reset is committed and proved.";
  }
  if (state == NameOf(v1::RUN_STATE_NEEDS_ATTENTION)) {
    return absl::StrCat("is committed, but a later step needs attention", Because(detail));
  }
  if (state == NameOf(v1::RUN_STATE_UNKNOWN)) {
    return absl::StrCat("has no known outcome yet", Because(detail));
  }
  if (state == NameOf(v1::RUN_STATE_CANCELLED)) {
    return absl::StartsWith(detail, "cancelled") ? absl::StrCat("was ", Sentence(detail))
                                                 : absl::StrCat("was cancelled", Because(detail));
  }
  return absl::StrCat(state == NameOf(v1::RUN_STATE_REFUSED) ? "was refused" : "was rolled back",
                      Because(detail), " Nothing was changed.");
}

void TellOfState(const Happening& happening, Notification* told) {
  const v1::AuditEntry& entry = happening.entry;
  told->state = Evidence(entry, "state");
  if (entry.outcome() != "ok") told->reason = entry.outcome();
  told->text = absl::StrCat("Run ", ShortId(told->run), " at ", told->environment, "/",
                            told->target, " ", HowItIs(told->state, entry.detail()));
}

void TellOfAlarm(const Happening& happening, Notification* told) {
  const v1::AuditEntry& entry = happening.entry;
  const std::string agent = absl::StrCat("the agent of ", told->environment, "/", told->target);
  if (IsOfTurns(entry)) {
    told->reason = entry.outcome();
    told->text = absl::StrCat("Alarm: ", Sentence(entry.detail()));
    return;
  }
  if (told->event == NotificationEvent::kAlarm) {
    told->reason = entry.outcome();
    told->text = absl::StrCat("Alarm: ", agent, " was shown another audit log than it remembers",
                              Because(entry.detail()), " It plans, runs and resumes nothing.");
    return;
  }
  told->reason = Evidence(entry, "alarm");
  told->text =
      absl::StrCat("The alarm of ", agent, " about the audit log is over", Because(entry.detail()));
}

}  // namespace

absl::string_view NameOf(NotificationEvent event) {
  return kNotificationEvents[static_cast<size_t>(event)].second;
}

std::optional<NotificationEvent> NotificationEventOf(absl::string_view name) {
  for (const auto& [event, spelling] : kNotificationEvents) {
    if (name == spelling) return event;
  }
  return std::nullopt;
}

std::optional<NotificationEvent> EventOf(const v1::AuditEntry& entry) {
  // A run that moved says where to. Its outcome is how the run went, and no refusal.
  if (IsAboutRun(entry) && entry.evidence().contains("state")) {
    return EventOfState(Evidence(entry, "state"));
  }
  if (IsAboutWitness(entry)) return EventOfWitness(entry);
  if (IsOfTurns(entry)) return NotificationEvent::kAlarm;
  if (entry.outcome() != "ok") return std::nullopt;
  if (entry.action() == "plan.create") return NotificationEvent::kApprovalNeeded;
  if (entry.action() == "plan.approve") return NotificationEvent::kApproved;
  if (entry.action() == "plan.unapprove") return NotificationEvent::kApprovalNeeded;
  if (entry.action() == "plan.reject") return NotificationEvent::kRejected;
  if (entry.action() != "run.start") return std::nullopt;
  return entry.evidence().contains("break_glass") ? NotificationEvent::kBreakGlass
                                                  : NotificationEvent::kRunStarted;
}

std::string PlanIdOf(const v1::AuditEntry& entry) {
  if (IsAboutWitness(entry) || IsOfTurns(entry)) return "";
  return IsAboutRun(entry) ? Evidence(entry, "plan") : entry.subject();
}

std::string RunIdOf(const v1::AuditEntry& entry) {
  return IsAboutRun(entry) ? entry.subject() : "";
}

std::optional<Notification> NotificationOf(const Policy& policy, const Happening& happening) {
  const v1::AuditEntry& entry = happening.entry;
  const std::optional<NotificationEvent> event = EventOf(entry);
  if (!event) return std::nullopt;
  Notification told;
  told.id = happening.index;
  told.event = *event;
  told.time = TimeOf(entry);
  told.environment = entry.environment();
  told.target = entry.target();
  told.plan = PlanIdOf(entry);
  told.run = RunIdOf(entry);
  absl::string_view actor = entry.actor();
  if (absl::ConsumePrefix(&actor, kPerson)) {
    told.person = Str(actor);
  } else if (happening.run) {
    told.person = happening.run->runner;
  }
  if (IsAboutWitness(entry) || IsOfTurns(entry)) {
    TellOfAlarm(happening, &told);
    return told;
  }
  if (IsAboutRun(entry) && entry.action() != "run.start") {
    TellOfState(happening, &told);
    return told;
  }
  const Standing standing = StandingThen(policy, happening);
  if (entry.action() == "plan.create" && standing.quorum.satisfied) return std::nullopt;
  if (IsAboutRun(entry)) {
    TellOfStart(happening, standing, &told);
  } else {
    TellOfPlan(happening, standing, &told);
  }
  return told;
}

}  // namespace resetctl::controller

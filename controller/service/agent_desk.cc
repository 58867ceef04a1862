#include "controller/service/agent_desk.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/service/wire_time.h"
#include "proto/base/failpoint.h"
#include "proto/base/log.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

// Agents repeat what was not acknowledged on their next stream, and only there.
absl::Status NotWritten() {
  return contract::Error(v1::REASON_STORE_UNAVAILABLE,
                         "the controller cannot write down what the agent says",
                         "look at the controller's log and the space on its disk");
}

}  // namespace

absl::Status AgentDesk::Recover() {
  absl::StatusOr<std::set<AgentHub::Key>> waiting = flow_.Recover();
  if (!waiting.ok()) return waiting.status();
  for (const AgentHub::Key& key : *waiting) {
    desk_.scheduler.After(lease_, [this, key] {
      if (!desk_.agents.IsOnline(key)) flow_.LeaseOver(key);
    });
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> AgentDesk::Hello(const AgentIdentity& who, const v1::AgentHello& hello,
                                          std::shared_ptr<AgentChannel> channel) {
  const absl::Time now = desk_.clock.Now();
  const AgentHub::Key key{who.environment, who.target};
  Act act{.action = "agent.attach",
          .subject = who.Name(),
          .detail = absl::StrCat("version ", hello.version())};
  if (hello.environment() != who.environment || hello.target() != who.target) {
    return Refuse(
        desk_.committer, EntryBy(who, act, now),
        contract::Error(v1::REASON_WRONG_AUDIENCE,
                        absl::StrCat("the agent says it is of ", hello.environment(), "/",
                                     hello.target(), ", its certificate is of ", who.Name()),
                        "give it the certificate of its own target"));
  }
  // Open runs are facts of the moment; the record keeps what the target is.
  v1::AgentHello facts = hello;
  facts.clear_open_runs();
  const AgentHub::Presence before = desk_.agents.Find(key);
  v1::AuditEntry entry = EntryBy(who, act, now);
  if (before.online) (*entry.mutable_evidence())["displaced"] = "true";
  (*entry.mutable_evidence())["floor"] = hello.floor_digest();
  Change change;
  change.Add(SetAgentHello{who.environment, who.target, facts.SerializeAsString(), now});
  AuditTrail trail(std::move(entry));
  absl::Status noted = witnesses_.Note(who, hello, &change, &trail);
  if (!noted.ok()) return noted;
  absl::StatusOr<CommitReceipt> done = desk_.committer.Commit(change, trail);
  if (!done.ok()) return done.status();
  base::Failpoint("controller.hello.stored");

  // Its truth about open runs before anything new can reach it.
  std::set<std::string> reported;
  std::vector<const v1::RunReport*> taken;
  for (const v1::RunReport& report : hello.open_runs()) {
    reported.insert(report.run_id());
    if (flow_.TakeReport(who, report)) taken.push_back(&report);
  }
  v1::AttachResponse message;
  v1::AgentWelcome* welcome = message.mutable_welcome();
  SetDuration(lease_, welcome->mutable_lease());
  SetTime(now, welcome->mutable_time());
  AgentHub::Attached attached;
  {
    // An order is written down and sent under this lock. So each is either among the expected, or goes out on this stream:
    // none goes to the old stream unnoticed.
    base::MutexLock deciding(desk_.deciding);
    // Revoked since the stream was authorised: whoever revokes closes what is attached, under this lock too.
    absl::StatusOr<CertificateRecord> certificate = desk_.agent_records.FindCertificate(who.serial);
    if (!certificate.ok() && !absl::IsNotFound(certificate.status())) return certificate.status();
    if (certificate.ok() && certificate->revoked) {
      return contract::Error(v1::REASON_CERTIFICATE_REVOKED,
                             "this agent's certificates were revoked",
                             "enrol again with a new join token");
    }
    for (const std::string& run_id : flow_.ExpectedRuns(who, reported)) {
      welcome->add_expected_runs(run_id);
    }
    if (std::optional<v1::LogProof> proof = witnesses_.Begin(key, hello)) {
      *welcome->mutable_log_proof() = *std::move(proof);
    }
    channel->Send(std::move(message));
    attached = desk_.agents.Attach(who, hello.instance(), std::move(channel), desk_.clock.Both());
    for (const std::string& run_id : flow_.CancelsToRepeat(who)) {
      v1::AttachResponse cancel;
      cancel.mutable_cancel()->set_run_id(run_id);
      desk_.agents.Send(key, std::move(cancel));
    }
  }
  base::Failpoint("controller.welcome.sent");
  for (const v1::RunReport* report : taken) SendAck(key, *report);
  WatchLease(who, attached.session, lease_);
  if (attached.takes_turns && !before.TakesTurns(desk_.clock.Steady())) NoteTurns(who);
  desk_.guard.Attached(key);
  flow_.WakeWatchers(key);
  base::Log(base::LogLevel::kInfo, "agent attached",
            {{"agent", who.Name()}, {"version", hello.version()}, {"peer", who.peer}});
  return attached.session;
}

// Once, until they have kept quiet for a while: each of their turns is an entry already.
void AgentDesk::NoteTurns(const AgentIdentity& who) {
  const absl::Status turns = TwoAgents(who.environment, who.target);
  Act act{.action = "agent.turns",
          .subject = who.Name(),
          .environment = who.environment,
          .target = who.target};
  const v1::AuditEntry entry = Failed(EntryBy(who, act, desk_.clock.Now()), turns);
  const absl::Status written = desk_.committer.Commit(Change(), AuditTrail(entry)).status();
  base::Log(base::LogLevel::kError, "two programs take turns as one agent",
            {{"agent", who.Name()}, {"peer", who.peer}, {"written", written.message()}});
}

void AgentDesk::SendAck(const AgentHub::Key& key, const v1::RunReport& report) {
  v1::AttachResponse message;
  message.mutable_report_ack()->set_run_id(report.run_id());
  message.mutable_report_ack()->set_state(report.state());
  desk_.agents.Send(key, std::move(message));
}

absl::Status AgentDesk::Take(const AgentIdentity& who, uint64_t session,
                             const std::vector<v1::AttachRequest>& messages) {
  const base::Moment now = desk_.clock.Both();
  const AgentHub::Key key{who.environment, who.target};
  if (!desk_.agents.IsCurrent(who, session)) {
    return absl::AbortedError("another agent attached with this identity; the newest stays");
  }
  desk_.agents.Heard(who, session, now);

  // Events that come together are stored together: one disk write, one acknowledgement a run.
  std::vector<v1::RunEvent> events;
  const auto store_events = [&] {
    std::map<std::string, uint64_t> stored;
    absl::Status status = flow_.TakeEvents(who, events, &stored);
    base::Failpoint("controller.events.stored");
    for (const auto& [run_id, seq] : stored) {
      v1::AttachResponse message;
      message.mutable_event_ack()->set_run_id(run_id);
      message.mutable_event_ack()->set_seq(seq);
      desk_.agents.Send(key, std::move(message));
    }
    base::Failpoint("controller.events.acknowledged");
    events.clear();
    return status.ok() ? status : NotWritten();
  };
  for (const v1::AttachRequest& message : messages) {
    if (message.has_event()) {
      events.push_back(message.event());
      continue;
    }
    if (!events.empty()) {
      absl::Status status = store_events();
      if (!status.ok()) return status;
    }
    switch (message.message_case()) {
      case v1::AttachRequest::kHeartbeat: {
        if (message.heartbeat().draining() && !desk_.agents.Find(key).draining) {
          base::Log(base::LogLevel::kInfo, "agent is about to stop", {{"agent", who.Name()}});
        }
        desk_.agents.Heard(who, session, now, &message.heartbeat());
        v1::AttachResponse answer;
        answer.mutable_heartbeat_ack();
        desk_.agents.Send(key, std::move(answer));
        break;
      }
      case v1::AttachRequest::kPlanReply:
        plans_.TakeReply(who, message.plan_reply());
        break;
      case v1::AttachRequest::kRebindReply:
        rebinds_.TakeReply(who, message.rebind_reply());
        break;
      case v1::AttachRequest::kTwinReply:
        desk_.guard.TakeReply(key, message.twin_reply());
        break;
      case v1::AttachRequest::kOfferReply:
        if (!flow_.TakeReply(who, message.offer_reply())) return NotWritten();
        base::Failpoint("controller.reply.taken");
        break;
      case v1::AttachRequest::kReport:
        if (!flow_.TakeReport(who, message.report())) return NotWritten();
        base::Failpoint("controller.report.stored");
        SendAck(key, message.report());
        base::Failpoint("controller.report.acknowledged");
        witnesses_.Refresh(key);  // what the run has added to the log is watched too
        break;
      case v1::AttachRequest::kCosignature:
        witnesses_.TakeCosignature(who, message.cosignature());
        break;
      case v1::AttachRequest::kWitnessAlarm:
        if (!witnesses_.TakeAlarm(who, message.witness_alarm()).ok()) return NotWritten();
        break;
      case v1::AttachRequest::kHello:
        return contract::Error(v1::REASON_INVALID_ARGUMENT, "a second hello on one stream",
                               "open a new stream");
      case v1::AttachRequest::kEvent:
      case v1::AttachRequest::MESSAGE_NOT_SET:
        break;  // a newer agent's message: nothing that this version could do with it
    }
  }
  return events.empty() ? absl::OkStatus() : store_events();
}

void AgentDesk::WatchLease(const AgentIdentity& who, uint64_t session, absl::Duration left) {
  desk_.scheduler.After(left, [this, who, session] {
    const AgentHub::Key key{who.environment, who.target};
    const AgentHub::Presence presence = desk_.agents.Find(key);
    if (presence.session != session || !presence.online) return;
    if (const absl::Duration rest = LeaseLeft(presence); rest > absl::ZeroDuration()) {
      WatchLease(who, session, rest);
      return;
    }
    desk_.agents.Close(key, absl::DeadlineExceededError("no heartbeat within the lease"));
    Gone(who, session, absl::DeadlineExceededError("no heartbeat within the lease"));
  });
}

void AgentDesk::Gone(const AgentIdentity& who, uint64_t session, const absl::Status& why) {
  const absl::Time now = desk_.clock.Now();
  const AgentHub::Key key{who.environment, who.target};
  const AgentHub::Presence presence = desk_.agents.Find(key);
  const absl::Time heard = presence.heard.value_or(now);
  if (!desk_.agents.Detach(who, session)) return;  // displaced, or gone before
  plans_.AgentLost(who);
  rebinds_.AgentLost(who);
  // Told before, and not ended by us: stopped, not lost.
  const std::string reason =
      presence.draining && why.ok() ? "it was stopped" : std::string(why.message());
  v1::AuditEntry entry =
      EntryBy(who, {.action = "agent.detach", .subject = who.Name(), .detail = reason}, now);
  const absl::Status written =
      desk_.committer.Commit(Change(), AuditTrail(std::move(entry))).status();
  if (!written.ok()) {
    base::Log(base::LogLevel::kError, "a detachment could not be written down",
              {{"agent", who.Name()}, {"error", written.message()}});
  }
  desk_.committer.Write(SeeAgent{who.environment, who.target, heard}).IgnoreError();
  flow_.WakeWatchers(key);
  base::Log(base::LogLevel::kInfo, "agent detached", {{"agent", who.Name()}, {"why", reason}});
  // Not heard of for a whole lease, counted from the last sign of life.
  const auto lease_over = [this, key, session] {
    const AgentHub::Presence later = desk_.agents.Find(key);
    if (!later.online && later.session == session) flow_.LeaseOver(key);
  };
  const absl::Duration rest = LeaseLeft(presence);
  if (rest <= absl::ZeroDuration()) {
    lease_over();
  } else {
    desk_.scheduler.After(rest, lease_over);
  }
}

absl::Duration AgentDesk::LeaseLeft(const AgentHub::Presence& presence) const {
  return presence.heard_steady + lease_ - desk_.clock.Steady();
}

}  // namespace resetctl::controller

#include "controller/service/audit_entries.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/service/wire_time.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

v1::AuditEntry Entry(std::string actor, const Act& act, absl::Time now) {
  v1::AuditEntry entry;
  SetTime(now, entry.mutable_time());
  entry.set_actor(std::move(actor));
  entry.set_action(act.action);
  entry.set_subject(act.subject);
  entry.set_environment(act.environment);
  entry.set_target(act.target);
  entry.set_detail(act.detail);
  entry.set_outcome("ok");
  if (act.statement != nullptr) *entry.mutable_statement() = *act.statement;
  if (!act.arguments.empty()) (*entry.mutable_evidence())["arguments"] = act.arguments;
  return entry;
}

}  // namespace

v1::AuditEntry EntryBy(const Requester& who, const Act& act, absl::Time now) {
  v1::AuditEntry entry = Entry(absl::StrCat("person:", who.caller.person), act, now);
  entry.set_key_fingerprint(who.caller.key_fingerprint);
  entry.set_peer(who.peer);
  return entry;
}

v1::AuditEntry EntryBy(const AgentIdentity& who, const Act& act, absl::Time now) {
  v1::AuditEntry entry = Entry(absl::StrCat("agent:", who.Name()), act, now);
  entry.set_environment(who.environment);
  entry.set_target(who.target);
  entry.set_peer(who.peer);
  (*entry.mutable_evidence())["certificate"] = who.serial;
  return entry;
}

v1::AuditEntry EntryBySystem(const Act& act, absl::Time now) { return Entry("system", act, now); }

v1::AuditEntry EntryByStranger(const std::string& peer, const Act& act, absl::Time now) {
  v1::AuditEntry entry = Entry("anonymous", act, now);
  entry.set_peer(peer);
  return entry;
}

v1::AuditEntry Failed(v1::AuditEntry entry, const absl::Status& status) {
  const v1::Problem problem = contract::ProblemOf(status);
  entry.set_outcome(contract::NameOf(problem.reason()));
  entry.set_detail(problem.message());
  return entry;
}

absl::Status Refuse(Committer& committer, v1::AuditEntry entry, const absl::Status& status) {
  const std::string action = entry.action();
  const absl::Status written =
      committer.Commit(Change(), AuditTrail(Failed(std::move(entry), status))).status();
  if (!written.ok()) {
    base::Log(base::LogLevel::kError, "a refusal could not be written to the audit log",
              {{"action", action}, {"error", written.message()}});
  }
  return status;
}

}  // namespace resetctl::controller

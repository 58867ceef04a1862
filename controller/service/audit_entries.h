#ifndef RESETCTL_CONTROLLER_SERVICE_AUDIT_ENTRIES_H_
#define RESETCTL_CONTROLLER_SERVICE_AUDIT_ENTRIES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "controller/service/requester.h"
#include "controller/service/store.h"
#include "proto/base/clock.h"
#include "resetctl/v1/audit.pb.h"

namespace resetctl::controller {

// What somebody tried: the part of an audit entry that is the same whether it succeeded or not. Never holds a secret.
struct Act {
  std::string action = {};  // 'plan.create'
  std::string subject = {};
  std::string environment = {};
  std::string target = {};
  std::string detail = {};
  const v1::SignedStatement* statement = nullptr;
  std::string arguments = {};  // of an admin's statement: the text that it holds the digest of
};

v1::AuditEntry EntryBy(const Requester& who, const Act& act, absl::Time now);
v1::AuditEntry EntryBy(const AgentIdentity& who, const Act& act, absl::Time now);
v1::AuditEntry EntryBySystem(const Act& act, absl::Time now);
// Somebody who has not proved who they are: 'anonymous'.
v1::AuditEntry EntryByStranger(const std::string& peer, const Act& act, absl::Time now);

// The entry of an attempt that failed: outcome is the reason's name, detail the message.
v1::AuditEntry Failed(v1::AuditEntry entry, const absl::Status& status);

// Writes the failed attempt down and gives `status` back, so that a refusal is one line:
//   if (!allowed.ok()) return Refuse(committer, EntryBy(who, act, now), allowed);
// A log that cannot be written is itself logged; the refusal stands.
absl::Status Refuse(Committer& committer, v1::AuditEntry entry, const absl::Status& status);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_AUDIT_ENTRIES_H_

#include "controller/service/enrolment.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "controller/service/statement_checks.h"
#include "controller/service/wire_time.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

constexpr absl::Duration kTokenLifetime = absl::Hours(1);
// TRUST §4: how long after its end a certificate may still be renewed.
constexpr absl::Duration kRenewalGrace = absl::Hours(24 * 30);

bool IsTargetName(absl::string_view name) {
  if (name.empty() || name.size() > 63) return false;
  for (const char c : name) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || c == '.';
    if (!good) return false;
  }
  return name.front() != '.' && name.front() != '-';
}

CertificateRecord RecordOf(const Enrolment::IssuedCertificate& issued,
                           const std::string& environment, const std::string& target,
                           absl::Time now) {
  CertificateRecord record;
  record.serial = issued.serial;
  record.environment = environment;
  record.target = target;
  record.not_after = issued.not_after;
  record.issue_time = now;
  return record;
}

}  // namespace

absl::StatusOr<v1::InviteAgentResponse> Enrolment::Invite(const Requester& who,
                                                          const v1::InviteAgentRequest& request) {
  const absl::Time now = desk_.clock.Now();
  const contract::AdminAction action =
      contract::InviteAction(request.environment(), request.target());
  const Act act{.action = "agent.invite",
                .subject = absl::StrCat(request.environment(), "/", request.target()),
                .environment = request.environment(),
                .target = request.target(),
                .statement = &request.admin_statement(),
                .arguments = action.arguments};
  const std::shared_ptr<const Policy> policy = desk_.policy.Get();
  const absl::StatusOr<contract::VerifiedStatement> verified =
      CheckAdminStatement(*policy, request.admin_statement(), action, who, now);
  absl::Status status = verified.status();
  if (status.ok() && policy->FindEnvironment(request.environment()) == nullptr) {
    status = contract::Error(v1::REASON_NOT_FOUND,
                             absl::StrCat("there is no environment '", request.environment(), "'"),
                             "add it to the policy first");
  }
  if (status.ok() && !IsTargetName(request.target())) {
    status = contract::Error(v1::REASON_INVALID_ARGUMENT, "the target's name is not usable",
                             "use 1 to 63 letters, digits, '-', '_' or '.'");
  }
  if (!status.ok()) return Refuse(desk_.committer, EntryBy(who, act, now), status);

  const std::string token = absl::StrCat("rjt-", base::ToHex(base::RandomBytes(32)));
  const JoinTokenRecord record{contract::Sha256(token), request.environment(), request.target(),
                               who.caller.person, now + kTokenLifetime};
  status = desk_.committer
               .Commit(Change().Add(NonceOf(verified->statement)).Add(InsertJoinToken{record}),
                       AuditTrail(EntryBy(who, act, now)))
               .status();
  if (!status.ok()) return Refuse(desk_.committer, EntryBy(who, act, now), status);
  v1::InviteAgentResponse response;
  response.set_token(token);
  SetTime(record.expire_time, response.mutable_expire_time());
  return response;
}

absl::StatusOr<v1::EnrollResponse> Enrolment::Enroll(const v1::EnrollRequest& request,
                                                     const std::string& peer) {
  const absl::Time now = desk_.clock.Now();
  if (!by_peer_.Take(peer, desk_.clock.Steady())) {
    return contract::Error(v1::REASON_RATE_LIMITED, "too many attempts to enrol from here",
                           "wait a minute, then try again");
  }
  Act act{.action = "agent.enroll"};
  absl::StatusOr<v1::EnrollResponse> response = TryEnroll(request, peer, &act);
  if (!response.ok()) {
    return Refuse(desk_.committer, EntryByStranger(peer, act, now), response.status());
  }
  return response;
}

absl::StatusOr<v1::EnrollResponse> Enrolment::TryEnroll(const v1::EnrollRequest& request,
                                                        const std::string& peer, Act* act) {
  const absl::Time now = desk_.clock.Now();
  const std::string hash = contract::Sha256(request.token());
  absl::StatusOr<JoinTokenRecord> token = desk_.agent_records.FindJoinToken(hash);
  if (!token.ok() || token->expire_time <= now) {
    return contract::Error(v1::REASON_TOKEN_INVALID,
                           "the join token is unknown, was used, or is too old",
                           "ask an admin for a new one: resetctl agent invite");
  }
  act->subject = absl::StrCat(token->environment, "/", token->target);
  act->environment = token->environment;
  act->target = token->target;
  absl::StatusOr<IssuedCertificate> issued =
      authority_.issue(request.csr(), token->environment, token->target, now);
  if (!issued.ok()) return issued.status();
  v1::AuditEntry entry = EntryByStranger(peer, *act, now);
  (*entry.mutable_evidence())["certificate"] = issued->serial;
  (*entry.mutable_evidence())["invited_by"] = token->created_by;
  absl::StatusOr<CommitReceipt> done = desk_.committer.Commit(
      Change()
          .Add(UseJoinToken{hash, now})
          .Add(InsertCertificate{RecordOf(*issued, token->environment, token->target, now)}),
      AuditTrail(std::move(entry)));
  if (!done.ok()) return done.status();
  v1::EnrollResponse response;
  response.set_certificate(issued->pem);
  response.set_ca(authority_.ca_pem);
  response.set_environment(token->environment);
  response.set_target(token->target);
  return response;
}

absl::StatusOr<v1::RenewResponse> Enrolment::Renew(const AgentIdentity& who,
                                                   const v1::RenewRequest& request) {
  const absl::Time now = desk_.clock.Now();
  const Act act{.action = "agent.renew", .subject = who.Name()};
  absl::StatusOr<IssuedCertificate> issued =
      authority_.issue(request.csr(), who.environment, who.target, now);
  if (!issued.ok()) return Refuse(desk_.committer, EntryBy(who, act, now), issued.status());
  v1::AuditEntry entry = EntryBy(who, act, now);
  (*entry.mutable_evidence())["new_certificate"] = issued->serial;
  absl::StatusOr<CommitReceipt> done = desk_.committer.Commit(
      Change().Add(InsertCertificate{RecordOf(*issued, who.environment, who.target, now)}),
      AuditTrail(std::move(entry)));
  if (!done.ok()) return done.status();
  v1::RenewResponse response;
  response.set_certificate(issued->pem);
  return response;
}

absl::StatusOr<v1::RevokeAgentResponse> Enrolment::Revoke(const Requester& who,
                                                          const v1::RevokeAgentRequest& request) {
  const absl::Time now = desk_.clock.Now();
  const contract::AdminAction action =
      contract::RevokeAgentAction(request.environment(), request.target());
  const Act act{.action = "agent.revoke",
                .subject = absl::StrCat(request.environment(), "/", request.target()),
                .environment = request.environment(),
                .target = request.target(),
                .statement = &request.admin_statement(),
                .arguments = action.arguments};
  const absl::StatusOr<contract::VerifiedStatement> verified =
      CheckAdminStatement(*desk_.policy.Get(), request.admin_statement(), action, who, now);
  absl::Status status = verified.status();
  if (!status.ok()) return Refuse(desk_.committer, EntryBy(who, act, now), status);
  // With the closing in one: a stream that is being welcomed meanwhile sees the one or is hit by the other.
  base::MutexLock deciding(desk_.deciding);
  status = desk_.committer
               .Commit(Change()
                           .Add(NonceOf(verified->statement))
                           .Add(RevokeCertificates{request.environment(), request.target()}),
                       AuditTrail(EntryBy(who, act, now)))
               .status();
  if (!status.ok()) return Refuse(desk_.committer, EntryBy(who, act, now), status);
  desk_.guard.Revoked({request.environment(), request.target()});
  desk_.agents.Close(
      {request.environment(), request.target()},
      contract::Error(v1::REASON_CERTIFICATE_REVOKED, "this agent's certificates were revoked",
                      "enrol again with a new join token"));
  absl::StatusOr<AgentRecord> record =
      desk_.agent_records.GetAgent(request.environment(), request.target());
  if (!record.ok()) return record.status();
  absl::StatusOr<v1::Agent> agent = ShowAgent(*record);
  if (!agent.ok()) return agent.status();
  v1::RevokeAgentResponse response;
  *response.mutable_agent() = *std::move(agent);
  return response;
}

absl::StatusOr<v1::Agent> Enrolment::ShowAgent(const AgentRecord& record) {
  v1::Agent agent;
  agent.set_environment(record.environment);
  agent.set_target(record.target);
  v1::AgentHello hello;
  if (hello.ParseFromString(record.hello)) agent.set_version(hello.version());
  absl::StatusOr<std::vector<CertificateRecord>> certificates =
      desk_.agent_records.ListCertificates(record.environment, record.target);
  if (!certificates.ok()) return certificates.status();
  if (!certificates->empty()) {
    agent.set_certificate_serial(certificates->front().serial);
    SetTime(certificates->front().not_after, agent.mutable_not_after());
    agent.set_revoked(certificates->front().revoked);
  }
  const AgentHub::Presence presence = desk_.agents.Find({record.environment, record.target});
  agent.set_online(presence.online);
  if (presence.heard) {
    SetTime(*presence.heard, agent.mutable_seen_time());
  } else if (record.seen_time) {
    SetTime(*record.seen_time, agent.mutable_seen_time());
  }
  agent.set_witness_key(record.witness.key);
  agent.set_witness_size(record.witness.cosigned_size);
  if (std::optional<v1::Problem> alarm = AlarmOf(record)) {
    *agent.mutable_witness_alarm() = *std::move(alarm);
  }
  return agent;
}

absl::StatusOr<v1::ListAgentsResponse> Enrolment::List(const Requester& who) {
  absl::StatusOr<std::vector<AgentRecord>> records = desk_.agent_records.ListAgents();
  if (!records.ok()) return records.status();
  v1::ListAgentsResponse response;
  for (const AgentRecord& record : *records) {
    if (!CheckRead(desk_, who, record.environment).ok()) continue;
    absl::StatusOr<v1::Agent> agent = ShowAgent(record);
    if (!agent.ok()) return agent.status();
    *response.add_agents() = *std::move(agent);
  }
  return response;
}

absl::StatusOr<AgentIdentity> Enrolment::IdentifyExpired(const v1::RenewExpiredRequest& request,
                                                         const std::string& peer) {
  absl::StatusOr<AgentIdentity> who = authority_.identify(request.certificate(), request.csr());
  if (!who.ok()) {
    return contract::Error(v1::REASON_UNAUTHENTICATED,
                           "the request does not prove whose certificate it renews",
                           "enrol with a join token: reset-agent enroll");
  }
  who->peer = peer;
  absl::Status status = CheckRecord(*who, desk_.clock.Now() - kRenewalGrace);
  if (!status.ok()) return status;
  return who;
}

absl::StatusOr<v1::RenewExpiredResponse> Enrolment::RenewExpired(
    const v1::RenewExpiredRequest& request, const std::string& peer) {
  if (!by_peer_.Take(peer, desk_.clock.Steady())) {
    return contract::Error(v1::REASON_RATE_LIMITED, "too many attempts to renew from here",
                           "wait a minute, then try again");
  }
  const absl::StatusOr<AgentIdentity> who = IdentifyExpired(request, peer);
  if (!who.ok()) {
    const Act act{.action = "agent.renew"};
    return Refuse(desk_.committer, EntryByStranger(peer, act, desk_.clock.Now()), who.status());
  }
  v1::RenewRequest renew;
  renew.set_csr(request.csr());
  absl::StatusOr<v1::RenewResponse> renewed = Renew(*who, renew);
  if (!renewed.ok()) return renewed.status();
  v1::RenewExpiredResponse response;
  response.set_certificate(renewed->certificate());
  return response;
}

absl::Status Enrolment::CheckIdentity(const AgentIdentity& who) {
  return CheckRecord(who, desk_.clock.Now());
}

absl::Status Enrolment::CheckRecord(const AgentIdentity& who, absl::Time good_at) {
  absl::StatusOr<CertificateRecord> record = desk_.agent_records.FindCertificate(who.serial);
  if (!record.ok() && !absl::IsNotFound(record.status())) return record.status();
  if (!record.ok() || record->environment != who.environment || record->target != who.target) {
    return contract::Error(v1::REASON_UNAUTHENTICATED,
                           "this controller did not issue the agent's certificate",
                           "enrol with a join token: reset-agent enroll");
  }
  if (record->revoked) {
    return contract::Error(v1::REASON_CERTIFICATE_REVOKED, "the agent's certificate was revoked",
                           "enrol again with a new join token");
  }
  if (record->not_after <= good_at) {
    return contract::Error(v1::REASON_UNAUTHENTICATED, "the agent's certificate has expired",
                           "enrol again with a new join token");
  }
  return absl::OkStatus();
}

}  // namespace resetctl::controller

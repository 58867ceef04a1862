#include "controller/service/sessions.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "controller/service/audit_entries.h"
#include "controller/service/statement_checks.h"
#include "controller/service/wire_time.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "proto/contract/ssh_signature.h"

namespace resetctl::controller {
namespace {

absl::Status TooMany() {
  return contract::Error(v1::REASON_RATE_LIMITED, "too many attempts to log in from here",
                         "wait a minute, then try again");
}

// Names a session; the token cannot be told from it.
std::string IdOf(const SessionRecord& session) {
  return absl::StrCat("s-", base::ToHex(session.token_hash).substr(0, 16));
}

v1::Session Show(const SessionRecord& record, const Requester& who) {
  v1::Session session;
  session.set_id(IdOf(record));
  session.set_person(record.person);
  session.set_key_fingerprint(record.key_fingerprint);
  session.set_peer(record.peer);
  SetTime(record.create_time, session.mutable_create_time());
  SetTime(record.expire_time, session.mutable_expire_time());
  session.set_current(record.token_hash == who.token_hash);
  return session;
}

absl::Status NotLoggedIn(absl::string_view what) {
  return contract::Error(v1::REASON_UNAUTHENTICATED, what, "resetctl login");
}

}  // namespace

absl::StatusOr<v1::CreateChallengeResponse> Sessions::CreateChallenge(
    const v1::CreateChallengeRequest& request, const std::string& peer) {
  const absl::Duration steady = clock_.Steady();
  if (!by_peer_.Take(peer, steady) ||
      !by_person_.Take(absl::StrCat(peer, " ", request.person()), steady)) {
    return TooMany();
  }
  if (request.person().empty() || request.person().size() > 64) {
    return contract::Error(v1::REASON_INVALID_ARGUMENT, "a challenge needs the person's name",
                           "name the person who logs in");
  }
  const ChallengeRecord challenge{base::RandomBytes(32), request.person(),
                                  clock_.Now() + options_.challenge_ttl};
  absl::Status written = committer_.Write(InsertChallenge{challenge});
  if (!written.ok()) return written;
  v1::CreateChallengeResponse response;
  response.set_challenge(challenge.challenge);
  return response;
}

absl::StatusOr<v1::LoginResponse> Sessions::Login(const v1::LoginRequest& request,
                                                  const std::string& peer) {
  const absl::Time now = clock_.Now();
  // Refused before anything is written: a flood must not fill the log.
  if (!by_peer_.Take(peer, clock_.Steady())) return TooMany();
  v1::AuditEntry entry = EntryByStranger(peer, {.action = "login.fail"}, now);
  absl::StatusOr<v1::LoginResponse> response = TryLogin(request, peer, &entry);
  if (!response.ok()) return Refuse(committer_, std::move(entry), response.status());
  return response;
}

absl::StatusOr<v1::LoginResponse> Sessions::TryLogin(const v1::LoginRequest& request,
                                                     const std::string& peer,
                                                     v1::AuditEntry* entry) {
  const absl::Time now = clock_.Now();
  absl::StatusOr<contract::Statement> statement =
      contract::Statement::Parse(request.statement().text());
  if (!statement.ok()) return statement.status();
  entry->set_subject(statement->person());

  std::string challenge;
  if (!base::FromBase64(statement->Get("challenge"), &challenge)) {
    return contract::Error(v1::REASON_STATEMENT_INVALID, "the challenge is not base64",
                           "resetctl login");
  }
  absl::StatusOr<ChallengeRecord> issued = sessions_.FindChallenge(challenge);
  if (!issued.ok() || issued->expire_time <= now || issued->person != statement->person()) {
    return NotLoggedIn(
        "the login's challenge was not issued for this person, was used, or is too old");
  }
  // Used up by the first attempt, good or bad: nothing to grind on.
  v1::AuditEntry attempt = *entry;
  attempt.set_action("login.attempt");
  absl::Status used =
      committer_.Commit(Change().Add(UseChallenge{challenge, now}), AuditTrail(std::move(attempt)))
          .status();
  if (!used.ok()) return used;

  const std::shared_ptr<const Policy> policy = policy_.Get();
  absl::StatusOr<contract::VerifiedStatement> verified = contract::VerifyStatement(
      request.statement(), contract::StatementType::kLogin, policy->signers);
  if (!verified.ok()) return verified.status();
  absl::Status status = CheckFields(verified->statement, {{"ca-pin", options_.ca_pin}});
  if (!status.ok()) return status;
  status = CheckFresh(verified->statement, now);
  if (!status.ok()) return status;
  absl::Time expires;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, verified->statement.Get("expires"), &expires, &error) ||
      expires <= now) {
    return contract::Error(v1::REASON_STATEMENT_EXPIRED, "the login statement has expired",
                           "resetctl login");
  }

  const std::string token = absl::StrCat("rst-", base::ToHex(base::RandomBytes(32)));
  const SessionRecord session{
      contract::Sha256(token),   verified->person, verified->key.fingerprint, peer, now,
      now + options_.session_ttl};
  const Requester who{SignerOf(*verified), peer, session.token_hash, session.expire_time};
  absl::StatusOr<CommitReceipt> done = committer_.Commit(
      Change().Add(InsertSession{session}),
      AuditTrail(EntryBy(
          who, {.action = "login", .subject = verified->person, .statement = &request.statement()},
          now)));
  if (!done.ok()) return done.status();
  v1::LoginResponse response;
  response.set_token(token);
  SetTime(session.expire_time, response.mutable_expire_time());
  response.set_person(session.person);
  return response;
}

absl::Status Sessions::Logout(const Requester& who) {
  return committer_
      .Commit(Change().Add(DeleteSession{who.token_hash}),
              AuditTrail(
                  EntryBy(who, {.action = "logout", .subject = who.caller.person}, clock_.Now())))
      .status();
}

v1::GetIdentityResponse Sessions::GetIdentity(const Requester& who) const {
  v1::GetIdentityResponse response;
  response.set_person(who.caller.person);
  response.set_key_fingerprint(who.caller.key_fingerprint);
  SetTime(who.expire_time, response.mutable_expire_time());
  SetTime(clock_.Now(), response.mutable_time());
  const std::shared_ptr<const Policy> policy = policy_.Get();
  if (const Person* person = policy->FindPerson(who.caller.person)) {
    for (const std::string& group : person->groups) response.add_groups(group);
    response.set_robot(person->robot);
  }
  return response;
}

absl::StatusOr<v1::ListSessionsResponse> Sessions::List(const Requester& who) {
  const bool all = MayAdmin(*policy_.Get(), who.caller).allowed();
  absl::StatusOr<std::vector<SessionRecord>> records =
      sessions_.ListSessions(all ? "" : who.caller.person);
  if (!records.ok()) return records.status();
  const absl::Time now = clock_.Now();
  v1::ListSessionsResponse response;
  for (const SessionRecord& record : *records) {
    if (record.expire_time > now) *response.add_sessions() = Show(record, who);
  }
  return response;
}

absl::StatusOr<v1::RevokeSessionResponse> Sessions::Revoke(
    const Requester& who, const v1::RevokeSessionRequest& request) {
  Act act{.action = "session.revoke", .subject = request.session_id()};
  if (request.has_admin_statement()) {
    act.statement = &request.admin_statement();
    act.arguments = contract::RevokeSessionAction(request.session_id()).arguments;
  }
  absl::StatusOr<v1::RevokeSessionResponse> response = TryRevoke(who, request, act);
  if (!response.ok()) {
    return Refuse(committer_, EntryBy(who, act, clock_.Now()), response.status());
  }
  return response;
}

absl::StatusOr<v1::RevokeSessionResponse> Sessions::TryRevoke(
    const Requester& who, const v1::RevokeSessionRequest& request, const Act& act) {
  const absl::Time now = clock_.Now();
  const std::shared_ptr<const Policy> policy = policy_.Get();
  const bool admin = MayAdmin(*policy, who.caller).allowed();
  absl::StatusOr<std::vector<SessionRecord>> records =
      sessions_.ListSessions(admin ? "" : who.caller.person);
  if (!records.ok()) return records.status();
  const auto found = std::find_if(
      records->begin(), records->end(),
      [&request](const SessionRecord& each) { return IdOf(each) == request.session_id(); });
  if (found == records->end()) {
    return contract::Error(v1::REASON_NOT_FOUND,
                           absl::StrCat("there is no session ", request.session_id()),
                           "see which there are: resetctl session list");
  }
  Change change;
  if (found->person != who.caller.person) {
    const absl::StatusOr<contract::VerifiedStatement> verified =
        CheckAdminStatement(*policy, request.admin_statement(),
                            contract::RevokeSessionAction(request.session_id()), who, now);
    if (!verified.ok()) return verified.status();
    change.Add(NonceOf(verified->statement));
  }
  change.Add(DeleteSession{found->token_hash});
  v1::AuditEntry entry = EntryBy(who, act, now);
  (*entry.mutable_evidence())["person"] = found->person;
  absl::Status done = committer_.Commit(change, AuditTrail(std::move(entry))).status();
  if (!done.ok()) return done;
  v1::RevokeSessionResponse response;
  *response.mutable_session() = Show(*found, who);
  return response;
}

absl::StatusOr<Requester> Sessions::Authenticate(absl::string_view token, const std::string& peer) {
  if (token.empty()) return NotLoggedIn("you are not logged in");
  absl::StatusOr<SessionRecord> session = sessions_.FindSession(contract::Sha256(token));
  if (!session.ok()) {
    if (!absl::IsNotFound(session.status())) return session.status();
    return NotLoggedIn("the session is not known to this controller");
  }
  if (session->expire_time <= clock_.Now()) {
    return contract::Error(v1::REASON_SESSION_EXPIRED, "the session has expired", "resetctl login");
  }
  if (!policy_.Get()->PersonHasKey(session->person, session->key_fingerprint)) {
    return NotLoggedIn("the session's key is no longer in the policy");
  }
  return Requester{
      {session->person, session->key_fingerprint}, peer, session->token_hash, session->expire_time};
}

}  // namespace resetctl::controller

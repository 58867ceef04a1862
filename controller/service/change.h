#ifndef RESETCTL_CONTROLLER_SERVICE_CHANGE_H_
#define RESETCTL_CONTROLLER_SERVICE_CHANGE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "controller/domain/records.h"
#include "resetctl/v1/audit.pb.h"
#include "resetctl/v1/event.pb.h"

namespace resetctl::controller {

// What a commit does, as values: the same list is applied by every store. Each line says what makes
// a store refuse it.

// ALREADY_EXISTS: same id. `bundle`: the bytes of plan.bundle_digest; kept once.
struct InsertPlan {
  PlanRecord plan;
  std::string bundle;
};
// Writes state, state_reason and last_run_id. ABORTED: plan.version is not the stored one.
// WRONG_STATE: no such edge.
struct UpdatePlan {
  PlanRecord plan;
};
// NOT_FOUND: no such plan. The store gives `sequence`. When a decision must see all earlier ones
// (it always must), put an UpdatePlan of the same plan into the same change, even without a new
// state: its version serialises the deciders.
struct InsertApproval {
  ApprovalRecord approval;
};
// ALREADY_EXISTS: same id. REASON_TARGET_BUSY: the target has an active run (IsActive).
struct InsertRun {
  RunRecord run;
};
// Writes all that is not fixed at creation, but last_seq. ABORTED, WRONG_STATE as above;
// TARGET_BUSY when a run becomes active again beside another. An `audit_entry` of kThisCommit
// becomes the index of this commit's first entry.
inline constexpr uint64_t kThisCommit = ~uint64_t{0};
struct UpdateRun {
  RunRecord run;
};
// The next event of a run: its seq is last_seq + 1. ALREADY_EXISTS: that seq is stored with the
// same bytes (a repeated delivery: acknowledge it). DATA_LOSS: stored with other bytes.
// OUT_OF_RANGE: a gap. NOT_FOUND: no such run.
struct AppendEvent {
  v1::RunEvent event;
};
// Uses the challenge up. REASON_UNAUTHENTICATED: no such challenge, used, or expired at `now`.
struct UseChallenge {
  std::string challenge;
  absl::Time now;
};
struct InsertSession {
  SessionRecord session;
};
// No error when there is none.
struct DeleteSession {
  std::string token_hash;
};
// REASON_STATEMENT_REPLAYED: the nonce was used before. `expire_time`: it may be forgotten then,
// because the statement itself is refused as too old.
struct UseNonce {
  std::string nonce;
  absl::Time expire_time;
};
// ALREADY_EXISTS: same hash.
struct InsertJoinToken {
  JoinTokenRecord token;
};
// REASON_TOKEN_INVALID: no such token, used, or expired at `now`.
struct UseJoinToken {
  std::string token_hash;
  absl::Time now;
};
// Makes the agent if it is new. ALREADY_EXISTS: same serial.
struct InsertCertificate {
  CertificateRecord certificate;
};
// All certificates of the agent. NOT_FOUND: no such agent.
struct RevokeCertificates {
  std::string environment;
  std::string target;
};
// An agent attached. NOT_FOUND: no such agent.
struct SetAgentHello {
  std::string environment;
  std::string target;
  std::string hello;  // serialised v1::AgentHello
  absl::Time time;
};
// NOT_FOUND: no such agent.
struct BindTarget {
  std::string environment;
  std::string target;
  std::string bound;  // serialised v1::DatabaseIdentity
};
// All but what it cosigned: see KeepCosignature. NOT_FOUND: no such agent.
struct SetWitness {
  std::string environment;
  std::string target;
  WitnessRecord witness;
};
// Replaces an earlier one.
struct SetFreeze {
  FreezeRecord freeze;
};
// No error when there is none.
struct LiftFreeze {
  std::string environment;
};
// ALREADY_EXISTS: same person, method and request id. Ignored when request_id is empty.
struct InsertRequest {
  RequestRecord request;
};
// How far a receiver of notifications has been told. Replaces an earlier one. With an entry where the last of them is a
// message that was sent or given up; as a Note where nothing was to be sent.
struct SetNotificationCursor {
  std::string sink;
  uint64_t next = 0;  // index of an audit entry
};
// Old entries are in a file now: they go, and their leaf hashes stay, so that everything can still be proved.
// INVALID_ARGUMENT: the archive does not end at a multiple of kArchiveBlock, or not within the log. ABORTED: it does not
// begin where the log does. DATA_LOSS: an entry is not the one whose leaf hash is given, as it was read back from the file.
struct ArchiveEntries {
  ArchiveRecord archive;
  std::vector<std::string> leaf_hashes;
};

using Mutation = std::variant<InsertPlan, UpdatePlan, InsertApproval, InsertRun, UpdateRun,
                              AppendEvent, UseChallenge, InsertSession, DeleteSession, UseNonce,
                              InsertJoinToken, UseJoinToken, InsertCertificate, RevokeCertificates,
                              SetAgentHello, BindTarget, SetWitness, SetFreeze, LiftFreeze,
                              InsertRequest, SetNotificationCursor, ArchiveEntries>;

// An ordered list of mutations, all or none.
//   Change change;
//   change.Add(UpdatePlan{plan}).Add(InsertApproval{approval});
//   store.Commit(change, AuditTrail(entry));
class Change {
 public:
  Change& Add(Mutation mutation) {
    mutations_.push_back(std::move(mutation));
    return *this;
  }
  const std::vector<Mutation>& mutations() const { return mutations_; }

 private:
  std::vector<Mutation> mutations_;
};

// What a commit says of itself in the audit log: never empty, so that no change can go without. An
// empty Change with a trail is how a refusal (a failed login) is logged.
class AuditTrail {
 public:
  explicit AuditTrail(v1::AuditEntry first) { entries_.push_back(std::move(first)); }
  AuditTrail& And(v1::AuditEntry entry) {
    entries_.push_back(std::move(entry));
    return *this;
  }
  const std::vector<v1::AuditEntry>& entries() const { return entries_; }

 private:
  std::vector<v1::AuditEntry> entries_;
};

// Facts that decide nothing, change often and are not audited.
struct InsertChallenge {
  ChallengeRecord challenge;
};
struct SeeAgent {  // a heartbeat; nothing happens when there is no such agent
  std::string environment;
  std::string target;
  absl::Time time;
};
struct Forget {  // expired sessions, challenges, tokens and nonces; requests older than
                 // `requests_before`
  absl::Time now;
  absl::Time requests_before;
};
// Replaces an earlier one; nothing happens when there is no such agent. Not audited: each entry gives rise to the next
// checkpoint.
struct KeepCosignature {
  std::string environment;
  std::string target;
  std::string checkpoint;  // the signed note with the cosignature
  uint64_t size = 0;
};
using Note =
    std::variant<InsertChallenge, SeeAgent, Forget, SetNotificationCursor, KeepCosignature>;

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_CHANGE_H_

#ifndef RESETCTL_CONTROLLER_SERVICE_STORE_H_
#define RESETCTL_CONTROLLER_SERVICE_STORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "controller/domain/records.h"
#include "controller/service/change.h"
#include "resetctl/v1/audit.pb.h"
#include "resetctl/v1/event.pb.h"

namespace resetctl::controller {

// The ports of the controller's memory, one per aggregate; a service takes those that it needs.
// Everything is thread-safe and blocks the caller (never call from a gRPC reaction). Reads see
// every commit that has returned.
//
// Implemented by store/sqlite and, for tests, tests/support/memory_store.h; one conformance suite
// runs on both.
//
// Common answers:
//   NOT_FOUND       REASON_NOT_FOUND
//   AMBIGUOUS       REASON_AMBIGUOUS_ID, for a prefix that fits several ids (the message names
//   some) ABORTED         a row was changed since it was read: read again and decide again
//   ALREADY_EXISTS  an id, request id, nonce or event is there already
//   UNAVAILABLE     the disk or the file refuses; nothing was written

// A page of a list. `token` is opaque: what the last page's next_token was, empty for the first. A
// malformed token is REASON_INVALID_ARGUMENT. A size of 0 means 50, above 500 means 500.
struct PageRequest {
  int size = 0;
  std::string token;
};

template <typename T>
struct PageOf {
  std::vector<T> items;
  std::string next_token;  // empty: that was the last page
};

// Absent or empty fields do not filter. `keep` runs on the caller's thread, outside every lock, on
// list records (without document, mac, statement).
struct PlanFilter {
  std::vector<std::string> environments;  // any of these; empty: all
  std::string target;
  std::vector<v1::PlanState> states;  // any of these; empty: all
  std::string author;
  std::optional<absl::Time> expired_at;  // expire_time <= this
  std::function<bool(const PlanRecord&)> keep;
};

class PlanStore {
 public:
  virtual ~PlanStore() = default;
  // By id or unique prefix ('p-' and at least one digit).
  virtual absl::StatusOr<PlanRecord> GetPlan(absl::string_view id_or_prefix) = 0;
  // Newest first; without `document`, `mac` and `plan_statement`.
  virtual absl::StatusOr<PageOf<PlanRecord>> ListPlans(const PlanFilter& filter,
                                                       const PageRequest& page) = 0;
  virtual absl::StatusOr<std::string> GetBundle(absl::string_view bundle_digest) = 0;
  // In order of arrival. Empty for an unknown plan.
  virtual absl::StatusOr<std::vector<ApprovalRecord>> ListApprovals(absl::string_view plan_id) = 0;
};

struct RunFilter {
  std::vector<std::string> environments;
  std::string target;
  std::vector<v1::RunState> states;
  std::string runner;
  std::string plan_id;
  std::string bundle_digest;  // of the run's plan
  std::function<bool(const RunRecord&)> keep;
};

class RunStore {
 public:
  virtual ~RunStore() = default;
  // By id or unique prefix ('r-' and at least one digit).
  virtual absl::StatusOr<RunRecord> GetRun(absl::string_view id_or_prefix) = 0;
  // Newest first.
  virtual absl::StatusOr<PageOf<RunRecord>> ListRuns(const RunFilter& filter,
                                                     const PageRequest& page) = 0;
  // Events with seq > after_seq, in order, at most `limit`.
  virtual absl::StatusOr<std::vector<v1::RunEvent>> ListEvents(absl::string_view run_id,
                                                               uint64_t after_seq, int limit) = 0;
};

class SessionStore {
 public:
  virtual ~SessionStore() = default;
  // Exact; the caller looks at expire_time.
  virtual absl::StatusOr<SessionRecord> FindSession(absl::string_view token_hash) = 0;
  // Of this person, or of everybody when empty; newest first. Expired ones may be among them.
  virtual absl::StatusOr<std::vector<SessionRecord>> ListSessions(const std::string& person) = 0;
  virtual absl::StatusOr<ChallengeRecord> FindChallenge(absl::string_view challenge) = 0;
};

class AgentStore {
 public:
  virtual ~AgentStore() = default;
  virtual absl::StatusOr<AgentRecord> GetAgent(absl::string_view environment,
                                               absl::string_view target) = 0;
  // By environment, then target.
  virtual absl::StatusOr<std::vector<AgentRecord>> ListAgents() = 0;
  virtual absl::StatusOr<CertificateRecord> FindCertificate(absl::string_view serial) = 0;
  // Newest first.
  virtual absl::StatusOr<std::vector<CertificateRecord>> ListCertificates(
      absl::string_view environment, absl::string_view target) = 0;
  // Exact; the caller looks at expire_time. Used ones are NOT_FOUND.
  virtual absl::StatusOr<JoinTokenRecord> FindJoinToken(absl::string_view token_hash) = 0;
};

class FreezeStore {
 public:
  virtual ~FreezeStore() = default;
  // Nothing: not frozen.
  virtual absl::StatusOr<std::optional<FreezeRecord>> FindFreeze(absl::string_view environment) = 0;
};

class RequestStore {
 public:
  virtual ~RequestStore() = default;
  // Nothing: not seen before. An empty request id is never found.
  virtual absl::StatusOr<std::optional<RequestRecord>> FindRequest(
      absl::string_view person, absl::string_view method, absl::string_view request_id) = 0;
};

// How far each receiver of notifications has been told of the audit log (controller/notify).
class NotificationStore {
 public:
  virtual ~NotificationStore() = default;
  // The index of the first entry that it has not been told of yet. Nothing: a receiver never seen before.
  virtual absl::StatusOr<std::optional<uint64_t>> FindCursor(absl::string_view sink) = 0;
};

struct AuditFilter {
  std::string person = {};                     // the actor 'person:<this>', or the subject
  std::vector<std::string> environments = {};  // any of these; empty: all, also entries without one
  std::string subject = {};                    // exact or a prefix
  std::vector<std::string> subjects = {};      // any of these, exact; empty: all
  std::string action = {};                     // exact
  std::optional<absl::Time> since = {};        // at this time or later
  std::optional<absl::Time> until = {};        // before this time
  bool without_events = false;                 // all actions but 'run.event'
  uint64_t first = 0;                          // this index or a later one
};

struct StoredAuditEntry {
  uint64_t index = 0;  // from 0
  std::string bytes;   // serialised v1::AuditEntry: the leaf
};

struct StoredCheckpoint {
  std::string note;  // signed (contract::OpenCheckpoint)
  uint64_t size = 0;
  std::string root;  // 32 bytes
};

class AuditStore {
 public:
  virtual ~AuditStore() = default;
  // Newest first.
  virtual absl::StatusOr<PageOf<StoredAuditEntry>> ListAudit(const AuditFilter& filter,
                                                             const PageRequest& page) = 0;
  // Oldest first, from `first` on, at most `limit`: for export. Archived ones are passed over.
  virtual absl::StatusOr<std::vector<StoredAuditEntry>> ReadAudit(uint64_t first, int limit) = 0;
  // The index of the first entry that is not in an archive: ListAudit and ReadAudit know none before it.
  virtual absl::StatusOr<uint64_t> FirstKept() = 0;
  // The archive that the entry is in. NOT_FOUND: it is in none.
  virtual absl::StatusOr<ArchiveRecord> FindArchive(uint64_t index) = 0;
  // The index of the first entry that is kept and of this time or later; the log's size when there is none.
  virtual absl::StatusOr<uint64_t> FirstAt(absl::Time time) = 0;
  // Of the log as it is now; an empty log has one too, once the store was opened.
  virtual absl::StatusOr<StoredCheckpoint> GetCheckpoint() = 0;
  // Of its first `size` entries, signed now. INVALID_ARGUMENT: it has not so many.
  virtual absl::StatusOr<StoredCheckpoint> GetCheckpointAt(uint64_t size) = 0;
  // RFC 6962 proofs, archived entries or not: that entry `index` is in the tree of the first `size` entries, and that those begin with the first
  // `old_size` (contract::VerifyInclusion, VerifyConsistency). INVALID_ARGUMENT unless index < size, old_size <= size, and
  // the log has `size` entries.
  virtual absl::StatusOr<std::vector<std::string>> ProveInclusion(uint64_t index,
                                                                  uint64_t size) = 0;
  virtual absl::StatusOr<std::vector<std::string>> ProveConsistency(uint64_t old_size,
                                                                    uint64_t size) = 0;
};

// What Commit did.
struct CommitReceipt {
  uint64_t first_audit_index = 0;  // of its own entries
  uint64_t audit_size = 0;         // of the log, at least
};

// The only way to change what the controller keeps. Returns when it is durable. Mutations are
// applied in order; when one is refused, or an audit entry cannot be appended, nothing of the
// change is there and the error says which. Several commits may share one disk write; each stands
// alone.
class Committer {
 public:
  virtual ~Committer() = default;
  // An AuditTrail holds at least one entry: a change without one cannot be written down.
  virtual absl::StatusOr<CommitReceipt> Commit(const Change& change, const AuditTrail& trail) = 0;
  // Facts that decide nothing and are in no log: see Note.
  virtual absl::Status Write(const Note& note) = 0;
};

// For whoever waits for a store that could not be written.
class ProbedStore {
 public:
  virtual ~ProbedStore() = default;
  // Writes something that changes nothing, durably. What it comes to is what any commit would.
  virtual absl::Status Probe() = 0;
};

// Everything together, for the composition root and for adapters. Services take the ports above.
class Store : public PlanStore,
              public RunStore,
              public SessionStore,
              public AgentStore,
              public FreezeStore,
              public RequestStore,
              public AuditStore,
              public NotificationStore,
              public Committer,
              public ProbedStore {};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_STORE_H_

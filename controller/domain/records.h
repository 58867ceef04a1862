#ifndef RESETCTL_CONTROLLER_DOMAIN_RECORDS_H_
#define RESETCTL_CONTROLLER_DOMAIN_RECORDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "resetctl/v1/plan.pb.h"
#include "resetctl/v1/reason.pb.h"
#include "resetctl/v1/run.pb.h"
#include "resetctl/v1/statement.pb.h"

namespace resetctl::controller {

// What the controller keeps. Plain values: no behaviour, no I/O. Times are the controller's clock
// unless they say otherwise. `version` counts the writes of a row; a writer that read an older one
// is refused (ABORTED) and reads again.

// A plan. All but `state`, `state_reason` and `last_run_id` is fixed when it is made.
struct PlanRecord {
  std::string id;             // 'p-' + digest of `document`
  int64_t version = 0;        // 0: not stored yet
  std::string document;       // serialised v1::PlanDocument, the agent's bytes; empty in lists
  std::string mac;            // the agent's; empty in lists
  std::string bundle_digest;  // sha256:hex; the bytes are stored once per digest
  v1::SignedStatement plan_statement;  // the author's; empty in lists
  std::string environment;
  std::string target;
  std::string author;
  std::string author_key_fingerprint;
  std::string rules;          // canonical JSON of the environment's rules when it was made
  std::string policy_digest;  // of `rules`
  std::string floor_digest;
  std::string blueprint_name;
  int64_t rows_total = 0;
  bool rows_estimated = false;  // of rows_total: tables were sampled, not counted
  int32_t tables_total = 0;
  absl::Time create_time;
  absl::Time expire_time;

  v1::PlanState state = v1::PLAN_STATE_UNSPECIFIED;
  std::string state_reason;  // for people; why it ended
  std::string last_run_id;
};

// One signed decision about one plan. Never changed, never deleted: taking an approval back is
// another record.
struct ApprovalRecord {
  std::string plan_id;
  int64_t sequence = 0;  // order of arrival within the plan, from 1; given by the store
  std::string person;
  std::string key_fingerprint;
  std::string decision;  // approve | reject | unapprove
  std::string reason;
  std::string policy_digest;                         // as signed
  std::string floor_digest;                          // as signed
  absl::Time start_before = absl::InfiniteFuture();  // as signed
  absl::Time time;  // when the controller took it: the ttl counts from here
  v1::SignedStatement statement;
};

// A run.
struct RunRecord {
  std::string id;       // 'r-' + 16 hex digits
  int64_t version = 0;  // 0: not stored yet
  std::string plan_id;
  std::string environment;
  std::string target;
  std::string runner;
  std::string runner_key_fingerprint;
  v1::SignedStatement run_statement;
  v1::SignedStatement resume_statement;  // the last one; empty before
  absl::Time create_time;
  absl::Time hold_until;                             // create_time when there is no hold
  absl::Time start_before = absl::InfiniteFuture();  // as signed by the runner

  v1::RunState state = v1::RUN_STATE_UNSPECIFIED;
  std::optional<v1::Problem> problem;
  std::optional<absl::Time> start_time;  // of the offer
  std::optional<absl::Time> end_time;
  std::optional<v1::RunResult> result;
  int64_t fence = 0;  // the agent's
  bool cancel_requested = false;
  std::string cancel_person;
  bool detached = false;
  uint64_t audit_entry = 0;  // index of the entry that recorded the end; 0 before
  std::string break_glass;   // the reason, as signed; empty: an ordinary run
  std::string reviewer;      // of a break-glass run; empty: nobody yet
  uint64_t last_seq = 0;     // of the stored events; written by the store only, with the events
};

// A person's session. The token itself is nowhere: only its SHA-256.
struct SessionRecord {
  std::string token_hash;  // 32 bytes
  std::string person;
  std::string key_fingerprint;
  std::string peer;  // network address at login
  absl::Time create_time;
  absl::Time expire_time;
};

// 32 random bytes that a login must sign; good once.
struct ChallengeRecord {
  std::string challenge;  // 32 bytes
  std::string person;     // that asked
  absl::Time expire_time;
};

// What an agent says as a witness of the audit log.
struct WitnessRecord {
  std::string key;    // vkey, as it said last; empty: it watches no log
  std::string alarm;  // serialised v1::Problem: the log that it remembers is not ours; empty: it is
  std::string accepted;  // id of the newest v1::WitnessAcceptance that is in the log
  std::string
      cosigned;  // the newest checkpoint that it cosigned, with the cosignature; empty: none
  uint64_t cosigned_size = 0;
};

// What is known of one target's agent.
struct AgentRecord {
  std::string environment;
  std::string target;
  std::string hello;  // serialised v1::AgentHello, the last one; empty before the first
  absl::Time enroll_time;
  std::optional<absl::Time> seen_time;  // the last hello or heartbeat that was written down
  std::string
      bound;  // serialised v1::DatabaseIdentity: the database that was seen first, or bound since; empty before
  WitnessRecord witness = {};
};

struct CertificateRecord {
  std::string serial;  // lower-case hex
  std::string environment;
  std::string target;
  absl::Time not_after;
  absl::Time issue_time;
  bool revoked = false;
};

// Buys one certificate. The token itself is shown once and kept nowhere.
struct JoinTokenRecord {
  std::string token_hash;  // SHA-256, 32 bytes
  std::string environment;
  std::string target;
  std::string created_by;
  absl::Time expire_time;
};

struct FreezeRecord {
  std::string environment;
  std::string person;
  std::string reason;
  absl::Time time;
  absl::Time until = absl::InfiniteFuture();  // until somebody lifts it
};

// What a request with a given id was answered by, so that a retry gets the same answer.
struct RequestRecord {
  std::string person;
  std::string method;  // 'CreatePlan'
  std::string request_id;
  std::string fingerprint;  // digest of the request: the same id for something else is refused by
                            // the service
  std::string subject;      // plan or run id that it made or changed
  absl::Time time;
};

// A file that old entries of the audit log were moved to.
struct ArchiveRecord {
  uint64_t first = 0;  // index of its first entry
  uint64_t end = 0;    // of the entry after its last
  std::string file;    // its name, without a folder
  std::string digest;  // 'sha256:...' of its bytes
};
// An archive ends at a multiple of it: the Merkle tree's subtrees of so many leaves are never parted (ADR 16).
inline constexpr uint64_t kArchiveBlock = 16;

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_DOMAIN_RECORDS_H_

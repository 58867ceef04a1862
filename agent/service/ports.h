#ifndef RESETCTL_AGENT_SERVICE_PORTS_H_
#define RESETCTL_AGENT_SERVICE_PORTS_H_

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
#include "proto/base/secret.h"
#include "proto/contract/blueprint.h"
#include "proto/contract/environment_rules.h"
#include "resetctl/v1/event.pb.h"
#include "resetctl/v1/plan.pb.h"
#include "resetctl/v1/run.pb.h"
#include "resetctl/v1/witness.pb.h"

namespace resetctl::agent {

// The ports of the agent's services and the values that pass through them. Implemented by postgres/, redis/, hooks/ and
// journal/; the service layer knows no SQL, no Redis protocol and no gRPC.

// Parameters, resolved on the agent from its own environment and files (TRUST §4).
struct ResolvedParameter {
  std::string name;
  base::Secret value;
  bool secret = true;
  bool sql = true;     // may be set as resetctl.<name> for SQL steps
  std::string source;  // environment, file, default, bcrypt
};
using ResolvedParameters = std::map<std::string, ResolvedParameter>;

// ---- database ------------------------------------------------------------------------------------------------------

// The database's part of a plan: everything of PlanDocument from `database` to `rows_total` that the database answers
// (database, schema_*, groups, kept, out_of_scope_schemas, sequences, recreate.table checks, side_effects, warnings, totals,
// materialized_views, creates_resetctl_schema), or problems.
struct Survey {
  v1::PlanDocument document;
  std::vector<v1::Problem> problems;
};

struct ClaimOrder {
  std::string run_id;
  std::string plan_digest;  // sha256:hex
  std::string nonce;        // of the run statement; used once
  std::string runner;
  std::string last_commit = "";  // run that committed last, as the agent remembers it; empty: none
  std::optional<v1::SeenLog> seen_log =
      std::nullopt;  // kept in the target too; nothing: leave what is there
};

struct ResetOrder {
  std::string run_id;
  std::string plan_digest;
  int64_t fence = 0;
  const v1::PlanDocument* plan = nullptr;
  const contract::Blueprint* blueprint = nullptr;
  const contract::BundleFiles* bundle = nullptr;
  std::vector<contract::RecreateStepSpec> steps;  // recreate and the chosen sets, in order
  const ResolvedParameters* parameters = nullptr;
  contract::EnvironmentRules rules;
};

struct CommitFacts {
  std::string xid;
  int backend_pid = 0;
  uint32_t timeline = 0;
  std::string wal_lsn;
};

enum class ResetEnd {
  kCommitted,
  kRolledBack,  // proved: nothing was changed
  kInDoubt,     // the COMMIT's answer was lost: ask the ledger
};

struct ResetOutcome {
  ResetEnd end = ResetEnd::kRolledBack;
  v1::Problem problem;   // when rolled back (STALE_*, SQL_FAILED, CANCELLED, ...) or in doubt
  v1::RunResult result;  // when committed
};

// What a running step says. The service numbers, journals and sends it.
struct StepNote {
  v1::StepKind step = v1::STEP_KIND_UNSPECIFIED;
  std::string name;
  v1::EventKind kind = v1::EVENT_KIND_UNSPECIFIED;
  int64_t done = 0;
  int64_t total = 0;
  std::string unit;
  std::string detail;
  absl::Duration took = absl::ZeroDuration();
  std::optional<v1::Problem> problem;
};
class StepObserver {
 public:
  virtual ~StepObserver() = default;
  virtual void OnStep(const StepNote& note) = 0;
  // Just before COMMIT is sent; must be durable when it returns. An error rolls back.
  virtual absl::Status OnAboutToCommit(const CommitFacts& facts) = 0;
};

enum class LedgerAnswer {
  kCommitted,
  kNotCommitted,
  // Not in the ledger of a primary whose history is another one than the claim's: after a failover, or a restore. A COMMIT that
  // was sent before is lost, or was none; one that was not sent will not be.
  kOtherTimeline,
  kNotCertain
};
struct LedgerReading {
  LedgerAnswer answer = LedgerAnswer::kNotCertain;
  std::string why;  // when not certain: 'a standby', 'another server', ...
  // Not certain, for this primary holds no claim of the run. A claim comes before anything that a run does, so nothing of the
  // run is in this database: enough for a run that no journal knows, a contradiction for one that the journal calls claimed.
  bool no_claim = false;
  // Where the answer is a primary's whose history is not that of the claim's server: its system identifier.
  std::string server;
  // The target has been bound anew since, to that server: for the target the run is over (RunSettler::Rebound).
  bool bound_anew = false;
  v1::RunResult result;  // what the ledger row holds, when committed
};

// What `reset-agent check` and the hello tell.
struct DatabaseCheck {
  v1::DatabaseIdentity identity;
  std::string marker_environment, marker_target;  // of resetctl.target; empty before the first run
  std::string role;
  bool superuser = false;
  bool in_recovery = false;
  bool schema_exists = false;  // `resetctl`
  bool may_create_schema = false;
  bool ledger_has_runs = false;
  std::optional<v1::SeenLog> seen_log;  // what earlier claims kept of the audit log
  std::vector<v1::Problem> warnings;
};

class TargetDatabase {
 public:
  virtual ~TargetDatabase() = default;
  virtual absl::StatusOr<DatabaseCheck> Check() = 0;
  // One read-only REPEATABLE READ snapshot: catalog, counts, fingerprint, privileges.
  virtual absl::StatusOr<Survey> MakeSurvey(
      const contract::Blueprint& blueprint, const contract::BundleFiles& bundle,
      const std::vector<contract::RecreateStepSpec>& steps) = 0;
  // TRUST §5: own short transaction; makes the `resetctl` schema where it is missing, writes the marker, raises the fence by
  // one, uses up the nonce. STATEMENT_REPLAYED, TARGET_BUSY, IDENTITY_CONFLICT; COMMIT_LOST where the ledger does not know `last_commit`.
  // The new fence.
  virtual absl::StatusOr<int64_t> Claim(const ClaimOrder& order) = 0;
  // DESIGN §10 steps 3 to 10. Blocks until it is over.
  virtual ResetOutcome Reset(const ResetOrder& order, StepObserver& observer) = 0;
  // From another thread: cancels the reset that runs now. No effect on what has been committed.
  virtual void CancelReset() = 0;
  // TRUST §5: certain only on a primary, same server, after taking the run's advisory lock. A run that did not commit ends with
  // the answer, its claim is closed under the same lock: no other process can carry it out any more.
  virtual LedgerReading AskLedger(absl::string_view run_id) = 0;
  // Claims of this target that no ledger row and no end answers: run ids, oldest first.
  virtual absl::StatusOr<std::vector<std::string>> OpenClaims() = 0;
  // After a run has ended without a commit: closes its claim.
  virtual absl::Status CloseClaim(absl::string_view run_id, absl::string_view end) = 0;
  // Marks the database as this target's, whatever it was before: a new marker, and claims that were open are closed. Nothing
  // where there is no schema `resetctl` yet: the first run marks it. Who it is now.
  virtual absl::StatusOr<v1::DatabaseIdentity> Rebind() = 0;
  // TRUST §6: is another agent's database this one? One holds an advisory lock of the database, the other looks for it.
  // Holding ends an earlier holding; 0 holds nothing.
  virtual absl::Status HoldTwinLock(int64_t key) = 0;
  virtual absl::StatusOr<bool> SeesTwinLock(int64_t key) = 0;
  // After a commit: unlinks the large objects that the transaction had no locks for. May be repeated. The number removed.
  virtual absl::StatusOr<int64_t> RemoveLargeObjects(absl::string_view run_id) = 0;
};

// ---- cache ---------------------------------------------------------------------------------------------------------

struct FlushResult {
  int64_t keys_removed = 0;
  std::string detail;  // 'flush (async)', 'scan and unlink'
};

class TargetCache {
 public:
  virtual ~TargetCache() = default;
  // Never an error: unreachable is a fact of the plan. Counts and modes for `spec`.
  virtual v1::CachePlan MakeSurvey(const contract::RedisSpec& spec) = 0;
  // IDENTITY_CONFLICT when the marker names another environment or target, or the server is not the plan's.
  virtual absl::Status CheckMarker() = 0;
  // Makes it this target's, whatever the marker said before. OK where no cache is configured.
  virtual absl::Status Rebind() = 0;
  // Whether a flush of this kind would find what it needs right now: the marker, every master, the user's rights. Counts and
  // changes nothing. IDENTITY_CONFLICT, CACHE_UNREACHABLE, CACHE_ERROR.
  virtual absl::Status CheckFlush(const contract::RedisSpec& spec) = 0;
  // Flushes and writes the marker back. Never a part of it with success; after an error it may be done again. The same errors.
  virtual absl::StatusOr<FlushResult> Flush(
      const contract::RedisSpec& spec,
      std::function<void(int64_t done, int64_t total)> progress) = 0;
};

// ---- hooks ---------------------------------------------------------------------------------------------------------

struct HookOutcome {
  v1::EventKind kind = v1::EVENT_KIND_SUCCEEDED;  // SUCCEEDED, FAILED, SKIPPED, WARNING
  std::string detail;  // 'expected 200, got 502 (5 tries in 60 s)'; scrubbed of secrets
};

class HookRunner {
 public:
  virtual ~HookRunner() = default;
  // At plan time: origins and commands that agent.yaml does not list, a missing railway CLI (a warning in `summary`).
  virtual v1::HookStep Describe(const contract::HookSpec& hook,
                                const ResolvedParameters& parameters,
                                std::vector<v1::Problem>* problems,
                                std::vector<v1::Problem>* warnings) = 0;
  virtual HookOutcome Run(const contract::HookSpec& hook, const contract::Action& action,
                          const ResolvedParameters& parameters) = 0;
  // From another thread: ends what runs now. Never blocks: called with a lock held.
  virtual void Cancel() = 0;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_PORTS_H_

#include "agent/postgres/postgres_target.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/postgres/claim.h"
#include "agent/postgres/identity.h"
#include "agent/postgres/large_objects.h"
#include "agent/postgres/ledger.h"
#include "agent/postgres/rebind.h"
#include "agent/postgres/reset_transaction.h"
#include "agent/postgres/survey.h"
#include "agent/postgres/witness_row.h"
#include "proto/base/failpoint.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr absl::Duration kLedgerPatience = absl::Seconds(5);

absl::Status FillCheck(Session& session, DatabaseCheck* check) {
  const absl::StatusOr<v1::DatabaseIdentity> identity = ReadIdentity(session);
  if (!identity.ok()) return identity.status();
  check->identity = *identity;
  const absl::StatusOr<TargetMarker> marker = ReadMarker(session);
  if (!marker.ok()) return marker.status();
  check->marker_environment = marker->environment;
  check->marker_target = marker->target;
  absl::StatusOr<Rows> facts = session.QueryOwn(
      "select current_user, r.rolsuper, pg_catalog.pg_is_in_recovery(), "
      "  exists (select from pg_catalog.pg_namespace where nspname = 'resetctl'), "
      "  pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create'), "
      "  pg_catalog.has_database_privilege(pg_catalog.current_database(), 'temporary'), "
      "  exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = "
      "c.relnamespace "
      "          where n.nspname = 'resetctl' and c.relname = 'ledger') "
      "from pg_catalog.pg_roles r where r.rolname = current_user");
  if (!facts.ok()) return facts.status();
  check->role = facts->Text(0, 0);
  check->superuser = facts->Bool(0, 1);
  check->in_recovery = facts->Bool(0, 2);
  check->schema_exists = facts->Bool(0, 3);
  check->may_create_schema = facts->Bool(0, 4);
  if (facts->Bool(0, 6)) {
    absl::StatusOr<Rows> runs = session.QueryOwn("select exists (select from resetctl.ledger)");
    if (!runs.ok()) return runs.status();
    check->ledger_has_runs = runs->Bool(0, 0);
  }
  absl::StatusOr<std::optional<v1::SeenLog>> seen_log = ReadSeenLog(session);
  if (!seen_log.ok()) return seen_log.status();
  check->seen_log = *std::move(seen_log);
  if (check->superuser) {
    check->warnings.push_back(
        contract::MakeProblem(v1::REASON_PRIVILEGE_MISSING,
                              absl::StrCat("The agent's role ", check->role, " is a superuser."),
                              "A plain owner of the tables suffices, and can do less harm."));
  }
  if (check->in_recovery) {
    check->warnings.push_back(contract::MakeProblem(
        v1::REASON_DATABASE_READ_ONLY, "The database is a standby: it takes no writes.",
        "Give the agent the primary's address."));
  }
  if (!check->schema_exists && !check->may_create_schema) {
    check->warnings.push_back(contract::MakeProblem(
        v1::REASON_PRIVILEGE_MISSING,
        absl::StrCat("The role ", check->role, " may not create the schema ", session.own_schema(),
                     "."),
        absl::StrCat("create schema ", session.QuoteIdentifier(session.own_schema()),
                     " authorization ", session.QuoteIdentifier(check->role), ";")));
  }
  if (!facts->Bool(0, 5)) {
    check->warnings.push_back(contract::MakeProblem(
        v1::REASON_PRIVILEGE_MISSING,
        absl::StrCat("The role ", check->role, " may not make temporary tables."),
        absl::StrCat("grant temporary on database ",
                     session.QuoteIdentifier(check->identity.database_name()), " to ",
                     session.QuoteIdentifier(check->role), ";")));
  }
  return absl::OkStatus();
}

}  // namespace

PostgresTarget::PostgresTarget(DatabaseAccess access, std::string environment, std::string target,
                               CountOptions counting)
    : access_(std::move(access)),
      environment_(std::move(environment)),
      target_(std::move(target)),
      counting_(counting),
      left_(access_.url) {}

PostgresTarget::~PostgresTarget() = default;

absl::StatusOr<DatabaseCheck> PostgresTarget::Check() {
  absl::StatusOr<std::unique_ptr<Session>> session = access_.Connect();
  if (!session.ok()) return session.status();
  absl::Status status = RefusePooler(**session);
  DatabaseCheck check;
  if (status.ok()) status = FillCheck(**session, &check);
  if (!status.ok()) return status;
  return check;
}

absl::StatusOr<Survey> PostgresTarget::MakeSurvey(
    const contract::Blueprint& blueprint, const contract::BundleFiles& bundle,
    const std::vector<contract::RecreateStepSpec>& steps) {
  absl::StatusOr<std::unique_ptr<Session>> session = access_.Connect();
  if (!session.ok()) return session.status();
  absl::Status status = RefusePooler(**session);
  if (!status.ok()) return status;
  const absl::StatusOr<TargetMarker> marker = ReadMarker(**session);
  if (!marker.ok()) return marker.status();
  status = CheckMarker(*marker, environment_, target_);
  if (!status.ok()) return status;
  return MakeDatabaseSurvey(**session, blueprint, bundle, steps, access_.url, counting_, memory_);
}

absl::StatusOr<int64_t> PostgresTarget::Claim(const ClaimOrder& order) {
  base::MutexLock lock(mutex_);
  if (!claimed_run_.empty()) {
    return contract::Error(v1::REASON_TARGET_BUSY,
                           absl::StrCat("The run ", claimed_run_, " is at work on this target."),
                           "Wait until it has ended (resetctl list runs), then run again.");
  }
  absl::StatusOr<std::unique_ptr<Session>> session = access_.Connect();
  if (!session.ok()) return session.status();
  absl::StatusOr<int64_t> fence = ClaimRun(**session, order, environment_, target_);
  if (contract::ReasonOf(fence.status()) == v1::REASON_TARGET_BUSY) {
    // Perhaps with what we have left behind ourselves.
    left_.Add(std::exchange(released_, Backend()));
    left_.EndNow(**session);
    fence = ClaimRun(**session, order, environment_, target_);
  }
  if (!fence.ok()) {
    if ((*session)->broken()) left_.Add((*session)->backend());
    return fence;
  }
  claimed_run_ = order.run_id;
  claim_session_ = *std::move(session);
  control_.Reset();
  return fence;
}

ResetOutcome PostgresTarget::Reset(const ResetOrder& order, StepObserver& observer) {
  Backend lost;
  ResetOutcome outcome =
      RunResetTransaction(access_, order, observer, control_, memory_, counting_, &lost);
  if (outcome.end == ResetEnd::kRolledBack) left_.Add(lost);
  if (outcome.end == ResetEnd::kInDoubt) {
    base::MutexLock lock(mutex_);
    doubtful_ = lost;
  }
  // In doubt, the run keeps its place until the ledger has answered.
  if (outcome.end != ResetEnd::kInDoubt) ReleaseClaim(order.run_id);
  return outcome;
}

void PostgresTarget::CancelReset() { control_.Cancel(); }

LedgerReading PostgresTarget::AskLedger(absl::string_view run_id) {
  Backend doubtful;
  {
    base::MutexLock lock(mutex_);
    if (claimed_run_ == run_id) doubtful = doubtful_;
  }
  // The COMMIT that it waits for will not come: the ledger is not to wait for its limits.
  if (doubtful.pid != 0) EndWaitingBackend(access_.url, doubtful, kLedgerPatience);
  LedgerReading reading = AskLedgerOf(access_, run_id, kLedgerPatience);
  if (reading.answer != LedgerAnswer::kNotCertain) ReleaseClaim(run_id);
  return reading;
}

absl::StatusOr<std::vector<std::string>> PostgresTarget::OpenClaims() {
  absl::StatusOr<std::unique_ptr<Session>> session = access_.Connect();
  if (!session.ok()) return session.status();
  return ReadOpenClaims(**session);
}

absl::Status PostgresTarget::CloseClaim(absl::string_view run_id, absl::string_view end) {
  ReleaseClaim(run_id);
  absl::StatusOr<std::unique_ptr<Session>> session = access_.Connect();
  if (!session.ok()) return session.status();
  base::Failpoint("agent.claim.end.before");
  absl::Status ended = EndClaim(**session, run_id, end);
  base::Failpoint("agent.claim.end.after");
  return ended;
}

absl::StatusOr<v1::DatabaseIdentity> PostgresTarget::Rebind() {
  absl::StatusOr<std::unique_ptr<Session>> session = access_.Connect();
  if (!session.ok()) return session.status();
  absl::Status bound = RebindDatabase(**session, environment_, target_);
  if (!bound.ok()) return bound;
  return ReadIdentity(**session);
}

absl::Status PostgresTarget::HoldTwinLock(int64_t key) {
  base::MutexLock lock(mutex_);
  twin_session_.reset();
  if (key == 0) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<Session>> session = access_.Connect();
  if (!session.ok()) return session.status();
  absl::Status taken = TakeTwinLock(**session, key);
  if (taken.ok()) twin_session_ = *std::move(session);
  return taken;
}

absl::StatusOr<bool> PostgresTarget::SeesTwinLock(int64_t key) {
  absl::StatusOr<std::unique_ptr<Session>> session = access_.Connect();
  if (!session.ok()) return session.status();
  return agent::SeesTwinLock(**session, key);
}

absl::StatusOr<int64_t> PostgresTarget::RemoveLargeObjects(absl::string_view run_id) {
  absl::StatusOr<std::unique_ptr<Session>> session = access_.Connect();
  if (!session.ok()) return session.status();
  return RemoveNotedLargeObjects(**session, run_id);
}

void PostgresTarget::ReleaseClaim(absl::string_view run_id) {
  base::MutexLock lock(mutex_);
  if (claimed_run_ != run_id) return;
  claimed_run_.clear();
  released_ = claim_session_->backend();
  claim_session_.reset();
}

}  // namespace resetctl::agent

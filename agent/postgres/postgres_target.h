#ifndef RESETCTL_AGENT_POSTGRES_POSTGRES_TARGET_H_
#define RESETCTL_AGENT_POSTGRES_POSTGRES_TARGET_H_

#include <memory>
#include <string>
#include <vector>

#include "agent/postgres/backend.h"
#include "agent/postgres/catalog_memory.h"
#include "agent/postgres/database_access.h"
#include "agent/postgres/left_backends.h"
#include "agent/postgres/row_counter.h"
#include "agent/postgres/run_control.h"
#include "agent/postgres/session.h"
#include "agent/service/ports.h"
#include "proto/base/mutex.h"
#include "proto/base/secret.h"

namespace resetctl::agent {

// The target's database behind the service's port. Opens a connection for each call; from a claim to the end of its run it
// keeps one open that holds the presence lock, so that no other run begins in between. Thread-safe, one run at a time.
class PostgresTarget : public TargetDatabase {
 public:
  PostgresTarget(DatabaseAccess access, std::string environment, std::string target,
                 CountOptions counting = {});
  ~PostgresTarget() override;

  absl::StatusOr<DatabaseCheck> Check() override;
  absl::StatusOr<Survey> MakeSurvey(const contract::Blueprint& blueprint,
                                    const contract::BundleFiles& bundle,
                                    const std::vector<contract::RecreateStepSpec>& steps) override;
  absl::StatusOr<int64_t> Claim(const ClaimOrder& order) override;
  ResetOutcome Reset(const ResetOrder& order, StepObserver& observer) override;
  // Counts from the claim on: a cancel between claim and reset ends the reset before it begins.
  void CancelReset() override;
  LedgerReading AskLedger(absl::string_view run_id) override;
  absl::StatusOr<std::vector<std::string>> OpenClaims() override;
  absl::Status CloseClaim(absl::string_view run_id, absl::string_view end) override;
  absl::StatusOr<v1::DatabaseIdentity> Rebind() override;
  absl::Status HoldTwinLock(int64_t key) override ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<bool> SeesTwinLock(int64_t key) override;
  absl::StatusOr<int64_t> RemoveLargeObjects(absl::string_view run_id) override;

 private:
  void ReleaseClaim(absl::string_view run_id) ABSL_LOCKS_EXCLUDED(mutex_);

  const DatabaseAccess access_;
  const std::string environment_;
  const std::string target_;
  const CountOptions counting_;
  RunControl control_;
  CatalogMemory memory_;
  LeftBackends left_;
  base::Mutex mutex_;
  std::string claimed_run_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Session> claim_session_ ABSL_GUARDED_BY(mutex_);
  Backend released_ ABSL_GUARDED_BY(mutex_);  // of the last claim: nobody uses it any more
  Backend doubtful_ ABSL_GUARDED_BY(mutex_);  // of a reset whose COMMIT was sent, and not answered
  std::unique_ptr<Session> twin_session_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_POSTGRES_TARGET_H_

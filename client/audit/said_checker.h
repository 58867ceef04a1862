#ifndef RESETCTL_CLIENT_AUDIT_SAID_CHECKER_H_
#define RESETCTL_CLIENT_AUDIT_SAID_CHECKER_H_

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "proto/base/mutex.h"
#include "proto/contract/allowed_signers.h"
#include "resetctl/v1/audit.pb.h"

namespace resetctl::client {

// CheckSaid on several threads: the time is ssh-keygen's.
class SaidChecker {
 public:
  explicit SaidChecker(const contract::AllowedSigners& signers);
  ~SaidChecker();
  SaidChecker(const SaidChecker&) = delete;
  SaidChecker& operator=(const SaidChecker&) = delete;

  // Waits while many entries wait. The error of an earlier one, as soon as there is one.
  absl::Status Take(uint64_t index, v1::AuditEntry entry);
  // Waits for all. Of the entries that failed, the first one's error. LOG_TAMPERED for an entry whose statement an earlier
  // one has used up: each counts once.
  absl::Status Finish();

  // After Finish().
  int64_t proved() const { return proved_; }
  int64_t unlisted() const { return unlisted_; }
  const std::set<std::string>& persons() const { return persons_; }

 private:
  void Work();
  void Keep(uint64_t index, const v1::AuditEntry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Fail(uint64_t index, const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const contract::AllowedSigners& signers_;
  std::vector<std::thread> threads_;

  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<std::pair<uint64_t, v1::AuditEntry>> waiting_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failed_ ABSL_GUARDED_BY(mutex_);
  uint64_t failed_index_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, uint64_t> used_
      ABSL_GUARDED_BY(mutex_);  // digest of a statement: its entry
  // Written under the mutex, read when the threads are done.
  int64_t proved_ = 0;
  int64_t unlisted_ = 0;
  std::set<std::string> persons_;
};

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_AUDIT_SAID_CHECKER_H_

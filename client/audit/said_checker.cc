#include "client/audit/said_checker.h"

#include <algorithm>

#include "client/audit/said.h"

namespace resetctl::client {
namespace {

// contract::VerifyStatement lets no more children run at a time.
constexpr unsigned kMostThreads = 4;
constexpr size_t kMostWaiting = 256;

}  // namespace

SaidChecker::SaidChecker(const contract::AllowedSigners& signers) : signers_(signers) {
  const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads);
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

SaidChecker::~SaidChecker() { (void)Finish(); }

absl::Status SaidChecker::Take(uint64_t index, v1::AuditEntry entry) {
  base::MutexLock lock(mutex_);
  while (waiting_.size() >= kMostWaiting && failed_.ok()) changed_.Wait(mutex_);
  if (!failed_.ok()) return failed_;
  waiting_.emplace_back(index, std::move(entry));
  changed_.SignalAll();
  return absl::OkStatus();
}

absl::Status SaidChecker::Finish() {
  {
    base::MutexLock lock(mutex_);
    ended_ = true;
    changed_.SignalAll();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  base::MutexLock lock(mutex_);
  return failed_;
}

void SaidChecker::Work() {
  while (true) {
    std::pair<uint64_t, v1::AuditEntry> next;
    {
      base::MutexLock lock(mutex_);
      while (waiting_.empty() && !ended_) changed_.Wait(mutex_);
      if (waiting_.empty()) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
      changed_.SignalAll();
      // Entries before a failed one still matter: the first is the one to tell.
      if (!failed_.ok() && next.first > failed_index_) continue;
    }
    const absl::StatusOr<Said> said = CheckSaid(next.first, next.second, signers_);
    base::MutexLock lock(mutex_);
    if (!said.ok()) {
      if (failed_.ok() || next.first < failed_index_) {
        failed_ = said.status();
        failed_index_ = next.first;
      }
      changed_.SignalAll();
    } else if (*said == Said::kProved) {
      ++proved_;
      persons_.insert(next.second.actor().substr(next.second.actor().find(':') + 1));
    } else if (*said == Said::kUnlisted) {
      ++unlisted_;
    }
  }
}

}  // namespace resetctl::client

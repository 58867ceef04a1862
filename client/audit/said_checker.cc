#include "client/audit/said_checker.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/audit/said.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

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
      Fail(next.first, said.status());
    } else if (*said == Said::kProved) {
      Keep(next.first, next.second);
    } else if (*said == Said::kUnlisted) {
      ++unlisted_;
    }
  }
}

void SaidChecker::Keep(uint64_t index, const v1::AuditEntry& entry) {
  const auto [use, first] = used_.try_emplace(contract::Sha256(entry.statement().text()), index);
  if (!first) {
    Fail(std::max(index, use->second),
         contract::Error(v1::REASON_LOG_TAMPERED,
                         absl::StrCat("Entries ", std::min(index, use->second), " and ",
                                      std::max(index, use->second),
                                      " stand on one signed statement, which counts once."),
                         "Whoever wrote the log put one of them down without that person."));
    return;
  }
  ++proved_;
  persons_.insert(entry.actor().substr(entry.actor().find(':') + 1));
}

void SaidChecker::Fail(uint64_t index, const absl::Status& status) {
  if (failed_.ok() || index < failed_index_) {
    failed_ = status;
    failed_index_ = index;
  }
  changed_.SignalAll();
}

}  // namespace resetctl::client

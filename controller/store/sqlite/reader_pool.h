#ifndef RESETCTL_CONTROLLER_STORE_SQLITE_READER_POOL_H_
#define RESETCTL_CONTROLLER_STORE_SQLITE_READER_POOL_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "controller/store/sqlite/connection.h"
#include "proto/base/mutex.h"

namespace resetctl::controller {

// Connections that read. As many are opened as readers read at once; kept for the next.
class ReaderPool {
 public:
  explicit ReaderPool(std::string path) : path_(std::move(path)) {}

  // A connection on loan: give it back by letting go.
  class Loan {
   public:
    Loan(ReaderPool* pool, std::unique_ptr<Connection> connection)
        : pool_(pool), connection_(std::move(connection)) {}
    Loan(Loan&&) = default;
    ~Loan() {
      if (connection_ != nullptr) pool_->Return(std::move(connection_));
    }
    Connection& operator*() { return *connection_; }

   private:
    ReaderPool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  absl::StatusOr<Loan> Take() {
    {
      base::MutexLock lock(mutex_);
      if (!free_.empty()) {
        std::unique_ptr<Connection> connection = std::move(free_.back());
        free_.pop_back();
        return Loan(this, std::move(connection));
      }
    }
    absl::StatusOr<std::unique_ptr<Connection>> opened =
        Connection::Open(path_, /*query_only=*/true);
    if (!opened.ok()) return opened.status();
    return Loan(this, *std::move(opened));
  }

 private:
  void Return(std::unique_ptr<Connection> connection) {
    base::MutexLock lock(mutex_);
    if (free_.size() < kKept) free_.push_back(std::move(connection));
  }

  static constexpr size_t kKept = 8;
  const std::string path_;
  base::Mutex mutex_;
  std::vector<std::unique_ptr<Connection>> free_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_STORE_SQLITE_READER_POOL_H_

#ifndef RESETCTL_CONTROLLER_STORE_SQLITE_CONNECTION_H_
#define RESETCTL_CONTROLLER_STORE_SQLITE_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace resetctl::controller {

// One SQLite connection, for one thread at a time. WAL, synchronous=FULL, foreign keys on.
class Connection {
 public:
  // `query_only`: refuses to write. The file must exist.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& path, bool query_only);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // One or more statements without parameters or rows.
  absl::Status Exec(const std::string& sql);
  // Rows that the last INSERT, UPDATE or DELETE changed.
  int64_t Changes() const;
  // How long a statement waits for a lock that another process holds: 5 s at first.
  void SetPatience(absl::Duration patience);
  // Whether a BEGIN is open: some errors (disk full) end it.
  bool InTransaction() const;
  // ALREADY_EXISTS for a unique constraint (the message names it), STORE_UNAVAILABLE when disk, lock or descriptors
  // refuse, DATA_LOSS for a damaged file, INTERNAL otherwise.
  absl::Status ErrorOf(int code) const;

 private:
  friend class Query;
  explicit Connection(sqlite3* db) : db_(db) {}

  sqlite3* const db_;
  std::unordered_map<std::string, sqlite3_stmt*> prepared_;
};

// Bytes, not text.
struct Blob {
  absl::string_view bytes;
};

// One execution of a statement; prepared once per connection. Errors are kept: bind and step on, look at status() at the end.
//   Query query(connection, "SELECT a, b FROM t WHERE c = ?");
//   query.Bind(c);
//   while (query.Next()) Use(query.Text(0), query.Int(1));
//   return query.status();
class Query {
 public:
  Query(Connection& connection, const std::string& sql);
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  // The next parameters, in order.
  template <typename... T>
  Query& Bind(const T&... values) {
    (BindOne(values), ...);
    return *this;
  }

  bool Next();
  // For statements without rows.
  absl::Status Run();
  const absl::Status& status() const { return status_; }

  // Columns of the current row, from 0.
  int64_t Int(int column) const;
  std::string Text(int column) const;  // of blobs too
  bool IsNull(int column) const;
  absl::Time Time(int column) const;
  std::optional<absl::Time> OptionalTime(int column) const;

 private:
  void BindOne(int64_t value);
  void BindOne(uint64_t value) { BindOne(static_cast<int64_t>(value)); }
  void BindOne(int value) { BindOne(static_cast<int64_t>(value)); }
  void BindOne(bool value) { BindOne(static_cast<int64_t>(value)); }
  void BindOne(const std::string& value) { BindOne(absl::string_view(value)); }
  void BindOne(absl::string_view value);
  void BindOne(const char* value) { BindOne(absl::string_view(value)); }
  void BindOne(Blob value);
  void BindOne(absl::Time value);
  void BindOne(const std::optional<absl::Time>& value);
  void BindOne(std::nullptr_t);
  void Check(int code);

  Connection& connection_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
  absl::Status status_;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_STORE_SQLITE_CONNECTION_H_

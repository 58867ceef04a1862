#include "controller/store/sqlite/connection.h"

#include <limits>
#include <sqlite3.h>

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

int64_t ToColumn(absl::Time time) {
  return time == absl::InfiniteFuture() ? kNever : absl::ToUnixMicros(time);
}

absl::Time FromColumn(int64_t micros) {
  return micros == kNever ? absl::InfiniteFuture() : absl::FromUnixMicros(micros);
}

absl::Status Unavailable(absl::string_view what, absl::string_view advice) {
  return contract::Error(
      v1::REASON_STORE_UNAVAILABLE, what,
      absl::StrCat(advice, " Nothing was changed; the controller goes on by itself."));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::string& path,
                                                             bool query_only) {
  sqlite3* db = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<Connection> connection(new Connection(db));
  if (code != SQLITE_OK) {
    return Unavailable(
        absl::StrCat("The store ", path, " cannot be opened: ", sqlite3_errstr(code), "."),
        "Look at the controller's state directory, and how many files it may have open.");
  }
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, 5000);
  absl::Status status = connection->Exec(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
      "PRAGMA trusted_schema = OFF;");
  // The system caches the file's pages for all readers; what each keeps besides is to be full soon, and little.
  if (status.ok() && query_only) {
    status = connection->Exec("PRAGMA query_only = ON; PRAGMA cache_size = -512");
  }
  if (!status.ok()) return status;
  return connection;
}

Connection::~Connection() {
  for (const auto& [sql, statement] : prepared_) sqlite3_finalize(statement);
  sqlite3_close_v2(db_);
}

absl::Status Connection::Exec(const std::string& sql) {
  return ErrorOf(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr));
}

void Connection::SetPatience(absl::Duration patience) {
  sqlite3_busy_timeout(db_, static_cast<int>(absl::ToInt64Milliseconds(patience)));
}

int64_t Connection::Changes() const { return sqlite3_changes64(db_); }

bool Connection::InTransaction() const { return sqlite3_get_autocommit(db_) == 0; }

absl::Status Connection::ErrorOf(int code) const {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return absl::OkStatus();
  const std::string text = absl::StrCat("The store refuses: ", sqlite3_errmsg(db_), ".");
  if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY) {
    return absl::AlreadyExistsError(text);
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Unavailable(text, "Another process holds its lock: a backup, a shell?");
    case SQLITE_FULL:
    case SQLITE_IOERR:
      return Unavailable(text, "Make room on the disk of the controller's state directory.");
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return Unavailable(
          text,
          "Look at the controller's state directory: its owner, its disk, and how many "
          "files the controller may have open.");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(text);
    default:
      return absl::InternalError(text);
  }
}

Query::Query(Connection& connection, const std::string& sql) : connection_(connection) {
  sqlite3_stmt*& prepared = connection.prepared_[sql];
  if (prepared == nullptr) {
    Check(sqlite3_prepare_v3(connection.db_, sql.c_str(), static_cast<int>(sql.size()),
                             SQLITE_PREPARE_PERSISTENT, &prepared, nullptr));
  }
  statement_ = prepared;
}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Query::Check(int code) {
  if (status_.ok()) status_ = connection_.ErrorOf(code);
}

// SQLITE_TRANSIENT: SQLite keeps its own copy, as temporaries are bound too.
void Query::BindOne(absl::string_view value) {
  if (!status_.ok()) return;
  Check(sqlite3_bind_text64(statement_, ++bound_, value.empty() ? "" : value.data(), value.size(),
                            SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Query::BindOne(Blob value) {
  if (!status_.ok()) return;
  Check(sqlite3_bind_blob64(statement_, ++bound_, value.bytes.empty() ? "" : value.bytes.data(),
                            value.bytes.size(), SQLITE_TRANSIENT));
}

void Query::BindOne(int64_t value) {
  if (status_.ok()) Check(sqlite3_bind_int64(statement_, ++bound_, value));
}

void Query::BindOne(absl::Time value) { BindOne(ToColumn(value)); }

void Query::BindOne(const std::optional<absl::Time>& value) {
  if (value) {
    BindOne(*value);
  } else {
    BindOne(nullptr);
  }
}

void Query::BindOne(std::nullptr_t) {
  if (status_.ok()) Check(sqlite3_bind_null(statement_, ++bound_));
}

bool Query::Next() {
  if (!status_.ok()) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  Check(code);
  return false;
}

absl::Status Query::Run() {
  while (Next()) {
  }
  return status_;
}

int64_t Query::Int(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Query::Text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr ? "" : std::string(static_cast<const char*>(bytes), size);
}

bool Query::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

absl::Time Query::Time(int column) const { return FromColumn(Int(column)); }

std::optional<absl::Time> Query::OptionalTime(int column) const {
  if (IsNull(column)) return std::nullopt;
  return Time(column);
}

}  // namespace resetctl::controller

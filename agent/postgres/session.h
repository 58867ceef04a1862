#ifndef RESETCTL_AGENT_POSTGRES_SESSION_H_
#define RESETCTL_AGENT_POSTGRES_SESSION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "agent/domain/catalog.h"
#include "agent/postgres/backend.h"
#include "agent/postgres/cancel_request.h"
#include "proto/base/secret.h"

typedef struct pg_conn PGconn;
typedef struct pg_result PGresult;

namespace resetctl::agent {

// Rows of one query, text format.
class Rows {
 public:
  explicit Rows(PGresult* result) : result_(result) {}
  Rows(Rows&&) noexcept;
  Rows& operator=(Rows&&) noexcept;
  ~Rows();

  int size() const;
  bool IsNull(int row, int column) const;
  std::string Text(int row, int column) const;  // "" for NULL
  int64_t Int(int row, int column) const;       // 0 for NULL
  double Double(int row, int column) const;
  bool Bool(int row, int column) const;  // 't'
  // Elements of a one-dimensional array in text format: '{1,2}' or '{"a b",c}'.
  std::vector<std::string> Array(int row, int column) const;
  int64_t affected() const;     // rows of the command tag, 0 when it has none
  std::string command() const;  // the command tag's word(s): 'COMMIT', 'INSERT 0 3'
  int columns() const;
  Oid type(int column) const;  // 16 is boolean

 private:
  PGresult* result_;
};

// What the server said about a failure. DETAIL, HINT and CONTEXT can carry row values: they stay in
// the agent's own log.
struct ServerError {
  std::string sqlstate;
  std::string message;  // primary message only
  std::string schema, table, column, constraint;
  int position = 0;  // characters into the statement, from 1; 0 when not known
  // Of a statement that ran inside another one (DO ... EXECUTE, a function): the text and the place
  // in it.
  std::string internal_query;
  int internal_position = 0;
  int copy_line = 0;       // of the data, from 1, when a COPY failed; 0 when not known
  std::string copy_place;  // what its CONTEXT says behind the line: ', column price: "abc"'
};

// A thin class on libpq for everything the agent does in its target: cancel, timeouts, error
// position and a socket that can be shut down are needed, which libpqxx 6.4 hides, and the re-check
// under lock must read the catalog in the run's own transaction. One thread uses a session at a
// time; Cancel() and Abandon() may be called from any.
//
// Every wait for the server has an end. A statement may take as long as it likes while its backend is seen at work by another
// connection; after a minute in which neither the answer nor such a sign has come, the session is given up, and broken(). A `tcp_user_timeout` in
// the URL is another minute: other than the kernel's limit of this name, ours does not believe a proxy that acknowledges and passes nothing on.
class Session {
 public:
  // `url` in any form people paste (postgres://, postgresql+asyncpg://, ... or key=value). Reasons:
  // DATABASE_URL_INVALID, DATABASE_UNREACHABLE, DATABASE_AUTH, DATABASE_ERROR. No message carries
  // any part of the URL but host, port and database name.
  static absl::StatusOr<std::unique_ptr<Session>> Connect(
      const base::Secret& url, absl::Duration timeout = absl::Seconds(10));
  // For a look at another session's backend: each wait of this one is over after `patience`, whatever the server does.
  static absl::StatusOr<std::unique_ptr<Session>> ConnectToLook(const base::Secret& url,
                                                                absl::Duration patience);
  ~Session();

  // One or several statements, simple protocol; the last one's rows. On failure a status with
  // reason SQL_FAILED (or DATABASE_ERROR, LOCK_TIMEOUT, PRIVILEGE_MISSING, CANCELLED,
  // DATABASE_UNREACHABLE by SQLSTATE class) and last_error().
  absl::StatusOr<Rows> Query(absl::string_view sql);
  // Parameters are bound as text. Never a secret: the server may log parameters.
  absl::StatusOr<Rows> Query(absl::string_view sql,
                             const std::vector<std::optional<std::string>>& parameters);
  absl::Status Execute(absl::string_view sql);
  // The same as Query(), in two halves: one statement (no COPY) on its way, and what came of it.
  absl::Status Send(absl::string_view sql);
  absl::StatusOr<Rows> Receive();
  // Several statements in one message, and the answer to each.
  absl::StatusOr<std::vector<Rows>> QueryAll(absl::string_view sql);
  // `copy_sql` is a COPY ... FROM STDIN; `data` is its text or CSV.
  absl::Status CopyIn(absl::string_view copy_sql, absl::string_view data);
  // The same, with the number of rows that the server says it took.
  absl::StatusOr<int64_t> CopyRowsIn(absl::string_view copy_sql, absl::string_view data);
  // The same for data that comes in chunks, so that none of it need be held here; an empty one is the end. An error of
  // `next_chunk` ends the COPY and is what the caller gets.
  absl::StatusOr<int64_t> CopyRowsIn(
      absl::string_view copy_sql,
      const std::function<absl::StatusOr<absl::string_view>()>& next_chunk);

  const ServerError& last_error() const { return last_error_; }
  int backend_pid() const;
  // With its start where it is known: from a look, or told by who has asked for it.
  Backend backend() const { return backend_; }
  void TellStart(int64_t microseconds) { backend_.started = microseconds; }
  int server_version() const;  // 150004 for 15.4
  bool in_transaction() const;
  bool broken() const;  // the connection is gone; never used again
  // Where the agent's own tables are. Query() and Execute() of SQL about them, which is written as if that were resetctl:
  // `resetctl.claim` and 'resetctl' mean it.
  const std::string& own_schema() const { return own_schema_; }
  void UseOwnSchema(std::string name) { own_schema_ = std::move(name); }
  absl::StatusOr<Rows> QueryOwn(absl::string_view sql);
  absl::StatusOr<Rows> QueryOwn(absl::string_view sql,
                                const std::vector<std::optional<std::string>>& parameters);
  absl::Status ExecuteOwn(absl::string_view sql);
  std::string QuoteIdentifier(absl::string_view name);
  std::string QuoteLiteral(absl::string_view text);

  void Cancel();   // asks the server to cancel what runs now
  void Abandon();  // shutdown(2) on the socket: unblocks a stuck call

  // 'host:port' and database for people.
  std::string Address() const;

 private:
  explicit Session(PGconn* connection);
  std::string Own(absl::string_view sql);
  // The next answer, null behind the last; and the last of those to one message, or the first that begins a COPY.
  PGresult* NextResult();
  PGresult* LastResult();
  // Waits until something has come. False: the connection is gone, or was given up.
  bool Listen();
  // Nothing has come since `heard`, which a sign of life brings forward. Whether to go on waiting.
  bool MayBeAlive(absl::Duration* heard);
  absl::StatusOr<Rows> Accept(PGresult* result);
  absl::Status Fail(PGresult* result);

  PGconn* connection_;
  base::Secret url_;
  std::string own_schema_ = kOwnSchema;
  absl::Duration silence_;  // after so much of it the session is given up
  bool looks_ = true;  // before that, after the backend; false in a session that is such a look
  bool given_up_ = false;
  Backend backend_;
  std::optional<CancelRequest> cancel_;  // made once the connection stands
  int socket_ =
      -1;  // a duplicate, so that Abandon() never hits a descriptor that libpq has given back
  std::string address_;
  ServerError last_error_;
};

// '{1,2,3}', to be bound as oid[].
template <typename Oids>
std::string OidArray(const Oids& oids) {
  std::string text = "{";
  for (const Oid oid : oids) text += (text.size() > 1 ? "," : "") + std::to_string(oid);
  return text + "}";
}

// "postgresql+asyncpg://..." -> what libpq takes. DATABASE_URL_INVALID without quoting any part of
// it.
absl::StatusOr<base::Secret> NormalizeDatabaseUrl(const base::Secret& url);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_SESSION_H_

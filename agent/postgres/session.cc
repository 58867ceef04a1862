#include "agent/postgres/session.h"

#include <algorithm>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include <libpq-fe.h>
#include <sys/socket.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "agent/postgres/server_error.h"
#include "proto/base/clock.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

void SwallowNotice(void*, const PGresult*) {
}  // notices can carry row values, and nothing depends on them

std::string Or(const char* text, absl::string_view fallback) {
  return text == nullptr || *text == '\0' ? base::Str(fallback) : std::string(text);
}

std::string AddressOf(const PGconn* connection) {
  const std::string host = Or(PQhost(connection), "localhost");
  const std::string database = Or(PQdb(connection), "");
  return absl::StrCat(host, ":", Or(PQport(connection), "5432"),
                      database.empty() ? "" : absl::StrCat(", database ", database));
}

// Drives the connection until it stands, has failed, or `deadline` has passed.
PostgresPollingStatusType PollUntil(PGconn* connection, absl::Duration deadline) {
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
    const absl::Duration left = deadline - base::RealClock().Steady();
    if (left <= absl::ZeroDuration()) return state;
    pollfd wait = {PQsocket(connection),
                   static_cast<short>(state == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
    const int ready = poll(&wait, 1, static_cast<int>(absl::ToInt64Milliseconds(left)) + 1);
    if (ready == 0) return state;
    if (ready > 0) state = PQconnectPoll(connection);
  }
  return state;
}

}  // namespace

Rows::Rows(Rows&& other) noexcept : result_(std::exchange(other.result_, nullptr)) {}

Rows& Rows::operator=(Rows&& other) noexcept {
  std::swap(result_, other.result_);
  return *this;
}

Rows::~Rows() { PQclear(result_); }

int Rows::size() const { return PQntuples(result_); }
int Rows::columns() const { return PQnfields(result_); }
Oid Rows::type(int column) const { return PQftype(result_, column); }

bool Rows::IsNull(int row, int column) const { return PQgetisnull(result_, row, column) != 0; }

std::string Rows::Text(int row, int column) const {
  return std::string(PQgetvalue(result_, row, column),
                     static_cast<size_t>(PQgetlength(result_, row, column)));
}

int64_t Rows::Int(int row, int column) const {
  int64_t value = 0;
  return absl::SimpleAtoi(PQgetvalue(result_, row, column), &value) ? value : 0;
}

double Rows::Double(int row, int column) const {
  double value = 0;
  return absl::SimpleAtod(PQgetvalue(result_, row, column), &value) ? value : 0;
}

bool Rows::Bool(int row, int column) const { return *PQgetvalue(result_, row, column) == 't'; }

std::vector<std::string> Rows::Array(int row, int column) const {
  std::vector<std::string> elements;
  const std::string text = Text(row, column);
  if (text.size() < 2 || text == "{}") return elements;
  std::string element;
  bool quoted = false;
  for (size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\' && i + 1 < text.size()) {
      element += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == ',' || c == '}')) {
      elements.push_back(std::move(element));
      element.clear();
    } else {
      element += c;
    }
  }
  return elements;
}

int64_t Rows::affected() const {
  int64_t value = 0;
  return absl::SimpleAtoi(PQcmdTuples(result_), &value) ? value : 0;
}

std::string Rows::command() const { return PQcmdStatus(result_); }

absl::StatusOr<std::unique_ptr<Session>> Session::Connect(const base::Secret& url,
                                                          absl::Duration timeout) {
  const absl::StatusOr<base::Secret> normal = NormalizeDatabaseUrl(url);
  if (!normal.ok()) return normal.status();
  // Later entries win over what the URL says. The keepalives are our end's; the server's own are
  // set in each transaction.
  const char* const keys[] = {"dbname",           "application_name", "client_encoding",
                              "keepalives",       "keepalives_idle",  "keepalives_interval",
                              "keepalives_count", "tcp_user_timeout", nullptr};
  const char* const values[] = {
      normal->Reveal().c_str(), "resetctl-agent", "UTF8", "1", "15", "5", "3", "60000", nullptr};
  const absl::Duration deadline = base::RealClock().Steady() + timeout;
  PGconn* connection = PQconnectStartParams(keys, values, /*expand_dbname=*/1);
  if (connection == nullptr) {
    return contract::Error(v1::REASON_INTERNAL, "There is no memory for a database connection.");
  }
  std::unique_ptr<Session> session(new Session(connection));
  PQsetNoticeReceiver(connection, SwallowNotice, nullptr);
  // Just the code: the text is translated by the server and may name the user.
  PQsetErrorVerbosity(connection, PQERRORS_SQLSTATE);
  PostgresPollingStatusType state = PGRES_POLLING_FAILED;
  if (PQstatus(connection) != CONNECTION_BAD) state = PollUntil(connection, deadline);
  session->address_ = AddressOf(connection);
  if (state != PGRES_POLLING_OK) {
    const bool late = state != PGRES_POLLING_FAILED;
    return ConnectFailure(late ? "timeout" : PQerrorMessage(connection), session->address_,
                          PQdb(connection) == nullptr ? "" : PQdb(connection));
  }
  PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
  session->cancel_ = PQgetCancel(connection);
  session->socket_ = fcntl(PQsocket(connection), F_DUPFD_CLOEXEC, 0);
  return session;
}

Session::Session(PGconn* connection) : connection_(connection), cancel_(nullptr) {}

Session::~Session() {
  if (cancel_ != nullptr) PQfreeCancel(cancel_);
  PQfinish(connection_);
  if (socket_ >= 0) close(socket_);
}

absl::StatusOr<Rows> Session::Accept(PGresult* result) {
  switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
      return Rows(result);
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH: {
      // Nobody asked for it: leave the copy mode, then report it as the error that it is.
      PQclear(result);
      PQputCopyEnd(connection_, "COPY is not possible here");
      char* buffer = nullptr;
      while (PQgetCopyData(connection_, &buffer, 0) > 0) PQfreemem(buffer);
      while (PGresult* rest = PQgetResult(connection_)) PQclear(rest);
      last_error_ = ServerError();
      last_error_.message = "COPY from or to the client is not possible here";
      return contract::Error(v1::REASON_SQL_FAILED, last_error_.message);
    }
    default: {
      const absl::Status status = Fail(result);
      PQclear(result);
      return status;
    }
  }
}

absl::Status Session::Fail(PGresult* result) {
  last_error_ = ReadServerError(result);
  if (PQstatus(connection_) == CONNECTION_BAD) {
    return contract::Error(
        v1::REASON_DATABASE_UNREACHABLE,
        absl::StrCat("The connection to ", address_, " was lost",
                     last_error_.sqlstate == "57P01" ? " (the session was terminated)." : "."),
        "Look at the server's log, then try again.");
  }
  return StatusOfServerError(last_error_);
}

absl::StatusOr<Rows> Session::Query(absl::string_view sql) {
  return Accept(PQexec(connection_, base::Str(sql).c_str()));
}

absl::StatusOr<Rows> Session::Query(absl::string_view sql,
                                    const std::vector<std::optional<std::string>>& parameters) {
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const std::optional<std::string>& parameter : parameters) {
    values.push_back(parameter.has_value() ? parameter->c_str() : nullptr);
  }
  return Accept(PQexecParams(connection_, base::Str(sql).c_str(), static_cast<int>(values.size()),
                             nullptr, values.data(), nullptr, nullptr, /*resultFormat=*/0));
}

absl::Status Session::Execute(absl::string_view sql) { return Query(sql).status(); }

absl::Status Session::Send(absl::string_view sql) {
  return PQsendQuery(connection_, base::Str(sql).c_str()) == 1 ? absl::OkStatus() : Fail(nullptr);
}

absl::StatusOr<Rows> Session::Receive() {
  PGresult* last = nullptr;
  while (PGresult* result = PQgetResult(connection_)) {
    PQclear(last);
    last = result;
  }
  return Accept(last);
}

absl::StatusOr<std::vector<Rows>> Session::QueryAll(absl::string_view sql) {
  if (absl::Status sent = Send(sql); !sent.ok()) return sent;
  std::vector<Rows> answers;
  absl::Status failure;
  while (PGresult* result = PQgetResult(connection_)) {
    absl::StatusOr<Rows> rows = Accept(result);
    if (rows.ok()) {
      answers.push_back(*std::move(rows));
    } else if (failure.ok()) {
      failure = rows.status();
    }
  }
  if (failure.ok() && broken()) failure = Fail(nullptr);
  if (!failure.ok()) return failure;
  return answers;
}

absl::Status Session::CopyIn(absl::string_view copy_sql, absl::string_view data) {
  return CopyRowsIn(copy_sql, data).status();
}

absl::StatusOr<int64_t> Session::CopyRowsIn(absl::string_view copy_sql, absl::string_view data) {
  constexpr size_t kChunk = 1 << 20;
  return CopyRowsIn(copy_sql, [&data]() -> absl::StatusOr<absl::string_view> {
    const absl::string_view chunk = data.substr(0, kChunk);
    data.remove_prefix(chunk.size());
    return chunk;
  });
}

absl::StatusOr<int64_t> Session::CopyRowsIn(
    absl::string_view copy_sql,
    const std::function<absl::StatusOr<absl::string_view>()>& next_chunk) {
  PGresult* start = PQexec(connection_, base::Str(copy_sql).c_str());
  if (PQresultStatus(start) != PGRES_COPY_IN) {
    const absl::StatusOr<Rows> other = Accept(start);
    if (!other.ok()) return other.status();
    return contract::Error(v1::REASON_INTERNAL, "A statement that should copy rows in does not.");
  }
  PQclear(start);
  absl::Status stopped;
  while (true) {
    const absl::StatusOr<absl::string_view> chunk = next_chunk();
    if (!chunk.ok()) stopped = chunk.status();
    if (!chunk.ok() || chunk->empty()) break;
    if (PQputCopyData(connection_, chunk->data(), static_cast<int>(chunk->size())) != 1) break;
  }
  PQputCopyEnd(connection_, stopped.ok() ? nullptr : "the agent has stopped it");
  absl::Status failure;
  int64_t rows = 0;
  while (PGresult* result = PQgetResult(connection_)) {
    if (PQresultStatus(result) == PGRES_COMMAND_OK) {
      if (!absl::SimpleAtoi(PQcmdTuples(result), &rows)) rows = 0;
    } else if (failure.ok()) {
      failure = Fail(result);
    }
    PQclear(result);
  }
  if (failure.ok() && broken()) failure = Fail(nullptr);
  if (!stopped.ok() && !broken()) return stopped;
  if (!failure.ok()) return failure;
  return rows;
}

int Session::backend_pid() const { return PQbackendPID(connection_); }
int Session::server_version() const { return PQserverVersion(connection_); }

bool Session::in_transaction() const {
  const PGTransactionStatusType status = PQtransactionStatus(connection_);
  return status != PQTRANS_IDLE && status != PQTRANS_UNKNOWN;
}

bool Session::broken() const { return PQstatus(connection_) == CONNECTION_BAD; }

std::string Session::QuoteIdentifier(absl::string_view name) {
  char* quoted = PQescapeIdentifier(connection_, name.data(), name.size());
  std::string text = Or(quoted, "\"\"");
  PQfreemem(quoted);
  return text;
}

std::string Session::QuoteLiteral(absl::string_view text) {
  char* quoted = PQescapeLiteral(connection_, text.data(), text.size());
  std::string literal = Or(quoted, "''");
  PQfreemem(quoted);
  return literal;
}

void Session::Cancel() {
  char message[256];
  if (cancel_ != nullptr) PQcancel(cancel_, message, sizeof(message));
}

void Session::Abandon() {
  if (socket_ >= 0) shutdown(socket_, SHUT_RDWR);
}

std::string Session::Address() const { return address_; }

}  // namespace resetctl::agent

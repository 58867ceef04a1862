#include "agent/postgres/session.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <libpq-fe.h>
#include <sys/socket.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
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

// While a server lets nobody in to look: as long as any statement but a COMMIT may take (step_settings.h).
constexpr absl::Duration kLongestUnseen = absl::Hours(1);

absl::Duration SilenceOf(PGconn* connection) {
  absl::Duration silence = absl::Minutes(1);
  PQconninfoOption* const options = PQconninfo(connection);
  for (const PQconninfoOption* option = options; option != nullptr && option->keyword != nullptr;
       ++option) {
    int milliseconds = 0;
    if (absl::string_view(option->keyword) == "tcp_user_timeout" && option->val != nullptr &&
        absl::SimpleAtoi(option->val, &milliseconds) && milliseconds > 0) {
      silence = absl::Milliseconds(milliseconds);
    }
  }
  PQconninfoFree(options);
  return silence;
}

int PollTime(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration)) + 1;
}

// Drives the connection until it stands, has failed, or `deadline` has passed.
PostgresPollingStatusType PollUntil(PGconn* connection, absl::Duration deadline) {
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
    const absl::Duration left = deadline - base::RealClock().Steady();
    if (left <= absl::ZeroDuration()) return state;
    pollfd wait = {PQsocket(connection),
                   static_cast<short>(state == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
    const int ready = poll(&wait, 1, PollTime(left));
    if (ready == 0) return state;
    if (ready > 0) state = PQconnectPoll(connection);
  }
  return state;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Session>> Session::Connect(const base::Secret& url,
                                                          absl::Duration timeout) {
  const absl::StatusOr<base::Secret> normal = NormalizeDatabaseUrl(url);
  if (!normal.ok()) return normal.status();
  // Later entries win over what the URL says, and that over earlier ones. The keepalives are our end's; the server's own are
  // set in each transaction.
  const char* const keys[] = {"tcp_user_timeout",    "dbname",           "application_name",
                              "client_encoding",     "keepalives",       "keepalives_idle",
                              "keepalives_interval", "keepalives_count", nullptr};
  const char* const values[] = {
      "60000", normal->Reveal().c_str(), "resetctl-agent", "UTF8", "1", "15", "5", "3", nullptr};
  PGconn* connection = PQconnectStartParams(keys, values, /*expand_dbname=*/1);
  if (connection == nullptr) {
    return contract::Error(v1::REASON_INTERNAL, "There is no memory for a database connection.");
  }
  std::unique_ptr<Session> session(new Session(connection));
  session->url_ = url;
  session->silence_ = SilenceOf(connection);
  PQsetNoticeReceiver(connection, SwallowNotice, nullptr);
  // Just the code: the text is translated by the server and may name the user.
  PQsetErrorVerbosity(connection, PQERRORS_SQLSTATE);
  PostgresPollingStatusType state = PGRES_POLLING_FAILED;
  const absl::Duration deadline = base::RealClock().Steady() + std::min(timeout, session->silence_);
  if (PQstatus(connection) != CONNECTION_BAD) state = PollUntil(connection, deadline);
  session->address_ = AddressOf(connection);
  if (state != PGRES_POLLING_OK) {
    const bool late = state != PGRES_POLLING_FAILED;
    return ConnectFailure(late ? "timeout" : PQerrorMessage(connection), session->address_,
                          PQdb(connection) == nullptr ? "" : PQdb(connection));
  }
  PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
  session->backend_.pid = PQbackendPID(connection);
  session->cancel_.emplace(connection);
  session->socket_ = fcntl(PQsocket(connection), F_DUPFD_CLOEXEC, 0);
  return session;
}

absl::StatusOr<std::unique_ptr<Session>> Session::ConnectToLook(const base::Secret& url,
                                                                absl::Duration patience) {
  absl::StatusOr<std::unique_ptr<Session>> session = Connect(url, patience);
  if (!session.ok()) return session;
  (*session)->looks_ = false;
  (*session)->silence_ = patience;
  return session;
}

Session::Session(PGconn* connection) : connection_(connection) {}

Session::~Session() {
  PQfinish(connection_);
  if (socket_ >= 0) close(socket_);
}

bool Session::MayBeAlive(absl::Duration* heard) {
  const absl::Duration patience = silence_ / 2;
  const Sight sight = looks_ ? LookAt(url_, backend_, patience) : Sight::kNoAnswer;
  const absl::Duration now = base::RealClock().Steady();
  if (sight == Sight::kAtWork) *heard = now;
  if (now - *heard < (sight == Sight::kNotLetIn ? kLongestUnseen : silence_)) return true;
  // The look took its time.
  pollfd wait = {PQsocket(connection_), POLLIN, 0};
  if (poll(&wait, 1, 0) > 0) return true;
  if (sight == Sight::kWaitsForUs) EndWaitingBackend(url_, backend_, patience);
  return false;
}

bool Session::Listen() {
  // What came with the last record may be in the library's hands, where poll() does not see it: a second look into it finds
  // the rest of the longest record.
  if (PQsslInUse(connection_) != 0 || PQgssEncInUse(connection_) != 0) {
    if (PQconsumeInput(connection_) == 0) return false;
    if (PQisBusy(connection_) == 0) return true;
  }
  absl::Duration heard = base::RealClock().Steady();
  const int pause = PollTime(looks_ ? silence_ / 4 : silence_);
  for (;;) {
    pollfd wait = {PQsocket(connection_), POLLIN, 0};
    const int ready = poll(&wait, 1, pause);
    if (ready > 0) return PQconsumeInput(connection_) != 0;
    if (ready < 0 && errno == EINTR) continue;
    if (MayBeAlive(&heard)) continue;
    given_up_ = true;
    shutdown(PQsocket(connection_), SHUT_RDWR);
    return PQconsumeInput(connection_) != 0;
  }
}

PGresult* Session::NextResult() {
  while (PQisBusy(connection_) != 0 && Listen()) {
  }
  return PQgetResult(connection_);
}

PGresult* Session::LastResult() {
  PGresult* last = nullptr;
  while (PGresult* result = NextResult()) {
    // What a server says before it closes tells more than that it did.
    if (PQresultStatus(last) == PGRES_FATAL_ERROR && PQstatus(connection_) == CONNECTION_BAD) {
      PQclear(result);
      continue;
    }
    PQclear(last);
    last = result;
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) break;
  }
  return last;
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
      for (int got = 1; got > 0 || (got == 0 && Listen());) {
        got = PQgetCopyData(connection_, &buffer, /*async=*/1);
        PQfreemem(buffer);
      }
      while (PGresult* rest = NextResult()) PQclear(rest);
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
  if (given_up_) {
    return contract::Error(
        v1::REASON_DATABASE_UNREACHABLE,
        absl::StrCat("The connection to ", address_,
                     " was given up: no answer and no sign of life came within ",
                     absl::FormatDuration(silence_), "."),
        "Look at what is between agent and database (a proxy, a tunnel, a firewall), then try "
        "again.");
  }
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
  if (absl::Status sent = Send(sql); !sent.ok()) return sent;
  return Receive();
}

absl::StatusOr<Rows> Session::Query(absl::string_view sql,
                                    const std::vector<std::optional<std::string>>& parameters) {
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const std::optional<std::string>& parameter : parameters) {
    values.push_back(parameter.has_value() ? parameter->c_str() : nullptr);
  }
  const bool sent =
      PQsendQueryParams(connection_, base::Str(sql).c_str(), static_cast<int>(values.size()),
                        nullptr, values.data(), nullptr, nullptr, /*resultFormat=*/0) == 1;
  return sent ? Receive() : Fail(nullptr);
}

absl::Status Session::Execute(absl::string_view sql) { return Query(sql).status(); }

absl::Status Session::Send(absl::string_view sql) {
  return PQsendQuery(connection_, base::Str(sql).c_str()) == 1 ? absl::OkStatus() : Fail(nullptr);
}

absl::StatusOr<Rows> Session::Receive() { return Accept(LastResult()); }

absl::StatusOr<std::vector<Rows>> Session::QueryAll(absl::string_view sql) {
  if (absl::Status sent = Send(sql); !sent.ok()) return sent;
  std::vector<Rows> answers;
  absl::Status failure;
  while (PGresult* result = NextResult()) {
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
  if (absl::Status sent = Send(copy_sql); !sent.ok()) return sent;
  PGresult* start = LastResult();
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
  while (PGresult* result = NextResult()) {
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

int Session::backend_pid() const { return backend_.pid; }
int Session::server_version() const { return PQserverVersion(connection_); }

bool Session::in_transaction() const {
  const PGTransactionStatusType status = PQtransactionStatus(connection_);
  return status != PQTRANS_IDLE && status != PQTRANS_UNKNOWN;
}

bool Session::broken() const { return PQstatus(connection_) == CONNECTION_BAD; }

std::string Session::Own(absl::string_view sql) {
  if (own_schema_ == kOwnSchema) return base::Str(sql);
  return absl::StrReplaceAll(sql, {{"resetctl.", absl::StrCat(QuoteIdentifier(own_schema_), ".")},
                                   {"'resetctl'", QuoteLiteral(own_schema_)}});
}

absl::StatusOr<Rows> Session::QueryOwn(absl::string_view sql) { return Query(Own(sql)); }

absl::StatusOr<Rows> Session::QueryOwn(absl::string_view sql,
                                       const std::vector<std::optional<std::string>>& parameters) {
  return Query(Own(sql), parameters);
}

absl::Status Session::ExecuteOwn(absl::string_view sql) { return Execute(Own(sql)); }

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
  if (cancel_) cancel_->Send();
}

void Session::Abandon() {
  if (socket_ >= 0) shutdown(socket_, SHUT_RDWR);
}

std::string Session::Address() const { return address_; }

}  // namespace resetctl::agent

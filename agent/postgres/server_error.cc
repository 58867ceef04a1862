#include "agent/postgres/server_error.h"

#include <vector>

#include <libpq-fe.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

std::string Field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

int Number(const std::string& text) {
  int value = 0;
  return absl::SimpleAtoi(text, &value) ? value : 0;
}

// "COPY items, line 21, column price: ..." -> 21 and ", column price: ...". The words are translated, the order so far is
// not; a name may hold digits, so the number is looked for behind the last "line ", or else behind
// the name's comma.
void ReadCopyPlace(const std::string& context, ServerError* error) {
  for (absl::string_view entry : absl::StrSplit(context, '\n')) {
    if (!absl::StartsWith(entry, "COPY ")) continue;
    size_t at = entry.find(", line ");
    at = at == absl::string_view::npos ? entry.find(", ") : at;
    if (at == absl::string_view::npos) continue;
    int line = 0;
    for (; at < entry.size(); ++at) {
      if (absl::ascii_isdigit(static_cast<unsigned char>(entry[at]))) {
        line = line * 10 + (entry[at] - '0');
      } else if (line > 0) {
        break;
      }
    }
    error->copy_line = line;
    error->copy_place = base::Str(entry.substr(at));
    return;
  }
}

v1::Reason ReasonOfSqlState(absl::string_view state) {
  if (state.empty() || absl::StartsWith(state, "08")) return v1::REASON_DATABASE_UNREACHABLE;
  if (state == "57014") return v1::REASON_CANCELLED;
  if (absl::StartsWith(state, "57P")) return v1::REASON_DATABASE_UNREACHABLE;
  if (state == "55P03" || state == "40P01") return v1::REASON_LOCK_TIMEOUT;
  if (state == "42501") return v1::REASON_PRIVILEGE_MISSING;
  if (state == "25006") return v1::REASON_DATABASE_READ_ONLY;
  if (absl::StartsWith(state, "53") || absl::StartsWith(state, "58") ||
      absl::StartsWith(state, "XX") || absl::StartsWith(state, "F0")) {
    return v1::REASON_DATABASE_ERROR;
  }
  return v1::REASON_SQL_FAILED;
}

absl::string_view AdviceFor(absl::string_view state) {
  if (state == "53200") {
    return "Raise max_locks_per_transaction on the server, or clear fewer tables in one run.";
  }
  if (state == "53100") return "The server's disk is full: make room, then try again.";
  return "";
}

// "FATAL:  28P01" -> "28P01". Severities are translated too, so the code is found by its form.
std::string SqlStateIn(absl::string_view text) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.size() < 2 || words.back().size() != 5) continue;
    if (!absl::EndsWith(words[words.size() - 2], ":")) continue;
    bool code = true;
    for (const char c : words.back()) {
      code = code && (absl::ascii_isdigit(static_cast<unsigned char>(c)) ||
                      absl::ascii_isupper(static_cast<unsigned char>(c)));
    }
    if (code) return base::Str(words.back());
  }
  return "";
}

// Our own words for what libpq or the system said: their text may quote the URL.
std::string CauseIn(absl::string_view text) {
  if (text == "timeout") return "it does not answer";
  if (absl::StrContains(text, "Connection refused")) return "the connection was refused";
  if (absl::StrContains(text, "could not translate host name")) return "no such host";
  if (absl::StrContains(text, "timeout expired") || absl::StrContains(text, "timed out")) {
    return "it does not answer";
  }
  if (absl::StrContains(text, "No such file or directory")) return "there is no such socket";
  if (absl::StrContains(text, "does not support SSL")) return "it does not support SSL";
  if (absl::StrContains(text, "certificate")) return "its certificate could not be verified";
  if (absl::StrContains(text, "unreachable")) return "the network is unreachable";
  return "the connection failed";
}

}  // namespace

ServerError ReadServerError(const PGresult* result) {
  ServerError error;
  error.sqlstate = Field(result, PG_DIAG_SQLSTATE);
  error.message = Field(result, PG_DIAG_MESSAGE_PRIMARY);
  error.schema = Field(result, PG_DIAG_SCHEMA_NAME);
  error.table = Field(result, PG_DIAG_TABLE_NAME);
  error.column = Field(result, PG_DIAG_COLUMN_NAME);
  error.constraint = Field(result, PG_DIAG_CONSTRAINT_NAME);
  error.position = Number(Field(result, PG_DIAG_STATEMENT_POSITION));
  error.internal_query = Field(result, PG_DIAG_INTERNAL_QUERY);
  error.internal_position = Number(Field(result, PG_DIAG_INTERNAL_POSITION));
  ReadCopyPlace(Field(result, PG_DIAG_CONTEXT), &error);
  return error;
}

absl::Status StatusOfServerError(const ServerError& error) {
  v1::Problem problem;
  problem.set_reason(ReasonOfSqlState(error.sqlstate));
  problem.set_sqlstate(error.sqlstate);
  problem.set_message(error.message.empty() ? "The database gave no answer."
                                            : absl::StrCat("PostgreSQL: ", error.message));
  problem.set_advice(base::Str(AdviceFor(error.sqlstate)));
  return contract::ErrorFrom(problem);
}

absl::Status ConnectFailure(absl::string_view text, absl::string_view address,
                            absl::string_view database) {
  const std::string state = SqlStateIn(text);
  v1::Problem problem;
  problem.set_sqlstate(state);
  if (absl::StartsWith(state, "28") || state == "42501" ||
      absl::StrContains(text, "no password supplied") ||
      absl::StrContains(text, "authentication method")) {
    problem.set_reason(v1::REASON_DATABASE_AUTH);
    problem.set_message(absl::StrCat("PostgreSQL at ", address, " refuses the login."));
    problem.set_advice(
        "Check user and password in the agent's DATABASE_URL, and the server's pg_hba.conf.");
  } else if (state == "3D000") {
    problem.set_reason(v1::REASON_DATABASE_ERROR);
    problem.set_message(absl::StrCat("There is no database ", database, " (", address, ")."));
    problem.set_advice("Check the database's name in the agent's DATABASE_URL.");
  } else {
    problem.set_reason(v1::REASON_DATABASE_UNREACHABLE);
    std::string cause = CauseIn(text);
    if (state == "53300") cause = "it has no free connection";
    if (state == "57P03") cause = "it is starting up or shutting down";
    problem.set_message(
        absl::StrCat("PostgreSQL at ", address, " cannot be reached: ", cause, "."));
    problem.set_advice("Check host and port in the agent's DATABASE_URL, and that it runs.");
  }
  return contract::ErrorFrom(problem);
}

}  // namespace resetctl::agent

#include <string>
#include <vector>

#include <libpq-fe.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "agent/postgres/session.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr char kForms[] =
    "Use postgresql://USER:PASSWORD@HOST:PORT/DATABASE (special characters percent-encoded), or "
    "'host=... dbname=... user=...'.";

absl::Status Invalid(absl::string_view what, absl::string_view advice = kForms) {
  return contract::Error(v1::REASON_DATABASE_URL_INVALID,
                         absl::StrCat("The database URL ", what, "."), advice);
}

// Drivers that people name behind a '+'; to libpq the URL is the same one.
bool IsKnownDriver(absl::string_view name) {
  for (absl::string_view known : {"asyncpg", "psycopg2", "psycopg", "psycopg_async", "psycopg2cffi",
                                  "pg8000", "aiopg", "psycopgbinary"}) {
    if (name == known) return true;
  }
  return false;
}

// Query parameters of those drivers and of ORMs that say nothing about where or how to connect.
bool IsOnlyForDrivers(absl::string_view key) {
  for (absl::string_view known :
       {"prepared_statement_cache_size", "prepared_statement_name_func", "statement_cache_size",
        "max_cached_statement_lifetime", "max_cacheable_statement_size", "command_timeout",
        "async_fallback", "pool_size", "max_overflow", "pool_timeout", "pool_recycle",
        "pool_pre_ping", "connection_limit", "schema", "executemany_mode", "native_datetime"}) {
    if (key == known) return true;
  }
  return false;
}

bool IsLibpqKeyword(absl::string_view key) {
  bool found = false;
  PQconninfoOption* options = PQconndefaults();
  for (PQconninfoOption* option = options; option != nullptr && option->keyword != nullptr;
       ++option) {
    if (key == option->keyword) found = true;
  }
  PQconninfoFree(options);
  return found;
}

// asyncpg's `ssl`, as libpq's `sslmode`; empty when it is neither.
std::string SslMode(absl::string_view value) {
  std::string lower = absl::AsciiStrToLower(value);
  if (lower == "true" || lower == "1" || lower == "on" || lower == "yes") return "require";
  if (lower == "false" || lower == "0" || lower == "off" || lower == "no") return "disable";
  for (absl::string_view mode :
       {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}) {
    if (lower == mode) return lower;
  }
  return "";
}

// Maps what the drivers call otherwise, drops what only they need. A parameter that we do not know
// is refused, not ignored: it might have said how to verify the server.
absl::StatusOr<std::string> TranslateQuery(absl::string_view query) {
  std::vector<std::string> out;
  int number = 0;
  for (absl::string_view pair : absl::StrSplit(query, '&', absl::SkipEmpty())) {
    ++number;
    const std::vector<std::string> parts = absl::StrSplit(pair, absl::MaxSplits('=', 1));
    const std::string& key = parts[0];
    const std::string value = parts.size() > 1 ? parts[1] : "";
    if (key == "ssl") {
      const std::string mode = SslMode(value);
      if (mode.empty()) {
        return Invalid("has an `ssl` parameter with a value that is no SSL mode",
                       "Use sslmode=disable, prefer, require, verify-ca or verify-full.");
      }
      out.push_back(absl::StrCat("sslmode=", mode));
    } else if (key == "timeout") {
      out.push_back(absl::StrCat("connect_timeout=", value));
    } else if (key == "pgbouncer") {
      if (value != "false") {
        return Invalid("says that it leads to pgbouncer",
                       "A reset needs a direct connection to PostgreSQL: give the agent that one.");
      }
    } else if (IsLibpqKeyword(key)) {
      out.push_back(base::Str(pair));
    } else if (!IsOnlyForDrivers(key)) {
      return Invalid(
          absl::StrCat("has a query parameter (number ", number,
                       ") that PostgreSQL's library does "
                       "not know"),
          "Leave it out, or use the names of the PostgreSQL manual, 34.1.2 (sslmode, sslrootcert, "
          "connect_timeout, ...).");
    }
  }
  return absl::StrJoin(out, "&");
}

// libpq takes anything until it connects. One port for each host, or one for all.
bool IsPortList(absl::string_view text) {
  for (absl::string_view port : absl::StrSplit(text, ',')) {
    int number = 0;
    if (!port.empty() && (!absl::SimpleAtoi(port, &number) || number < 1 || number > 65535)) {
      return false;
    }
  }
  return true;
}

}  // namespace

absl::StatusOr<base::Secret> NormalizeDatabaseUrl(const base::Secret& url) {
  std::string text = base::Str(absl::StripAsciiWhitespace(url.Reveal()));
  if (text.size() > 1 && (text.front() == '"' || text.front() == '\'') &&
      text.back() == text.front()) {
    text = text.substr(1, text.size() - 2);
  }
  if (text.empty()) return Invalid("is empty");
  // libpq would read as far as there, and not see the rest.
  if (absl::StrContains(text, absl::string_view("\0", 1))) return Invalid("holds a NUL byte");
  const size_t scheme_end = text.find("://");
  const bool is_url = scheme_end != std::string::npos && text.find_first_of(" \t='") > scheme_end;
  if (is_url) {
    const std::string scheme = absl::AsciiStrToLower(text.substr(0, scheme_end));
    const std::vector<std::string> parts = absl::StrSplit(scheme, absl::MaxSplits('+', 1));
    if (parts[0] != "postgres" && parts[0] != "postgresql") {
      return Invalid("does not begin with postgresql://");
    }
    if (parts.size() > 1 && !IsKnownDriver(parts[1])) {
      return Invalid("names a driver behind '+' that is not known");
    }
    std::string rest = text.substr(scheme_end + 3);
    const size_t at = rest.find('@');
    const size_t question = rest.find('?', at == std::string::npos ? 0 : at);
    if (question != std::string::npos) {
      const absl::StatusOr<std::string> query = TranslateQuery(rest.substr(question + 1));
      if (!query.ok()) return query.status();
      rest = rest.substr(0, question);
      if (!query->empty()) absl::StrAppend(&rest, "?", *query);
    }
    text = absl::StrCat("postgresql://", rest);
  } else if (!absl::StrContains(text, "=")) {
    // libpq would take a single word for a database name on the local socket: surely not what was
    // meant.
    return Invalid("is neither a URL nor a list of key=value");
  }
  // libpq's own message quotes what it could not read: it may be the password.
  char* message = nullptr;
  PQconninfoOption* options = PQconninfoParse(text.c_str(), &message);
  bool valid = options != nullptr;
  for (PQconninfoOption* option = options; valid && option->keyword != nullptr; ++option) {
    if (std::string(option->keyword) == "port" && option->val != nullptr) {
      valid = IsPortList(option->val);
    }
  }
  PQconninfoFree(options);
  PQfreemem(message);
  if (!valid) {
    return Invalid(
        "cannot be read",
        "Write '@', ':', '/', '?', '#' and '%' inside the password percent-encoded (%40, "
        "%3A, %2F, %3F, %23, %25).");
  }
  return base::Secret(std::move(text));
}

}  // namespace resetctl::agent

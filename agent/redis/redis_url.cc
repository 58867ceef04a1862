#include "agent/redis/redis_url.h"

#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

absl::Status Invalid(absl::string_view what) {
  return contract::Error(
      v1::REASON_CACHE_URL_INVALID, absl::StrCat("the Redis URL ", what),
      "use redis://[user[:password]@]host[:port][/db] or unix://[user:password@]/path?db=N");
}

bool PercentDecode(absl::string_view text, std::string* out) {
  out->clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out->push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size() || !absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 1])) ||
        !absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 2]))) {
      return false;
    }
    *out += absl::HexStringToBytes(text.substr(i + 1, 2));
    i += 2;
  }
  return true;
}

bool ParseDb(absl::string_view text, int* db) {
  return text.empty() || (absl::SimpleAtoi(text, db) && *db >= 0 && *db < 1 << 16);
}

}  // namespace

std::string RedisAddress::Label() const {
  return socket.empty()
             ? absl::StrCat(absl::StrContains(host, ":") ? absl::StrCat("[", host, "]") : host, ":",
                            port)
             : socket;
}

absl::StatusOr<RedisAddress> ParseRedisUrl(const base::Secret& url) {
  absl::string_view rest = url.Reveal();
  const size_t scheme_end = rest.find("://");
  if (scheme_end == absl::string_view::npos) return Invalid("has no scheme");
  const absl::string_view scheme = rest.substr(0, scheme_end);
  rest.remove_prefix(scheme_end + 3);
  if (scheme == "rediss") {
    return Invalid("asks for TLS (rediss://), which this build cannot do: its hiredis has no TLS");
  }
  if (scheme != "redis" && scheme != "unix") return Invalid("has an unknown scheme");

  RedisAddress address;
  absl::string_view query;
  if (const size_t mark = rest.find('?'); mark != absl::string_view::npos) {
    query = rest.substr(mark + 1);
    rest = rest.substr(0, mark);
  }
  if (const size_t at = rest.rfind('@'); at != absl::string_view::npos) {
    const absl::string_view userinfo = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    const size_t colon = userinfo.find(':');
    std::string user, password;
    // A lone word before '@' is the user by the scheme's registration, and the password in some
    // providers' URLs: ask.
    if (!PercentDecode(userinfo.substr(0, colon), &user))
      return Invalid("has a malformed user name");
    if (colon != absl::string_view::npos && !PercentDecode(userinfo.substr(colon + 1), &password)) {
      return Invalid("has a malformed password");
    }
    if (colon == absl::string_view::npos && !user.empty()) {
      return Invalid(
          "has a user name without a password; for a password alone write redis://:password@host");
    }
    address.user = user;
    address.password = base::Secret(password);
  }
  if (scheme == "unix") {
    if (rest.empty() || rest[0] != '/') return Invalid("names no absolute socket path");
    address.socket = base::Str(rest);
    if (!query.empty() && (!absl::ConsumePrefix(&query, "db=") || !ParseDb(query, &address.db))) {
      return Invalid("has an unknown option");
    }
    return address;
  }
  if (!query.empty()) return Invalid("has an unknown option");
  absl::string_view db;
  if (const size_t slash = rest.find('/'); slash != absl::string_view::npos) {
    db = rest.substr(slash + 1);
    rest = rest.substr(0, slash);
  }
  if (!ParseDb(db, &address.db)) return Invalid("has a database index that is no number");
  absl::string_view port;
  if (absl::StartsWith(rest, "[")) {
    const size_t bracket = rest.find(']');
    if (bracket == absl::string_view::npos) return Invalid("has a malformed IPv6 address");
    address.host = base::Str(rest.substr(1, bracket - 1));
    port = rest.substr(bracket + 1);
    if (!port.empty() && !absl::ConsumePrefix(&port, ":")) return Invalid("has a malformed port");
  } else if (const size_t colon = rest.find(':'); colon != absl::string_view::npos) {
    address.host = base::Str(rest.substr(0, colon));
    port = rest.substr(colon + 1);
  } else {
    address.host = base::Str(rest);
  }
  if (address.host.empty()) return Invalid("names no host");
  if (!port.empty() &&
      (!absl::SimpleAtoi(port, &address.port) || address.port < 1 || address.port > 65535)) {
    return Invalid("has a malformed port");
  }
  return address;
}

}  // namespace resetctl::agent

#include "client/app/state.h"

#include <unistd.h>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "proto/base/file.h"
#include "proto/contract/reasons.h"
#include "proto/transport/tls.h"

namespace resetctl::client {
namespace {

constexpr int64_t kMaxBytes = 64 << 10;

}  // namespace

absl::Status State::Save(const char* name, absl::string_view bytes) const {
  absl::Status made = base::MakeFolders(folder_, 0700);
  if (!made.ok()) return made;
  return base::WriteFileDurably(absl::StrCat(folder_, "/", name), bytes, 0600);
}

std::optional<std::string> State::Ca(absl::string_view pin) const {
  auto pem = base::ReadFile(absl::StrCat(folder_, "/ca.pem"), kMaxBytes);
  if (!pem.ok()) return std::nullopt;
  const auto found = transport::CertificatePin(*pem);
  if (!found.ok() || *found != pin) return std::nullopt;
  return *std::move(pem);
}

absl::Status State::SaveCa(absl::string_view pem) const { return Save("ca.pem", pem); }

std::optional<SavedSession> State::Session(absl::Time now) const {
  // Two lines: the token, and until when it is good, in seconds since 1970.
  const auto text = base::ReadFile(absl::StrCat(folder_, "/session"), kMaxBytes);
  if (!text.ok()) return std::nullopt;
  const std::vector<std::string> lines = absl::StrSplit(*text, '\n');
  int64_t seconds = 0;
  if (lines.size() != 3 || lines[0].empty() || !absl::SimpleAtoi(lines[1], &seconds)) {
    return std::nullopt;
  }
  const absl::Time expire_time = absl::FromUnixSeconds(seconds);
  if (expire_time <= now) return std::nullopt;
  return SavedSession{base::Secret(lines[0]), expire_time};
}

absl::Status State::SaveSession(const SavedSession& session) const {
  return Save("session", absl::StrCat(session.token.Reveal(), "\n",
                                      absl::ToUnixSeconds(session.expire_time), "\n"));
}

absl::StatusOr<std::optional<SeenLog>> State::Log() const {
  // The keys, one a line, an empty line, the note.
  const auto text = base::ReadFile(log_path(), kMaxBytes);
  if (absl::IsNotFound(text.status())) return std::optional<SeenLog>();
  const size_t gap = text.ok() ? text->find("\n\n") : std::string::npos;
  if (gap == std::string::npos || gap == 0) {
    return contract::Error(v1::REASON_CONFIG_INVALID,
                           absl::StrCat(log_path(),
                                        " cannot be read: it holds what was seen of the "
                                        "audit log"),
                           "restore it; to begin anew, trusting the log as it is now, remove it");
  }
  return std::optional<SeenLog>(
      SeenLog{absl::StrSplit(text->substr(0, gap), '\n'), text->substr(gap + 2)});
}

absl::Status State::SaveLog(const SeenLog& log) const {
  return Save("log", absl::StrCat(absl::StrJoin(log.log_keys, "\n"), "\n\n", log.note));
}

void State::ForgetSession() const { unlink(absl::StrCat(folder_, "/session").c_str()); }

}  // namespace resetctl::client

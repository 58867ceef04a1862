#include "client/commands/log_keys.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {
namespace {

constexpr int64_t kMaxBytes = 1 << 20;
constexpr int64_t kMaxSignersBytes = 4 << 20;

}  // namespace

absl::StatusOr<std::vector<std::string>> ReadKeyFile(const std::string& path,
                                                     contract::NoteKeyType type) {
  const auto text = base::ReadFile(path, kMaxBytes);
  if (!text.ok()) return contract::Error(v1::REASON_INVALID_ARGUMENT, text.status().message());
  std::vector<std::string> keys;
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(*text, '\n')) {
    ++number;
    const absl::string_view key = absl::StripAsciiWhitespace(line);
    if (key.empty() || absl::StartsWith(key, "#")) continue;
    const auto parsed = contract::ParseNoteVerifier(key, type);
    if (!parsed.ok()) {
      v1::Problem problem = contract::ProblemOf(parsed.status());
      problem.set_file(path);
      problem.set_line(number);
      return contract::ErrorFrom(problem);
    }
    keys.push_back(base::Str(key));
  }
  if (keys.empty()) {
    return contract::Error(v1::REASON_INVALID_ARGUMENT, absl::StrCat(path, " holds no key"),
                           "one a line, as name+1a2b3c4d+...");
  }
  return keys;
}

absl::StatusOr<contract::AllowedSigners> ReadAllowedSigners(const std::string& path) {
  const auto text = base::ReadFile(path, kMaxSignersBytes);
  if (!text.ok()) return contract::Error(v1::REASON_INVALID_ARGUMENT, text.status().message());
  return contract::AllowedSigners::Parse(*text);
}

absl::StatusOr<std::vector<std::string>> ReadLogKeys(const std::vector<std::string>& given) {
  std::vector<std::string> keys;
  for (const std::string& each : given) {
    if (contract::ParseNoteVerifier(each, contract::NoteKeyType::kLog).ok()) {
      keys.push_back(each);
      continue;
    }
    const auto of_file = ReadKeyFile(each, contract::NoteKeyType::kLog);
    if (!of_file.ok()) return of_file.status();
    keys.insert(keys.end(), of_file->begin(), of_file->end());
  }
  return keys;
}

}  // namespace resetctl::client

#include "client/output/verified_log.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/output/json.h"
#include "client/output/sanitize.h"
#include "client/output/table.h"
#include "proto/base/text.h"

namespace resetctl::client {
namespace {

std::string Part(const Look& look, const VerifiedLog& log, bool proved, absl::string_view title,
                 Tone tone) {
  std::vector<std::pair<std::string, std::string>> lines;
  for (const VerifiedLog::Claim& claim : log.claims) {
    if (claim.proved == proved) lines.emplace_back(claim.name, Clean(claim.text));
  }
  if (lines.empty()) return "";
  return absl::StrCat("\n", Paint(look, tone, title), "\n", NamesAndTexts(look, lines, 2));
}

std::string Names(const VerifiedLog& log, bool proved) {
  std::vector<std::string> names;
  for (const VerifiedLog::Claim& claim : log.claims) {
    if (claim.proved == proved) names.push_back(JsonText(claim.name));
  }
  return JsonArray(names);
}

}  // namespace

std::string RenderVerified(const Look& look, const VerifiedLog& log) {
  return absl::StrCat(Field(look, "Log", Clean(log.origin)),
                      Field(look, "Entries", Count(static_cast<int64_t>(log.size))),
                      Field(look, "Root", base::ToHex(log.root)),
                      Part(look, log, true, "PROVED", Tone::kGood),
                      Part(look, log, false, "NOT PROVED", Tone::kWarn));
}

std::string VerifiedJson(const VerifiedLog& log) {
  return JsonObject({{"origin", JsonText(log.origin)},
                     {"size", JsonText(absl::StrCat(log.size))},
                     {"root", JsonText(base::ToBase64(log.root))},
                     {"proved", Names(log, true)},
                     {"notProved", Names(log, false)}});
}

}  // namespace resetctl::client

#include "client/output/problems.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/output/sanitize.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {
namespace {

std::string Objects(const v1::Problem& problem) {
  std::vector<std::string> names;
  for (const std::string& name : problem.objects()) {
    // A name that the message already says is not said twice.
    if (!absl::StrContains(problem.message(), name)) names.push_back(name);
  }
  return names.empty() ? "" : Listed(names);
}

}  // namespace

std::string PlaceOf(const v1::Problem& problem) {
  std::string place = problem.file();
  if (problem.line() > 0) absl::StrAppend(&place, place.empty() ? "line " : ":", problem.line());
  if (problem.line() > 0 && problem.column() > 0) absl::StrAppend(&place, ":", problem.column());
  if (problem.statement() > 0) {
    absl::StrAppend(&place, place.empty() ? "" : ", ", "statement ", problem.statement());
  }
  return place;
}

std::string RenderError(const Look& look, const absl::Status& status) {
  static constexpr int kIndent = 10;  // "resetctl: "
  const v1::Problem problem = Cleaned(contract::ProblemOf(status));
  std::string what = problem.message();
  const std::string place = PlaceOf(problem);
  if (!place.empty() && !absl::StrContains(what, place)) what = absl::StrCat(place, ": ", what);
  std::string out = absl::StrCat(Paint(look, Tone::kBad, "resetctl:"), " ",
                                 Wrap(what, look.width, kIndent), "\n");
  const std::string objects = Objects(problem);
  const std::string lead(kIndent, ' ');
  if (!objects.empty()) absl::StrAppend(&out, lead, Wrap(objects, look.width, kIndent), "\n");
  if (!problem.advice().empty()) {
    absl::StrAppend(&out, lead, Wrap(problem.advice(), look.width, kIndent), "\n");
  }
  return out;
}

std::string RenderProblems(const Look& look, absl::string_view heading,
                           const std::vector<v1::Problem>& problems) {
  static constexpr int kIndent = 6;
  const std::string lead(kIndent, ' ');
  std::string out = absl::StrCat(Paint(look, Tone::kBad, heading), "\n");
  int reason_width = 0;
  for (const v1::Problem& problem : problems) {
    reason_width = std::max(reason_width, Width(contract::NameOf(problem.reason())));
  }
  for (const v1::Problem& raw : problems) {
    const v1::Problem problem = Cleaned(raw);
    const std::string name = contract::NameOf(problem.reason());
    // Beside the reason where there is room, below it on a narrow terminal.
    const bool beside = look.width >= 2 + reason_width + 2 + 36;
    const int column = beside ? 2 + reason_width + 2 : kIndent;
    absl::StrAppend(&out, "\n  ", Paint(look, Tone::kBold, beside ? Pad(name, reason_width) : name),
                    beside ? "  " : absl::StrCat("\n", lead),
                    Wrap(problem.message(), look.width, column), "\n");
    const std::string place = PlaceOf(problem);
    if (!place.empty()) absl::StrAppend(&out, lead, "at ", place, "\n");
    const std::string objects = Objects(problem);
    if (!objects.empty()) {
      absl::StrAppend(&out, lead, Wrap(objects, look.width, kIndent), "\n");
    }
    if (!problem.advice().empty()) {
      absl::StrAppend(&out, lead, Wrap(problem.advice(), look.width, kIndent), "\n");
    }
  }
  return out;
}

}  // namespace resetctl::client

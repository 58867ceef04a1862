#include "client/output/problems.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/output/sanitize.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {
namespace {

// Of a list of differences, so many; the others are for --diff.
constexpr size_t kShownObjects = 12;

// What changed, old and new: sentences, not names.
bool AreSentences(const std::vector<std::string>& objects, v1::Reason reason) {
  if (contract::RowOf(reason).exit == contract::ExitCode::kStale) return true;
  return std::any_of(objects.begin(), objects.end(),
                     [](const std::string& object) { return absl::StrContains(object, ": "); });
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

std::string ObjectLines(const Look& look, const v1::Problem& problem, int indent,
                        absl::string_view plan) {
  std::vector<std::string> objects;
  for (const std::string& object : problem.objects()) {
    // What the problem says already is not said twice.
    const bool said =
        absl::StrContains(problem.message(), object) || absl::StrContains(problem.advice(), object);
    if (!said) objects.push_back(object);
  }
  if (objects.empty()) return "";
  const std::string lead(indent, ' ');
  if (!AreSentences(objects, problem.reason())) {
    return absl::StrCat(lead, Wrap(Listed(objects), look.width, indent), "\n");
  }
  std::string out;
  for (size_t i = 0; i < objects.size() && i < kShownObjects; ++i) {
    absl::StrAppend(&out, lead, Wrap(objects[i], look.width, indent + 2), "\n");
  }
  if (objects.size() <= kShownObjects) return out;
  const std::string more =
      absl::StrCat("and ", objects.size() - kShownObjects,
                   " more: make a new plan, then  resetctl show NEW_PLAN --diff ",
                   plan.empty() ? "OLD_PLAN" : plan);
  return absl::StrCat(out, lead, Wrap(more, look.width, indent + 2), "\n");
}

std::string RenderError(const Look& look, const absl::Status& status) {
  static constexpr int kIndent = 10;  // "resetctl: "
  const v1::Problem problem = Cleaned(contract::ProblemOf(status));
  std::string what = problem.message();
  const std::string place = PlaceOf(problem);
  if (!place.empty() && !absl::StrContains(what, place)) what = absl::StrCat(place, ": ", what);
  std::string out = absl::StrCat(Paint(look, Tone::kBad, "resetctl:"), " ",
                                 Wrap(what, look.width, kIndent), "\n");
  const std::string lead(kIndent, ' ');
  absl::StrAppend(&out, ObjectLines(look, problem, kIndent));
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
    absl::StrAppend(&out, ObjectLines(look, problem, kIndent));
    if (!problem.advice().empty()) {
      absl::StrAppend(&out, lead, Wrap(problem.advice(), look.width, kIndent), "\n");
    }
  }
  return out;
}

}  // namespace resetctl::client

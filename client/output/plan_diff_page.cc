#include "client/output/plan_diff_page.h"

#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/output/json.h"
#include "client/output/plan_page.h"
#include "client/output/sanitize.h"
#include "client/output/table.h"
#include "client/output/times.h"
#include "proto/contract/digest.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::client {
namespace {

// So many row counts are shown to people; the rest are smaller ones.
constexpr size_t kShownRows = 20;

const char* ChangeWord(const Difference& difference) {
  if (difference.was.has_value() == difference.now.has_value()) return "changed";
  return difference.now.has_value() ? "added" : "removed";
}

std::string ChangeText(const Difference& difference) {
  std::string word = ChangeWord(difference);
  if (word == "changed") {
    if (!difference.was.has_value()) return word;
    return absl::StrCat("was ", Clean(*difference.was), ", now ", Clean(*difference.now));
  }
  const std::string value = Clean(difference.was.has_value() ? *difference.was : *difference.now);
  return value.empty() ? word : absl::StrCat(word, " (", value, ")");
}

// Digits, perhaps estimated, grouped for people.
std::string RowsCell(absl::string_view digits, int64_t* rows) {
  absl::string_view number = digits;
  const bool estimated = absl::ConsumePrefix(&number, EstimateMark(true));
  if (!absl::SimpleAtoi(number, rows)) return std::string(digits.data(), digits.size());
  return absl::StrCat(EstimateMark(estimated), Count(*rows));
}

std::string RowsTable(const Look& look, const DiffSection& section) {
  Table table;
  table.Column("")
      .Whole()
      .Column("was", Table::Align::kRight)
      .Column("now", Table::Align::kRight)
      .Column("", Table::Align::kRight, true);
  for (size_t i = 0; i < section.differences.size() && i < kShownRows; ++i) {
    const Difference& each = section.differences[i];
    int64_t was = 0, now = 0;
    const std::string was_text = RowsCell(each.was.value_or(""), &was);
    const std::string now_text = RowsCell(each.now.value_or(""), &now);
    const int64_t change = now - was;
    table.Row({Clean(each.name), was_text, now_text,
               change == 0 ? "" : absl::StrCat(change > 0 ? "+" : "", Count(change))});
  }
  std::string out = table.Render(look, 2);
  if (section.differences.size() > kShownRows) {
    const auto rest = static_cast<int64_t>(section.differences.size() - kShownRows);
    absl::StrAppend(&out, "  and ", Counted(rest, "smaller one", "smaller ones"), "\n");
  }
  return out;
}

std::string Texts(const Look& look, const DiffSection& section) {
  std::vector<std::pair<std::string, std::string>> lines;
  for (const Difference& each : section.differences) {
    lines.emplace_back(Clean(each.name), ChangeText(each));
  }
  return NamesAndTexts(look, lines, 2);
}

std::string PlanLine(const Look& look, absl::string_view word, const std::string& id,
                     const v1::PlanDocument& raw) {
  const v1::PlanDocument document = Cleaned(raw);
  return absl::StrCat(
      "  ", word, "  ",
      Wrap(absl::StrCat(contract::ShortId(id), "  ", Route(document), "  by ", document.author(),
                        ", ", Ago(TimeOf(document.make_time()), look.now)),
           look.width, 7),
      "\n");
}

std::string DifferenceJson(const Difference& difference) {
  const std::string name = JsonText(difference.name);
  const std::string change = JsonText(ChangeWord(difference));
  const std::string was = difference.was.has_value() ? JsonText(*difference.was) : "";
  const std::string now = difference.now.has_value() ? JsonText(*difference.now) : "";
  if (!was.empty() && !now.empty()) {
    return JsonObject({{"name", name}, {"change", change}, {"was", was}, {"now", now}});
  }
  if (!was.empty()) return JsonObject({{"name", name}, {"change", change}, {"was", was}});
  if (!now.empty()) return JsonObject({{"name", name}, {"change", change}, {"now", now}});
  return JsonObject({{"name", name}, {"change", change}});
}

}  // namespace

std::string RenderPlanDiff(const Look& look, const PlanDiff& diff, const v1::PlanDocument& was,
                           const v1::PlanDocument& now) {
  std::string out = absl::StrCat(Paint(look, Tone::kBold, "Differences"), "\n",
                                 PlanLine(look, "was", diff.was_id, was),
                                 PlanLine(look, "now", diff.now_id, now), "\n");
  for (const DiffSection& section : diff.sections) {
    absl::StrAppend(&out, Paint(look, Tone::kBold, absl::AsciiStrToUpper(section.name)), "\n",
                    section.name == kRowsSection ? RowsTable(look, section) : Texts(look, section));
  }
  if (diff.sections.empty()) {
    absl::StrAppend(
        &out,
        Wrap("None, but for when they were made and until when they are valid.", look.width, 0),
        "\n");
  }
  if (!diff.note.empty()) absl::StrAppend(&out, "\n", Wrap(Clean(diff.note), look.width, 0), "\n");
  return out;
}

std::string PlanDiffJson(const PlanDiff& diff) {
  std::vector<std::string> sections;
  for (const DiffSection& section : diff.sections) {
    std::vector<std::string> differences;
    for (const Difference& each : section.differences) {
      differences.push_back(DifferenceJson(each));
    }
    sections.push_back(
        JsonObject({{"name", JsonText(section.name)}, {"differences", JsonArray(differences)}}));
  }
  return JsonObject({{"was", JsonText(diff.was_id)},
                     {"now", JsonText(diff.now_id)},
                     {"sections", JsonArray(sections)},
                     {"note", JsonText(diff.note)}});
}

}  // namespace resetctl::client

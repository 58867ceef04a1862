#include "agent/postgres/lookup_failure.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/domain/names.h"
#include "proto/base/closest.h"
#include "proto/base/text.h"
#include "proto/contract/csv_text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr size_t kLongestValue = 60;
constexpr size_t kMostCandidates = 5000;

std::string Shortened(const std::string& value) {
  if (value.size() <= kLongestValue) return value;
  return absl::StrCat(base::ToValidUtf8(value.substr(0, kLongestValue)), "...");
}

// Values of a column that a csv step of this run brings along, and the step's file.
struct Candidates {
  std::vector<std::string> values;
  std::string file;
};

Candidates ValuesOf(const contract::CsvStep& step, const contract::BundleFiles& bundle,
                    const std::string& column) {
  Candidates found;
  found.file = step.file;
  const auto file = bundle.files.find(step.file);
  if (file == bundle.files.end()) return found;
  contract::CsvScanner scanner(file->second, step.format.delimiter);
  std::optional<size_t> at;
  bool header = true;
  for (contract::CsvRecord record; found.values.size() < kMostCandidates && scanner.Next(&record);
       header = false) {
    std::vector<contract::CsvValue> values =
        contract::SplitCsvRecord(record, step.format.delimiter);
    for (size_t i = 0; header && i < values.size(); ++i) {
      if (values[i].text == column) at = i;
    }
    if (!at.has_value()) break;
    if (!header && *at < values.size()) found.values.push_back(std::move(values[*at].text));
  }
  return found;
}

absl::StatusOr<bool> HoldsRows(RunContext& run, Oid table) {
  absl::StatusOr<Rows> rows =
      run.session.Query(absl::StrCat("select exists (select from ", Alone(run.At(table)), ")"));
  if (!rows.ok()) return rows.status();
  return rows->Bool(0, 0);
}

std::string Advice(RunContext& run, const PlannedLookup& lookup, const std::string& value) {
  const std::string table = BlueprintName(run.At(lookup.table).name);
  for (size_t i = 0; i < run.order.steps.size() && i < run.clear.steps.size(); ++i) {
    const auto* csv = std::get_if<contract::CsvStep>(&run.order.steps[i].what);
    if (csv == nullptr || run.clear.steps[i].table != lookup.table || lookup.by.size() != 1) {
      continue;
    }
    const Candidates there = ValuesOf(*csv, *run.order.bundle, lookup.by[0].column);
    if (std::count(there.values.begin(), there.values.end(), value) > 0 && !lookup.own) {
      return absl::StrCat("It stands in ", there.file, ": the step '", run.order.steps[i].name,
                          "' has to come first.");
    }
    const std::string hint = base::DidYouMean(value, there.values);
    if (!hint.empty()) return hint;
  }
  const absl::StatusOr<bool> rows = HoldsRows(run, lookup.table);
  if (rows.ok() && !*rows && !lookup.own) {
    return absl::StrCat(table, " holds no rows at this point: fill it in an earlier step.");
  }
  return absl::StrCat("Mend the value, or add that row to ", table, ".");
}

}  // namespace

absl::Status LookupFailure(RunContext& run, const RecordSource& source, const PlannedLookup& lookup,
                           const Mismatch& mismatch) {
  const std::string table = BlueprintName(run.At(lookup.table).name);
  std::vector<std::string> keys;
  std::string value;
  std::optional<size_t> field;
  for (const contract::LookupSpec::Key& key : lookup.by) {
    for (size_t i = 0; i < source.fields().size(); ++i) {
      if (source.fields()[i] != key.field) continue;
      if (!field.has_value()) field = i;
      value = source.ValueOf(mismatch.record, i);
      keys.push_back(absl::StrCat(BlueprintName(key.column), " '", Shortened(value), "'"));
    }
  }
  const std::string key = absl::StrJoin(keys, ", ");
  std::string what, advice;
  if (mismatch.matches < 0) {
    what = absl::StrCat("Only a part of the key of ", lookup.column, " is given");
    advice = "Give all of it, or none.";
  } else if (mismatch.matches == 0) {
    what = absl::StrCat("No row of ", table, " has ", key);
    advice = Advice(run, lookup, value);
  } else {
    what = absl::StrCat(mismatch.matches, " rows of ", table, " have ", key,
                        ", and a reference needs exactly one");
    advice = "Look the value up by a column that is unique.";
  }
  absl::StrAppend(&what, " (column ", lookup.column);
  if (mismatch.more > 0) {
    absl::StrAppend(&what, "; ", mismatch.more, mismatch.more == 1 ? " more row" : " more rows",
                    " of the same kind");
  }
  v1::Problem problem = contract::MakeProblem(source.reason(), what + ").", advice);
  const RecordPlace place = source.PlaceOf(mismatch.record, field);
  problem.set_file(place.file);
  problem.set_line(place.line);
  problem.set_column(place.column);
  problem.add_objects(absl::StrCat(table, ".", BlueprintName(lookup.by[0].column)));
  return contract::ErrorFrom(problem);
}

}  // namespace resetctl::agent

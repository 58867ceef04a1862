#include "agent/postgres/csv_text.h"

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/base/utf8.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

absl::Status Invalid(const std::string& file, int line, absl::string_view what) {
  v1::Problem problem = contract::MakeProblem(v1::REASON_CSV_INVALID, what, "Mend the CSV file.");
  problem.set_file(file);
  problem.set_line(line);
  return contract::ErrorFrom(problem);
}

int LineOf(absl::string_view text, size_t at) {
  const absl::string_view before = text.substr(0, at);
  return static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1;
}

}  // namespace

absl::StatusOr<CsvText> ReadCsvText(absl::string_view text, const std::string& file) {
  const size_t bad = std::min(base::FindBadUtf8(text), text.find('\0'));
  if (bad < text.size()) {
    return Invalid(file, LineOf(text, bad), "The CSV file is not UTF-8 text.");
  }
  CsvText csv;
  csv.data = text;
  std::string field;
  bool quoted = false, in_header = true, any = false;
  int line = 1, quote_line = 1;
  const auto end_field = [&] {
    if (in_header) csv.header.push_back(field);
    field.clear();
  };
  const auto end_record = [&] {
    end_field();
    if (!in_header) ++csv.records;
    in_header = false;
    any = false;
  };
  size_t record_start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (c == '"') {
      if (!quoted) quote_line = line;
      // A doubled quote inside quotes opens again at once: the same in the end.
      if (quoted && i + 1 < text.size() && text[i + 1] == '"') {
        field += '"';
        ++i;
      } else {
        quoted = !quoted;
      }
      any = true;
    } else if (!quoted && c == ',') {
      end_field();
      any = true;
    } else if (!quoted && (c == '\n' || c == '\r')) {
      if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') {
        ++i;
        ++line;
      }
      const absl::string_view record = text.substr(record_start, i - record_start);
      if (absl::StartsWith(record, "\\.") &&
          record.find_first_not_of("\\.\r") == absl::string_view::npos) {
        return Invalid(file, line - 1, "A line that consists of \\. would end the data early.");
      }
      end_record();
      record_start = i + 1;
    } else {
      field += c;
      any = true;
    }
  }
  if (quoted) return Invalid(file, quote_line, "A quoted value does not end.");
  if (text.substr(record_start) == "\\.") {
    return Invalid(file, line, "A line that consists of \\. would end the data early.");
  }
  if (any || !field.empty()) end_record();
  std::set<std::string> names;
  for (const std::string& name : csv.header) {
    if (name.empty()) return Invalid(file, 1, "The header has a column without a name.");
    if (!names.insert(name).second) {
      return Invalid(file, 1, absl::StrCat("The header names the column ", name, " twice."));
    }
  }
  if (csv.header.empty()) return Invalid(file, 1, "The CSV file has no header.");
  return csv;
}

}  // namespace resetctl::agent

#include "proto/contract/csv_text.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "proto/base/text.h"
#include "proto/base/utf8.h"

namespace resetctl::contract {
namespace {

constexpr size_t kMostProblems = 5;  // of one kind: a wrong delimiter makes one in each line
constexpr char kByteOrderMark[] = "\xEF\xBB\xBF";

absl::string_view WithoutMark(absl::string_view text) {
  if (absl::StartsWith(text, kByteOrderMark)) text.remove_prefix(3);
  return text;
}

bool StartsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

int LineOf(absl::string_view text, size_t at) {
  return 1 + static_cast<int>(
                 std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

std::string Values(int count) { return absl::StrCat(count, count == 1 ? " value" : " values"); }

void CheckHeader(const std::vector<CsvValue>& values, CsvOutline* outline) {
  std::set<std::string> names;
  for (const CsvValue& value : values) {
    if (absl::StripAsciiWhitespace(value.text).empty()) {
      outline->problems.push_back({value.line, value.column,
                                   "the header has a column without a name",
                                   "Name it, or remove the delimiter."});
    } else if (!names.insert(value.text).second) {
      outline->problems.push_back(
          {value.line, value.column,
           absl::StrCat("the header names the column ", value.text, " twice"),
           "Remove one of the two."});
    }
    outline->header.push_back(value.text);
  }
}

}  // namespace

CsvScanner::CsvScanner(absl::string_view text, char delimiter)
    : text_(WithoutMark(text)), delimiter_(delimiter) {}

bool CsvScanner::Fail(int line, absl::string_view what, absl::string_view advice) {
  failed_ = true;
  problem_ = {line, 0, base::Str(what), base::Str(advice)};
  return false;
}

bool CsvScanner::TakeLineEnd() {
  const bool both = text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n';
  const LineEnd kind = both ? LineEnd::kCrLf : text_[at_] == '\r' ? LineEnd::kCr : LineEnd::kLf;
  if (line_end_ == LineEnd::kUnknown) line_end_ = kind;
  at_ += both ? 2 : 1;
  ++line_;
  return kind == line_end_;
}

bool CsvScanner::Next(CsvRecord* record) {
  if (failed_ || at_ == text_.size()) return false;
  const size_t begin = at_;
  record->line = line_;
  record->fields = 1;
  ++copy_line_;
  if (text_[at_] == '\n' || text_[at_] == '\r') {
    const size_t content = text_.find_first_not_of("\r\n", at_);
    if (content != absl::string_view::npos) {
      return Fail(line_, "the line is empty",
                  "Remove it; a row whose only value is NULL needs `null:` of the step.");
    }
    at_ = text_.size();
    return false;
  }
  bool quoted = false;
  int quote_line = 0;
  for (; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '"') {
      // A doubled quote inside quotes closes and opens again at once: the same in the end.
      if (!quoted) quote_line = line_;
      quoted = !quoted;
    } else if (quoted) {
      if (c == '\n' || (c == '\r' && (at_ + 1 == text_.size() || text_[at_ + 1] != '\n'))) ++line_;
      if (c == (line_end_ == LineEnd::kLf ? '\n' : '\r')) ++copy_line_;
    } else if (c == delimiter_) {
      ++record->fields;
    } else if (c == '\n' || c == '\r') {
      break;
    }
  }
  if (quoted) {
    return Fail(quote_line, "a quoted value does not end",
                "Close the quote, or double a quote that belongs to the text.");
  }
  if (text_.substr(begin, at_ - begin) == "\\.") {
    return Fail(record->line, "a line that consists of \\. would end the data early",
                "Remove it, or quote the value.");
  }
  if (at_ < text_.size() && !TakeLineEnd()) {
    return Fail(line_ - 1, "the line ends otherwise than the lines before",
                "Save the file with line ends of one kind, LF or CRLF.");
  }
  record->copy_line = copy_line_;
  record->text = text_.substr(begin, at_ - begin);
  return true;
}

std::vector<CsvValue> SplitCsvRecord(const CsvRecord& record, char delimiter) {
  std::vector<CsvValue> values;
  CsvValue value;
  int line = record.line, column = 1;
  value.line = line;
  value.column = column;
  bool quoted = false;
  for (size_t i = 0; i < record.text.size(); ++i) {
    const char c = record.text[i];
    if (c == '"') {
      value.quoted = true;
      if (quoted && i + 1 < record.text.size() && record.text[i + 1] == '"') {
        value.text += c;
        ++i;
        ++column;
      } else {
        quoted = !quoted;
      }
    } else if (!quoted && c == delimiter) {
      values.push_back(std::move(value));
      value = CsvValue();
      value.line = line;
      value.column = column + 1;
    } else if (!quoted && (c == '\n' || c == '\r')) {
      break;
    } else {
      value.text += c;
    }
    const bool line_end =
        c == '\n' || (c == '\r' && (i + 1 == record.text.size() || record.text[i + 1] != '\n'));
    if (line_end) {
      ++line;
      column = 1;
    } else if (StartsCharacter(c)) {
      ++column;
    }
  }
  values.push_back(std::move(value));
  return values;
}

CsvOutline OutlineCsv(absl::string_view text, const CsvFormat& format) {
  CsvOutline outline;
  const size_t bad = std::min(base::FindBadUtf8(text), text.find('\0'));
  if (bad < text.size()) {
    outline.problems.push_back(
        {LineOf(text, bad), 0, "the file is not UTF-8 text", "Save it as UTF-8."});
    return outline;
  }
  if (absl::StripAsciiWhitespace(WithoutMark(text)).empty()) {
    outline.problems.push_back({1, 1, "the file is empty",
                                "Its first line names the columns, each further one is a row."});
    return outline;
  }
  CsvScanner scanner(text, format.delimiter);
  CsvRecord record;
  int columns = 0;
  size_t ragged = 0;
  while (scanner.Next(&record)) {
    if (columns == 0) {
      columns = record.fields;
      CheckHeader(SplitCsvRecord(record, format.delimiter), &outline);
      continue;
    }
    ++outline.records;
    if (record.fields == columns || ++ragged > kMostProblems) continue;
    outline.problems.push_back(
        {record.line, 0,
         absl::StrCat("the row has ", Values(record.fields), ", the header names ", columns),
         record.fields > columns
             ? "Quote a value that holds the delimiter, or remove what is too much."
             : "Write a delimiter for each value that is left out."});
  }
  if (scanner.problem() != nullptr) {
    outline.problems.push_back(*scanner.problem());
  } else if (outline.records == 0) {
    outline.problems.push_back(
        {1, 1, "the file has a header and no row", "Add rows, or remove the step."});
  }
  return outline;
}

std::string QuoteCsv(absl::string_view text) {
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

}  // namespace resetctl::contract

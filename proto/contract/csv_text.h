#ifndef RESETCTL_PROTO_CONTRACT_CSV_TEXT_H_
#define RESETCTL_PROTO_CONTRACT_CSV_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace resetctl::contract {

// How a CSV file is written, as a csv step says.
struct CsvFormat {
  char delimiter = ',';
  std::string null = {};  // what an unquoted value looks like that is NULL
};

struct CsvProblem {
  int line = 0;    // from 1
  int column = 0;  // from 1; 0 when not known
  std::string what;
  std::string advice;
};

struct CsvRecord {
  absl::string_view text;  // as it stands in the file, with its line end
  int line = 0;            // the one in which it begins, from 1
  // The line that PostgreSQL names when the record is at fault: it counts records, and of the line breaks inside quotes only
  // those that look like the file's first line end (CopyReadLineText in copyfromparse.c).
  int copy_line = 0;
  int fields = 0;
};

// Walks over the records of a CSV text (RFC 4180, as PostgreSQL reads it), the header being the first. Lines may end in LF,
// CRLF or CR, but all in the same way; a UTF-8 byte order mark is skipped; empty lines at the end are no records.
//
//   CsvScanner scanner(text, format.delimiter);
//   for (CsvRecord record; scanner.Next(&record);) ...
//   if (scanner.problem() != nullptr) ...
class CsvScanner {
 public:
  // `text` outlives the scanner and its records.
  CsvScanner(absl::string_view text, char delimiter);

  // False at the end, and from the first problem on: a quote that does not end, an empty line, a line '\.' (which would end
  // COPY's data early), line ends of several kinds.
  bool Next(CsvRecord* record);
  const CsvProblem* problem() const { return failed_ ? &problem_ : nullptr; }

 private:
  enum class LineEnd { kUnknown, kLf, kCrLf, kCr };

  bool Fail(int line, absl::string_view what, absl::string_view advice);
  // Past the line end at at_; false when it is of another kind than the ones before.
  bool TakeLineEnd();

  absl::string_view text_;
  char delimiter_;
  size_t at_ = 0;
  int line_ = 1;
  int copy_line_ = 0;
  LineEnd line_end_ = LineEnd::kUnknown;
  bool failed_ = false;
  CsvProblem problem_;
};

struct CsvValue {
  std::string text;
  bool quoted = false;
  int line = 0;    // in which it begins
  int column = 0;  // in characters, from 1
};
std::vector<CsvValue> SplitCsvRecord(const CsvRecord& record, char delimiter);

// What can be said of a CSV text without a database.
struct CsvOutline {
  std::vector<std::string> header;
  int64_t records = 0;  // behind the header
  std::vector<CsvProblem> problems;
};

// Problems: no text, no UTF-8, NUL, no row, a nameless or repeated column, a record with more or fewer values than the header
// (the first few of them), and the scanner's own.
CsvOutline OutlineCsv(absl::string_view text, const CsvFormat& format);

// A value as CSV has it, quoted.
std::string QuoteCsv(absl::string_view text);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_CSV_TEXT_H_

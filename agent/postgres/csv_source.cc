#include "absl/strings/str_cat.h"
#include "agent/postgres/record_source.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr size_t kChunk = 256 << 10;

}  // namespace

CsvSource::CsvSource(const std::string& file, absl::string_view text,
                     const contract::CsvFormat& format)
    : file_(file), text_(text), scanner_(text, format.delimiter) {
  format_ = format;
  header_ = true;
}

absl::StatusOr<CsvSource> CsvSource::Open(const std::string& file, absl::string_view text,
                                          const contract::CsvFormat& format) {
  contract::CsvOutline outline = contract::OutlineCsv(text, format);
  if (!outline.problems.empty()) {
    const contract::CsvProblem& first = outline.problems.front();
    v1::Problem problem = contract::MakeProblem(
        v1::REASON_CSV_INVALID, absl::StrCat(file, ": ", first.what, "."), first.advice);
    problem.set_file(file);
    problem.set_line(first.line);
    problem.set_column(first.column);
    return contract::ErrorFrom(problem);
  }
  CsvSource source(file, text, format);
  source.fields_ = std::move(outline.header);
  source.records_ = outline.records;
  return source;
}

void CsvSource::Rewind() {
  scanner_ = contract::CsvScanner(text_, format_.delimiter);
  begun_ = false;
  handed_out_ = 0;
}

absl::StatusOr<absl::string_view> CsvSource::NextChunk() {
  const char* begin = nullptr;
  size_t size = 0;
  for (contract::CsvRecord record; size < kChunk && scanner_.Next(&record);) {
    if (begin == nullptr) begin = record.text.data();
    size += record.text.size();
    if (begun_) ++handed_out_;
    begun_ = true;  // the first record is the header
  }
  return absl::string_view(begin, size);
}

int64_t CsvSource::RecordAt(int copy_line) const {
  if (copy_line == 0) return 0;
  contract::CsvScanner scanner(text_, format_.delimiter);
  contract::CsvRecord record;
  for (int64_t number = 0; scanner.Next(&record); ++number) {
    if (record.copy_line >= copy_line) return number;
  }
  return 0;
}

std::vector<contract::CsvValue> CsvSource::Values(int64_t record) const {
  contract::CsvScanner scanner(text_, format_.delimiter);
  contract::CsvRecord at;
  for (int64_t number = 0; scanner.Next(&at); ++number) {
    if (number == record) return contract::SplitCsvRecord(at, format_.delimiter);
  }
  return {};
}

RecordPlace CsvSource::PlaceOf(int64_t record, std::optional<size_t> field) const {
  RecordPlace place = {file_, 0, 0};
  const std::vector<contract::CsvValue> values = Values(record);
  if (values.empty()) return place;
  place.line = values[0].line;
  if (field.has_value() && *field < values.size() && values[*field].line == place.line) {
    place.column = values[*field].column;
  }
  return place;
}

std::string CsvSource::ValueOf(int64_t record, size_t field) const {
  const std::vector<contract::CsvValue> values = Values(record);
  return field < values.size() ? values[field].text : "";
}

}  // namespace resetctl::agent

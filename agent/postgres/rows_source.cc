#include <algorithm>

#include "absl/strings/str_cat.h"
#include "agent/postgres/record_source.h"
#include "agent/postgres/run_parameters.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr size_t kChunk = 256 << 10;

std::vector<std::string> ColumnsOf(
    const std::vector<std::pair<std::string, contract::RowValue>>& row) {
  std::vector<std::string> columns;
  for (const auto& [column, value] : row) columns.push_back(column);
  return columns;
}

}  // namespace

RowsSource::RowsSource(const contract::RowsStep& step, size_t first,
                       const ResolvedParameters& parameters)
    : step_(step), first_(first), parameters_(parameters) {
  reason_ = v1::REASON_BLUEPRINT_INVALID;
  fields_ = ColumnsOf(step.rows[first]);
  size_t next = first;
  while (next < step.rows.size() && ColumnsOf(step.rows[next]) == fields_) ++next;
  records_ = static_cast<int64_t>(next - first);
}

void RowsSource::Rewind() {
  handed_out_ = 0;
  last_lines_.clear();
}

absl::StatusOr<absl::string_view> RowsSource::NextChunk() {
  chunk_.clear();
  int line = last_lines_.empty() ? 0 : last_lines_.back();
  while (chunk_.size() < kChunk && handed_out_ < records_) {
    const size_t begin = chunk_.size();
    const auto& row = step_.rows[first_ + static_cast<size_t>(handed_out_)];
    for (size_t field = 0; field < row.size(); ++field) {
      if (field > 0) chunk_ += ',';
      const contract::RowValue& value = row[field].second;
      if (value.null) continue;
      const absl::StatusOr<std::string> text = FillIn(parameters_, value.text);
      if (!text.ok()) {
        v1::Problem problem = contract::ProblemOf(text.status());
        const RecordPlace place = PlaceOf(handed_out_ + 1, field);
        problem.set_file(place.file);
        problem.set_line(place.line);
        problem.set_column(place.column);
        return contract::ErrorFrom(problem);
      }
      absl::StrAppend(&chunk_, contract::QuoteCsv(*text));
    }
    // As COPY counts: see CsvRecord::copy_line. Before the first line end it takes a CR for one.
    const char line_end = last_lines_.empty() ? '\r' : '\n';
    line += 1 + static_cast<int>(std::count(chunk_.begin() + static_cast<std::ptrdiff_t>(begin),
                                            chunk_.end(), line_end));
    chunk_ += '\n';
    last_lines_.push_back(line);
    ++handed_out_;
  }
  return absl::string_view(chunk_);
}

int64_t RowsSource::RecordAt(int copy_line) const {
  if (copy_line == 0) return 0;
  const auto found = std::lower_bound(last_lines_.begin(), last_lines_.end(), copy_line);
  return found == last_lines_.end() ? 0 : found - last_lines_.begin() + 1;
}

RecordPlace RowsSource::PlaceOf(int64_t record, std::optional<size_t> field) const {
  RecordPlace place;
  const size_t at = first_ + static_cast<size_t>(record) - 1;
  if (at < step_.places.size()) place = {step_.places[at].file, step_.places[at].line, 0};
  if (!field.has_value() || at >= step_.rows.size() || *field >= step_.rows[at].size()) {
    return place;
  }
  // A row may stand in several lines of the blueprint: then its value's own line says more.
  const contract::RowValue& value = step_.rows[at][*field].second;
  if (value.line > 0) place.line = value.line;
  place.column = value.column;
  return place;
}

std::string RowsSource::ValueOf(int64_t record, size_t field) const {
  const auto& row = step_.rows[first_ + static_cast<size_t>(record) - 1];
  return field < row.size() ? row[field].second.text : "";
}

}  // namespace resetctl::agent

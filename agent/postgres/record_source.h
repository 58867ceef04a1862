#ifndef RESETCTL_AGENT_POSTGRES_RECORD_SOURCE_H_
#define RESETCTL_AGENT_POSTGRES_RECORD_SOURCE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/service/ports.h"
#include "proto/contract/blueprint.h"
#include "proto/contract/csv_text.h"

namespace resetctl::agent {

struct RecordPlace {
  std::string file;
  int line = 0;    // in which the record begins
  int column = 0;  // of the field asked for, where it begins in that line
};

// Records for one table, as CSV in chunks for COPY, and where each of them stands in the user's own files. Records count from
// 1, fields from 0.
class RecordSource {
 public:
  virtual ~RecordSource() = default;

  const std::vector<std::string>& fields() const { return fields_; }
  int64_t records() const { return records_; }
  // Of what is wrong with the records themselves.
  v1::Reason reason() const { return reason_; }
  const contract::CsvFormat& format() const { return format_; }
  bool header() const { return header_; }

  virtual void Rewind() = 0;
  // Whole records, some hundred kilobytes of them, good until the next call; empty at the end.
  virtual absl::StatusOr<absl::string_view> NextChunk() = 0;
  int64_t handed_out() const { return handed_out_; }  // records in the chunks so far

  // The record that COPY means by a line of its data; 0 when there is none.
  virtual int64_t RecordAt(int copy_line) const = 0;
  virtual RecordPlace PlaceOf(int64_t record, std::optional<size_t> field) const = 0;
  // As the user wrote it: parameters are not filled in.
  virtual std::string ValueOf(int64_t record, size_t field) const = 0;

 protected:
  std::vector<std::string> fields_;
  int64_t records_ = 0;
  int64_t handed_out_ = 0;
  v1::Reason reason_ = v1::REASON_CSV_INVALID;
  contract::CsvFormat format_;
  bool header_ = false;
};

class CsvSource : public RecordSource {
 public:
  // CSV_INVALID with file and line. `file` and `text` outlive the source.
  static absl::StatusOr<CsvSource> Open(const std::string& file, absl::string_view text,
                                        const contract::CsvFormat& format);

  void Rewind() override;
  absl::StatusOr<absl::string_view> NextChunk() override;
  int64_t RecordAt(int copy_line) const override;
  RecordPlace PlaceOf(int64_t record, std::optional<size_t> field) const override;
  std::string ValueOf(int64_t record, size_t field) const override;

 private:
  CsvSource(const std::string& file, absl::string_view text, const contract::CsvFormat& format);
  std::vector<contract::CsvValue> Values(int64_t record) const;

  std::string file_;
  absl::string_view text_;
  contract::CsvScanner scanner_;
  bool begun_ = false;
};

// Rows of a blueprint that name the same columns.
class RowsSource : public RecordSource {
 public:
  // step.rows[first] and those behind it that name the same columns in the same order. All outlive the source.
  RowsSource(const contract::RowsStep& step, size_t first, const ResolvedParameters& parameters);

  void Rewind() override;
  absl::StatusOr<absl::string_view> NextChunk() override;
  int64_t RecordAt(int copy_line) const override;
  RecordPlace PlaceOf(int64_t record, std::optional<size_t> field) const override;
  std::string ValueOf(int64_t record, size_t field) const override;

 private:
  const contract::RowsStep& step_;
  const size_t first_;
  const ResolvedParameters& parameters_;
  std::string chunk_;
  std::vector<int> last_lines_;  // of COPY's data, one a record handed out
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_RECORD_SOURCE_H_

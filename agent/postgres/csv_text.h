#ifndef RESETCTL_AGENT_POSTGRES_CSV_TEXT_H_
#define RESETCTL_AGENT_POSTGRES_CSV_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace resetctl::agent {

// What we need to know of a CSV text (RFC 4180, as PostgreSQL reads it) before COPY gets it: PostgreSQL itself parses the
// values, but only we know how many records it should find. (COPY takes a line '\.' for the end of the data, and would
// silently leave out what follows.)
struct CsvText {
  std::vector<std::string> header;
  int64_t records = 0;     // behind the header
  absl::string_view data;  // the whole text
};

// CSV_INVALID with the line: no header, an empty or repeated column name, an unterminated quote, a line '\.', NUL or
// bytes that are not UTF-8.
absl::StatusOr<CsvText> ReadCsvText(absl::string_view text, const std::string& file);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_CSV_TEXT_H_

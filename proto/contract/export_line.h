#ifndef RESETCTL_PROTO_CONTRACT_EXPORT_LINE_H_
#define RESETCTL_PROTO_CONTRACT_EXPORT_LINE_H_

#include <cstdint>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace resetctl::contract {

// An exported log, version 1, is JSON Lines (docs/guide/audit.md); an archive file of the controller's is written the same:
//   {"resetctl_audit_export":1,"origin":"resetctl.controller/main"}            first line
//   {"index":0,"leaf":"<base64>","time":"...","actor":"person:alice",...}      each entry, in order without gaps
//   {"checkpoint":"<signed note>","size":4812}                                 after the last entry of each export
// `leaf` is the entry, byte for byte, as it was hashed. The fields after it are what the leaf decodes to, for those who
// only read: each line has one way to be written, so that a changed field is found by writing the line anew.

struct ExportHeader {
  std::string origin;
};
struct ExportEntry {
  uint64_t index = 0;
  std::string leaf;
};
struct ExportCheckpoint {
  std::string note;
  uint64_t size = 0;
};
using ExportLine = std::variant<ExportHeader, ExportEntry, ExportCheckpoint>;

// A line without its end.
std::string Write(const ExportHeader& header);
std::string Write(const ExportEntry& entry);
std::string Write(const ExportCheckpoint& checkpoint);

// LOG_TAMPERED for anything but a line as Write() writes it.
absl::StatusOr<ExportLine> ParseExportLine(absl::string_view line);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_EXPORT_LINE_H_

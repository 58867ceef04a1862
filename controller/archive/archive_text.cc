#include "controller/archive/archive_text.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/contract/export_line.h"
#include "proto/contract/merkle.h"

namespace resetctl::controller {
namespace {

// Takes the lines in the order that they must have.
struct LeafReader {
  const std::string& origin;
  const StoredCheckpoint& checkpoint;
  uint64_t next;  // index
  bool begun = false;
  bool ended = false;
  std::vector<std::string> leaves = {};

  bool operator()(const contract::ExportHeader& header) {
    return !std::exchange(begun, true) && header.origin == origin;
  }
  bool operator()(const contract::ExportEntry& entry) {
    if (!begun || ended || entry.index != next) return false;
    ++next;
    leaves.push_back(contract::LeafHash(entry.leaf));
    return true;
  }
  bool operator()(const contract::ExportCheckpoint& line) {
    return begun && !std::exchange(ended, true) && next == checkpoint.size &&
           line.size == checkpoint.size && line.note == checkpoint.note;
  }
};

}  // namespace

std::string ArchiveNamePrefix(uint64_t first) { return absl::StrFormat("audit-%012d-", first); }

std::string ArchiveName(uint64_t first, uint64_t end) {
  return absl::StrFormat("%s%012d.jsonl", ArchiveNamePrefix(first), end - 1);
}

std::string ArchiveText(const std::string& origin, const std::vector<StoredAuditEntry>& entries,
                        const StoredCheckpoint& checkpoint) {
  std::string text = absl::StrCat(Write(contract::ExportHeader{origin}), "\n");
  for (const StoredAuditEntry& entry : entries) {
    absl::StrAppend(&text, Write(contract::ExportEntry{entry.index, entry.bytes}), "\n");
  }
  absl::StrAppend(&text, Write(contract::ExportCheckpoint{checkpoint.note, checkpoint.size}), "\n");
  return text;
}

absl::StatusOr<std::vector<std::string>> LeavesOfArchive(absl::string_view text,
                                                         const std::string& origin, uint64_t first,
                                                         const StoredCheckpoint& checkpoint) {
  LeafReader reader{origin, checkpoint, first};
  if (!absl::ConsumeSuffix(&text, "\n")) return absl::DataLossError("the end is missing");
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    const absl::StatusOr<contract::ExportLine> parsed = contract::ParseExportLine(line);
    if (!parsed.ok() || !std::visit(reader, *parsed)) {
      return absl::DataLossError(absl::StrCat("line ", number, " is not what was written"));
    }
  }
  if (!reader.ended) return absl::DataLossError("the end is missing");
  return std::move(reader.leaves);
}

}  // namespace resetctl::controller

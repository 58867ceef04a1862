#include "controller/store/sqlite/audit_archive.h"

#include "controller/store/refusals.h"
#include "controller/store/sqlite/audit_tree.h"
#include "proto/contract/merkle.h"

namespace resetctl::controller {
namespace {

static_assert(kArchiveBlock == uint64_t{1} << kStoredLevel,
              "a smaller subtree's leaves are of one row of audit_archived_leaves");

absl::StatusOr<uint64_t> LogSize(Connection& connection) {
  Query last(connection, "SELECT COALESCE(MAX(number) + 1, 0) FROM audit");
  if (!last.Next()) return last.status();
  return static_cast<uint64_t>(last.Int(0));
}

// Whether the rows are what the file has.
absl::Status CompareEntries(Connection& connection, const ArchiveEntries& change) {
  Query rows(connection,
             "SELECT number, entry FROM audit WHERE number >= ? AND number < ? ORDER BY number");
  rows.Bind(change.archive.first, change.archive.end);
  uint64_t index = change.archive.first;
  while (rows.Next()) {
    if (static_cast<uint64_t>(rows.Int(0)) != index ||
        contract::LeafHash(rows.Text(1)) != change.leaf_hashes[index - change.archive.first]) {
      return NotTheArchivedEntry(index);
    }
    ++index;
  }
  if (!rows.status().ok()) return rows.status();
  return index == change.archive.end ? absl::OkStatus() : NotTheArchivedEntry(index);
}

}  // namespace

absl::StatusOr<uint64_t> FirstKept(Connection& connection) {
  Query query(connection, "SELECT COALESCE(MAX(past), 0) FROM audit_archives");
  if (!query.Next()) return query.status();
  return static_cast<uint64_t>(query.Int(0));
}

absl::StatusOr<ArchiveRecord> FindArchive(Connection& connection, uint64_t index) {
  Query query(connection,
              "SELECT first, past, file, digest FROM audit_archives WHERE past > ?1 AND first <= ?1"
              " ORDER BY past LIMIT 1");
  query.Bind(index);
  if (!query.Next()) return query.status().ok() ? NoSuch("archive", "") : query.status();
  return ArchiveRecord{static_cast<uint64_t>(query.Int(0)), static_cast<uint64_t>(query.Int(1)),
                       query.Text(2), query.Text(3)};
}

absl::StatusOr<std::optional<std::string>> ArchivedLeaves(Connection& connection, uint64_t number) {
  Query query(connection, "SELECT hashes FROM audit_archived_leaves WHERE number = ?");
  query.Bind(number);
  if (query.Next()) return query.Text(0);
  if (!query.status().ok()) return query.status();
  return std::optional<std::string>();
}

absl::Status RemoveArchived(Connection& connection, const ArchiveEntries& change) {
  const ArchiveRecord& archive = change.archive;
  const absl::StatusOr<uint64_t> first_kept = FirstKept(connection);
  if (!first_kept.ok()) return first_kept.status();
  const absl::StatusOr<uint64_t> size = LogSize(connection);
  if (!size.ok()) return size.status();
  absl::Status status = CheckArchive(archive, change.leaf_hashes.size(), *first_kept, *size);
  if (status.ok()) status = CompareEntries(connection, change);
  if (!status.ok()) return status;
  for (uint64_t begin = archive.first; begin < archive.end; begin += kArchiveBlock) {
    std::string hashes;
    for (uint64_t i = 0; i < kArchiveBlock; ++i) {
      hashes += change.leaf_hashes[begin - archive.first + i];
    }
    Query insert(connection, "INSERT INTO audit_archived_leaves (number, hashes) VALUES (?, ?)");
    status = insert.Bind(begin / kArchiveBlock, Blob{hashes}).Run();
    if (!status.ok()) return status;
  }
  Query insert(connection,
               "INSERT INTO audit_archives (first, past, file, digest) VALUES (?, ?, ?, ?)");
  status = insert.Bind(archive.first, archive.end, archive.file, archive.digest).Run();
  if (!status.ok()) return status;
  Query remove(connection, "DELETE FROM audit WHERE number >= ? AND number < ?");
  return remove.Bind(archive.first, archive.end).Run();
}

}  // namespace resetctl::controller

#include "tests/client/fake_log.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/export_line.h"
#include "proto/contract/merkle.h"

namespace resetctl::client {

v1::AuditEntry FakeLog::AnEntry(const std::string& action, const std::string& subject,
                                int seconds) {
  v1::AuditEntry entry;
  entry.mutable_time()->set_seconds(1795500000 + seconds);
  entry.set_actor("system");
  entry.set_action(action);
  entry.set_subject(subject);
  entry.set_environment("production");
  entry.set_outcome("ok");
  return entry;
}

std::vector<std::string> FakeLog::Hashes() const {
  std::vector<std::string> hashes;
  for (const std::string& leaf : leaves) hashes.push_back(contract::LeafHash(leaf));
  return hashes;
}

std::string FakeLog::Note(size_t size) const {
  std::vector<std::string> hashes = Hashes();
  hashes.resize(size);
  return *contract::SignCheckpoint({kFakeOrigin, size, contract::MerkleRoot(hashes)}, kFakeOrigin,
                                   key_.private_pem);
}

v1::GetConsistencyProofResponse FakeLog::Prove(
    const v1::GetConsistencyProofRequest& request) const {
  v1::GetConsistencyProofResponse response;
  response.set_checkpoint(Note());
  response.set_size(leaves.size());
  response.set_log_key(verifier());
  for (const std::string& hash : contract::ConsistencyProof(Hashes(), request.old_size())) {
    response.add_hashes(hash);
  }
  return response;
}

v1::GetInclusionProofResponse FakeLog::Prove(const v1::GetInclusionProofRequest& request) const {
  v1::GetInclusionProofResponse response;
  std::vector<std::string> hashes = Hashes();
  hashes.resize(request.size() == 0 ? leaves.size() : request.size());
  response.set_checkpoint(Note());
  response.set_size(hashes.size());
  for (const std::string& hash : contract::InclusionProof(hashes, request.index())) {
    response.add_hashes(hash);
  }
  return response;
}

v1::ExportEntriesResponse FakeLog::Export(const v1::ExportEntriesRequest& request) const {
  v1::ExportEntriesResponse response;
  response.set_checkpoint(Note());
  response.set_size(leaves.size());
  response.set_log_key(verifier());
  // Small pages, so that tests see several.
  for (uint64_t i = request.first(); i < leaves.size() && response.records_size() < 3; ++i) {
    v1::AuditRecord* record = response.add_records();
    record->set_index(i);
    record->set_entry(leaves[i]);
  }
  return response;
}

std::string FakeLog::Archive(uint64_t first, uint64_t end) const {
  std::string text = absl::StrCat(Write(contract::ExportHeader{kFakeOrigin}), "\n");
  for (uint64_t i = first; i < end; ++i) {
    absl::StrAppend(&text, Write(contract::ExportEntry{i, leaves[i]}), "\n");
  }
  absl::StrAppend(&text, Write(contract::ExportCheckpoint{Note(end), end}), "\n");
  return text;
}

v1::ListEntriesResponse FakeLog::List(const v1::ListEntriesRequest& request) const {
  v1::ListEntriesResponse response;
  size_t below = leaves.size();
  if (!request.page_token().empty() && !absl::SimpleAtoi(request.page_token(), &below)) return {};
  response.set_size(leaves.size());
  response.set_archived(archived);
  const uint64_t first = std::max(request.first_index(), archived);
  while (below > first && response.records_size() < 2) {
    v1::AuditRecord* record = response.add_records();
    record->set_index(--below);
    const auto lie = lies.find(below);
    record->set_entry(lie == lies.end() ? leaves[below] : lie->second);
    record->mutable_decoded()->ParseFromString(record->entry());
  }
  if (below > first) response.set_next_page_token(absl::StrCat(below));
  return response;
}

}  // namespace resetctl::client

#ifndef RESETCTL_TESTS_CLIENT_FAKE_LOG_H_
#define RESETCTL_TESTS_CLIENT_FAKE_LOG_H_

#include <map>
#include <string>
#include <vector>

#include "proto/contract/checkpoint.h"
#include "resetctl/v1/audit.pb.h"

namespace resetctl::client {

inline constexpr char kFakeOrigin[] = "resetctl.controller/test";

// A log with its key, in memory; tests rewrite it as they like.
class FakeLog {
 public:
  FakeLog() : key_(*contract::MakeLogKey(kFakeOrigin)) {}

  // An entry by the system, of 2026-11-24 and so many seconds.
  static v1::AuditEntry AnEntry(const std::string& action, const std::string& subject = "",
                                int seconds = 0);
  void Add(const v1::AuditEntry& entry) { leaves.push_back(entry.SerializeAsString()); }
  void Add(const std::string& action, const std::string& subject = "") {
    Add(AnEntry(action, subject, static_cast<int>(leaves.size())));
  }

  const std::string& verifier() const { return key_.verifier; }
  const std::string& private_pem() const { return key_.private_pem; }
  // Of the log as it is, or of its first entries.
  std::string Note() const { return Note(leaves.size()); }
  std::string Note(size_t size) const;
  std::vector<std::string> Hashes() const;

  // As the controller answers.
  v1::GetConsistencyProofResponse Prove(const v1::GetConsistencyProofRequest& request) const;
  v1::ExportEntriesResponse Export(const v1::ExportEntriesRequest& request) const;
  v1::GetInclusionProofResponse Prove(const v1::GetInclusionProofRequest& request) const;
  // The archive file of the entries from `first` on, before `end`.
  std::string Archive(uint64_t first, uint64_t end) const;
  v1::ListEntriesResponse List(const v1::ListEntriesRequest& request) const;

  std::vector<std::string> leaves;
  uint64_t archived = 0;               // so many are in files, and are not given
  std::map<size_t, std::string> lies;  // what List() shows in place of leaves

 private:
  contract::LogKeyPair key_;
};

}  // namespace resetctl::client

#endif  // RESETCTL_TESTS_CLIENT_FAKE_LOG_H_

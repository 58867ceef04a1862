#ifndef RESETCTL_CLIENT_AUDIT_LOG_VERIFIER_H_
#define RESETCTL_CLIENT_AUDIT_LOG_VERIFIER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proto/contract/checkpoint.h"
#include "proto/contract/merkle.h"

namespace resetctl::client {

// What a log is verified with.
struct LogTrust {
  std::vector<std::string> log_keys;   // vkeys; more than one when the log's key was changed
  std::vector<std::string> witnesses;  // vkeys of cosignatures
  absl::Time now;                      // cosignatures of later are refused
};

// The last checkpoint that a witness cosigned.
struct Witnessed {
  std::string witness;  // its name
  uint64_t size = 0;
  absl::Time time = absl::InfinitePast();
};

// Recomputes the tree of a log from its entries, oldest first, and compares it with each checkpoint that comes by. Memory
// is constant: the tree's right edge is all it keeps.
class LogVerifier {
 public:
  explicit LogVerifier(LogTrust trust);

  // A checkpoint that is known from elsewhere: LOG_FORKED when the log of its origin has another root at its size.
  void Expect(const contract::Checkpoint& known) { expected_ = known; }

  // Of this log: a checkpoint of another is LOG_TAMPERED.
  void ExpectOrigin(const std::string& origin) { origin_ = origin; }

  // LOG_TAMPERED when `index` is not the next one.
  absl::Status TakeEntry(uint64_t index, absl::string_view leaf);
  // BAD_SIGNATURE: no log key signed it. LOG_TAMPERED: the entries so far are not those that it signs; another log's origin.
  absl::Status TakeCheckpoint(absl::string_view note);

  uint64_t size() const { return frontier_.size(); }
  std::string Root() const { return frontier_.Root(); }
  // Since the last checkpoint: entries that nothing vouches for.
  uint64_t uncovered() const { return size() - covered_; }
  int checkpoints() const { return checkpoints_; }
  const std::string& origin() const { return origin_; }
  // The last checkpoint; empty before the first.
  const std::string& note() const { return note_; }
  // The expected one is not reached yet.
  bool expects_more() const { return expected_.has_value() && expected_->size > size(); }
  // In the order of LogTrust::witnesses; size 0 for one that cosigned nothing.
  const std::vector<Witnessed>& witnessed() const { return witnessed_; }

 private:
  absl::Status CompareExpected() const;

  const LogTrust trust_;
  contract::MerkleFrontier frontier_;
  std::optional<contract::Checkpoint> expected_;
  std::vector<Witnessed> witnessed_;
  uint64_t covered_ = 0;
  int checkpoints_ = 0;
  std::string origin_;
  std::string note_;
};

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_AUDIT_LOG_VERIFIER_H_

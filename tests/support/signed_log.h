#ifndef RESETCTL_TESTS_SUPPORT_SIGNED_LOG_H_
#define RESETCTL_TESTS_SUPPORT_SIGNED_LOG_H_

#include <string>
#include <vector>

#include "proto/contract/checkpoint.h"
#include "proto/contract/merkle.h"
#include "resetctl/v1/agent_link.pb.h"

namespace resetctl::test {

inline constexpr char kLogOrigin[] = "resetctl.controller/main";

// An audit log in memory, with a real key: what a controller would show of it, or somebody who has its key.
class SignedLog {
 public:
  explicit SignedLog(const std::string& origin = kLogOrigin)
      : origin_(origin), key_(*contract::MakeLogKey(origin)) {}

  // The index of the entry.
  uint64_t Append(const std::string& leaf) {
    leaves_.push_back(leaf);
    hashes_.push_back(contract::LeafHash(leaf));
    return leaves_.size() - 1;
  }
  SignedLog& Grow(int entries, const std::string& word = "entry") {
    for (int i = 0; i < entries; ++i) Append(word + " " + std::to_string(leaves_.size()));
    return *this;
  }
  // Another history with the same key.
  void Rewrite(size_t index, const std::string& leaf) {
    leaves_[index] = leaf;
    hashes_[index] = contract::LeafHash(leaf);
  }
  void CutTo(size_t size) {
    leaves_.resize(size);
    hashes_.resize(size);
  }

  uint64_t size() const { return leaves_.size(); }
  std::string Root() const { return contract::MerkleRoot(hashes_); }
  const std::string& verifier() const { return key_.verifier; }
  std::string Note() const {
    return *contract::SignCheckpoint({origin_, size(), Root()}, origin_, key_.private_pem);
  }

  v1::LogProof Proof(uint64_t old_size) const {
    v1::LogProof proof;
    proof.set_checkpoint(Note());
    proof.set_old_size(old_size);
    proof.set_log_key(key_.verifier);
    if (old_size <= size()) {
      for (const std::string& hash : contract::ConsistencyProof(hashes_, old_size)) {
        proof.add_hashes(hash);
      }
    }
    return proof;
  }
  v1::LoggedStatement Logged(uint64_t index) const {
    v1::LoggedStatement logged;
    logged.set_index(index);
    logged.set_entry(leaves_[index]);
    for (const std::string& hash : contract::InclusionProof(hashes_, index)) {
      logged.add_hashes(hash);
    }
    return logged;
  }

 private:
  const std::string origin_;
  const contract::LogKeyPair key_;
  std::vector<std::string> leaves_;
  std::vector<std::string> hashes_;
};

}  // namespace resetctl::test

#endif  // RESETCTL_TESTS_SUPPORT_SIGNED_LOG_H_

#include "proto/contract/merkle_store.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <random>
#include <utility>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace resetctl::contract {
namespace {

// Holds what a store holds: each subtree's hash, and how often it was asked.
class History {
 public:
  void Grow(std::mt19937* random, uint64_t leaves) {
    for (uint64_t i = 0; i < leaves; ++i) {
      leaves_.push_back(LeafHash(absl::StrCat((*random)())));
      subtrees_[{0, frontier_.size()}] = leaves_.back();
      frontier_.Append(leaves_.back(), [this](const Subtree& subtree, const std::string& hash) {
        subtrees_[{subtree.level, subtree.index}] = hash;
      });
    }
    roots_[size()] = frontier_.Root();
  }

  uint64_t size() const { return frontier_.size(); }
  const std::string& leaf(uint64_t index) const { return leaves_[index]; }
  const std::vector<std::string>& leaves() const { return leaves_; }
  // By size, of those that it had after growing.
  const std::map<uint64_t, std::string>& roots() const { return roots_; }

  std::vector<std::string> Inclusion(uint64_t index, uint64_t size) {
    return Stored(InclusionRanges(index, size));
  }
  std::vector<std::string> Consistency(uint64_t old_size, uint64_t size) {
    return Stored(ConsistencyRanges(old_size, size));
  }
  int reads() const { return reads_; }

 private:
  std::vector<std::string> Stored(const std::vector<LeafRange>& ranges) {
    reads_ = 0;
    return *StoredRoots(ranges, [this](const Subtree& subtree) -> absl::StatusOr<std::string> {
      ++reads_;
      const auto found = subtrees_.find({subtree.level, subtree.index});
      if (found == subtrees_.end()) return absl::NotFoundError("no such subtree");
      return found->second;
    });
  }

  MerkleFrontier frontier_;
  std::vector<std::string> leaves_;
  std::map<std::pair<int, uint64_t>, std::string> subtrees_;
  std::map<uint64_t, std::string> roots_;
  int reads_ = 0;
};

// Every proof that differs from `proof` in one place: a bit, a hash too few or too many, two of them swapped.
std::vector<std::vector<std::string>> Mutations(std::mt19937* random,
                                                const std::vector<std::string>& proof) {
  std::vector<std::vector<std::string>> all;
  for (size_t i = 0; i < proof.size(); ++i) {
    all.push_back(proof);
    char& byte = all.back()[i][(*random)() % 32];
    byte = static_cast<char>(byte ^ (1 << (*random)() % 8));
    all.push_back(proof);
    all.back().erase(all.back().begin() + static_cast<std::ptrdiff_t>(i));
    if (i > 0) {
      all.push_back(proof);
      std::swap(all.back()[i - 1], all.back()[i]);
    }
  }
  all.push_back(proof);
  all.back().push_back(LeafHash("one too many"));
  return all;
}

// The leaf and the proof hold; nothing else does.
void CheckInclusion(std::mt19937* random, History* history, uint64_t index, uint64_t size) {
  const std::string& root = history->roots().at(size);
  const std::string& leaf = history->leaf(index);
  const std::vector<std::string> proof = history->Inclusion(index, size);
  ASSERT_TRUE(VerifyInclusion(leaf, index, size, proof, root));
  for (const std::vector<std::string>& mutated : Mutations(random, proof)) {
    ASSERT_FALSE(VerifyInclusion(leaf, index, size, mutated, root));
  }
  ASSERT_FALSE(VerifyInclusion(LeafHash("another"), index, size, proof, root));
  ASSERT_FALSE(VerifyInclusion(leaf, index, size, proof, LeafHash("another root")));
  ASSERT_FALSE(size > 1 && VerifyInclusion(leaf, (index + 1) % size, size, proof, root));
}

void CheckConsistency(std::mt19937* random, History* history, uint64_t old_size, uint64_t size) {
  const std::string& old_root = history->roots().at(old_size);
  const std::string& root = history->roots().at(size);
  const std::vector<std::string> proof = history->Consistency(old_size, size);
  ASSERT_TRUE(VerifyConsistency(old_size, old_root, size, root, proof));
  for (const std::vector<std::string>& mutated : Mutations(random, proof)) {
    ASSERT_FALSE(VerifyConsistency(old_size, old_root, size, root, mutated));
  }
  ASSERT_FALSE(VerifyConsistency(old_size, LeafHash("another"), size, root, proof));
  ASSERT_FALSE(VerifyConsistency(old_size, old_root, size, LeafHash("another"), proof));
}

TEST(MerkleStoreTest, FiveThousandRandomHistoriesAreProvedAndNoMutationIs) {
  const unsigned seed = std::random_device()();
  std::cout << "seed " << seed << std::endl;
  std::mt19937 random(seed);
  for (int round = 0; round < 5000; ++round) {
    History history;
    for (int growth = 0; growth < 5; ++growth) {
      history.Grow(&random, 1 + random() % (random() % 8 == 0 ? 60 : 6));
      const uint64_t size = history.size();
      CheckInclusion(&random, &history, random() % size, size);
      for (const auto& [old_size, root] : history.roots()) {
        CheckConsistency(&random, &history, old_size, size);
      }
      if (HasFatalFailure()) return;
    }
  }
}

TEST(MerkleStoreTest, MakesTheProofsThatTheLeavesMake) {
  std::mt19937 random(1);
  History history;
  for (uint64_t size = 1; size <= 70; ++size) {
    history.Grow(&random, 1);
    EXPECT_EQ(StoredRoots({{0, size}},
                          [&](const Subtree& subtree) -> absl::StatusOr<std::string> {
                            const auto begin =
                                history.leaves().begin() +
                                static_cast<std::ptrdiff_t>(subtree.index << subtree.level);
                            return MerkleRoot({begin, begin + (1 << subtree.level)});
                          })
                  ->front(),
              history.roots().at(size));
    for (uint64_t other = 0; other < size; ++other) {
      EXPECT_EQ(history.Inclusion(other, size), InclusionProof(history.leaves(), other));
      EXPECT_EQ(history.Consistency(other, size), ConsistencyProof(history.leaves(), other));
    }
  }
}

TEST(MerkleStoreTest, ReadsFewHashesOfABigLog) {
  std::mt19937 random(2);
  History history;
  history.Grow(&random, 100003);
  for (int round = 0; round < 1000; ++round) {
    (void)history.Inclusion(random() % history.size(), history.size());
    EXPECT_LE(history.reads(), 2 * 17);
    (void)history.Consistency(1 + random() % history.size(), history.size());
    EXPECT_LE(history.reads(), 2 * 17);
  }
}

// More entries than there will ever be: whoever asks for a proof chooses the sizes.
TEST(MerkleStoreTest, TheLargestSizesHaveRanges) {
  constexpr uint64_t kMost = ~uint64_t{0};
  constexpr uint64_t kHalf = uint64_t{1} << 63;
  const std::vector<LeafRange> inclusion = InclusionRanges(0, kMost);
  ASSERT_EQ(inclusion.size(), 64u);
  EXPECT_EQ(inclusion.front().begin, 1u);
  EXPECT_EQ(inclusion.front().end, 2u);
  EXPECT_EQ(inclusion.back().begin, kHalf);
  EXPECT_EQ(inclusion.back().end, kMost);
  const std::vector<LeafRange> consistency = ConsistencyRanges(kHalf, kHalf + 1);
  ASSERT_EQ(consistency.size(), 1u);
  EXPECT_EQ(consistency.front().begin, kHalf);
  EXPECT_EQ(consistency.front().end, kHalf + 1);
}

TEST(MerkleStoreTest, AnErrorOfTheStoreIsTheAnswer) {
  const auto proof = StoredRoots(InclusionRanges(0, 2), [](const Subtree&) {
    return absl::StatusOr<std::string>(absl::UnavailableError("no disk"));
  });
  EXPECT_TRUE(absl::IsUnavailable(proof.status()));
  EXPECT_TRUE(InclusionRanges(2, 2).empty());
  EXPECT_TRUE(ConsistencyRanges(0, 2).empty());
  EXPECT_TRUE(ConsistencyRanges(2, 2).empty());
  EXPECT_TRUE(ConsistencyRanges(3, 2).empty());
}

}  // namespace
}  // namespace resetctl::contract

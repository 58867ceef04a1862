#include "proto/contract/merkle.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "proto/base/text.h"

namespace resetctl::contract {
namespace {

using ::testing::ElementsAre;

// The eight entries, roots and proofs that the Certificate Transparency projects test with.
const char* const kEntries[] = {"",
                                "00",
                                "10",
                                "2021",
                                "3031",
                                "40414243",
                                "5051525354555657",
                                "606162636465666768696a6b6c6d6e6f"};
const char* const kRoots[] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                              "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                              "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                              "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                              "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                              "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                              "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                              "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                              "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

std::vector<std::string> KnownLeaves() {
  std::vector<std::string> leaves;
  for (const char* entry : kEntries) leaves.push_back(LeafHash(absl::HexStringToBytes(entry)));
  return leaves;
}

std::vector<std::string> Hex(const std::vector<std::string>& hashes) {
  std::vector<std::string> hex;
  for (const std::string& hash : hashes) hex.push_back(base::ToHex(hash));
  return hex;
}

std::vector<std::string> First(const std::vector<std::string>& leaves, size_t count) {
  return {leaves.begin(), leaves.begin() + static_cast<std::ptrdiff_t>(count)};
}

// RFC 6962 §2.1, word for word.
std::string SlowRoot(const std::vector<std::string>& leaves) {
  if (leaves.size() == 1) return leaves[0];
  size_t split = 1;
  while (split * 2 < leaves.size()) split *= 2;
  const auto middle = leaves.begin() + static_cast<std::ptrdiff_t>(split);
  return NodeHash(SlowRoot({leaves.begin(), middle}), SlowRoot({middle, leaves.end()}));
}

std::vector<std::string> RandomLeaves(std::mt19937* random, size_t count) {
  std::vector<std::string> leaves;
  for (size_t i = 0; i < count; ++i) leaves.push_back(LeafHash(absl::StrCat((*random)())));
  return leaves;
}

TEST(MerkleTest, KnowsTheRootsOfTheWellKnownTree) {
  const std::vector<std::string> leaves = KnownLeaves();
  MerkleFrontier frontier;
  for (size_t size = 0; size <= leaves.size(); ++size) {
    EXPECT_EQ(base::ToHex(MerkleRoot(First(leaves, size))), kRoots[size]);
    EXPECT_EQ(base::ToHex(frontier.Root()), kRoots[size]);
    EXPECT_EQ(frontier.size(), size);
    if (size < leaves.size()) frontier.Append(leaves[size]);
  }
}

TEST(MerkleTest, MakesTheProofsOfTheWellKnownTree) {
  const std::vector<std::string> leaves = KnownLeaves();
  EXPECT_THAT(Hex(InclusionProof(leaves, 0)),
              ElementsAre("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                          "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                          "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"));
  EXPECT_THAT(Hex(ConsistencyProof(leaves, 6)),
              ElementsAre("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                          "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"));
}

TEST(MerkleTest, EveryLeafOfEveryTreeIsProvedAndNothingElse) {
  std::mt19937 random(1);
  const std::vector<std::string> all = RandomLeaves(&random, 70);
  for (size_t size = 1; size <= all.size(); ++size) {
    const std::vector<std::string> leaves = First(all, size);
    const std::string root = SlowRoot(leaves);
    ASSERT_EQ(MerkleRoot(leaves), root);
    for (size_t index = 0; index < size; ++index) {
      std::vector<std::string> proof = InclusionProof(leaves, index);
      ASSERT_TRUE(VerifyInclusion(leaves[index], index, size, proof, root));
      ASSERT_FALSE(VerifyInclusion(leaves[(index + 1) % size], index, size, proof, root) &&
                   size > 1);
      ASSERT_FALSE(VerifyInclusion(leaves[index], size, size, proof, root));
      proof.push_back(root);
      ASSERT_FALSE(VerifyInclusion(leaves[index], index, size, proof, root));
      proof.pop_back();
      if (proof.empty()) continue;
      std::vector<std::string> shorter(proof.begin(), proof.end() - 1);
      ASSERT_FALSE(VerifyInclusion(leaves[index], index, size, shorter, root));
      proof[random() % proof.size()][random() % 32] ^= 1;
      ASSERT_FALSE(VerifyInclusion(leaves[index], index, size, proof, root));
    }
  }
}

TEST(MerkleTest, EveryGrowthIsProvedAndNoForkIs) {
  std::mt19937 random(2);
  const std::vector<std::string> all = RandomLeaves(&random, 40);
  for (size_t size = 1; size <= all.size(); ++size) {
    const std::vector<std::string> leaves = First(all, size);
    const std::string root = SlowRoot(leaves);
    for (size_t old_size = 1; old_size <= size; ++old_size) {
      const std::string old_root = SlowRoot(First(all, old_size));
      std::vector<std::string> proof = ConsistencyProof(leaves, old_size);
      ASSERT_TRUE(VerifyConsistency(old_size, old_root, size, root, proof));
      // A history in which one old entry was another one.
      std::vector<std::string> forked = leaves;
      forked[random() % old_size][0] ^= 1;
      ASSERT_FALSE(VerifyConsistency(old_size, old_root, size, SlowRoot(forked),
                                     ConsistencyProof(forked, old_size)));
      proof.push_back(root);
      ASSERT_FALSE(VerifyConsistency(old_size, old_root, size, root, proof));
      proof.pop_back();
      if (proof.empty()) continue;
      proof[random() % proof.size()][random() % 32] ^= 1;
      ASSERT_FALSE(VerifyConsistency(old_size, old_root, size, root, proof));
      proof.pop_back();
      ASSERT_FALSE(VerifyConsistency(old_size, old_root, size, root, proof));
    }
  }
}

TEST(MerkleTest, ARollbackIsNoGrowth) {
  const std::vector<std::string> leaves = KnownLeaves();
  const std::string old_root = MerkleRoot(leaves);
  const std::vector<std::string> fewer = First(leaves, 5);
  EXPECT_FALSE(VerifyConsistency(8, old_root, 5, MerkleRoot(fewer), ConsistencyProof(fewer, 8)));
  EXPECT_TRUE(VerifyConsistency(0, MerkleRoot({}), 5, MerkleRoot(fewer), {}));
  EXPECT_FALSE(VerifyConsistency(0, old_root, 5, MerkleRoot(fewer), {}));
  EXPECT_FALSE(VerifyConsistency(5, old_root, 5, MerkleRoot(fewer), {}));
}

TEST(MerkleTest, HashesOfAnotherLengthProveNothing) {
  EXPECT_FALSE(VerifyInclusion("short", 0, 1, {}, "short"));
  const std::vector<std::string> leaves = KnownLeaves();
  EXPECT_FALSE(VerifyInclusion(leaves[0], 0, 2, {"short"}, NodeHash(leaves[0], "short")));
}

TEST(MerkleTest, AStoredFrontierGrowsOn) {
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    const size_t size = random() % 200;
    const std::vector<std::string> leaves = RandomLeaves(&random, size + 1 + random() % 50);
    MerkleFrontier frontier;
    for (size_t i = 0; i < size; ++i) frontier.Append(leaves[i]);
    EXPECT_EQ(frontier.hashes().size(), static_cast<size_t>(__builtin_popcountll(size)));
    MerkleFrontier stored(frontier.size(), frontier.hashes());
    for (size_t i = size; i < leaves.size(); ++i) stored.Append(leaves[i]);
    ASSERT_EQ(stored.Root(), SlowRoot(leaves));
  }
}

}  // namespace
}  // namespace resetctl::contract

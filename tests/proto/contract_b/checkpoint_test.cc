#include "proto/contract/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::contract {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class CheckpointTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto key = MakeLogKey("resetctl.controller/main");
    ASSERT_TRUE(key.ok()) << key.status();
    key_ = *key;
    const auto note = SignCheckpoint(checkpoint_, "resetctl.controller/main", key_.private_pem);
    ASSERT_TRUE(note.ok()) << note.status();
    note_ = *note;
  }
  v1::Reason Refusal(absl::string_view note) const {
    const auto opened = OpenCheckpoint(note, key_.verifier);
    return opened.ok() ? v1::REASON_UNSPECIFIED : ReasonOf(opened.status());
  }

  Checkpoint checkpoint_{"resetctl.controller/main", 4711, Sha256("root")};
  LogKeyPair key_;
  std::string note_;
};

TEST_F(CheckpointTest, RoundTrips) {
  const auto opened = OpenCheckpoint(note_, key_.verifier);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->origin, "resetctl.controller/main");
  EXPECT_EQ(opened->size, 4711u);
  EXPECT_EQ(opened->root, Sha256("root"));
}

TEST_F(CheckpointTest, IsASignedNoteAsC2spWritesIt) {
  EXPECT_THAT(note_, StartsWith(absl::StrCat("resetctl.controller/main\n4711\n",
                                             base::ToBase64(Sha256("root")),
                                             "\n\n\xE2\x80\x94 resetctl.controller/main ")));
  EXPECT_EQ(note_.back(), '\n');
  const std::vector<std::string> parts = absl::StrSplit(key_.verifier, absl::MaxSplits('+', 2));
  ASSERT_EQ(parts.size(), 3u);
  std::string public_key;
  ASSERT_TRUE(base::FromBase64(parts[2], &public_key));
  ASSERT_EQ(public_key.size(), 33u);
  EXPECT_EQ(public_key[0], '\x01');
  EXPECT_EQ(
      parts[1],
      base::ToHex(Sha256(absl::StrCat("resetctl.controller/main\n", public_key)).substr(0, 4)));
}

// The example of the signed-note specification: another implementation's key and signature hold here too. Its text is
// no checkpoint, which is found only after the signature.
TEST_F(CheckpointTest, VerifiesANoteOfAnotherImplementation) {
  const std::string verifier = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
  const std::string note =
      "If you think cryptography is the answer to your problem,\n"
      "then you don't know what your problem is.\n"
      "\n"
      "\xE2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgK"
      "vqfqdngotpRZb6KE6RyyBwJnAM=\n";
  EXPECT_EQ(ReasonOf(OpenCheckpoint(note, verifier).status()), v1::REASON_INVALID_ARGUMENT);
  const std::string changed = absl::StrReplaceAll(note, {{"the answer", "an answer"}});
  EXPECT_EQ(ReasonOf(OpenCheckpoint(changed, verifier).status()), v1::REASON_BAD_SIGNATURE);
}

TEST_F(CheckpointTest, RefusesEveryChangedByte) {
  const size_t text = note_.find("\n\n");
  for (size_t i = 0; i < note_.size(); ++i) {
    std::string changed = note_;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_NE(Refusal(changed), v1::REASON_UNSPECIFIED) << i;
    if (i < text - 1 && changed[i] != '\n') {
      EXPECT_EQ(Refusal(changed), v1::REASON_BAD_SIGNATURE) << i;
    }
  }
  for (size_t length = 0; length < note_.size(); ++length) {
    EXPECT_NE(Refusal(absl::string_view(note_).substr(0, length)), v1::REASON_UNSPECIFIED);
  }
}

TEST_F(CheckpointTest, RefusesAnotherKeyOfTheSameName) {
  const auto other = MakeLogKey("resetctl.controller/main");
  const auto forged = SignCheckpoint(checkpoint_, "resetctl.controller/main", other->private_pem);
  ASSERT_TRUE(forged.ok());
  EXPECT_EQ(Refusal(*forged), v1::REASON_BAD_SIGNATURE);
}

TEST_F(CheckpointTest, PassesOverOtherWitnesses) {
  const auto witness = MakeLogKey("witness");
  const auto theirs = SignCheckpoint(checkpoint_, "witness", witness->private_pem);
  ASSERT_TRUE(theirs.ok());
  const std::string both = absl::StrCat(note_, theirs->substr(theirs->find("\n\n") + 2));
  EXPECT_EQ(Refusal(both), v1::REASON_UNSPECIFIED);
  EXPECT_TRUE(OpenCheckpoint(both, witness->verifier).ok());
  EXPECT_EQ(Refusal(*theirs), v1::REASON_BAD_SIGNATURE);
}

TEST_F(CheckpointTest, ALogThatChangedItsKeyIsVerifiedWithBoth) {
  const auto next = MakeLogKey("resetctl.controller/main");
  const auto newer = SignCheckpoint(checkpoint_, "resetctl.controller/main", next->private_pem);
  ASSERT_TRUE(newer.ok());
  const std::vector<std::string> both = {key_.verifier, next->verifier};
  EXPECT_TRUE(OpenCheckpoint(note_, both).ok());
  EXPECT_TRUE(OpenCheckpoint(*newer, both).ok());
  EXPECT_EQ(Refusal(*newer), v1::REASON_BAD_SIGNATURE);

  const auto stranger = MakeLogKey("resetctl.controller/main");
  const auto forged =
      SignCheckpoint(checkpoint_, "resetctl.controller/main", stranger->private_pem);
  const absl::Status refused = OpenCheckpoint(*forged, both).status();
  EXPECT_EQ(ReasonOf(refused), v1::REASON_BAD_SIGNATURE);
  EXPECT_THAT(ProblemOf(refused).message(), HasSubstr("with any of the 2 keys"));
  EXPECT_EQ(ReasonOf(OpenCheckpoint(note_, std::vector<std::string>{}).status()),
            v1::REASON_BAD_SIGNATURE);
}

// A good signature by one key does not make up for a bad one by another.
TEST_F(CheckpointTest, EverySignatureByAKnownKeyMustHold) {
  const auto next = MakeLogKey("resetctl.controller/main");
  const auto other = SignCheckpoint({"resetctl.controller/main", 1, Sha256("")},
                                    "resetctl.controller/main", next->private_pem);
  const std::string mixed = absl::StrCat(note_, other->substr(other->find("\n\n") + 2));
  EXPECT_EQ(
      ReasonOf(
          OpenCheckpoint(mixed, std::vector<std::string>{key_.verifier, next->verifier}).status()),
      v1::REASON_BAD_SIGNATURE);
}

TEST_F(CheckpointTest, RefusesMalformedKeysAndNames) {
  for (const char* verifier : {"", "a", "a+b", "a+00000000+AQ==", "a b+00000000+AQ=="}) {
    EXPECT_FALSE(OpenCheckpoint(note_, verifier).ok()) << verifier;
  }
  std::string wrong_hash = key_.verifier;
  char& digit = wrong_hash[wrong_hash.find('+') + 1];
  digit = digit == '0' ? '1' : '0';
  EXPECT_EQ(ReasonOf(OpenCheckpoint(note_, wrong_hash).status()), v1::REASON_INVALID_ARGUMENT);
  EXPECT_FALSE(MakeLogKey("a b").ok());
  EXPECT_FALSE(MakeLogKey("a+b").ok());
  EXPECT_FALSE(MakeLogKey("").ok());
}

TEST_F(CheckpointTest, SignsOnlyWhatItCouldOpen) {
  const std::string& pem = key_.private_pem;
  EXPECT_FALSE(SignCheckpoint({"", 1, Sha256("")}, "n", pem).ok());
  EXPECT_FALSE(SignCheckpoint({"a\nb", 1, Sha256("")}, "n", pem).ok());
  EXPECT_FALSE(SignCheckpoint({"a", 1, "short"}, "n", pem).ok());
  EXPECT_FALSE(SignCheckpoint(checkpoint_, "n n", pem).ok());
  const auto no_key = SignCheckpoint(checkpoint_, "n", "no key");
  EXPECT_EQ(ReasonOf(no_key.status()), v1::REASON_INTERNAL);
}

}  // namespace
}  // namespace resetctl::contract

#include "proto/contract/cosignature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "proto/contract/checkpoint.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::contract {
namespace {

using ::testing::HasSubstr;

constexpr char kWitness[] = "resetctl.agent/production/rental-manager";

class CosignatureTest : public ::testing::Test {
 protected:
  CosignatureTest()
      : log_(*MakeLogKey("resetctl.controller/main")),
        witness_(*MakeWitnessKey(kWitness)),
        note_(*SignCheckpoint({"resetctl.controller/main", 4711, Sha256("root")},
                              "resetctl.controller/main", log_.private_pem)) {}

  std::string Cosigned(absl::Time time) const {
    return absl::StrCat(note_, *Cosign(note_, kWitness, witness_.private_pem, time));
  }
  v1::Reason Refusal(absl::string_view note, absl::string_view witness) const {
    const auto time = VerifyCosignature(note, witness, now_);
    return time.ok() ? v1::REASON_UNSPECIFIED : ReasonOf(time.status());
  }

  const absl::Time now_ = absl::FromUnixSeconds(1795600000);
  const LogKeyPair log_;
  const NoteKeyPair witness_;
  const std::string note_;
};

TEST_F(CosignatureTest, SaysWhenTheWitnessSaw) {
  const std::string note = Cosigned(now_);
  EXPECT_EQ(*VerifyCosignature(note, witness_.verifier, now_), now_);
  // The log's own signature is still there.
  EXPECT_EQ(OpenCheckpoint(note, log_.verifier)->size, 4711u);
}

// The specification's example text and time, signed with the first key of RFC 8032 §7.1 by the openssl command.
TEST_F(CosignatureTest, IsWhatTheSpecificationWrites) {
  const std::string pem =
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
      "-----END PRIVATE KEY-----\n";
  const std::string verifier =
      "witness.example.com/w1+7e6f4aaa+BNdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
  const std::string line =
      "\xE2\x80\x94 witness.example.com/w1 fm9KqgAAAABkGFDL+TPmh4BYuAjsYRoqMJCWb/gWJaeRF/kmm5tlCr9s"
      "J57DLErur7K0yDXc2ArN+TIuotuB/HbuL3AJsp3bv/aNCQ==\n";
  const std::string note =
      "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
      "\xE2\x80\x94 example.com/behind-the-sofa "
      "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URY"
      "N7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
  const absl::Time time = absl::FromUnixSeconds(1679315147);
  EXPECT_EQ(*Cosign(note, "witness.example.com/w1", pem, time), line);
  EXPECT_EQ(*VerifyCosignature(absl::StrCat(note, line), verifier, now_), time);
}

TEST_F(CosignatureTest, ReadsAKeyOfAnotherImplementation) {
  EXPECT_TRUE(
      ParseNoteVerifier("remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
                        NoteKeyType::kCosignature)
          .ok());
}

TEST_F(CosignatureTest, NeverPassesForTheLogsSignature) {
  EXPECT_EQ(ReasonOf(OpenCheckpoint(Cosigned(now_), witness_.verifier).status()),
            v1::REASON_INVALID_ARGUMENT);
  EXPECT_EQ(Refusal(note_, log_.verifier), v1::REASON_INVALID_ARGUMENT);
  EXPECT_FALSE(ParseNoteVerifier(log_.verifier, NoteKeyType::kCosignature).ok());
  EXPECT_FALSE(ParseNoteVerifier(witness_.verifier, NoteKeyType::kLog).ok());
}

TEST_F(CosignatureTest, RefusesEveryChangedByte) {
  const std::string note = Cosigned(now_);
  const size_t ours = note.rfind("\xE2\x80\x94");
  for (size_t i = 0; i < note.size(); ++i) {
    // The log's own line is not what the witness signed.
    if (i > note_.find("\n\n") && i < ours) continue;
    std::string changed = note;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_NE(Refusal(changed, witness_.verifier), v1::REASON_UNSPECIFIED) << i;
  }
}

TEST_F(CosignatureTest, RefusesAnotherTimeThanTheSignedOne) {
  const std::string line = *Cosign(note_, kWitness, witness_.private_pem, now_);
  SignedNote parsed = *ParseSignedNote(absl::StrCat(note_, line));
  NoteSignature& signature = parsed.signatures.back();
  signature.bytes[7] = static_cast<char>(signature.bytes[7] ^ 1);
  EXPECT_EQ(Refusal(absl::StrCat(note_, SignatureLine(signature)), witness_.verifier),
            v1::REASON_BAD_SIGNATURE);
  signature.bytes[0] = '\x80';  // beyond 2^63 - 1
  EXPECT_EQ(Refusal(absl::StrCat(note_, SignatureLine(signature)), witness_.verifier),
            v1::REASON_BAD_SIGNATURE);
}

TEST_F(CosignatureTest, RefusesATimeYetToCome) {
  EXPECT_EQ(Refusal(Cosigned(now_ + absl::Minutes(1)), witness_.verifier), v1::REASON_UNSPECIFIED);
  const auto time = VerifyCosignature(Cosigned(now_ + absl::Hours(1)), witness_.verifier, now_);
  EXPECT_EQ(ReasonOf(time.status()), v1::REASON_BAD_SIGNATURE);
  EXPECT_THAT(ProblemOf(time.status()).message(), HasSubstr("yet to come"));
}

TEST_F(CosignatureTest, TellsTheNewestOfSeveral) {
  const std::string twice = absl::StrCat(
      Cosigned(now_), *Cosign(note_, kWitness, witness_.private_pem, now_ - absl::Hours(1)));
  EXPECT_EQ(*VerifyCosignature(twice, witness_.verifier, now_), now_);
}

TEST_F(CosignatureTest, AnotherWitnessIsAnother) {
  const NoteKeyPair other = *MakeWitnessKey(kWitness);
  const auto time = VerifyCosignature(Cosigned(now_), other.verifier, now_);
  EXPECT_EQ(ReasonOf(time.status()), v1::REASON_NOT_FOUND);
  EXPECT_THAT(ProblemOf(time.status()).message(), HasSubstr("not cosigned by"));
}

TEST_F(CosignatureTest, CosignsCheckpointsOnly) {
  const std::string letter = absl::StrReplaceAll(note_, {{"4711", "many"}});
  EXPECT_EQ(ReasonOf(Cosign(letter, kWitness, witness_.private_pem, now_).status()),
            v1::REASON_INVALID_ARGUMENT);
  EXPECT_FALSE(Cosign(note_, "a b", witness_.private_pem, now_).ok());
  EXPECT_FALSE(Cosign(note_, kWitness, "no key", now_).ok());
  EXPECT_FALSE(Cosign(note_, kWitness, witness_.private_pem, absl::FromUnixSeconds(-1)).ok());
}

}  // namespace
}  // namespace resetctl::contract

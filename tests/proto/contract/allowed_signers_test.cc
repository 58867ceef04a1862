#include "proto/contract/allowed_signers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::contract {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kRights[] = "namespaces=\"resetctl-plan-v1,resetctl-run-v1\"";

std::string Field(absl::string_view bytes) {
  const auto size = static_cast<uint32_t>(bytes.size());
  std::string field;
  for (int shift = 24; shift >= 0; shift -= 8) field += static_cast<char>(size >> shift & 0xFF);
  return field + base::Str(bytes);
}

std::string LineOf(const std::string& type, const std::string& rest) {
  return absl::StrCat(type, " ", base::ToBase64(Field(type) + rest));
}

// A key line made of `seed`: nobody checks that the point is on the curve.
std::string Ed25519(const std::string& seed) { return LineOf("ssh-ed25519", Field(Sha256(seed))); }

std::string Rsa(size_t bytes, unsigned char first = 0xC0) {
  std::string modulus(bytes, 'm');
  modulus[0] = static_cast<char>(first);
  if (first >= 0x80) modulus.insert(modulus.begin(), '\0');
  return LineOf("ssh-rsa", Field(absl::string_view("\x01\x00\x01", 3)) + Field(modulus));
}

PublicKey Key(const std::string& line) { return ParsePublicKey(line).value(); }

void ExpectRefused(const std::string& text, const std::string& why) {
  const auto parsed = AllowedSigners::Parse(text);
  ASSERT_FALSE(parsed.ok()) << "accepted: " << text;
  EXPECT_EQ(ReasonOf(parsed.status()), v1::REASON_TRUST_FILES_INVALID);
  EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(why));
}

TEST(PublicKeyTest, KnowsItsFingerprintAndComment) {
  // From ssh-keygen -l.
  const PublicKey key =
      Key("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl "
          "alice at home");
  EXPECT_EQ(key.type, "ssh-ed25519");
  EXPECT_EQ(key.fingerprint, "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU");
  EXPECT_EQ(key.comment, "alice at home");
  EXPECT_EQ(key.Line(),
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl");
}

TEST(PublicKeyTest, AcceptsEveryModernType) {
  const std::string point = "\x04" + std::string(64, 'p');
  EXPECT_TRUE(ParsePublicKey(LineOf("ecdsa-sha2-nistp256", Field("nistp256") + Field(point))).ok());
  EXPECT_TRUE(
      ParsePublicKey(LineOf("sk-ssh-ed25519@openssh.com", Field(Sha256("k")) + Field("ssh:")))
          .ok());
  EXPECT_TRUE(ParsePublicKey(LineOf("sk-ecdsa-sha2-nistp256@openssh.com",
                                    Field("nistp256") + Field(point) + Field("ssh:")))
                  .ok());
  EXPECT_TRUE(ParsePublicKey(Rsa(256)).ok());
}

TEST(PublicKeyTest, RefusesWeakOddAndMalformedKeys) {
  const auto refused = [](const std::string& line) { return !ParsePublicKey(line).ok(); };
  EXPECT_TRUE(refused(Rsa(128)));
  EXPECT_TRUE(refused(Rsa(256, 0x40)));  // 2047 bits
  EXPECT_TRUE(refused(
      LineOf("ssh-rsa", Field("\x03") + Field(std::string(2, '\0') + std::string(256, '\xC0')))));
  EXPECT_TRUE(refused(LineOf("ssh-rsa", Field("\x03") + Field(std::string(256, '\xC0')))));
  EXPECT_TRUE(refused(LineOf("ssh-dss", Field("x"))));
  EXPECT_TRUE(refused(LineOf("ssh-ed25519", Field("short"))));
  EXPECT_TRUE(refused(LineOf("ssh-ed25519", Field(Sha256("k")) + "more")));
  EXPECT_TRUE(refused(LineOf("ssh-ed25519-cert-v01@openssh.com", Field(Sha256("k")))));
  EXPECT_TRUE(refused(LineOf("sk-ssh-ed25519@openssh.com", Field(Sha256("k")))));
  EXPECT_TRUE(refused(
      LineOf("ecdsa-sha2-nistp256", Field("nistp384") + Field("\x04" + std::string(64, 'p')))));
  EXPECT_TRUE(refused("ssh-rsa " + Ed25519("k").substr(12)));  // says another type than it is
  EXPECT_TRUE(refused("ssh-ed25519"));
  EXPECT_TRUE(refused("ssh-ed25519 AAAA"));
  EXPECT_TRUE(refused("ssh-ed25519 !!!!"));
  EXPECT_TRUE(refused(""));
}

TEST(AllowedSignersTest, KnowsWhoMaySignWhat) {
  const auto signers = AllowedSigners::Parse(
      absl::StrCat("# people\n\nalice ", kRights, " ", Ed25519("a"), " alice@laptop\n",
                   "bob namespaces=\"git,resetctl-approval-v1\" ", Ed25519("b"), "\n"));
  ASSERT_TRUE(signers.ok()) << signers.status();
  EXPECT_THAT(signers->Persons(), ElementsAre("alice", "bob"));
  ASSERT_NE(signers->PersonOf(Key(Ed25519("a"))), nullptr);
  EXPECT_EQ(*signers->PersonOf(Key(Ed25519("a"))), "alice");
  EXPECT_EQ(signers->PersonOf(Key(Ed25519("c"))), nullptr);
  EXPECT_TRUE(signers->MaySign(Key(Ed25519("a")), "resetctl-run-v1"));
  EXPECT_FALSE(signers->MaySign(Key(Ed25519("a")), "resetctl-approval-v1"));
  EXPECT_FALSE(signers->MaySign(Key(Ed25519("c")), "resetctl-run-v1"));
  EXPECT_TRUE(signers->KnowsPerson("bob"));
  EXPECT_FALSE(signers->KnowsPerson("carol"));
}

TEST(AllowedSignersTest, RefusesOneKeyUnderTwoPersons) {
  ExpectRefused(absl::StrCat("alice ", kRights, " ", Ed25519("a"), "\n", "bob ", kRights, " ",
                             Ed25519("a"), " another comment\n"),
                "line 2: the key SHA256:");
  ExpectRefused(absl::StrCat("alice ", kRights, " ", Ed25519("a"), "\n", "alice ", kRights, " ",
                             Ed25519("a"), "\n"),
                "already belongs to alice");
}

TEST(AllowedSignersTest, OneKeyIsOneKeyWhateverTypeALineGivesIt) {
  ExpectRefused(
      absl::StrCat("alice ", kRights, " ", Ed25519("a"), "\n", "bob ", kRights, " ",
                   LineOf("sk-ssh-ed25519@openssh.com", Field(Sha256("a")) + Field("ssh:")), "\n"),
      "already belongs to alice");
}

TEST(AllowedSignersTest, OnePersonMayHaveSeveralKeys) {
  const auto signers = AllowedSigners::Parse(absl::StrCat(
      "alice ", kRights, " ", Ed25519("a"), "\nalice ", kRights, " ", Ed25519("b"), "\n"));
  ASSERT_TRUE(signers.ok()) << signers.status();
  EXPECT_THAT(signers->Persons(), ElementsAre("alice"));
}

TEST(AllowedSignersTest, RefusesPatternsAndLists) {
  const std::string rest = absl::StrCat(" ", kRights, " ", Ed25519("a"), "\n");
  ExpectRefused("*" + rest, "line 1: '*' is a pattern");
  ExpectRefused("alice@*" + rest, "pattern");
  ExpectRefused("a?ice" + rest, "pattern");
  ExpectRefused("!alice" + rest, "pattern");
  ExpectRefused("alice,bob" + rest, "list of principals");
  ExpectRefused("\"alice\"" + rest, "is no name");
  ExpectRefused("alice namespaces=\"resetctl-*\" " + Ed25519("a"), "pattern");
  ExpectRefused("alice namespaces=\"resetctl-plan-v1,\" " + Ed25519("a"), "empty");
}

TEST(AllowedSignersTest, RefusesOptionsThatWouldBeIgnored) {
  const std::string key = Ed25519("a");
  ExpectRefused("alice " + key, "namespaces=");
  ExpectRefused(absl::StrCat("alice cert-authority ", key), "cert-authority");
  ExpectRefused(absl::StrCat("alice cert-authority,", kRights, " ", key), "cert-authority");
  ExpectRefused(absl::StrCat("alice ", kRights, ",Cert-Authority ", key), "cert-authority");
  ExpectRefused(absl::StrCat("alice ", kRights, ",valid-before=\"20300101\" ", key), "valid-");
  ExpectRefused("alice namespaces=resetctl-plan-v1 " + key, "namespaces=");
  ExpectRefused("alice namespaces=\"\" " + key, "namespaces=");
  ExpectRefused("alice namespaces=\"resetctl-plna-v1\" " + key, "none that this version knows");
}

TEST(AllowedSignersTest, RefusesTheWholeFileForOneBadLine) {
  const std::string good = absl::StrCat("alice ", kRights, " ", Ed25519("a"), "\n");
  ExpectRefused(good + "bob\n", "line 2");
  ExpectRefused(good + absl::StrCat("bob ", kRights, "\n"), "line 2");
  ExpectRefused(good + "\n" + absl::StrCat("bob ", kRights, " ", Rsa(128), "\n"),
                "line 3: the RSA key has 1024 bits");
  ExpectRefused(absl::StrCat("alice ", kRights, " ", Ed25519("a"), "\r\n"), "control character");
}

TEST(AllowedSignersTest, ARevokedKeyIsNobodys) {
  auto signers = AllowedSigners::Parse(absl::StrCat("alice ", kRights, " ", Ed25519("a"), "\nbob ",
                                                    kRights, " ", Ed25519("b"), "\n"));
  ASSERT_TRUE(signers.ok());
  ASSERT_TRUE(signers->Revoke("# lost\n" + Ed25519("a") + " laptop\n").ok());
  EXPECT_TRUE(signers->IsRevoked(Key(Ed25519("a"))));
  EXPECT_FALSE(signers->IsRevoked(Key(Ed25519("b"))));
  EXPECT_EQ(signers->PersonOf(Key(Ed25519("a"))), nullptr);
  EXPECT_FALSE(signers->MaySign(Key(Ed25519("a")), "resetctl-run-v1"));
  EXPECT_THAT(signers->Persons(), ElementsAre("bob"));
}

TEST(AllowedSignersTest, AMalformedRevocationIsAnError) {
  auto signers = AllowedSigners::Parse("");
  ASSERT_TRUE(signers.ok());
  const absl::Status status = signers->Revoke("ssh-ed25519 AAAA\n");
  EXPECT_EQ(ReasonOf(status), v1::REASON_TRUST_FILES_INVALID);
  EXPECT_THAT(std::string(status.message()), HasSubstr("revoked_keys line 1"));
}

TEST(AllowedSignersTest, PeopleOfAPolicyMaySignEverything) {
  const auto signers = AllowedSigners::FromPeople(
      {{"alice", {Ed25519("a") + " laptop", Ed25519("b")}}, {"bob", {}}});
  ASSERT_TRUE(signers.ok()) << signers.status();
  for (const char* name : {"login", "plan", "approval", "run", "resume", "admin"}) {
    EXPECT_TRUE(signers->MaySign(Key(Ed25519("b")), absl::StrCat("resetctl-", name, "-v1")));
  }
  EXPECT_FALSE(signers->MaySign(Key(Ed25519("b")), "git"));
  EXPECT_FALSE(
      AllowedSigners::FromPeople({{"alice", {Ed25519("a")}}, {"bob", {Ed25519("a")}}}).ok());
  EXPECT_FALSE(AllowedSigners::FromPeople({{"*", {Ed25519("a")}}}).ok());
}

}  // namespace
}  // namespace resetctl::contract

// Files of trust that are not to be trusted, or trust somebody no longer. The agent reads them anew for each decision, and
// refuses a file as a whole: no line is ignored.
#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/e2e/forged_offer.h"

namespace resetctl::support {
namespace {

constexpr char kMany[] =
    " namespaces=\"resetctl-plan-v1,resetctl-approval-v1,resetctl-run-v1,resetctl-resume-v1,"
    "resetctl-admin-v1\" ";

void AddSigner(Draft& draft, const std::string& line) {
  draft.trust["allowed_signers"] = ForgeryHouse::Signers() + line + "\n";
}
void EditSigners(Draft& draft, const std::string& from, const std::string& to) {
  std::string text = ForgeryHouse::Signers();
  text.replace(text.find(from), from.size(), to);
  draft.trust["allowed_signers"] = text;
}
void EditFloor(Draft& draft, const std::string& from, const std::string& to) {
  std::string text = ForgeryHouse::Floor();
  text.replace(text.find(from), from.size(), to);
  draft.trust["floor.yaml"] = text;
}

const OfferForgery kTrust[] = {
    {"RevokedKeyOfAnApprover", v1::REASON_UNKNOWN_KEY,
     [](Draft& d) { d.trust["revoked_keys"] = KeyOf("dana").public_line() + "\n"; }},
    {"RevokedKeyOfTheAuthorAndRunner", v1::REASON_UNKNOWN_KEY,
     [](Draft& d) { d.trust["revoked_keys"] = KeyOf("bob").public_line() + "\n"; }},
    {"RevokedWhileTheOtherKeyOfThePersonIsGood", v1::REASON_UNKNOWN_KEY,
     [](Draft& d) { d.trust["revoked_keys"] = KeyOf("alice").public_line() + "\n"; }},
    {"MalformedRevocation", v1::REASON_TRUST_FILES_INVALID,
     [](Draft& d) { d.trust["revoked_keys"] = "ssh-ed25519 AAAA\n"; }},
    {"ApproverWithoutAKeyAnyMore", v1::REASON_TRUST_FILES_INVALID,
     [](Draft& d) { EditSigners(d, absl::StrCat("dana", kMany), absl::StrCat("donna", kMany)); }},
    {"KeyThatMayNotApprove", v1::REASON_UNKNOWN_KEY,
     [](Draft& d) {
       EditSigners(d, absl::StrCat("dana namespaces=\"resetctl-plan-v1,resetctl-approval-v1,"),
                   "dana namespaces=\"resetctl-plan-v1,");
     }},
    {"OneKeyUnderTwoPersons", v1::REASON_TRUST_FILES_INVALID,
     [](Draft& d) { AddSigner(d, absl::StrCat("mallory", kMany, KeyOf("alice").public_line())); }},
    {"OneKeyTwiceUnderOnePerson", v1::REASON_TRUST_FILES_INVALID,
     [](Draft& d) { AddSigner(d, absl::StrCat("alice", kMany, KeyOf("alice").public_line())); }},
    {"EverybodysKey", v1::REASON_TRUST_FILES_INVALID,
     [](Draft& d) { AddSigner(d, absl::StrCat("*", kMany, KeyOf("mallory").public_line())); }},
    {"KeyOfAPattern", v1::REASON_TRUST_FILES_INVALID,
     [](Draft& d) { AddSigner(d, absl::StrCat("ali?e", kMany, KeyOf("mallory").public_line())); }},
    {"KeyOfAListOfPersons", v1::REASON_TRUST_FILES_INVALID,
     [](Draft& d) {
       AddSigner(d, absl::StrCat("alice,dana", kMany, KeyOf("mallory").public_line()));
     }},
    {"CertificateAuthority", v1::REASON_TRUST_FILES_INVALID,
     [](Draft& d) {
       AddSigner(d, absl::StrCat("mallory cert-authority,namespaces=\"resetctl-approval-v1\" ",
                                 KeyOf("mallory").public_line()));
     }},
    {"KeyForEveryNamespace", v1::REASON_TRUST_FILES_INVALID,
     [](Draft& d) { AddSigner(d, absl::StrCat("mallory ", KeyOf("mallory").public_line())); }},
    {"NamespacesThatAreAPattern", v1::REASON_TRUST_FILES_INVALID,
     [](Draft& d) {
       AddSigner(
           d, absl::StrCat("mallory namespaces=\"resetctl-*\" ", KeyOf("mallory").public_line()));
     }},
    {"KeyThatIsGoodForAWhile", v1::REASON_TRUST_FILES_INVALID,
     [](Draft& d) {
       AddSigner(d, absl::StrCat("mallory namespaces=\"resetctl-approval-v1\",valid-before=\"2030"
                                 "0101\" ",
                                 KeyOf("mallory").public_line()));
     }},
    {"MalformedSigner", v1::REASON_TRUST_FILES_INVALID, [](Draft& d) { AddSigner(d, "mallory"); }},
    {"WeakKey", v1::REASON_TRUST_FILES_INVALID,
     [](Draft& d) {
       static const test::SshKey weak(test::SshKey::Options{"rsa", 1024});
       AddSigner(d, absl::StrCat("mallory", kMany, weak.public_line()));
     }},
    {"NoSigners", v1::REASON_TRUST_FILES_INVALID,
     [](Draft& d) { d.trust["allowed_signers"] = ""; }},
    {"NoFloor", v1::REASON_TRUST_FILES_INVALID, [](Draft& d) { d.trust["floor.yaml"] = ""; }},
    {"FloorWithAnUnknownRule", v1::REASON_TRUST_FILES_INVALID,
     [](Draft& d) { d.trust["floor.yaml"] = ForgeryHouse::Floor() + "weekdays: [Mon]\n"; }},
    {"FloorWithARuleTwice", v1::REASON_TRUST_FILES_INVALID,
     [](Draft& d) { d.trust["floor.yaml"] = ForgeryHouse::Floor() + "run: [developers]\n"; }},
    {"FloorThatNamesNobodysGroup", v1::REASON_TRUST_FILES_INVALID,
     [](Draft& d) { EditFloor(d, "run: [dba]", "run: [dba, root]"); }},
    {"FloorThatNamesAStranger", v1::REASON_TRUST_FILES_INVALID,
     [](Draft& d) { EditFloor(d, "product: [dana]", "product: [dana, mallory]"); }},
    {"FloorThatAsksForABackup", v1::REASON_BACKUP_UNSUPPORTED,
     [](Draft& d) { d.trust["floor.yaml"] = ForgeryHouse::Floor() + "backup: required\n"; }},
    {"FloorThatAsksForMore", v1::REASON_STALE_FLOOR,
     [](Draft& d) { EditFloor(d, "run: [dba]", "run: [sre]"); }},
};
INSTANTIATE_TEST_SUITE_P(Trust, OfferForgeryTest, testing::ValuesIn(kTrust),
                         [](const auto& one) { return std::string(one.param.name); });

TEST_F(ForgeryTest, TrustThatOthersMayWriteIsNoTrust) {
  const std::string folder = house_.folder() + "/trust";
  for (const std::string& path : {folder, folder + "/floor.yaml", folder + "/allowed_signers"}) {
    SCOPED_TRACE(path);
    Draft draft(house_);
    const v1::RunOffer offer = draft.Build();
    const mode_t usual = path == folder ? 0755 : 0644;
    ASSERT_EQ(chmod(path.c_str(), usual | 0020), 0);
    ExpectRefused(offer, v1::REASON_TRUST_FILES_INVALID);
    ASSERT_EQ(chmod(path.c_str(), usual), 0);
  }
}

}  // namespace
}  // namespace resetctl::support

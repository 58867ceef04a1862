#include "agent/service/trust_store.h"

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "proto/base/file.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "tests/agent/service/stage.h"

namespace resetctl::agent {
namespace {

using testing::HasSubstr;

TEST(FloorTest, ReadsEveryRule) {
  absl::StatusOr<Floor> floor = ParseFloor(kFloor);
  ASSERT_TRUE(floor.ok()) << floor.status();
  EXPECT_TRUE(floor->MayPlan("bob"));
  EXPECT_TRUE(floor->MayPlan("nightly"));
  EXPECT_FALSE(floor->MayPlan("dana"));
  EXPECT_TRUE(floor->MayRun("alice"));
  EXPECT_FALSE(floor->MayRun("nightly"));
  EXPECT_TRUE(floor->IsRobot("nightly"));
  EXPECT_EQ(floor->approvals.required, 2);
  EXPECT_TRUE(floor->approvals.distinct_groups);
  EXPECT_EQ(floor->approvals.ttl, absl::Hours(4));
  EXPECT_EQ(floor->blockers, contract::BlockerAction::kRefuse);
  EXPECT_EQ(floor->digest, contract::Digest(kFloor));
}

TEST(FloorTest, ReadsTheSampleFile) {
  absl::StatusOr<std::string> text =
      base::ReadFile(std::string(RESETCTL_SOURCE_DIR) + "/deploy/config/trust/floor.yaml");
  ASSERT_TRUE(text.ok());
  absl::StatusOr<Floor> floor = ParseFloor(*text);
  EXPECT_TRUE(floor.ok()) << floor.status();
}

struct BadFloor {
  const char* name;
  const char* text;
  const char* said;
};
class BadFloorTest : public testing::TestWithParam<BadFloor> {};

TEST_P(BadFloorTest, IsRefused) {
  absl::StatusOr<Floor> floor = ParseFloor(GetParam().text);
  ASSERT_FALSE(floor.ok());
  EXPECT_EQ(contract::ReasonOf(floor.status()), v1::REASON_TRUST_FILES_INVALID);
  EXPECT_THAT(contract::ProblemOf(floor.status()).message(), HasSubstr(GetParam().said));
}

const BadFloor kBadFloors[] = {
    {"Empty", "", "not a valid floor"},
    {"UnknownRule",
     "groups: {a: [x]}\nplan: [a]\nrun: [a]\napprovals: {required: 0}\nwindows: [now]\n",
     "windows"},
    {"BreakGlassOfNobody",
     "groups: {a: [x]}\nplan: [a]\nrun: [a]\napprovals: {required: 0}\nbreak_glass: {groups: "
     "[]}\n",
     "break_glass names no group"},
    {"BreakGlassOfAGroupThatIsNotThere",
     "groups: {a: [x]}\nplan: [a]\nrun: [a]\napprovals: {required: 0}\nbreak_glass: {groups: "
     "[b]}\n",
     "there is no group 'b'"},
    {"RebindByAGroupThatIsNotThere",
     "groups: {a: [x]}\nplan: [a]\nrun: [a]\napprovals: {required: 0}\nrebind: [b]\n",
     "there is no group 'b'"},
    {"UnknownRuleOfApprovals",
     "groups: {a: [x]}\nplan: [a]\nrun: [a]\napprovals: {required: 0, quick: true}\n", "quick"},
    {"GroupThatIsNotThere", "groups: {a: [x]}\nplan: [b]\nrun: [a]\napprovals: {required: 0}\n",
     "no group 'b'"},
    {"NobodyMayRun", "groups: {a: [x]}\nplan: [a]\napprovals: {required: 0}\n", "run"},
    {"NoWordAboutApprovals", "groups: {a: [x]}\nplan: [a]\nrun: [a]\n", "approvals is missing"},
    {"ApprovalsByNobody", "groups: {a: [x]}\nplan: [a]\nrun: [a]\napprovals: {required: 1}\n",
     "need groups"},
    {"MoreApprovalsThanGroups",
     "groups: {a: [x]}\nplan: [a]\nrun: [a]\n"
     "approvals: {required: 2, groups: [a], distinct_groups: true}\n",
     "than there are groups"},
    {"Everyone",
     "groups: {everyone: [x]}\nplan: [everyone]\nrun: [everyone]\napprovals: {required: 0}\n",
     "everyone"},
    {"PersonTwice", "groups: {a: [x, x]}\nplan: [a]\nrun: [a]\napprovals: {required: 0}\n",
     "twice"},
    {"UnknownBlockerAction",
     "groups: {a: [x]}\nplan: [a]\nrun: [a]\napprovals: {required: 0}\nblockers: kill\n", "kill"},
};
INSTANTIATE_TEST_SUITE_P(Floors, BadFloorTest, testing::ValuesIn(kBadFloors),
                         [](const testing::TestParamInfo<BadFloor>& one) {
                           return std::string(one.param.name);
                         });

TEST(FloorTest, RefusesABackupThatItCannotMake) {
  absl::StatusOr<Floor> floor = ParseFloor(absl::StrCat(kFloor, "backup: required\n"));
  EXPECT_EQ(contract::ReasonOf(floor.status()), v1::REASON_BACKUP_UNSUPPORTED);
  EXPECT_TRUE(ParseFloor(absl::StrCat(kFloor, "backup: none\n")).ok());
}

// ---- the files

class TrustStoreTest : public testing::Test {
 protected:
  void Chmod(const std::string& file, mode_t mode) {
    ASSERT_EQ(chmod(stage.folder.File(file).c_str(), mode), 0);
  }
  std::string RefusalOf(const TrustStore& store) {
    absl::StatusOr<Trust> trust = store.Load();
    EXPECT_EQ(contract::ReasonOf(trust.status()), v1::REASON_TRUST_FILES_INVALID);
    return trust.ok() ? "" : contract::ProblemOf(trust.status()).message();
  }
  Stage stage;
};

TEST_F(TrustStoreTest, LoadsBothFiles) {
  absl::StatusOr<Trust> trust = stage.trust.Load();
  ASSERT_TRUE(trust.ok()) << trust.status();
  EXPECT_TRUE(trust->signers.KnowsPerson("alice"));
}

TEST_F(TrustStoreTest, RefusesFilesOfTheAgentsOwnUser) {
  const TrustStore strict(stage.folder.File("trust"), /*accept_same_owner=*/false, geteuid());
  EXPECT_THAT(RefusalOf(strict), HasSubstr("belongs to the user that the agent runs as"));
}

TEST_F(TrustStoreTest, AcceptsFilesOfAnotherUser) {
  const TrustStore other(stage.folder.File("trust"), /*accept_same_owner=*/false, geteuid() + 4242);
  EXPECT_TRUE(other.Load().ok());
}

TEST_F(TrustStoreTest, RefusesAFloorThatTheGroupMayWrite) {
  Chmod("trust/floor.yaml", 0664);
  EXPECT_THAT(RefusalOf(stage.trust), HasSubstr("floor.yaml may be written by its group"));
}

TEST_F(TrustStoreTest, RefusesSignersThatOthersMayWrite) {
  Chmod("trust/allowed_signers", 0646);
  EXPECT_THAT(RefusalOf(stage.trust), HasSubstr("allowed_signers may be written"));
}

TEST_F(TrustStoreTest, RefusesAFolderThatOthersMayWrite) {
  Chmod("trust", 0777);
  EXPECT_THAT(RefusalOf(stage.trust), HasSubstr("trust may be written"));
}

TEST_F(TrustStoreTest, RefusesAFolderAboveThatOthersMayWrite) {
  ASSERT_EQ(chmod(stage.folder.path().c_str(), 0777), 0);
  EXPECT_THAT(RefusalOf(stage.trust), HasSubstr("may be written"));
}

TEST_F(TrustStoreTest, RefusesALinkToAFileThatOthersMayWrite) {
  std::filesystem::rename(stage.folder.File("trust/floor.yaml"), stage.folder.File("elsewhere"));
  std::filesystem::create_symlink(stage.folder.File("elsewhere"),
                                  stage.folder.File("trust/floor.yaml"));
  Chmod("elsewhere", 0666);
  EXPECT_THAT(RefusalOf(stage.trust), HasSubstr("elsewhere may be written"));
}

TEST_F(TrustStoreTest, RefusesAMissingFloor) {
  std::filesystem::remove(stage.folder.File("trust/floor.yaml"));
  EXPECT_THAT(RefusalOf(stage.trust), HasSubstr("floor.yaml"));
}

TEST_F(TrustStoreTest, RefusesSignersWithABadLineAsAWhole) {
  ASSERT_TRUE(base::WriteFileDurably(
                  stage.folder.File("trust/allowed_signers"),
                  AllowedSignersText() + "* " + KeyOf("mallory").public_line() + "\n", 0644)
                  .ok());
  EXPECT_THAT(RefusalOf(stage.trust), HasSubstr("allowed_signers"));
}

TEST_F(TrustStoreTest, RefusesAGroupMemberWithoutAKey) {
  stage.WriteFloor("groups: {a: [zoe]}\nplan: [a]\nrun: [a]\napprovals: {required: 0}\n");
  EXPECT_THAT(RefusalOf(stage.trust), HasSubstr("zoe"));
}

TEST_F(TrustStoreTest, ARevokedKeyTakesNothingFromTheOthers) {
  ASSERT_TRUE(base::WriteFileDurably(stage.folder.File("trust/revoked_keys"),
                                     KeyOf("dana").public_line() + "\n", 0644)
                  .ok());
  const absl::StatusOr<Trust> trust = stage.trust.Load();
  ASSERT_TRUE(trust.ok()) << trust.status();
  EXPECT_TRUE(trust->signers.KnowsPerson("alice"));
  EXPECT_FALSE(trust->signers.KnowsPerson("dana"));
}

TEST_F(TrustStoreTest, RefusesRevokedKeysThatAreNoKeys) {
  ASSERT_TRUE(
      base::WriteFileDurably(stage.folder.File("trust/revoked_keys"), "what is this\n", 0644).ok());
  EXPECT_THAT(RefusalOf(stage.trust), HasSubstr("revoked_keys"));
}

TEST_F(TrustStoreTest, SeesAChangeAtOnce) {
  ASSERT_TRUE(stage.trust.Load().ok());
  stage.WriteFloor("groups: {a: [alice]}\nplan: [a]\nrun: [a]\napprovals: {required: 0}\n");
  absl::StatusOr<Trust> trust = stage.trust.Load();
  ASSERT_TRUE(trust.ok());
  EXPECT_FALSE(trust->floor.MayPlan("bob"));
}

TEST(LocalKeyTest, IsMadeOnceAndKept) {
  test::TempFolder folder;
  absl::StatusOr<LocalKey> first = LocalKey::LoadOrMake(folder.path());
  absl::StatusOr<LocalKey> second = LocalKey::LoadOrMake(folder.path());
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->PlanMac("plan"), second->PlanMac("plan"));
  test::TempFolder other;
  EXPECT_NE(first->PlanMac("plan"), LocalKey::LoadOrMake(other.path())->PlanMac("plan"));
}

TEST(LocalKeyTest, IsRefusedWhenOthersMayReadIt) {
  test::TempFolder folder;
  ASSERT_TRUE(LocalKey::LoadOrMake(folder.path()).ok());
  ASSERT_EQ(chmod(folder.File("local.key").c_str(), 0640), 0);
  EXPECT_EQ(contract::ReasonOf(LocalKey::LoadOrMake(folder.path()).status()),
            v1::REASON_CONFIG_INVALID);
}

TEST(LocalKeyTest, IsRefusedWhenDamaged) {
  test::TempFolder folder;
  ASSERT_TRUE(base::WriteFileDurably(folder.File("local.key"), "abc\n", 0600).ok());
  EXPECT_FALSE(LocalKey::LoadOrMake(folder.path()).ok());
}

TEST(LocalKeyTest, KeepsNamesAndValuesOfParametersApart) {
  const LocalKey key(base::Secret("k"));
  EXPECT_NE(key.ParameterMac("A", base::Secret("BC")), key.ParameterMac("AB", base::Secret("C")));
}

}  // namespace
}  // namespace resetctl::agent

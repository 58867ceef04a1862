#include "controller/app/log_keys.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "controller/app/init.h"
#include "controller/store/sqlite/sqlite_store.h"
#include "proto/base/clock.h"
#include "proto/base/file.h"
#include "proto/contract/checkpoint.h"
#include "proto/contract/reasons.h"
#include "tests/support/temp_folder.h"

namespace resetctl::controller {
namespace {

using contract::OpenCheckpoint;
using testing::HasSubstr;

class LogKeysTest : public testing::Test {
 protected:
  LogKeysTest() {
    InitOptions options;
    options.folder = folder_.path();
    options.name = "main";
    const auto made = Init(options, now_);
    EXPECT_TRUE(made.ok()) << made.status();
    first_key_ = made->log_verifier;
  }

  absl::StatusOr<ChangedLogKey> Change() { return ChangeLogKey(config_path_, now_); }
  // As the controller opens it.
  absl::StatusOr<std::unique_ptr<Store>> Open() {
    const Config config = *LoadConfig(config_path_);
    const std::string origin = LogOrigin(config.name);
    EXPECT_TRUE(base::MakeFolders(config.state_dir, 0700).ok());
    return OpenSqliteStore(
        {config.state_dir + "/controller.db", origin, SignerOf(origin, ReadLogKeys(config)->pems)});
  }

  const absl::Time now_ = base::RealClock().Now();
  const test::TempFolder folder_;
  const std::string config_path_ = folder_.File("controller.yaml");
  std::string first_key_;
};

TEST_F(LogKeysTest, BothKeysSignUntilTheOldOneIsRemoved) {
  const auto changed = Change();
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->old_verifier, first_key_);
  EXPECT_NE(changed->new_verifier, first_key_);
  EXPECT_EQ(*base::ReadFile(folder_.File("log.pub")), changed->new_verifier + "\n");
  EXPECT_FALSE(std::filesystem::exists(folder_.File("log.key.new")));
  for (const char* file : {"log.key", "log.key.old"}) {
    struct stat info = {};
    ASSERT_EQ(stat(folder_.File(file).c_str(), &info), 0) << file;
    EXPECT_EQ(info.st_mode & 0777, 0600u) << file;
  }
  {
    const auto store = *Open();
    const std::string note = store->GetCheckpoint()->note;
    EXPECT_TRUE(OpenCheckpoint(note, changed->old_verifier).ok());
    EXPECT_TRUE(OpenCheckpoint(note, changed->new_verifier).ok());
    const auto entries = store->ReadAudit(0, 10);
    ASSERT_EQ(entries->size(), 1u);
    v1::AuditEntry entry;
    ASSERT_TRUE(entry.ParseFromString(entries->front().bytes));
    EXPECT_EQ(entry.action(), "log.key");
    EXPECT_EQ(entry.evidence().at("old_key"), changed->old_verifier);
    EXPECT_EQ(entry.evidence().at("new_key"), changed->new_verifier);
  }
  std::filesystem::remove(changed->old_key_file);
  const auto store = *Open();
  EXPECT_FALSE(OpenCheckpoint(store->GetCheckpoint()->note, changed->old_verifier).ok());
  EXPECT_TRUE(OpenCheckpoint(store->GetCheckpoint()->note, changed->new_verifier).ok());
}

TEST_F(LogKeysTest, IsRefusedWhileTheControllerRuns) {
  const std::string before = *base::ReadFile(folder_.File("log.key"));
  {
    const auto store = *Open();
    EXPECT_EQ(contract::ReasonOf(Change().status()), v1::REASON_CONFIG_INVALID);
  }
  EXPECT_EQ(*base::ReadFile(folder_.File("log.key")), before);
  EXPECT_TRUE(Change().ok());
}

TEST_F(LogKeysTest, AChangeFollowsOnlyOneThatIsOver) {
  const auto first = Change();
  ASSERT_TRUE(first.ok()) << first.status();
  const absl::Status refused = Change().status();
  EXPECT_EQ(contract::ReasonOf(refused), v1::REASON_CONFIG_INVALID);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("log.key.old still signs"));
  std::filesystem::remove(first->old_key_file);
  const auto second = Change();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->old_verifier, first->new_verifier);
}

// Wherever it stopped, the same call comes to the same end.
TEST_F(LogKeysTest, GoesOnAfterACrash) {
  const std::string old_key = *base::ReadFile(folder_.File("log.key"));
  const auto changed = Change();
  ASSERT_TRUE(changed.ok()) << changed.status();
  const std::string new_key = *base::ReadFile(folder_.File("log.key"));
  // The new key is there and in the log; the old one was put aside, and is still the one that signs.
  ASSERT_TRUE(base::WriteFileDurably(folder_.File("log.key"), old_key, 0600).ok());
  ASSERT_TRUE(base::WriteFileDurably(folder_.File("log.key.new"), new_key, 0600).ok());
  EXPECT_TRUE(OpenCheckpoint((*Open())->GetCheckpoint()->note, first_key_).ok());
  const auto again = Change();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->new_verifier, changed->new_verifier);
  EXPECT_EQ(*base::ReadFile(folder_.File("log.key")), new_key);
}

}  // namespace
}  // namespace resetctl::controller

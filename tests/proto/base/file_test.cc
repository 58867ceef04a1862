#include "proto/base/file.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_folder.h"

namespace resetctl::base {
namespace {

int ModeOf(const std::string& path) {
  struct stat found;
  return stat(path.c_str(), &found) == 0 ? static_cast<int>(found.st_mode & 07777) : -1;
}

class FileTest : public testing::Test {
 protected:
  test::TempFolder folder_;
};

TEST_F(FileTest, ReadsBackWhatWasWritten) {
  const std::string bytes("a\0b\n", 4);
  ASSERT_TRUE(WriteFileDurably(folder_.File("x"), bytes, 0600).ok());
  EXPECT_EQ(ReadFile(folder_.File("x")).value(), bytes);
  EXPECT_EQ(ModeOf(folder_.File("x")), 0600);
}

TEST_F(FileTest, ReplacesContentAndMode) {
  ASSERT_TRUE(WriteFileDurably(folder_.File("x"), "long before", 0600).ok());
  ASSERT_TRUE(WriteFileDurably(folder_.File("x"), "now", 0644).ok());
  EXPECT_EQ(ReadFile(folder_.File("x")).value(), "now");
  EXPECT_EQ(ModeOf(folder_.File("x")), 0644);
}

TEST_F(FileTest, LeavesNothingBesideTheFile) {
  ASSERT_TRUE(WriteFileDurably(folder_.File("x"), "1", 0600).ok());
  // Onto a folder: the rename fails.
  std::filesystem::create_directory(folder_.File("d"));
  EXPECT_FALSE(WriteFileDurably(folder_.File("d"), "1", 0600).ok());
  int entries = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    static_cast<void>(entry);
    ++entries;
  }
  EXPECT_EQ(entries, 2);
}

TEST_F(FileTest, ANewFileReplacesNothing) {
  ASSERT_TRUE(WriteNewFileDurably(folder_.File("x"), "first", 0600).ok());
  EXPECT_EQ(ModeOf(folder_.File("x")), 0600);
  EXPECT_EQ(WriteNewFileDurably(folder_.File("x"), "second", 0644).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReadFile(folder_.File("x")).value(), "first");
  EXPECT_EQ(ModeOf(folder_.File("x")), 0600);
  // A name that leads nowhere is taken too.
  std::filesystem::create_symlink(folder_.File("nowhere"), folder_.File("link"));
  EXPECT_FALSE(WriteNewFileDurably(folder_.File("link"), "third", 0600).ok());
  int entries = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    static_cast<void>(entry);
    ++entries;
  }
  EXPECT_EQ(entries, 2) << "something was left beside the file";
}

TEST_F(FileTest, NamesThePathThatIsAbsent) {
  const auto read = ReadFile(folder_.File("absent"));
  EXPECT_EQ(read.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(read.status().message()), testing::HasSubstr(folder_.File("absent")));
}

TEST_F(FileTest, RefusesMoreThanTheCallerWants) {
  ASSERT_TRUE(WriteFileDurably(folder_.File("x"), "12345", 0600).ok());
  EXPECT_EQ(ReadFile(folder_.File("x"), 5).value(), "12345");
  EXPECT_EQ(ReadFile(folder_.File("x"), 4).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(FileTest, DoesNotReadAFolder) { EXPECT_FALSE(ReadFile(folder_.path()).ok()); }

TEST_F(FileTest, MakesParentsWithTheMode) {
  ASSERT_TRUE(MakeFolders(folder_.File("a/b/c"), 0700).ok());
  EXPECT_EQ(ModeOf(folder_.File("a")), 0700);
  EXPECT_EQ(ModeOf(folder_.File("a/b/c")), 0700);
  EXPECT_TRUE(MakeFolders(folder_.File("a/b/c/"), 0700).ok());
}

TEST_F(FileTest, DoesNotTakeAFileForAFolder) {
  ASSERT_TRUE(WriteFileDurably(folder_.File("x"), "1", 0600).ok());
  EXPECT_FALSE(MakeFolders(folder_.File("x")).ok());
  EXPECT_FALSE(MakeFolders(folder_.File("x/y")).ok());
}

}  // namespace
}  // namespace resetctl::base

#include "agent/journal/journal.h"

#include <filesystem>
#include <unistd.h>

#include <gtest/gtest.h>

#include "proto/base/file.h"

namespace resetctl::agent {
namespace {

class JournalTest : public ::testing::Test {
 protected:
  JournalTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "journal-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~JournalTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Journal> OpenJournal() {
    auto journal = Journal::Open(folder_);
    EXPECT_TRUE(journal.ok()) << journal.status();
    return *std::move(journal);
  }
  std::string RunFile(const std::string& run) const {
    return folder_ + "/runs/" + run + ".journal";
  }

  std::string folder_;
};

v1::JournalRecord Claim(int64_t fence) {
  v1::JournalRecord record;
  record.mutable_claim()->set_fence(fence);
  return record;
}

void AppendThree(Journal& journal) {
  auto run = journal.OpenRun("r-1");
  ASSERT_TRUE(run.ok()) << run.status();
  for (int fence = 1; fence <= 3; ++fence) ASSERT_TRUE((*run)->Append(Claim(fence), true).ok());
}

std::vector<int64_t> FencesOf(Journal& journal) {
  std::vector<int64_t> fences;
  auto run = journal.OpenRun("r-1");
  EXPECT_TRUE(run.ok()) << run.status();
  if (!run.ok()) return fences;
  for (const v1::JournalRecord& record : (*run)->Records())
    fences.push_back(record.claim().fence());
  return fences;
}

TEST_F(JournalTest, GivesBackWhatWasAppended) {
  auto journal = OpenJournal();
  AppendThree(*journal);
  EXPECT_EQ(FencesOf(*journal), (std::vector<int64_t>{1, 2, 3}));
}

TEST_F(JournalTest, SurvivesATornLastRecordAtEveryByte) {
  auto journal = OpenJournal();
  AppendThree(*journal);
  const auto whole = base::ReadFile(RunFile("r-1"));
  ASSERT_TRUE(whole.ok());
  const size_t record = whole->size() / 3;
  for (size_t cut = 2 * record; cut < whole->size(); ++cut) {
    ASSERT_TRUE(base::WriteFileDurably(RunFile("r-1"), whole->substr(0, cut), 0600).ok());
    EXPECT_EQ(FencesOf(*journal), (std::vector<int64_t>{1, 2})) << "cut at byte " << cut;
  }
}

TEST_F(JournalTest, GoesOnAfterATornRecord) {
  auto journal = OpenJournal();
  AppendThree(*journal);
  std::filesystem::resize_file(RunFile("r-1"), std::filesystem::file_size(RunFile("r-1")) - 1);
  {
    auto run = journal->OpenRun("r-1");
    ASSERT_TRUE(run.ok());
    ASSERT_TRUE((*run)->Append(Claim(9), true).ok());
  }
  EXPECT_EQ(FencesOf(*journal), (std::vector<int64_t>{1, 2, 9}));
}

TEST_F(JournalTest, ADamagedRecordInTheMiddleIsAnErrorNotASkip) {
  auto journal = OpenJournal();
  AppendThree(*journal);
  auto bytes = base::ReadFile(RunFile("r-1"));
  ASSERT_TRUE(bytes.ok());
  bytes->at(9) = static_cast<char>(bytes->at(9) ^ 0x40);
  ASSERT_TRUE(base::WriteFileDurably(RunFile("r-1"), *bytes, 0600).ok());
  EXPECT_TRUE(absl::IsDataLoss(journal->OpenRun("r-1").status()));
}

TEST_F(JournalTest, ASecondAgentOnTheSameDirectoryIsRefused) {
  auto first = OpenJournal();
  EXPECT_TRUE(absl::IsFailedPrecondition(Journal::Open(folder_).status()));
  first.reset();
  EXPECT_TRUE(Journal::Open(folder_).ok());
}

TEST_F(JournalTest, AClosedRunIsNoLongerOpenAndCanComeBack) {
  auto journal = OpenJournal();
  AppendThree(*journal);
  EXPECT_EQ(*journal->OpenRuns(), (std::vector<std::string>{"r-1"}));
  ASSERT_TRUE(journal->Close("r-1").ok());
  EXPECT_TRUE(journal->OpenRuns()->empty());
  auto run = journal->Reopen("r-1");
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ((*run)->Records().size(), 3u);
}

TEST_F(JournalTest, RefusesIdsThatAreNoPlainNames) {
  auto journal = OpenJournal();
  for (const char* id : {"", "../x", "a/b", "r 1"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(journal->OpenRun(id).status())) << id;
  }
}

}  // namespace
}  // namespace resetctl::agent

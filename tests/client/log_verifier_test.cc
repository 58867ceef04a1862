#include "client/audit/log_verifier.h"

#include <algorithm>
#include <fstream>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/audit/export_reader.h"
#include "proto/base/file.h"
#include "proto/base/subprocess.h"
#include "proto/base/text.h"
#include "proto/contract/cosignature.h"
#include "proto/contract/export_line.h"
#include "proto/contract/reasons.h"
#include "tests/client/fake_log.h"
#include "tests/support/temp_folder.h"

namespace resetctl::client {
namespace {

using contract::ExportCheckpoint;
using contract::ExportEntry;
using contract::ExportHeader;
using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1795600000);

// A log of twelve entries, exported twice: after the seventh and at its end.
class LogVerifierTest : public ::testing::Test {
 protected:
  LogVerifierTest() {
    for (int i = 0; i < 12; ++i) log_.Add("login", absl::StrCat("person-", i));
    lines_.push_back(Write(ExportHeader{kFakeOrigin}));
    for (size_t i = 0; i < 12; ++i) {
      lines_.push_back(Write(ExportEntry{i, log_.leaves[i]}));
      if (i == 6) lines_.push_back(Write(ExportCheckpoint{log_.Note(7), 7}));
    }
    lines_.push_back(Write(ExportCheckpoint{log_.Note(), 12}));
  }

  std::string Save() const {
    std::string path = folder_.File("audit.jsonl");
    std::ofstream(path) << absl::StrJoin(lines_, "\n") << "\n";
    return path;
  }
  LogTrust Trust() const { return {{log_.verifier()}, {}, kNow}; }
  // As `audit verify --file` goes about it.
  absl::Status Verify() const {
    LogVerifier verifier(Trust());
    const auto end = ReadExport(Save(), &verifier, nullptr);
    if (!end.ok()) return end.status();
    if (end->torn || verifier.uncovered() > 0 || verifier.checkpoints() == 0) {
      return contract::Error(v1::REASON_LOG_TAMPERED, "cut");
    }
    return absl::OkStatus();
  }
  void ExpectRefused(absl::string_view words = "") const {
    const absl::Status status = Verify();
    EXPECT_EQ(contract::ReasonOf(status), v1::REASON_LOG_TAMPERED) << status;
    EXPECT_THAT(contract::ProblemOf(status).message(),
                HasSubstr(std::string(words.data(), words.size())));
  }

  test::TempFolder folder_;
  FakeLog log_;
  std::vector<std::string> lines_;  // entry i: line 1 + i, behind the first checkpoint 2 + i
};

TEST_F(LogVerifierTest, AnExportIsProvedToItsEnd) {
  LogVerifier verifier(Trust());
  std::vector<uint64_t> seen;
  const auto end = ReadExport(Save(), &verifier, [&seen](uint64_t index, const std::string&) {
    seen.push_back(index);
    return absl::OkStatus();
  });
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(verifier.size(), 12u);
  EXPECT_EQ(verifier.checkpoints(), 2);
  EXPECT_EQ(verifier.uncovered(), 0u);
  EXPECT_EQ(verifier.origin(), kFakeOrigin);
  EXPECT_EQ(verifier.Root(), contract::MerkleRoot(log_.Hashes()));
  EXPECT_EQ(seen.size(), 12u);
  EXPECT_EQ(end->origin, kFakeOrigin);
  EXPECT_FALSE(end->torn);
  EXPECT_TRUE(Verify().ok());
}

// Whichever byte of the file: nothing changes unseen but what a log key's holder signs.
TEST_F(LogVerifierTest, AChangedByteIsFoundWhereverItIs) {
  const std::string good = absl::StrJoin(lines_, "\n");
  for (size_t i = 0; i < good.size(); i += 3) {
    std::string changed = good;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    lines_ = {changed};
    EXPECT_FALSE(Verify().ok()) << i << " " << good.substr(i < 20 ? 0 : i - 20, 40);
  }
}

TEST_F(LogVerifierTest, AChangedEntryWithItsFieldsIsFound) {
  v1::AuditEntry entry;
  ASSERT_TRUE(entry.ParseFromString(log_.leaves[3]));
  entry.set_subject("mallory");
  lines_[4] = Write(ExportEntry{3, entry.SerializeAsString()});
  ExpectRefused("The checkpoint signs 7 entries with root");
}

TEST_F(LogVerifierTest, ARemovedEntryIsFound) {
  lines_.erase(lines_.begin() + 4);
  ExpectRefused("Entry 3 is missing");
}

TEST_F(LogVerifierTest, ARemovedEntryIsFoundThoughTheOthersAreNumberedAnew) {
  lines_.erase(lines_.begin() + 4);
  for (size_t i = 3; i < 6; ++i) lines_[1 + i] = Write(ExportEntry{i, log_.leaves[i + 1]});
  ExpectRefused("The checkpoint signs 7 entries");
}

TEST_F(LogVerifierTest, SwappedEntriesAreFound) {
  std::swap(lines_[4], lines_[5]);
  ExpectRefused("Entry 3 is missing: entry 4 stands in its place");
  lines_[4] = Write(ExportEntry{3, log_.leaves[4]});
  lines_[5] = Write(ExportEntry{4, log_.leaves[3]});
  ExpectRefused("The checkpoint signs 7 entries");
}

TEST_F(LogVerifierTest, AnInsertedEntryIsFound) {
  lines_.insert(lines_.begin() + 4, lines_[4]);
  ExpectRefused("stands in its place");
}

TEST_F(LogVerifierTest, ACutTailIsFound) {
  lines_.pop_back();
  ExpectRefused("cut");
  lines_.pop_back();
  ExpectRefused("cut");
  while (lines_.size() > 9) lines_.pop_back();
  // The first export is whole: only a memory of more tells that this is an older copy.
  EXPECT_TRUE(Verify().ok());
  LogVerifier verifier(Trust());
  verifier.Expect({kFakeOrigin, 12, contract::MerkleRoot(log_.Hashes())});
  ASSERT_TRUE(ReadExport(Save(), &verifier, nullptr).ok());
  EXPECT_TRUE(verifier.expects_more());
}

TEST_F(LogVerifierTest, ALineWithoutItsEndIsTorn) {
  const std::string path = Save();
  std::ofstream(path, std::ios::app) << "{\"index\":12,\"le";
  LogVerifier verifier(Trust());
  const auto end = ReadExport(path, &verifier, nullptr);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_TRUE(end->torn);
  EXPECT_EQ(static_cast<size_t>(end->bytes), absl::StrJoin(lines_, "\n").size() + 1);
}

TEST_F(LogVerifierTest, AnotherLogsCheckpointIsFound) {
  FakeLog other;
  other.leaves = log_.leaves;
  lines_.back() = Write(ExportCheckpoint{other.Note(), 12});
  EXPECT_EQ(contract::ReasonOf(Verify()), v1::REASON_BAD_SIGNATURE);
  lines_.back() = Write(ExportCheckpoint{log_.Note(), 11});
  ExpectRefused("another size");
  lines_[0] = Write(ExportHeader{"resetctl.controller/other"});
  ExpectRefused("another log");
  lines_.erase(lines_.begin());
  ExpectRefused("first line");
}

// Whoever has the log's key can sign another history; not to those who have seen the first one.
TEST_F(LogVerifierTest, ARewrittenLogSignedWithTheStolenKeyIsFoundByMemory) {
  const contract::Checkpoint seen{kFakeOrigin, 7, contract::MerkleRoot([this] {
                                    std::vector<std::string> hashes = log_.Hashes();
                                    hashes.resize(7);
                                    return hashes;
                                  }())};
  log_.leaves[3] = FakeLog::AnEntry("login", "mallory").SerializeAsString();
  lines_ = {Write(ExportHeader{kFakeOrigin})};
  for (size_t i = 0; i < 12; ++i) lines_.push_back(Write(ExportEntry{i, log_.leaves[i]}));
  lines_.push_back(Write(ExportCheckpoint{log_.Note(), 12}));
  EXPECT_TRUE(Verify().ok());
  LogVerifier verifier(Trust());
  verifier.Expect(seen);
  const absl::Status status = ReadExport(Save(), &verifier, nullptr).status();
  EXPECT_EQ(contract::ReasonOf(status), v1::REASON_LOG_FORKED) << status;
}

TEST_F(LogVerifierTest, TellsWhatEachWitnessSaw) {
  const auto early = *contract::MakeWitnessKey("early");
  const auto late = *contract::MakeWitnessKey("late");
  const auto never = *contract::MakeWitnessKey("never");
  const auto cosigned = [&](size_t size, const std::string& name, const std::string& pem) {
    const std::string note = log_.Note(size);
    return Write(ExportCheckpoint{
        absl::StrCat(note, *contract::Cosign(note, name, pem, kNow - absl::Hours(1))), size});
  };
  lines_[8] = cosigned(7, "early", early.private_pem);
  lines_.back() = cosigned(12, "late", late.private_pem);
  LogVerifier verifier({{log_.verifier()}, {early.verifier, late.verifier, never.verifier}, kNow});
  ASSERT_TRUE(ReadExport(Save(), &verifier, nullptr).ok());
  ASSERT_EQ(verifier.witnessed().size(), 3u);
  EXPECT_EQ(verifier.witnessed()[0].size, 7u);
  EXPECT_EQ(verifier.witnessed()[1].size, 12u);
  EXPECT_EQ(verifier.witnessed()[1].time, kNow - absl::Hours(1));
  EXPECT_EQ(verifier.witnessed()[1].witness, "late");
  EXPECT_EQ(verifier.witnessed()[2].time, absl::InfinitePast());
}

TEST_F(LogVerifierTest, NamesFileAndLine) {
  lines_.erase(lines_.begin() + 4);
  const v1::Problem problem = contract::ProblemOf(Verify());
  EXPECT_EQ(problem.file(), folder_.File("audit.jsonl"));
  EXPECT_EQ(problem.line(), 5);
}

#ifdef RESETCTL_AUDIT_CHECK

struct PythonSaid {
  int exit_code;
  std::string text;
};
PythonSaid AskPython(const std::string& path) {
  base::SubprocessOptions options;
  options.argv = {RESETCTL_PYTHON, RESETCTL_AUDIT_CHECK, path};
  options.timeout = absl::Minutes(1);
  const auto result = base::RunSubprocess(options);
  if (!result.ok()) return {-1, result.status().ToString()};
  return {result->exit_code, result->standard_output + result->standard_error};
}

TEST_F(LogVerifierTest, AnotherImplementationAgrees) {
  const PythonSaid said = AskPython(Save());
  EXPECT_EQ(said.exit_code, 0) << said.text;
  EXPECT_EQ(said.text,
            absl::StrCat("12 ", base::ToBase64(contract::MerkleRoot(log_.Hashes())), "\n"));
}

TEST_F(LogVerifierTest, AnotherImplementationFindsWhatWeFind) {
  const std::vector<std::string> good = lines_;
  const std::vector<std::function<void()>> changes = {
      [this] { lines_.erase(lines_.begin() + 4); },
      [this] { std::swap(lines_[4], lines_[5]); },
      [this] { lines_.pop_back(); },
      [this] {
        lines_[4] = Write(ExportEntry{3, log_.leaves[4]});
      },
      [this] { lines_[4].replace(lines_[4].find("person-3"), 8, "person-4"); },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    lines_ = good;
    changes[i]();
    EXPECT_FALSE(Verify().ok()) << i;
    EXPECT_EQ(AskPython(Save()).exit_code, 1) << i;
  }
}

#endif

}  // namespace
}  // namespace resetctl::client

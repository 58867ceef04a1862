#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/output/times.h"
#include "proto/base/file.h"
#include "proto/contract/cosignature.h"
#include "tests/client/fake_controller.h"

namespace resetctl::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Without the line ends that wrapping made.
std::string OneLine(const std::string& text) {
  return absl::StrJoin(absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty()), " ");
}

class AuditFlowTest : public ::testing::Test {
 protected:
  AuditFlowTest() { Grow(5); }

  void Grow(int entries) {
    for (int i = 0; i < entries; ++i) log().Add("login", absl::StrCat("person-", i));
  }
  FakeLog& log() { return controller_.log(); }
  std::string File(const std::string& name) const {
    return absl::StrCat(controller_.home(), "/", name);
  }
  std::string Read(const std::string& name) const { return *base::ReadFile(File(name)); }
  std::string RememberedPath() const {
    const std::string state = controller_.home() + "/.config/resetctl/state";
    if (!std::filesystem::exists(state)) return "";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(state)) {
      if (entry.path().filename() == "log") return entry.path();
    }
    return "";
  }
  Called Audit(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "audit");
    return Call(controller_, arguments);
  }
  Called Export() { return Audit({"export", "--file", File("audit.jsonl")}); }
  Called VerifyFile(std::vector<std::string> more = {}) {
    more.insert(more.begin(),
                {"verify", "--file", File("audit.jsonl"), "--log-key", log().verifier()});
    return Audit(more);
  }

  FakeController controller_;
};

// ---- what was seen is remembered

TEST_F(AuditFlowTest, ALoginRemembersTheLog) {
  ASSERT_EQ(Call(controller_, {"login"}).exit, 0);
  const std::string path = RememberedPath();
  ASSERT_NE(path, "");
  struct stat info = {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(*base::ReadFile(path), absl::StrCat(log().verifier(), "\n\n", log().Note()));
  Grow(3);
  ASSERT_EQ(Audit({"list"}).exit, 0);
  EXPECT_THAT(*base::ReadFile(path), HasSubstr("\n8\n"));
}

TEST_F(AuditFlowTest, ARolledBackLogIsFoundByEachVerbThatLooks) {
  ASSERT_EQ(Call(controller_, {"login"}).exit, 0);
  const std::string before = *base::ReadFile(RememberedPath());
  log().leaves.pop_back();
  for (const std::vector<std::string>& verb :
       {std::vector<std::string>{"login"},
        {"audit", "list"},
        {"audit", "verify"},
        {"audit", "tail"},
        {"audit", "export", "--file", File("audit.jsonl")}}) {
    const Called called = Call(controller_, verb);
    EXPECT_EQ(called.exit, 3) << verb[0];
    EXPECT_THAT(OneLine(called.err), HasSubstr("has 4 entries, but 5 were seen of it before"))
        << verb[0];
  }
  EXPECT_THAT(Audit({"verify", "-o", "json"}).out, HasSubstr("\"reason\":\"LOG_ROLLED_BACK\""));
  EXPECT_EQ(*base::ReadFile(RememberedPath()), before);
}

// Signed with the log's own key: whoever saw the log before still knows better.
TEST_F(AuditFlowTest, ARewrittenLogIsFound) {
  ASSERT_EQ(Audit({"list"}).exit, 0);
  log().leaves[2] = FakeLog::AnEntry("login", "mallory").SerializeAsString();
  const Called same_size = Audit({"list", "-o", "json"});
  EXPECT_EQ(same_size.exit, 3);
  EXPECT_THAT(same_size.out, HasSubstr("\"reason\":\"LOG_FORKED\""));
  Grow(4);
  const Called grown = Audit({"list"});
  EXPECT_EQ(grown.exit, 3);
  EXPECT_THAT(OneLine(grown.err), HasSubstr("do not begin with the same 5"));
}

TEST_F(AuditFlowTest, AnotherKeyIsNotTakenWithoutAWord) {
  ASSERT_EQ(Audit({"list"}).exit, 0);
  const std::string old_key = log().verifier();
  const std::vector<std::string> leaves = log().leaves;
  log() = FakeLog();
  log().leaves = leaves;
  const Called refused = Audit({"list"});
  EXPECT_EQ(refused.exit, 3);
  EXPECT_THAT(OneLine(refused.err), HasSubstr("--log-key OLD --log-key NEW"));
  ASSERT_EQ(Audit({"verify", "--log-key", old_key, "--log-key", log().verifier()}).exit, 0);
  EXPECT_EQ(Audit({"list"}).exit, 0);
}

TEST_F(AuditFlowTest, AMemoryThatCannotBeReadIsNotPassedOver) {
  ASSERT_EQ(Audit({"list"}).exit, 0);
  std::ofstream(RememberedPath()) << "nonsense";
  const Called called = Audit({"list"});
  EXPECT_EQ(called.exit, 2);
  EXPECT_THAT(OneLine(called.err), HasSubstr("what was seen of the audit log"));
}

// ---- list and tail

TEST_F(AuditFlowTest, ListAsksForAPlanARunAndATime) {
  ASSERT_EQ(Audit({"list", "--run", "r-19c04e77", "--since", "2026-11-01", "--until",
                   "2026-11-02T03:04:05Z", "--env", "production"})
                .exit,
            0);
  ASSERT_EQ(controller_.script().lists.size(), 1u);
  const v1::ListEntriesRequest& request = controller_.script().lists[0];
  EXPECT_EQ(request.run_id(), "r-19c04e77");
  EXPECT_EQ(TimeOf(request.since()),
            absl::FromCivil(absl::CivilDay(2026, 11, 1), absl::UTCTimeZone()));
  EXPECT_EQ(TimeOf(request.until()),
            absl::FromCivil(absl::CivilSecond(2026, 11, 2, 3, 4, 5), absl::UTCTimeZone()));
  EXPECT_TRUE(request.without_events());
  EXPECT_EQ(Audit({"list", "--plan", "p-7f3a"}).exit, 0);
  EXPECT_EQ(controller_.script().lists[1].plan_id(), "p-7f3a");
  EXPECT_EQ(Audit({"list", "--plan", "r-19c04e77"}).exit, 2);
  EXPECT_EQ(Audit({"list", "--since", "yesterday"}).exit, 2);
}

TEST_F(AuditFlowTest, TailShowsEachEntryOnceUntilItIsInterrupted) {
  int asked = 0;
  controller_.script().on_list = [&] {
    // The first page; then what came meanwhile, in two pages; then enough.
    if (++asked == 1) Grow(3);
    if (asked == 3) raise(SIGINT);
  };
  const Called called = Audit({"tail", "-o", "json"});
  EXPECT_EQ(called.exit, 0) << called.err;
  const std::vector<std::string> lines = absl::StrSplit(called.out, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 5u) << called.out;
  for (size_t i = 0; i < lines.size(); ++i) {
    EXPECT_THAT(lines[i], StartsWith(absl::StrCat("{\"index\":\"", 3 + i, "\"")));
  }
  EXPECT_EQ(called.err, "");
}

// A log of millions is not gone through every second because nothing in it fits.
TEST_F(AuditFlowTest, TailAsksForWhatIsNewEvenWhenNothingFits) {
  int asked = 0;
  controller_.script().on_list = [&] {
    if (++asked == 1) Grow(2);
    if (asked == 3) raise(SIGINT);
  };
  controller_.script().nothing_fits = true;
  const Called called = Audit({"tail", "--action", "policy.apply"});
  EXPECT_EQ(called.exit, 0) << called.err;
  EXPECT_EQ(called.out, "");
  std::vector<uint64_t> from;
  for (const v1::ListEntriesRequest& request : controller_.script().lists) {
    from.push_back(request.first_index());
  }
  EXPECT_THAT(from, ElementsAre(0, 5, 7));
}

TEST_F(AuditFlowTest, TailWaitsForAControllerThatIsOutOfReach) {
  int asked = 0;
  controller_.script().on_list = [&] {
    if (++asked == 1) controller_.script().drop_lists = 2;
    if (asked == 2) Grow(1);
    if (asked == 4) raise(SIGTERM);
  };
  const Called called = Audit({"tail", "-o", "json"});
  EXPECT_EQ(called.exit, 0) << called.err;
  EXPECT_EQ(std::count(called.out.begin(), called.out.end(), '\n'), 3) << called.out;
  EXPECT_EQ(called.err,
            "resetctl: The controller is out of reach; waiting for it.\n"
            "resetctl: The controller is back.\n");
}

// Somebody may have restored it meanwhile.
TEST_F(AuditFlowTest, TailEndsWhenTheControllerComesBackWithAnotherLog) {
  int asked = 0;
  controller_.script().on_list = [&] {
    if (++asked == 1) controller_.script().drop_lists = 1;
    if (asked == 2) log().leaves.pop_back();
  };
  const Called called = Audit({"tail"});
  EXPECT_EQ(called.exit, 3);
  EXPECT_THAT(OneLine(called.err), HasSubstr("has 4 entries, but 5 were seen of it before"));
}

// ---- export

TEST_F(AuditFlowTest, ExportsTheWholeLogAndVerifiesItOffline) {
  const Called exported = Export();
  ASSERT_EQ(exported.exit, 0) << exported.err;
  EXPECT_THAT(OneLine(exported.out), HasSubstr("5 entries added"));
  struct stat info = {};
  ASSERT_EQ(stat(File("audit.jsonl").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const Called verified = VerifyFile();
  EXPECT_EQ(verified.exit, 0) << verified.err;
  EXPECT_THAT(OneLine(verified.out), HasSubstr("PROVED"));
  EXPECT_THAT(OneLine(verified.out), HasSubstr("each of the 5 entries is in its place"));
  EXPECT_THAT(OneLine(verified.out), HasSubstr("NOT PROVED"));
  controller_.Stop();
  EXPECT_EQ(VerifyFile().exit, 0);
}

TEST_F(AuditFlowTest, AFurtherExportGoesOnWhereTheFileEnds) {
  ASSERT_EQ(Export().exit, 0);
  const std::string first = Read("audit.jsonl");
  EXPECT_THAT(Export().out, HasSubstr("Nothing new"));
  EXPECT_EQ(Read("audit.jsonl"), first);
  Grow(4);
  const Called more = Audit({"export", "--file", File("audit.jsonl"), "-o", "json"});
  ASSERT_EQ(more.exit, 0) << more.out;
  EXPECT_THAT(more.out, HasSubstr("\"size\":\"9\",\"added\":\"4\""));
  EXPECT_THAT(Read("audit.jsonl"), StartsWith(first));
  EXPECT_EQ(VerifyFile().exit, 0);
}

TEST_F(AuditFlowTest, ATornExportIsGoneOnWith) {
  ASSERT_EQ(Export().exit, 0);
  const std::string whole = Read("audit.jsonl");
  for (const size_t cut : {size_t{10}, whole.size() / 2, whole.size() - 5}) {
    std::ofstream(File("audit.jsonl")) << whole.substr(0, cut);
    EXPECT_EQ(VerifyFile().exit, 3) << cut;
    ASSERT_EQ(Export().exit, 0) << cut;
    EXPECT_EQ(Read("audit.jsonl"), whole) << cut;
  }
}

TEST_F(AuditFlowTest, AnInterruptedExportIsGoneOnWith) {
  Grow(10);
  controller_.script().on_export = [] { raise(SIGINT); };
  const Called interrupted = Export();
  EXPECT_EQ(interrupted.exit, 8);
  EXPECT_THAT(OneLine(interrupted.err), HasSubstr("interrupted after entry 2"));
  const std::string part = Read("audit.jsonl");
  EXPECT_EQ(VerifyFile().exit, 3);
  controller_.script().on_export = nullptr;
  ASSERT_EQ(Export().exit, 0);
  EXPECT_THAT(Read("audit.jsonl"), StartsWith(part));
  EXPECT_EQ(VerifyFile().exit, 0);
}

TEST_F(AuditFlowTest, TwoExportsIntoOneFileAtOnceAreRefused) {
  Called second;
  controller_.script().on_export = [&] {
    if (second.exit < 0) second = Export();
  };
  ASSERT_EQ(Export().exit, 0);
  EXPECT_EQ(second.exit, 2);
  EXPECT_THAT(OneLine(second.err), HasSubstr("another export is writing " + File("audit.jsonl")));
  EXPECT_EQ(VerifyFile().exit, 0);
  EXPECT_EQ(Export().exit, 0);
}

TEST_F(AuditFlowTest, AnExportThatDoesNotBeginLeavesNoFile) {
  controller_.script().reads_all = false;
  EXPECT_EQ(Export().exit, 3);
  EXPECT_FALSE(std::filesystem::exists(File("audit.jsonl")));
  EXPECT_EQ(Audit({"export", "--file", File("no folder/audit.jsonl")}).exit, 2);
}

// ---- archive files

// The first four of the log's entries are in two files, as the controller makes them.
class ArchiveFlowTest : public AuditFlowTest {
 protected:
  ArchiveFlowTest() {
    Grow(2);
    std::ofstream(first_) << log().Archive(0, 3);
    std::ofstream(second_) << log().Archive(3, 4);
    log().archived = 4;
  }
  Called ExportRest() {
    return Audit({"export", "--archive", first_, second_, "--file", File("audit.jsonl")});
  }
  Called Verify(const std::vector<std::string>& files) {
    std::vector<std::string> arguments = {"verify", "--log-key", log().verifier(), "--file"};
    arguments.insert(arguments.end(), files.begin(), files.end());
    return Audit(arguments);
  }

  const std::string first_ = File("audit-0-2.jsonl");
  const std::string second_ = File("audit-3-3.jsonl");
};

TEST_F(ArchiveFlowTest, AnExportGoesOnFromTheArchiveAndAllIsVerified) {
  const Called alone = Export();
  EXPECT_EQ(alone.exit, 2);
  EXPECT_THAT(OneLine(alone.err), HasSubstr("are in the archive file"));
  EXPECT_FALSE(std::filesystem::exists(File("audit.jsonl")));

  const Called rest = ExportRest();
  ASSERT_EQ(rest.exit, 0) << rest.err;
  EXPECT_THAT(OneLine(rest.out), HasSubstr("3 entries added"));
  EXPECT_THAT(OneLine(rest.out), HasSubstr("has the log's entries from 4 on."));
  const Called whole = Verify({first_, second_, File("audit.jsonl")});
  EXPECT_EQ(whole.exit, 0) << whole.err;
  EXPECT_THAT(OneLine(whole.out), HasSubstr("each of the 7 entries is in its place"));
  EXPECT_THAT(OneLine(whole.out), HasSubstr("3 checkpoints are signed"));

  Grow(1);
  EXPECT_THAT(OneLine(ExportRest().out), HasSubstr("and goes on from what it had"));
  EXPECT_EQ(Verify({first_, second_, File("audit.jsonl")}).exit, 0);
  // Without what comes before, or in another order, nothing is proved.
  const Called headless = Verify({File("audit.jsonl")});
  EXPECT_EQ(headless.exit, 3);
  EXPECT_THAT(OneLine(headless.err), HasSubstr("give those first, in order"));
  EXPECT_EQ(Verify({second_, first_, File("audit.jsonl")}).exit, 3);
  EXPECT_EQ(Verify({first_, File("audit.jsonl")}).exit, 3);
  EXPECT_EQ(Verify({first_, second_}).exit, 0);
}

TEST_F(ArchiveFlowTest, AnArchiveThatWasTamperedWithIsFound) {
  ASSERT_EQ(ExportRest().exit, 0);
  const std::string whole = Read("audit-0-2.jsonl");
  std::ofstream(first_) << whole.substr(0, whole.size() - 5);
  EXPECT_EQ(Verify({first_, second_, File("audit.jsonl")}).exit, 3);
  const std::vector<std::string> leaves = log().leaves;
  log().leaves[1] = FakeLog::AnEntry("login", "mallory").SerializeAsString();
  std::ofstream(first_) << log().Archive(0, 3);
  log().leaves = leaves;
  EXPECT_EQ(Verify({first_, second_, File("audit.jsonl")}).exit, 3);
}

TEST_F(ArchiveFlowTest, VerifiesTheControllersLogWithAndWithoutItsArchive) {
  const Called without = Audit({"verify", "--log-key", log().verifier()});
  EXPECT_EQ(without.exit, 0) << without.err;
  EXPECT_THAT(OneLine(without.out), HasSubstr("--archive FILES has them verified too"));
  EXPECT_THAT(Audit({"verify", "-o", "json"}).out,
              HasSubstr("\"notProved\":[\"log-key\",\"tree\"]"));
  const Called with =
      Audit({"verify", "--archive", first_, second_, "--log-key", log().verifier(), "-o", "json"});
  EXPECT_EQ(with.exit, 0) << with.out;
  EXPECT_THAT(with.out, HasSubstr("\"proved\":[\"log-key\",\"memory\",\"tree\"]"));
}

TEST_F(ArchiveFlowTest, ListSaysWhereOlderEntriesAre) {
  const std::string note = "4 older entries are in archive files";
  EXPECT_THAT(OneLine(Audit({"list"}).out), Not(HasSubstr(note)));  // there is another page
  EXPECT_THAT(OneLine(Audit({"list", "--page", "5"}).out), HasSubstr(note));
}

// Another machine's memory is empty: the file itself remembers.
TEST_F(AuditFlowTest, AFileIsNotGoneOnWithByAnotherHistory) {
  ASSERT_EQ(Export().exit, 0);
  const std::string first = Read("audit.jsonl");
  log().leaves[2] = FakeLog::AnEntry("login", "mallory").SerializeAsString();
  Grow(2);
  std::filesystem::remove(RememberedPath());
  const Called forked = Audit({"export", "--file", File("audit.jsonl"), "-o", "json"});
  EXPECT_EQ(forked.exit, 3);
  EXPECT_THAT(forked.out, HasSubstr("\"reason\":\"LOG_FORKED\""));
  EXPECT_EQ(Read("audit.jsonl"), first);
  log().leaves.resize(3);
  std::filesystem::remove(RememberedPath());
  const Called shorter = Export();
  EXPECT_EQ(shorter.exit, 3);
  EXPECT_THAT(OneLine(shorter.err), HasSubstr("the file has 5 entries, the log 3"));
  EXPECT_EQ(Read("audit.jsonl"), first);
}

TEST_F(AuditFlowTest, AControllerThatLeavesEntriesOutIsFound) {
  controller_.script().on_export = [this] { log().leaves.resize(3); };
  const Called called = Export();
  EXPECT_EQ(called.exit, 3);
  EXPECT_THAT(OneLine(called.err), HasSubstr("gives 3 of the 5 entries"));
}

// ---- verify

TEST_F(AuditFlowTest, AFileNeedsTheLogsKey) {
  ASSERT_EQ(Export().exit, 0);
  const Called without = Audit({"verify", "--file", File("audit.jsonl")});
  EXPECT_EQ(without.exit, 2);
  EXPECT_THAT(OneLine(without.err), HasSubstr("proves nothing without the log's key"));
  std::ofstream(File("log.pub")) << log().verifier() << "\n";
  EXPECT_EQ(Audit({"verify", "--file", File("audit.jsonl"), "--log-key", File("log.pub")}).exit, 0);
  const FakeLog other;
  EXPECT_EQ(Audit({"verify", "--file", File("audit.jsonl"), "--log-key", other.verifier()}).exit,
            3);
  EXPECT_EQ(Audit({"verify", "--file", File("audit.jsonl"), "--log-key", "nonsense"}).exit, 2);
}

TEST_F(AuditFlowTest, AnOlderCopyOfTheFileIsTold) {
  ASSERT_EQ(Export().exit, 0);
  Grow(2);
  ASSERT_EQ(Audit({"list"}).exit, 0);
  const Called called = VerifyFile({"-o", "json"});
  EXPECT_EQ(called.exit, 0);
  EXPECT_THAT(called.out,
              HasSubstr("\"notProved\":[\"memory\",\"witnesses\",\"agents\",\"persons\"]"));
}

TEST_F(AuditFlowTest, ARewrittenFileIsFoundByMemory) {
  ASSERT_EQ(Audit({"list"}).exit, 0);
  log().leaves[2] = FakeLog::AnEntry("login", "mallory").SerializeAsString();
  const std::string remembered = *base::ReadFile(RememberedPath());
  std::filesystem::remove(RememberedPath());
  ASSERT_EQ(Export().exit, 0);
  std::ofstream(RememberedPath()) << remembered;
  const Called called = VerifyFile({"-o", "json"});
  EXPECT_EQ(called.exit, 3);
  EXPECT_THAT(called.out, HasSubstr("\"reason\":\"LOG_FORKED\""));
}

TEST_F(AuditFlowTest, VerifiesTheControllersLog) {
  const Called first = Audit({"verify", "-o", "json"});
  EXPECT_EQ(first.exit, 0) << first.out;
  EXPECT_THAT(first.out, HasSubstr("\"proved\":[\"tree\"]"));
  EXPECT_THAT(
      first.out,
      HasSubstr("\"notProved\":[\"log-key\",\"memory\",\"witnesses\",\"agents\",\"persons\"]"));
  Grow(3);
  const Called second = Audit({"verify", "-o", "json", "--log-key", log().verifier()});
  EXPECT_EQ(second.exit, 0) << second.out;
  EXPECT_THAT(second.out, HasSubstr("\"proved\":[\"log-key\",\"memory\",\"tree\"]"));
}

TEST_F(AuditFlowTest, WhoMayNotReadEverythingIsProvedTheGrowth) {
  controller_.script().reads_all = false;
  ASSERT_EQ(Audit({"verify"}).exit, 0);
  const Called called = Audit({"verify", "-o", "json", "--log-key", log().verifier()});
  EXPECT_EQ(called.exit, 0) << called.out;
  EXPECT_THAT(called.out, HasSubstr("\"proved\":[\"log-key\",\"memory\"]"));
  EXPECT_THAT(called.out, HasSubstr("\"notProved\":[\"tree\"]"));
  EXPECT_EQ(Export().exit, 3);
}

// What nobody signs is said to be so, also where nothing is signed at all.
TEST_F(AuditFlowTest, WhatPersonsDidWithoutAStatementIsTheControllersWord) {
  std::ofstream(File("signers")) << "carol namespaces=\"resetctl-approval-v1\" "
                                 << *base::ReadFile(controller_.key() + ".pub");
  ASSERT_EQ(Export().exit, 0);
  const Called nothing = VerifyFile({"--allowed-signers", File("signers")});
  EXPECT_EQ(nothing.exit, 0) << nothing.err;
  EXPECT_THAT(OneLine(nothing.out), HasSubstr("no entry stands on a signed statement"));
  EXPECT_THAT(OneLine(nothing.out), Not(HasSubstr("the controller's word")));

  v1::AuditEntry cancel = FakeLog::AnEntry("run.cancel", "r-19c04e77");
  cancel.set_actor("person:carol");
  log().Add(cancel);
  v1::AuditEntry refused = FakeLog::AnEntry("plan.approve", "p-7f3a");
  refused.set_actor("person:carol");
  refused.set_outcome("SELF_APPROVAL");
  log().Add(refused);
  ASSERT_EQ(Export().exit, 0);
  EXPECT_THAT(OneLine(VerifyFile({"--allowed-signers", File("signers")}).out),
              HasSubstr("that persons did 2 things more is the controller's word"));
  EXPECT_THAT(VerifyFile({"--allowed-signers", File("signers"), "-o", "json"}).out,
              HasSubstr("\"persons\"],\"notProved\""));
}

TEST_F(AuditFlowTest, PersonsAndWitnessesAreDemandedWhereTheyAreGiven) {
  v1::AuditEntry approval = FakeLog::AnEntry("plan.approve", "p-7f3a");
  approval.set_actor("person:carol");
  log().Add(approval);
  ASSERT_EQ(Export().exit, 0);
  std::ofstream(File("signers")) << "carol namespaces=\"resetctl-approval-v1\" "
                                 << *base::ReadFile(controller_.key() + ".pub");
  const Called unsaid = VerifyFile({"--allowed-signers", File("signers")});
  EXPECT_EQ(unsaid.exit, 3);
  EXPECT_THAT(OneLine(unsaid.err),
              HasSubstr("Entry 5, plan.approve: it carries no signed statement"));

  std::ofstream(File("witnesses")) << "# the agent of production\n"
                                   << contract::MakeWitnessKey("agent")->verifier << "\n";
  const Called unseen = VerifyFile({"--witnesses", File("witnesses")});
  EXPECT_EQ(unseen.exit, 3);
  EXPECT_THAT(OneLine(unseen.err), HasSubstr("No checkpoint here is cosigned by agent"));
  EXPECT_EQ(VerifyFile({"--witnesses", File("nothing")}).exit, 2);
}

// ---- witnesses

class WitnessFlowTest : public AuditFlowTest {
 protected:
  // The log as it is now, cosigned.
  std::string CosignedBy(const contract::NoteKeyPair& key) {
    const std::string name = key.verifier.substr(0, key.verifier.find('+'));
    const std::string note = log().Note();
    return note + *contract::Cosign(note, name, key.private_pem, absl::Now());
  }
  Called Verify(std::vector<std::string> more = {}) {
    std::ofstream(File("witnesses")) << near_.verifier << "\n" << far_.verifier << "\n";
    more.insert(more.begin(), {"verify", "-o", "json", "--witnesses", File("witnesses")});
    return Audit(more);
  }

  const contract::NoteKeyPair near_ = *contract::MakeWitnessKey("resetctl.agent/staging/shop");
  const contract::NoteKeyPair far_ = *contract::MakeWitnessKey("resetctl.agent/production/shop");
};

TEST_F(WitnessFlowTest, SayWhichHistoryTheyWereShownAndUpToWhere) {
  controller_.script().cosigned.push_back(CosignedBy(far_));
  Grow(2);
  controller_.script().cosigned.push_back(CosignedBy(near_));
  Grow(3);
  const Called called = Verify();
  EXPECT_EQ(called.exit, 0) << called.err;
  EXPECT_THAT(called.out, HasSubstr("\"tree\",\"witnesses\"]"));
  const Called told = Audit({"verify", "--witnesses", File("witnesses")});
  EXPECT_THAT(OneLine(told.out), HasSubstr("resetctl.agent/staging/shop saw the first 7 entries"));
  EXPECT_THAT(OneLine(told.out),
              HasSubstr("resetctl.agent/production/shop saw the first 5 entries"));
  EXPECT_THAT(OneLine(told.out), HasSubstr("none of them has seen the 3 entries after that yet"));
}

TEST_F(WitnessFlowTest, OneThatCosignedNothingIsNamed) {
  controller_.script().cosigned.push_back(CosignedBy(far_));
  ASSERT_EQ(Verify().exit, 0);
  const Called told = Audit({"verify", "--witnesses", File("witnesses")});
  EXPECT_THAT(OneLine(told.out),
              HasSubstr("nothing here is cosigned by resetctl.agent/staging/shop"));
}

TEST_F(WitnessFlowTest, NothingIsProvedWithoutAny) {
  const Called none = Verify();
  EXPECT_EQ(none.exit, 3);
  EXPECT_THAT(none.out, HasSubstr("\"reason\":\"BAD_SIGNATURE\""));
  controller_.script().has_witnesses = false;  // an older one
  EXPECT_EQ(Verify().exit, 3);
  EXPECT_EQ(Export().exit, 0);
}

TEST_F(WitnessFlowTest, WhoeverSawAnotherHistoryTellsOfTheFork) {
  controller_.script().cosigned.push_back(CosignedBy(far_));
  log().leaves[2] = FakeLog::AnEntry("login", "mallory").SerializeAsString();
  Grow(2);
  const Called called = Verify();
  EXPECT_EQ(called.exit, 3);
  EXPECT_THAT(called.out, HasSubstr("\"reason\":\"LOG_FORKED\""));
  EXPECT_THAT(OneLine(called.out), HasSubstr("resetctl.agent/production/shop saw another history"));
}

TEST_F(WitnessFlowTest, WhoeverSawMoreTellsOfTheRollback) {
  Grow(4);
  controller_.script().cosigned.push_back(CosignedBy(far_));
  log().leaves.resize(6);
  const Called called = Verify();
  EXPECT_EQ(called.exit, 3);
  EXPECT_THAT(called.out, HasSubstr("\"reason\":\"LOG_ROLLED_BACK\""));
}

// By a key of the same name that the verifier was not given.
TEST_F(WitnessFlowTest, AnotherKeyOfTheSameNameIsNoWitness) {
  controller_.script().cosigned.push_back(
      CosignedBy(*contract::MakeWitnessKey("resetctl.agent/production/shop")));
  EXPECT_EQ(Verify().exit, 3);
}

TEST_F(WitnessFlowTest, AnExportHoldsWhatTheyCosigned) {
  controller_.script().cosigned.push_back(CosignedBy(far_));
  Grow(2);
  controller_.script().cosigned.push_back(CosignedBy(near_));
  Grow(3);
  ASSERT_EQ(Export().exit, 0);
  std::ofstream(File("witnesses")) << near_.verifier << "\n" << far_.verifier << "\n";
  Called told = VerifyFile({"--witnesses", File("witnesses")});
  EXPECT_EQ(told.exit, 0) << told.err;
  EXPECT_THAT(OneLine(told.out), HasSubstr("resetctl.agent/staging/shop saw the first 7 entries"));
  EXPECT_THAT(OneLine(told.out),
              HasSubstr("resetctl.agent/production/shop saw the first 5 entries"));

  // Gone on with: what was cosigned since is added, each in its place.
  controller_.script().cosigned = {CosignedBy(far_)};
  Grow(1);
  ASSERT_EQ(Export().exit, 0);
  Grow(1);
  controller_.script().cosigned = {CosignedBy(far_)};
  Grow(1);
  ASSERT_EQ(Export().exit, 0);
  told = VerifyFile({"--witnesses", File("witnesses")});
  EXPECT_THAT(OneLine(told.out),
              HasSubstr("resetctl.agent/production/shop saw the first 12 entries"))
      << told.err;
}

TEST_F(WitnessFlowTest, AnExportLeavesOutWhatIsAboutAnotherHistory) {
  controller_.script().cosigned.push_back(CosignedBy(far_));
  log().leaves[2] = FakeLog::AnEntry("login", "mallory").SerializeAsString();
  const Called exported = Export();
  EXPECT_EQ(exported.exit, 0) << exported.err;
  EXPECT_THAT(OneLine(exported.err), HasSubstr("An agent has cosigned another history"));
  EXPECT_EQ(VerifyFile().exit, 0);
}

}  // namespace
}  // namespace resetctl::client

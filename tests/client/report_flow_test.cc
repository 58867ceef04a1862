// resetctl report against a controller that is honest, and against some that are not.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "proto/base/file.h"
#include "tests/client/fake_controller.h"
#include "tests/client/fixtures.h"

namespace resetctl::client {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class ReportFlowTest : public ::testing::Test {
 protected:
  // A plan, a run of it that has succeeded, and the log of both.
  ReportFlowTest() {
    std::ofstream(Path("blueprint.yaml"))
        << "version: 1\nname: rental-manager\npostgres:\n  schemas: [public]\n  clear:\n"
           "    - group: All\n      tables: [items]\n";
    const Called planned =
        Call(controller_, {"plan", Path("blueprint.yaml"), "--env", "production"});
    EXPECT_EQ(planned.exit, 0) << planned.err;
    v1::Run& run = controller_.script().shown;
    run = ARun(controller_.plan(), v1::RUN_STATE_SUCCEEDED);
    log().Add("login", "carol");
    log().Add("plan.create", run.plan_id());
    log().Add("run.start", run.id());
    AddEnd();
    for (int i = 0; i < 3; ++i) log().Add("login", "bob");
  }
  void AddEnd() {
    v1::Run& run = controller_.script().shown;
    run.set_audit_entry(log().leaves.size());
    v1::AuditEntry end = FakeLog::AnEntry("run.end", run.id());
    (*end.mutable_evidence())["state"] = "SUCCEEDED";
    (*end.mutable_evidence())["xid"] = run.result().xid();
    (*end.mutable_evidence())["rows_cleared"] = absl::StrCat(run.result().rows_cleared());
    log().Add(end);
  }
  FakeLog& log() { return controller_.log(); }
  v1::Run& run() { return controller_.script().shown; }
  std::string Path(const std::string& name) const { return controller_.home() + "/" + name; }
  Called Report(std::vector<std::string> more) {
    more.insert(more.begin(), {"report", "r-19c04e77"});
    return Call(controller_, more);
  }
  Called WithoutFile() { return Report({"-o", "json"}); }

  FakeController controller_;
};

TEST_F(ReportFlowTest, WritesAPageOfItsOwnForItsOwnerAlone) {
  const Called called = Report({"-o", Path("run.html")});
  ASSERT_EQ(called.exit, 0) << called.err;
  EXPECT_THAT(called.out, HasSubstr("has the report of r-19c04e77"));
  struct stat info = {};
  ASSERT_EQ(stat(Path("run.html").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const std::string page = *base::ReadFile(Path("run.html"));
  EXPECT_THAT(page, StartsWith("<!DOCTYPE html>"));
  EXPECT_THAT(page, HasSubstr("1,240,243"));
  EXPECT_THAT(page, HasSubstr("records the end of this run"));
  ASSERT_FALSE(controller_.script().lists.empty());
  EXPECT_EQ(controller_.script().lists[0].plan_id(), run().plan_id());
  EXPECT_TRUE(controller_.script().lists[0].without_events());
}

TEST_F(ReportFlowTest, AFileThatIsThereIsReplacedOnlyWhenAsked) {
  std::ofstream(Path("run.html")) << "mine";
  const Called refused = Report({"-o", Path("run.html")});
  EXPECT_EQ(refused.exit, 2);
  EXPECT_THAT(refused.err, HasSubstr("--force"));
  EXPECT_EQ(*base::ReadFile(Path("run.html")), "mine");
  ASSERT_EQ(Report({"-o", Path("run.html"), "--force"}).exit, 0);
  EXPECT_THAT(*base::ReadFile(Path("run.html")), StartsWith("<!DOCTYPE html>"));
  EXPECT_EQ(Report({"-o", controller_.home(), "--force"}).exit, 2);
  EXPECT_EQ(Report({"-o", Path("no/such/folder.html")}).exit, 2);
}

TEST_F(ReportFlowTest, GoesToStandardOutputOrSaysTheSameAsJson) {
  const Called page = Report({"-o", "-"});
  EXPECT_EQ(page.exit, 0) << page.err;
  EXPECT_THAT(page.out, StartsWith("<!DOCTYPE html>"));
  const Called json = Report({"-o", "json"});
  EXPECT_EQ(json.exit, 0) << json.err;
  EXPECT_THAT(json.out, StartsWith("{\"run\":{\"id\":\"r-19c04e7719c04e77\""));
  EXPECT_EQ(Report({}).exit, 2);
}

TEST_F(ReportFlowTest, SaysHowMuchOfTheLogWasSeenBefore) {
  ASSERT_EQ(Call(controller_, {"audit", "list"}).exit, 0);
  EXPECT_THAT(WithoutFile().out, HasSubstr("\"seenBefore\":\"7\""));
}

// Each entry that the page shows is in the log that the checkpoint signs.
TEST_F(ReportFlowTest, AnEntryThatIsNotInTheLogIsFound) {
  const v1::AuditEntry lie = FakeLog::AnEntry("plan.approve", run().plan_id());
  log().lies[2] = lie.SerializeAsString();
  const Called called = Report({"-o", Path("run.html")});
  EXPECT_EQ(called.exit, 3);
  EXPECT_THAT(called.err, HasSubstr("an entry 2 that is not the one in the log"));
  EXPECT_THAT(base::ReadFile(Path("run.html")).status().message(), Not(IsEmpty()));
}

TEST_F(ReportFlowTest, ARunOfWhichTheLogSaysSomethingElseIsFound) {
  run().mutable_result()->set_rows_cleared(12);
  const Called called = WithoutFile();
  EXPECT_EQ(called.exit, 3);
  EXPECT_THAT(called.out, HasSubstr("\"reason\":\"LOG_TAMPERED\""));
  EXPECT_THAT(called.out, HasSubstr("rows_cleared differs"));
}

TEST_F(ReportFlowTest, AnEndThatIsNotInTheLogIsFound) {
  run().set_audit_entry(5);
  EXPECT_THAT(WithoutFile().out, HasSubstr("\"reason\":\"LOG_TAMPERED\""));
}

TEST_F(ReportFlowTest, ALogThatWasRolledBackIsFound) {
  ASSERT_EQ(WithoutFile().exit, 0);
  log().leaves.pop_back();
  EXPECT_THAT(WithoutFile().out, HasSubstr("\"reason\":\"LOG_ROLLED_BACK\""));
}

TEST_F(ReportFlowTest, APlanThatIsNotTheOneOfItsIdIsFound) {
  run().set_plan_id("p-00000000");
  EXPECT_NE(WithoutFile().exit, 0);
}

// An open run is proved by its newest entry.
TEST_F(ReportFlowTest, ARunThatGoesOnHasAReportToo) {
  run() = ARun(controller_.plan(), v1::RUN_STATE_RUNNING);
  log().leaves.resize(3);
  const Called called = Report({"-o", "-"});
  EXPECT_EQ(called.exit, 0) << called.err;
  EXPECT_THAT(called.out, HasSubstr("the run was still running"));
  EXPECT_THAT(called.out, HasSubstr("The proof of entry 2"));
}

// As the controller writes a plan down.
class SignedReportTest : public ReportFlowTest {
 protected:
  SignedReportTest() {
    v1::PlanDocument document;
    EXPECT_TRUE(document.ParseFromString(controller_.plan().document()));
    v1::AuditEntry entry = FakeLog::AnEntry("plan.create", run().plan_id());
    entry.set_actor("person:carol");
    entry.set_target("rental-manager");
    *entry.mutable_time() = document.make_time();
    *entry.mutable_statement() = controller_.plan().plan_statement();
    (*entry.mutable_evidence())["bundle"] = document.bundle_digest();
    log().leaves[1] = entry.SerializeAsString();
  }
  std::string Signers(const std::string& person) {
    std::ofstream(Path("signers")) << person << " namespaces=\"resetctl-plan-v1\" "
                                   << *base::ReadFile(controller_.key() + ".pub");
    return Path("signers");
  }
};

TEST_F(SignedReportTest, WhoSignedIsProvedWhereSignersAreGiven) {
  EXPECT_THAT(Report({"-o", "json"}).out, HasSubstr("\"signedBy\":null"));
  const Called json = Report({"-o", "json", "--allowed-signers", Signers("carol")});
  EXPECT_THAT(json.out, HasSubstr("\"signedBy\":[\"carol\"]"));
  const Called page = Report({"-o", "-", "--allowed-signers", Path("signers")});
  EXPECT_THAT(page.out, HasSubstr("1 statement is signed by carol"));
}

TEST_F(SignedReportTest, ASignatureOfSomebodyElseIsFound) {
  const Called called = Report({"-o", "json", "--allowed-signers", Signers("mallory")});
  EXPECT_EQ(called.exit, 3);
  EXPECT_THAT(called.out, Not(HasSubstr("signedBy")));
  EXPECT_EQ(Report({"-o", "json", "--allowed-signers", Path("absent")}).exit, 2);
}

TEST_F(ReportFlowTest, TakesRunsOnly) {
  EXPECT_EQ(Call(controller_, {"report", "p-7f3a91c2", "-o", "-"}).exit, 2);
}

}  // namespace
}  // namespace resetctl::client

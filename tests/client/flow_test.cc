#include <algorithm>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>

#include "gtest/gtest.h"
#include "proto/contract/bundle.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "tests/client/fake_controller.h"

namespace resetctl::client {
namespace {

class FlowTest : public testing::Test {
 protected:
  FlowTest() {
    std::filesystem::create_directory(controller_.home() + "/sql");
    Write("blueprint.yaml",
          "version: 1\nname: rental-manager\npostgres:\n  schemas: [public]\n  clear:\n"
          "    - group: All\n      tables: [items]\nrecreate:\n"
          "  - {name: Admin user, sql: sql/admin.sql}\n");
    Write("sql/admin.sql", "insert into users values (1);\n");
  }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(controller_.home() + "/" + name) << text;
  }
  std::string blueprint() const { return controller_.home() + "/blueprint.yaml"; }
  Called Plan(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"plan", blueprint(), "--env", "production"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Call(controller_, arguments);
  }

  FakeController controller_;
};

TEST_F(FlowTest, LogsInBySignedChallengeAndKeepsTheTokenToItself) {
  const Called login = Call(controller_, {"login", "-o", "json"});
  EXPECT_EQ(login.exit, 0) << login.err << login.out;
  EXPECT_EQ((login.out + login.err).find("token-of-carol"), std::string::npos);
  ASSERT_EQ(controller_.script().statements.size(), 1u);
  EXPECT_EQ(controller_.script().statements[0].statement.Get("ca-pin"), controller_.ca_pin());

  int sessions = 0;
  const std::string state = controller_.home() + "/.config/resetctl/state";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(state)) {
    if (entry.path().filename() != "session") continue;
    ++sessions;
    struct stat info = {};
    ASSERT_EQ(stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
  }
  EXPECT_EQ(sessions, 1);
}

TEST_F(FlowTest, OneLoginServesManyCalls) {
  EXPECT_EQ(Call(controller_, {"whoami"}).exit, 0);
  EXPECT_EQ(Call(controller_, {"whoami"}).exit, 0);
  EXPECT_EQ(controller_.script().statements.size(), 1u);
}

TEST_F(FlowTest, PlanSignsTheBundleThatItPackedItself) {
  const Called called = Plan({"--reason", "March opening"});
  ASSERT_EQ(called.exit, 0) << called.err;
  EXPECT_NE(called.out.find("CLEAR"), std::string::npos);
  EXPECT_NE(called.out.find("rental-manager -> production"), std::string::npos);
  const auto& statement = controller_.script().statements.back().statement;
  EXPECT_EQ(statement.Get("bundle"), contract::Digest(controller_.script().bundle));
  EXPECT_EQ(statement.Get("reason"), "March opening");
  const auto files = contract::UnpackBundle(controller_.script().bundle);
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(files->files.size(), 2u);
}

TEST_F(FlowTest, PlanForScriptsIsOneJsonLineWithTheDocumentDecoded) {
  const Called called = Plan({"-o", "json"});
  ASSERT_EQ(called.exit, 0) << called.err;
  EXPECT_EQ(std::count(called.out.begin(), called.out.end(), '\n'), 1);
  EXPECT_EQ(called.out.rfind("{\"plan\":{", 0), 0u);
  EXPECT_NE(called.out.find("\"decoded\":{\"format\":1,\"environment\":\"production\""),
            std::string::npos)
      << called.out;
  EXPECT_EQ(called.err, "");
}

TEST_F(FlowTest, NoPlanShowsEveryProblemAndEndsWithFive) {
  controller_.script().problems = {
      contract::MakeProblem(v1::REASON_UNLISTED_TABLES, "2 tables are in no list", "list them"),
      contract::MakeProblem(v1::REASON_NO_SUCH_TABLE, "there is no table x", "mend it")};
  const Called called = Plan();
  EXPECT_EQ(called.exit, 5);
  EXPECT_EQ(called.out, "");
  EXPECT_NE(called.err.find("No plan: 2 problems with rental-manager on production    (exit 5)"),
            std::string::npos)
      << called.err;
  EXPECT_NE(called.err.find("UNLISTED_TABLES"), std::string::npos);
  EXPECT_NE(called.err.find("NO_SUCH_TABLE"), std::string::npos);
}

TEST_F(FlowTest, ABadBlueprintNeverReachesTheController) {
  Write("sql/admin.sql", "commit;\n");
  EXPECT_EQ(Plan().exit, 2);
  EXPECT_TRUE(controller_.script().statements.empty());
}

TEST_F(FlowTest, BytesThatAreNotTheirIdAreRefused) {
  controller_.script().tamper = true;
  const Called called = Plan({"-o", "json"});
  EXPECT_EQ(called.exit, 3);
  EXPECT_NE(called.out.find("DIGEST_MISMATCH"), std::string::npos) << called.out;
}

TEST_F(FlowTest, ApproveShowsWhatWillBeSignedAndAsks) {
  controller_.script().approved = false;
  ASSERT_EQ(Plan().exit, 0);
  const std::string id = controller_.plan().id();
  const size_t signed_before = controller_.script().statements.size();

  const Called no = Call(controller_, {"approve", id.substr(0, 12)}, {"n"});
  EXPECT_EQ(no.exit, 8) << no.err;
  EXPECT_NE(no.err.find("You are about to sign, as carol"), std::string::npos) << no.err;
  EXPECT_NE(no.err.find("1,240,240 rows in 4 tables of production /"), std::string::npos) << no.err;
  EXPECT_NE(no.err.find("the agent's floor does not count approvals of carol; it counts those of "
                        "bob, dana."),
            std::string::npos)
      << no.err;
  EXPECT_EQ(controller_.script().statements.size(), signed_before);

  const Called yes = Call(controller_, {"approve", id.substr(0, 12), "-m", "fine"}, {"y"});
  EXPECT_EQ(yes.exit, 0) << yes.err;
  const auto& statement = controller_.script().statements.back().statement;
  EXPECT_EQ(statement.Get("plan"), contract::DigestOfPlanId(id));
  EXPECT_EQ(statement.Get("decision"), "approve");
  EXPECT_NE(yes.out.find("Approved: 1 of 2. Still needed: 1 of bob, dana.\nNext:"),
            std::string::npos)
      << yes.out;
  EXPECT_EQ(statement.Get("floor"), contract::Digest("floor"));
  EXPECT_EQ(statement.Get("reason"), "fine");
}

TEST_F(FlowTest, ApproveWithoutATerminalNeedsYes) {
  ASSERT_EQ(Plan().exit, 0);
  const std::string id = controller_.plan().id();
  const Called asked = Call(controller_, {"approve", id});
  EXPECT_EQ(asked.exit, 2);
  EXPECT_NE(asked.err.find("--yes"), std::string::npos);
  EXPECT_EQ(Call(controller_, {"approve", id, "--yes"}).exit, 0);
}

TEST_F(FlowTest, ShowSqlShowsEveryByteAndHowToVerifyTheStatements) {
  ASSERT_EQ(Plan().exit, 0);
  const Called called = Call(controller_, {"show", controller_.plan().id(), "--sql"});
  ASSERT_EQ(called.exit, 0) << called.err;
  EXPECT_NE(called.out.find("insert into users values (1);"), std::string::npos);
  EXPECT_NE(called.out.find("tables: [items]"), std::string::npos);
  EXPECT_NE(called.out.find("ssh-keygen -Y verify -f allowed_signers -I carol -n resetctl-plan-v1"),
            std::string::npos);
}

TEST_F(FlowTest, ShowTablesTellsHowEachIsClearedAndWhy) {
  ASSERT_EQ(Plan().exit, 0);
  const Called called = Call(controller_, {"show", controller_.plan().id(), "--tables"});
  ASSERT_EQ(called.exit, 0) << called.err;
  EXPECT_NE(called.out.find("    transaction_lines     1,229,036       611 MB  truncate: large\n"),
            std::string::npos)
      << called.out;
}

TEST_F(FlowTest, DiffNamesWhatDiffersTheOlderPlanFirst) {
  ASSERT_EQ(Plan().exit, 0);
  const std::string was = controller_.plan().id();
  Write("sql/admin.sql", "insert into users values (1), (2);\n");
  controller_.script().change = [](v1::PlanDocument* document) {
    auto* added = document->add_schema_objects();
    added->set_name("public.items column note");
    added->set_definition("text");
  };
  ASSERT_EQ(Plan().exit, 0);
  const std::string now = controller_.plan().id();
  const Called called = Call(controller_, {"show", now, "--diff", was.substr(0, 12)});
  ASSERT_EQ(called.exit, 0) << called.err;
  EXPECT_NE(called.out.find("  was  " + was.substr(0, 10)), std::string::npos) << called.out;
  EXPECT_NE(called.out.find("SCHEMA\n  public.items column note  added (text)\n"),
            std::string::npos)
      << called.out;
  EXPECT_NE(called.out.find("FILES\n  sql/admin.sql  was 30 bytes, now 35 bytes\n"),
            std::string::npos)
      << called.out;
  EXPECT_EQ(Call(controller_, {"show", was, "--diff", now}).out, called.out);
}

TEST_F(FlowTest, DiffForScriptsIsOneObject) {
  ASSERT_EQ(Plan().exit, 0);
  const std::string id = controller_.plan().id();
  const Called called = Call(controller_, {"show", id, "--diff", id, "-o", "json"});
  ASSERT_EQ(called.exit, 0) << called.err;
  EXPECT_EQ(called.out,
            "{\"was\":\"" + id + "\",\"now\":\"" + id + "\",\"sections\":[],\"note\":\"\"}\n");
  EXPECT_EQ(called.err, "");
}

TEST_F(FlowTest, DiffSaysWhyFilesCouldNotBeCompared) {
  ASSERT_EQ(Plan().exit, 0);
  const std::string was = controller_.plan().id();
  Write("sql/admin.sql", "insert into users values (1), (2);\n");
  ASSERT_EQ(Plan().exit, 0);
  controller_.script().lose_bundles = true;
  const Called called = Call(controller_, {"show", was, "--diff", controller_.plan().id()});
  EXPECT_EQ(called.exit, 0) << called.err;
  EXPECT_NE(called.out.find("Which files differ is not known: the bundle is gone"),
            std::string::npos)
      << called.out;
}

TEST_F(FlowTest, ARunHasNoTablesAndNoDifferences) {
  for (const char* option : {"--tables", "--diff=p-1"}) {
    const Called called = Call(controller_, {"show", "r-19c04e77", option});
    EXPECT_EQ(called.exit, 2);
    EXPECT_NE(called.err.find("is a run"), std::string::npos) << called.err;
  }
}

TEST_F(FlowTest, CompletionKnowsWhatShowTakes) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Called called = Call(controller_, {"completion", shell});
    for (const char* option : {"tables", "diff"}) {
      EXPECT_NE(called.out.find(option), std::string::npos) << shell;
    }
  }
}

TEST_F(FlowTest, AControllerOutOfReachIsNine) {
  ASSERT_EQ(Call(controller_, {"whoami"}).exit, 0);
  controller_.Stop();
  const Called called = Call(controller_, {"whoami", "-o", "json"});
  EXPECT_EQ(called.exit, 9);
  EXPECT_NE(called.out.find("CONTROLLER_UNREACHABLE"), std::string::npos) << called.out;
  EXPECT_EQ(called.err, "");
}

}  // namespace
}  // namespace resetctl::client

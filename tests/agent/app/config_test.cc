#include "agent/app/config.h"

#include <map>
#include <sstream>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "agent/app/trust_verbs.h"
#include "proto/base/file.h"
#include "proto/contract/reasons.h"
#include "tests/support/ssh_keys.h"
#include "tests/support/temp_folder.h"

namespace resetctl::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

EnvironmentReader Environment(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

absl::StatusOr<AgentConfig> Parse(const std::string& text) {
  return ParseConfig(text, "/etc/agent", Environment({{"DATABASE_URL", "postgres://u:pw@h/d"}}));
}

std::string ProblemOf(const std::string& text) {
  absl::StatusOr<AgentConfig> config = Parse(text);
  EXPECT_EQ(contract::ReasonOf(config.status()), v1::REASON_CONFIG_INVALID);
  return config.ok() ? "" : contract::ProblemOf(config.status()).message();
}

TEST(AgentConfigTest, ReadsTheFullSample) {
  absl::StatusOr<std::string> text =
      base::ReadFile(std::string(RESETCTL_SOURCE_DIR) + "/deploy/config/agent.full.yaml");
  ASSERT_TRUE(text.ok());
  absl::StatusOr<AgentConfig> config = ParseConfig(
      *text, "/etc/agent",
      Environment({{"DATABASE_URL", "postgres://u:pw@h/d"}, {"RAILWAY_TOKEN", "token"}}));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->controller, "controller.internal:7443");
  EXPECT_EQ(config->database_url.Reveal(), "postgres://u:pw@h/d");
  EXPECT_TRUE(config->redis_url.empty());
  EXPECT_EQ(config->record_schema, "resetctl");
  ASSERT_EQ(config->parameters.size(), 5u);
  EXPECT_EQ(config->parameters[0].environment, "ADMIN_USERNAME");
  EXPECT_TRUE(config->parameters[0].is_public);
  EXPECT_EQ(config->parameters[2].environment, "APP_COMPANY");
  EXPECT_EQ(config->parameters[3].path, "/run/secrets/admin_password");
  EXPECT_FALSE(config->parameters[3].is_public);
  EXPECT_THAT(config->commands, ElementsAre(ElementsAre("app-maintenance", "on"),
                                            ElementsAre("app-maintenance", "off")));
  EXPECT_THAT(config->command_environment, ElementsAre(Pair("RAILWAY_TOKEN", "token")));
  EXPECT_EQ(config->trust_dir, "/etc/reset-agent/trust");
  EXPECT_FALSE(config->accept_same_owner);
  EXPECT_EQ(config->reconnect_max, absl::Seconds(64));
}

// The sample shows defaults: what it says and what an almost empty file means must not drift apart.
TEST(AgentConfigTest, HasTheDefaultsThatTheSampleShows) {
  absl::StatusOr<std::string> text =
      base::ReadFile(std::string(RESETCTL_SOURCE_DIR) + "/deploy/config/agent.full.yaml");
  ASSERT_TRUE(text.ok());
  absl::StatusOr<AgentConfig> full = Parse(*text);
  absl::StatusOr<AgentConfig> least = Parse("controller: c:1\n");
  ASSERT_TRUE(full.ok() && least.ok()) << full.status() << least.status();
  EXPECT_EQ(full->state_dir, least->state_dir);
  EXPECT_EQ(full->database_url.Reveal(), least->database_url.Reveal());
  EXPECT_EQ(full->record_schema, least->record_schema);
  EXPECT_EQ(full->command_path, least->command_path);
  EXPECT_EQ(full->trust_dir, least->trust_dir);
  EXPECT_EQ(full->accept_same_owner, least->accept_same_owner);
  EXPECT_EQ(full->reconnect_min, least->reconnect_min);
  EXPECT_EQ(full->reconnect_max, least->reconnect_max);
  EXPECT_EQ(full->drain_timeout, least->drain_timeout);
  EXPECT_EQ(full->log_level, least->log_level);
}

TEST(AgentConfigTest, CountsRelativePathsFromTheFilesOwnFolder) {
  absl::StatusOr<AgentConfig> config =
      Parse("controller: c:1\nstate_dir: state\ntrust: {dir: trust}\n");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->state_dir, "/etc/agent/state");
  EXPECT_EQ(config->trust_dir, "/etc/agent/trust");
}

TEST(AgentConfigTest, RefusesUnknownKeysAndCollectsEveryProblem) {
  const std::string said =
      ProblemOf("controler: c:1\nlog_level: loud\ntrust: {same_owner: maybe}\n");
  EXPECT_THAT(said, HasSubstr("controler"));
  EXPECT_THAT(said, HasSubstr("loud"));
  EXPECT_THAT(said, HasSubstr("maybe"));
  EXPECT_THAT(said, HasSubstr("line 1"));
}

TEST(AgentConfigTest, TheRecordOfResetsMayHaveAnotherSchema) {
  EXPECT_EQ(Parse("controller: c:1\nrecord_schema: Ops\n")->record_schema, "Ops");
  for (const std::string& none : {std::string("''"), std::string("pg_records"),
                                  std::string("information_schema"), std::string(64, 'x')}) {
    EXPECT_THAT(ProblemOf("controller: c:1\nrecord_schema: " + none + "\n"),
                HasSubstr("record_schema"))
        << none;
  }
}

TEST(AgentConfigTest, RefusesAConnectionStringInTheFileWithoutRepeatingIt) {
  const std::string said = ProblemOf("controller: c:1\ndatabase_url: postgres://u:secretpw@h/d\n");
  EXPECT_THAT(said, HasSubstr("database_url"));
  EXPECT_EQ(said.find("secretpw"), std::string::npos);
}

TEST(AgentConfigTest, SaysThatDatabaseUrlIsNotSet) {
  absl::StatusOr<AgentConfig> config = ParseConfig("controller: c:1\n", "/", Environment({}));
  ASSERT_TRUE(config.ok());
  EXPECT_TRUE(config->redis_url.empty());
  const absl::Status status = RequireDatabaseUrl(*config);
  EXPECT_EQ(contract::ReasonOf(status), v1::REASON_CONFIG_INVALID);
  EXPECT_THAT(contract::ProblemOf(status).message(), HasSubstr("DATABASE_URL is not set"));
}

TEST(AgentConfigTest, RefusesAParameterTwiceOrFromTwoPlaces) {
  EXPECT_THAT(ProblemOf("controller: c:1\nparameters: [{name: A}, {name: A}]\n"),
              HasSubstr("twice"));
  EXPECT_THAT(ProblemOf("controller: c:1\nparameters: [{name: A, environment: B, file: C}]\n"),
              HasSubstr("not both"));
}

TEST(AgentConfigTest, RefusesAnOriginThatIsNone) {
  EXPECT_THAT(ProblemOf("controller: c:1\nhttp_origins: ['ftp://x']\n"), HasSubstr("ftp://x"));
}

// ---- trust init

class TrustInitTest : public testing::Test {
 protected:
  TrustInitTest() {
    config.trust_dir = folder.File("trust");
    config.accept_same_owner = true;
  }
  test::TempFolder folder;
  AgentConfig config;
  test::SshKey key;
  std::istringstream nothing;
  std::ostringstream out;
};

TEST_F(TrustInitTest, AsksItsOperator) {
  std::istringstream in(absl::StrCat("alice\n", key.public_line(), "\ndba\n\ndba\ndba\n0\n"));
  ASSERT_TRUE(InitTrust(config, {}, in, out).ok());
  ASSERT_TRUE(ShowTrust(config, out).ok());
  EXPECT_THAT(out.str(), HasSubstr("group    dba: alice"));
}

TEST_F(TrustInitTest, WritesNothingThatItCouldNotRead) {
  std::istringstream in("alice\nnot a key\ndba\n\ndba\ndba\n0\n");
  EXPECT_FALSE(InitTrust(config, {}, in, out).ok());
  EXPECT_FALSE(std::filesystem::exists(folder.File("trust/floor.yaml")));
}

TEST_F(TrustInitTest, TakesAFolder) {
  ASSERT_TRUE(base::MakeFolders(folder.File("from")).ok());
  ASSERT_TRUE(base::WriteFileDurably(
                  folder.File("from/floor.yaml"),
                  "groups: {dba: [alice]}\nplan: [dba]\nrun: [dba]\napprovals: {required: 0}\n",
                  0600)
                  .ok());
  ASSERT_TRUE(base::WriteFileDurably(
                  folder.File("from/allowed_signers"),
                  absl::StrCat("alice namespaces=\"resetctl-plan-v1\" ", key.public_line(), "\n"),
                  0600)
                  .ok());
  EXPECT_TRUE(InitTrust(config, {folder.File("from"), ""}, nothing, out).ok());
  EXPECT_TRUE(ShowTrust(config, out).ok());
  const absl::Status again = InitTrust(config, {folder.File("from"), ""}, nothing, out);
  EXPECT_THAT(contract::ProblemOf(again).message(), HasSubstr("already there"));
}

}  // namespace
}  // namespace resetctl::agent

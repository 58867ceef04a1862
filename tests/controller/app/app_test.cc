#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "controller/app/config.h"
#include "controller/app/init.h"
#include "controller/app/materials.h"
#include "controller/app/serve.h"
#include "proto/base/clock.h"
#include "proto/base/file.h"
#include "proto/contract/checkpoint.h"
#include "proto/contract/reasons.h"
#include "tests/support/controller_builders.h"
#include "tests/support/temp_folder.h"

namespace resetctl::controller {
namespace {

using testing::HasSubstr;

// Somebody with a public key that parses.
InitOptions Into(const std::string& folder) {
  InitOptions options;
  options.folder = folder;
  const std::string key = folder + "/alice.pub";
  EXPECT_TRUE(base::WriteFileDurably(key, KeyLine("alice") + " alice@laptop\n", 0644).ok());
  options.person = "alice=" + key;
  return options;
}

TEST(InitTest, MakesWhatServeNeeds) {
  const test::TempFolder folder;
  const auto made = Init(Into(folder.path()), base::RealClock().Now());
  ASSERT_TRUE(made.ok()) << made.status();
  const auto facts = Check(folder.File("controller.yaml"));
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_THAT(*facts, HasSubstr(made->ca_pin));
  EXPECT_THAT(*facts, HasSubstr("staging"));
}

TEST(InitTest, LeavesAPolicyThatMustBeFilledInWhenItKnowsNobody) {
  const test::TempFolder folder;
  InitOptions options;
  options.folder = folder.path();
  ASSERT_TRUE(Init(options, base::RealClock().Now()).ok());
  EXPECT_EQ(contract::ReasonOf(Check(folder.File("controller.yaml")).status()),
            v1::REASON_POLICY_INVALID);
}

TEST(InitTest, NeverOverwrites) {
  const test::TempFolder folder;
  ASSERT_TRUE(Init(Into(folder.path()), base::RealClock().Now()).ok());
  const std::string before = *base::ReadFile(folder.File("tls/ca.key"));
  const auto again = Init(Into(folder.path()), base::RealClock().Now());
  EXPECT_EQ(contract::ReasonOf(again.status()), v1::REASON_CONFIG_INVALID);
  EXPECT_EQ(*base::ReadFile(folder.File("tls/ca.key")), before);
}

TEST(InitTest, KeepsPrivateKeysPrivate) {
  const test::TempFolder folder;
  ASSERT_TRUE(Init(Into(folder.path()), base::RealClock().Now()).ok());
  for (const char* name : {"tls/ca.key", "tls/server.key", "log.key"}) {
    struct stat facts;
    ASSERT_EQ(stat(folder.File(name).c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0600u) << name;
  }
}

TEST(MaterialsTest, RefusesAKeyThatOthersMayRead) {
  const test::TempFolder folder;
  ASSERT_TRUE(Init(Into(folder.path()), base::RealClock().Now()).ok());
  ASSERT_EQ(chmod(folder.File("tls/server.key").c_str(), 0640), 0);
  const auto facts = Check(folder.File("controller.yaml"));
  EXPECT_EQ(contract::ReasonOf(facts.status()), v1::REASON_CONFIG_INVALID);
  EXPECT_THAT(std::string(facts.status().message()), HasSubstr("server.key"));
}

TEST(MaterialsTest, RefusesABadPolicyWithEveryProblem) {
  const test::TempFolder folder;
  ASSERT_TRUE(Init(Into(folder.path()), base::RealClock().Now()).ok());
  ASSERT_TRUE(base::WriteFileDurably(folder.File("policy.yaml"),
                                     "people: {}\nenvironments: {}\nwindow: x\nfoo: y\n", 0644)
                  .ok());
  const auto facts = Check(folder.File("controller.yaml"));
  EXPECT_EQ(contract::ReasonOf(facts.status()), v1::REASON_POLICY_INVALID);
  EXPECT_THAT(std::string(facts.status().message()),
              testing::AllOf(HasSubstr("window"), HasSubstr("foo")));
}

TEST(ConfigTest, NamesEveryProblemAtOnce) {
  const ConfigResult result = ParseConfig(
      "listen: nowhere\nstate_dir: state\nlease: 1ms\nlog_level: loud\nmetric: 1\n"
      "audit: {key: k, extra: 1}\n",
      "/etc/resetctl");
  std::vector<std::string> paths;
  for (const base::YamlProblem& problem : result.problems) paths.push_back(problem.path);
  EXPECT_GE(paths.size(), 7u);  // and policy and tls are missing
  EXPECT_THAT(paths, testing::IsSupersetOf({"listen", "lease", "log_level", "metric"}));
}

TEST(ConfigTest, TakesPathsFromTheFilesFolder) {
  const auto text = base::ReadFile(std::string(CONFIG_FOLDER) + "/controller.full.yaml");
  ASSERT_TRUE(text.ok());
  const ConfigResult result = ParseConfig(*text, "/etc/resetctl");
  EXPECT_EQ(result.config.state_dir, "/etc/resetctl/state");
  EXPECT_EQ(result.config.key, "/etc/resetctl/tls/server.key");
}

TEST(ConfigTest, ShowsEveryKeyWithItsDefaultInTheFullFile) {
  const auto text = base::ReadFile(std::string(CONFIG_FOLDER) + "/controller.full.yaml");
  ASSERT_TRUE(text.ok());
  const ConfigResult result = ParseConfig(*text, "/");
  for (const base::YamlProblem& problem : result.problems) ADD_FAILURE() << problem.message;
  const Config defaults;
  EXPECT_EQ(result.config.name, defaults.name);
  EXPECT_EQ(result.config.listen, defaults.listen);
  EXPECT_EQ(result.config.lease, defaults.lease);
  EXPECT_EQ(result.config.session_ttl, defaults.session_ttl);
  EXPECT_EQ(result.config.drain_timeout, defaults.drain_timeout);
  EXPECT_EQ(result.config.health, defaults.health);
  EXPECT_EQ(result.config.reflection, defaults.reflection);
  EXPECT_EQ(result.config.log_level, defaults.log_level);
  EXPECT_EQ(result.config.audit_retain,
            absl::Hours(24 * 400));  // an example: the default is for ever
  EXPECT_EQ(defaults.audit_retain, absl::InfiniteDuration());
  ASSERT_EQ(result.config.notify.size(), 2u);  // an example: the default is nobody
  const Sink example = result.config.notify[0].sink;
  EXPECT_EQ(example.timeout, Sink().timeout);
  EXPECT_EQ(example.give_up_after, Sink().give_up_after);
  EXPECT_EQ(example.events.size(), kNotificationEvents.size());
}

TEST(ConfigTest, HasAFullPolicyThatParses) {
  const auto policy = LoadPolicy(std::string(CONFIG_FOLDER) + "/policy.full.yaml");
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_EQ(policy->environments.size(), 2u);
}

}  // namespace
}  // namespace resetctl::controller

#include "client/app/config.h"

#include <map>

#include "gtest/gtest.h"
#include "proto/base/file.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {
namespace {

constexpr char kPin[] = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

Variables Env(std::map<std::string, std::string> values) {
  values.try_emplace("HOME", "/home/alice");
  return [values](const char* name) {
    const auto found = values.find(name);
    return found == values.end() ? "" : found->second;
  };
}

Config OneContext() {
  Config config;
  config.Set({"work", "reset.example.com:7443", kPin, "alice", "~/.ssh/id_ed25519"});
  config.current = "work";
  return config;
}

TEST(ConfigTest, TheFullExampleIsParsed) {
  const auto text = base::ReadFile(RESETCTL_CONFIG_FOLDER "/client.full.yaml");
  ASSERT_TRUE(text.ok()) << text.status();
  const auto config = ParseConfig(*text, "client.full.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->current, "work");
  ASSERT_EQ(config->contexts.size(), 2u);
  EXPECT_EQ(config->contexts[0].person, "alice");
}

TEST(ConfigTest, WhatIsWrittenIsWhatIsRead) {
  const auto config = ParseConfig(ToYaml(OneContext()), "config.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(ToYaml(*config), ToYaml(OneContext()));
}

TEST(ConfigTest, NothingIsAConfigurationToo) {
  const auto config = ParseConfig("# nothing yet\n", "config.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(config->contexts.empty());
}

TEST(ConfigTest, ReportsAllProblemsAtOnceWithTheirPath) {
  const auto config = ParseConfig(
      "curent: work\ncontexts:\n  work:\n    controller: nowhere\n    ca_pin: sha1:12\n", "c.yaml");
  EXPECT_EQ(contract::ReasonOf(config.status()), v1::REASON_CONFIG_INVALID);
  const std::string message(config.status().message());
  EXPECT_NE(message.find("curent"), std::string::npos) << message;
  EXPECT_NE(message.find("HOST:PORT"), std::string::npos) << message;
  EXPECT_NE(message.find("sha256:"), std::string::npos) << message;
}

TEST(SettingsTest, TheCurrentContextIsUsed) {
  const auto settings = ResolveSettings(OneContext(), "", Env({}));
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->context.person, "alice");
  EXPECT_EQ(settings->context.key, "/home/alice/.ssh/id_ed25519");
  EXPECT_FALSE(settings->signs_in_by_itself);
}

TEST(SettingsTest, FourVariablesAreEnough) {
  const auto settings = ResolveSettings(Config(), "",
                                        Env({{"RESETCTL_CONTROLLER", "127.0.0.1:7443"},
                                             {"RESETCTL_CA_PIN", kPin},
                                             {"RESETCTL_PERSON", "nightly"},
                                             {"RESETCTL_KEY", "/run/key"}}));
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->context.person, "nightly");
  EXPECT_TRUE(settings->signs_in_by_itself);
}

TEST(SettingsTest, PersonsAndControllersNeverShareASession) {
  const auto alice = ResolveSettings(OneContext(), "", Env({}));
  const auto bob = ResolveSettings(OneContext(), "", Env({{"RESETCTL_PERSON", "bob"}}));
  const auto other =
      ResolveSettings(OneContext(), "", Env({{"RESETCTL_CONTROLLER", "localhost:7443"}}));
  ASSERT_TRUE(alice.ok() && bob.ok() && other.ok());
  EXPECT_NE(alice->state_folder, bob->state_folder);
  EXPECT_NE(alice->state_folder, other->state_folder);
}

TEST(SettingsTest, SaysAllThatIsMissing) {
  const auto settings = ResolveSettings(Config(), "", Env({}));
  const std::string message(settings.status().message());
  EXPECT_NE(message.find("RESETCTL_CONTROLLER"), std::string::npos) << message;
  EXPECT_NE(message.find("RESETCTL_CA_PIN"), std::string::npos) << message;
  EXPECT_NE(message.find("RESETCTL_PERSON"), std::string::npos) << message;
}

TEST(SettingsTest, SuggestsTheContextThatWasMeant) {
  const auto settings = ResolveSettings(OneContext(), "wrk", Env({}));
  EXPECT_EQ(contract::ReasonOf(settings.status()), v1::REASON_NOT_FOUND);
  EXPECT_NE(contract::ProblemOf(settings.status()).advice().find("work"), std::string::npos);
}

}  // namespace
}  // namespace resetctl::client

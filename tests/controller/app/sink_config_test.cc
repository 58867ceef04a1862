#include "controller/app/sink_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/app/config.h"
#include "proto/base/file.h"
#include "proto/contract/reasons.h"
#include "tests/support/temp_folder.h"

namespace resetctl::controller {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// What is wrong with `notify`, as people read it.
std::vector<std::string> ProblemsOf(const std::string& yaml) {
  std::vector<base::YamlProblem> problems;
  base::YamlMap root = base::YamlMap::Parse(yaml, &problems);
  ReadSinks(&root, "/etc/resetctl");
  root.Finish();
  std::vector<std::string> texts;
  for (const base::YamlProblem& problem : problems) texts.push_back(base::Describe(problem));
  return texts;
}

std::vector<SinkConfig> Read(const std::string& yaml) {
  std::vector<base::YamlProblem> problems;
  base::YamlMap root = base::YamlMap::Parse(yaml, &problems);
  std::vector<SinkConfig> sinks = ReadSinks(&root, "/etc/resetctl");
  EXPECT_THAT(ProblemsOf(yaml), IsEmpty());
  return sinks;
}

TEST(SinkConfigTest, NobodyIsNotifiedByDefault) { EXPECT_THAT(Read("{}"), IsEmpty()); }

TEST(SinkConfigTest, ReadsEveryKey) {
  const std::vector<SinkConfig> sinks = Read(R"(
notify:
  - name: ops
    kind: webhook
    url: https://hooks.example.com/resetctl
    secret_file: ops.secret
    environments: [production]
    events: [approval_needed, break_glass]
    timeout: 3s
    give_up_after: 2h
  - {name: chat, kind: slack, url_file: /run/secrets/slack}
)");
  ASSERT_EQ(sinks.size(), 2u);
  EXPECT_EQ(sinks[0].sink.name, "ops");
  EXPECT_EQ(sinks[0].sink.kind, SinkKind::kWebhook);
  EXPECT_EQ(sinks[0].sink.url.Reveal(), "https://hooks.example.com/resetctl");
  EXPECT_EQ(sinks[0].secret_file, "/etc/resetctl/ops.secret");
  EXPECT_THAT(sinks[0].sink.environments, ElementsAre("production"));
  EXPECT_THAT(sinks[0].sink.events,
              ElementsAre(NotificationEvent::kApprovalNeeded, NotificationEvent::kBreakGlass));
  EXPECT_EQ(sinks[0].sink.timeout, absl::Seconds(3));
  EXPECT_EQ(sinks[0].sink.give_up_after, absl::Hours(2));
  EXPECT_EQ(sinks[1].sink.kind, SinkKind::kSlack);
  EXPECT_EQ(sinks[1].url_file, "/run/secrets/slack");
  EXPECT_TRUE(sinks[1].sink.Wants(NotificationEvent::kRunEnded, "staging"));
}

TEST(SinkConfigTest, NamesEveryProblemAtOnce) {
  EXPECT_THAT(ProblemsOf(R"(
notify:
  - {name: Ops!, kind: mail, url: ftp://x, secret_file: s, timeout: 1ms, give_up_after: 1s, to: me}
  - {name: chat, kind: slack, secret_file: s, events: [approved, run_begun]}
  - {name: chat, kind: webhook, url: 'https://x', url_file: y}
  - {}
)"),
              testing::UnorderedElementsAre(
                  HasSubstr("notify[0].name: must be 1 to 63"),
                  HasSubstr("notify[0].kind: must be webhook or slack"),
                  HasSubstr("notify[0].url: must be an https:// URL"),
                  HasSubstr("notify[0].timeout: must be between"),
                  HasSubstr("notify[0].give_up_after: must be between"),
                  HasSubstr("notify[0].to: unknown key"), HasSubstr("notify[1]: 'url' is missing"),
                  HasSubstr("notify[1].secret_file: Slack verifies no signature"),
                  HasSubstr("notify[1].events[1]: must be one of approval_needed, approved"),
                  HasSubstr("notify[2].url_file: stands beside 'url'"),
                  HasSubstr("notify[2]: 'secret_file' is missing"),
                  HasSubstr("notify[2]: another one is called chat"), HasSubstr("name"),
                  HasSubstr("kind"), HasSubstr("notify[3]: 'url' is missing"),
                  HasSubstr("notify[3]: 'secret_file' is missing")));
}

TEST(SinkConfigTest, ItIsAListOfMaps) {
  EXPECT_THAT(ProblemsOf("notify: ops"), Contains(HasSubstr("must be a list")));
  EXPECT_THAT(ProblemsOf("notify: [ops]"), Contains(HasSubstr("must be a map")));
}

TEST(SinkConfigTest, HttpIsForThisMachineAlone) {
  for (const char* good : {"https://hooks.example.com", "https://hooks.example.com:8443/a?b=c",
                           "HTTPS://[2001:db8::1]:8443/", "http://127.0.0.1:9/x",
                           "http://127.8.8.8", "http://localhost/", "http://[::1]:80"}) {
    EXPECT_EQ(WhatIsWrongWithUrl(good), "") << good;
  }
  for (const char* bad :
       {"", "hooks.example.com", "ftp://hooks.example.com", "https://", "https://:443",
        "http://hooks.example.com", "http://127.0.0.1.example.com", "http://localhost.example.com",
        "http://10.0.0.1", "http://127.1", "http://example.com#@127.0.0.1",
        "http://example.com\\@127.0.0.1", "https://ops:secret@hooks.example.com",
        "https://hooks.example.com:0", "https://hooks.example.com:http",
        "https://hooks.example.com/a b", "https://hooks.example.com/\n"}) {
    EXPECT_NE(WhatIsWrongWithUrl(bad), "") << bad;
  }
}

class LoadSinksTest : public testing::Test {
 protected:
  std::string File(const std::string& name, const std::string& text, int mode = 0600) {
    EXPECT_TRUE(base::WriteFileDurably(folder_.File(name), text, mode).ok());
    return folder_.File(name);
  }
  static SinkConfig Webhook(const std::string& secret_file) {
    SinkConfig config;
    config.sink.name = "ops";
    config.sink.url = base::Secret("https://hooks.example.com/");
    config.secret_file = secret_file;
    return config;
  }
  static SinkConfig Slack(const std::string& url_file) {
    SinkConfig config;
    config.sink.name = "chat";
    config.sink.kind = SinkKind::kSlack;
    config.url_file = url_file;
    return config;
  }
  // The message, which must be about the configuration and name no secret.
  static std::string Refusal(const SinkConfig& config) {
    const absl::Status status = LoadSinks({config}).status();
    EXPECT_EQ(contract::ReasonOf(status), v1::REASON_CONFIG_INVALID) << status;
    EXPECT_THAT(std::string(status.message()), testing::Not(HasSubstr("T0/B0")));
    return std::string(status.message());
  }

  test::TempFolder folder_;
};

TEST_F(LoadSinksTest, TakesSecretsFromFilesWithoutTheEndOfTheLine) {
  const auto sinks = LoadSinks({Webhook(File("key", "0123456789abcdef0123\n")),
                                Slack(File("url", "https://hooks.slack.com/services/T0/B0/x\n"))});
  ASSERT_TRUE(sinks.ok()) << sinks.status();
  EXPECT_EQ((*sinks)[0].key.Reveal(), "0123456789abcdef0123");
  EXPECT_EQ((*sinks)[1].url.Reveal(), "https://hooks.slack.com/services/T0/B0/x");
}

TEST_F(LoadSinksTest, RefusesFilesThatAreMissingOpenOrWrong) {
  EXPECT_THAT(Refusal(Webhook(folder_.File("none"))), HasSubstr("there is no secret at"));
  EXPECT_THAT(Refusal(Webhook(File("open", "0123456789abcdef", 0640))),
              HasSubstr("can be read by others"));
  EXPECT_THAT(Refusal(Webhook(File("short", "hunter2\n"))), HasSubstr("less than 16 characters"));
  EXPECT_THAT(Refusal(Slack(File("open-url", "https://x/T0/B0", 0604))),
              HasSubstr("can be read by others"));
  EXPECT_THAT(Refusal(Slack(File("bad-url", "http://x/T0/B0"))), HasSubstr("holds no usable URL"));
}

}  // namespace
}  // namespace resetctl::controller

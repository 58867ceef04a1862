#include "agent/hooks/hook_runner.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <stdlib.h>

#include <gtest/gtest.h>

#include "proto/base/file.h"
#include "tests/support/http_server.h"

namespace resetctl::agent {
namespace {

using contract::CommandAction;
using contract::HookSpec;
using contract::HttpAction;
using contract::RailwayRestartAction;
using support::HttpExchange;
using support::HttpServer;

constexpr char kPassword[] = "Sekret-\"quoted\"-9";

ResolvedParameters Parameters(const std::string& app_url) {
  ResolvedParameters parameters;
  parameters["APP_URL"] = {"APP_URL", base::Secret(app_url), false, true, "environment"};
  parameters["ADMIN_PASSWORD"] = {"ADMIN_PASSWORD", base::Secret(kPassword), true, false,
                                  "environment"};
  return parameters;
}

HookSpec Hook(contract::Action action, int retries = 0,
              absl::Duration timeout = absl::Seconds(20)) {
  HookSpec hook;
  hook.name = "Admin logs in";
  hook.action = std::move(action);
  hook.retries = retries;
  hook.timeout = timeout;
  return hook;
}

HttpAction LoginCheck() {
  HttpAction http;
  http.url = "${APP_URL}/api/auth/login";
  http.method = "POST";
  http.json = R"({"password":"${ADMIN_PASSWORD}","username":"admin"})";
  return http;
}

HookSettings Allowing(const std::string& origin) {
  HookSettings settings;
  settings.environment = "staging";
  settings.target = "shop";
  settings.http_origins = {origin};
  return settings;
}

HookOutcome RunHook(const HookSettings& settings, const HookSpec& hook,
                    const ResolvedParameters& parameters = {}) {
  RealHookRunner runner(settings);
  return runner.Run(hook, hook.action, parameters);
}

TEST(HttpHookTest, SendsTheJsonWithParametersEscaped) {
  HttpServer server([](const HttpExchange&) { return 200; });
  const HookOutcome outcome =
      RunHook(Allowing(server.Origin()), Hook(LoginCheck()), Parameters(server.Origin()));
  EXPECT_EQ(outcome.kind, v1::EVENT_KIND_SUCCEEDED) << outcome.detail;
  ASSERT_EQ(server.Seen().size(), 1u);
  EXPECT_EQ(server.Seen()[0].method, "POST");
  EXPECT_EQ(server.Seen()[0].path, "/api/auth/login");
  EXPECT_EQ(server.Seen()[0].body, R"({"password":"Sekret-\"quoted\"-9","username":"admin"})");
}

TEST(HttpHookTest, AnotherStatusFailsAndNamesBoth) {
  HttpServer server([](const HttpExchange&) { return 502; });
  const HookOutcome outcome =
      RunHook(Allowing(server.Origin()), Hook(LoginCheck(), 1), Parameters(server.Origin()));
  EXPECT_EQ(outcome.kind, v1::EVENT_KIND_FAILED);
  EXPECT_EQ(outcome.detail, "expected 200, got 502 (2 tries)");
}

TEST(HttpHookTest, TriesAgainUntilItAnswers) {
  std::atomic<int> calls = 0;
  HttpServer server([&](const HttpExchange&) { return ++calls < 3 ? 0 : 200; });
  const HookOutcome outcome =
      RunHook(Allowing(server.Origin()), Hook(LoginCheck(), 5), Parameters(server.Origin()));
  EXPECT_EQ(outcome.kind, v1::EVENT_KIND_SUCCEEDED) << outcome.detail;
  EXPECT_EQ(calls, 3);
}

TEST(HttpHookTest, ASilentServerEndsInATimeout) {
  HttpServer server([](const HttpExchange&) { return -1; });
  const HookOutcome outcome =
      RunHook(Allowing(server.Origin()), Hook(LoginCheck(), 0, absl::Milliseconds(200)),
              Parameters(server.Origin()));
  EXPECT_EQ(outcome.kind, v1::EVENT_KIND_FAILED);
  EXPECT_NE(outcome.detail.find("no answer"), std::string::npos) << outcome.detail;
}

TEST(HttpHookTest, NothingIsTriedAfterACancel) {
  constexpr int kRetries = 1000;  // with their pauses more than two hours
  std::atomic<RealHookRunner*> running = nullptr;
  HttpServer server([&](const HttpExchange&) {
    running.load()->Cancel();
    return 503;
  });
  RealHookRunner runner(Allowing(server.Origin()));
  running = &runner;
  const HookSpec hook = Hook(LoginCheck(), kRetries);
  const HookOutcome outcome = runner.Run(hook, hook.action, Parameters(server.Origin()));
  EXPECT_EQ(outcome.kind, v1::EVENT_KIND_FAILED);
  EXPECT_EQ(server.Seen().size(), 1u);
}

TEST(HttpHookTest, FollowsNoRedirect) {
  HttpServer server([](const HttpExchange&) { return 302; });
  const HookOutcome outcome =
      RunHook(Allowing(server.Origin()), Hook(LoginCheck()), Parameters(server.Origin()));
  EXPECT_EQ(outcome.detail, "expected 200, got 302");
  EXPECT_EQ(server.Seen().size(), 1u);
}

TEST(HttpHookTest, AnOriginThatAgentYamlDoesNotListGetsNothing) {
  HttpServer server([](const HttpExchange&) { return 200; });
  const HookSettings settings = Allowing("https://api.example.com");
  const HookSpec hook = Hook(LoginCheck());
  RealHookRunner runner(settings);
  std::vector<v1::Problem> problems, warnings;
  runner.Describe(hook, Parameters(server.Origin()), &problems, &warnings);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].reason(), v1::REASON_ORIGIN_NOT_ALLOWED);
  EXPECT_EQ(RunHook(settings, hook, Parameters(server.Origin())).kind, v1::EVENT_KIND_FAILED);
  EXPECT_TRUE(server.Seen().empty());
}

TEST(HttpHookTest, DescribesWithoutSecrets) {
  HttpAction http = LoginCheck();
  http.url = "${APP_URL}/x?token=${ADMIN_PASSWORD}";
  std::vector<v1::Problem> problems, warnings;
  RealHookRunner runner(Allowing("https://api.example.com"));
  const v1::HookStep step =
      runner.Describe(Hook(http), Parameters("https://api.example.com"), &problems, &warnings);
  EXPECT_EQ(step.summary(), "POST https://api.example.com/x?token=[ADMIN_PASSWORD], expects 200");
  EXPECT_TRUE(problems.empty());
}

// Origins are compared in small letters, in which a scrubber does not know a secret again.
TEST(HttpHookTest, ASecretInAnOriginIsNotTold) {
  HttpAction http = LoginCheck();
  http.url = "http://a.${ADMIN_PASSWORD}.example.com/";
  std::vector<v1::Problem> problems, warnings;
  RealHookRunner runner(Allowing("https://api.example.com"));
  runner.Describe(Hook(http), Parameters("https://api.example.com"), &problems, &warnings);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].reason(), v1::REASON_ORIGIN_NOT_ALLOWED);
  EXPECT_NE(problems[0].message().find("http://a.[admin_password].example.com"), std::string::npos)
      << problems[0].message();
}

TEST(OriginTest, HasOneSpelling) {
  EXPECT_EQ(OriginOf("HTTPS://API.Example.com:443/x?y"), "https://api.example.com");
  EXPECT_EQ(OriginOf("http://a:80"), "http://a");
  EXPECT_EQ(OriginOf("http://a:8080/"), "http://a:8080");
  for (const char* bad :
       {"", "ftp://a", "http://", "http://user:pw@a", "http://a\\@b", "file:///etc/passwd"}) {
    EXPECT_EQ(OriginOf(bad), "") << bad;
  }
}

class CommandHookTest : public ::testing::Test {
 protected:
  CommandHookTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hooks-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    settings_.environment = "staging";
    settings_.target = "shop";
    settings_.path = folder_ + ":/usr/bin:/bin";
  }
  ~CommandHookTest() override { std::filesystem::remove_all(folder_); }

  void WriteProgram(const std::string& name, const std::string& script) {
    ASSERT_TRUE(base::WriteFileDurably(folder_ + "/" + name, "#!/bin/sh\n" + script, 0755).ok());
  }
  std::string Recorded() { return base::ReadFile(folder_ + "/log").value_or(""); }

  std::string folder_;
  HookSettings settings_;
};

TEST_F(CommandHookTest, RunsWithoutAShellInAMinimalEnvironment) {
  WriteProgram("warm", "printf '%s|' \"$@\" >" + folder_ +
                           "/log; env | grep -v '^PWD=\\|^_=\\|^SHLVL=\\|^OLDPWD=' | cut -d= -f1 | "
                           "sort | tr '\\n' ',' >>" +
                           folder_ + "/log");
  const std::vector<std::string> argv = {"warm", "a b", "$(id)", "*"};
  settings_.commands = {argv};
  setenv("RESETCTL_TEST_SECRET", "x", 1);
  const HookOutcome outcome = RunHook(settings_, Hook(CommandAction{argv}));
  EXPECT_EQ(outcome.kind, v1::EVENT_KIND_SUCCEEDED) << outcome.detail;
  EXPECT_EQ(Recorded(), "a b|$(id)|*|LANG,PATH,RESETCTL_ENVIRONMENT,RESETCTL_TARGET,");
}

TEST_F(CommandHookTest, OnlyExactlyAllowedArgumentsRun) {
  WriteProgram("warm", "echo ran >" + folder_ + "/log");
  settings_.commands = {{"warm", "cache"}};
  EXPECT_EQ(RunHook(settings_, Hook(CommandAction{{"warm", "cache", "--all"}})).kind,
            v1::EVENT_KIND_FAILED);
  EXPECT_EQ(Recorded(), "");
}

TEST_F(CommandHookTest, AFailureShowsExitCodeAndOutput) {
  WriteProgram("warm", "echo 'no such cache' >&2; exit 3");
  settings_.commands = {{"warm"}};
  EXPECT_EQ(RunHook(settings_, Hook(CommandAction{{"warm"}})).detail,
            "warm: exit code 3: no such cache");
}

TEST_F(CommandHookTest, OutputIsCutBetweenWordsAndMadeUtf8) {
  // 396 bytes, then a word over the cut: half a secret would not be redacted.
  WriteProgram(
      "warm", "printf 'caf\\351 ' >&2; printf '%0390d ' 0 >&2; echo 'hunter2-hunter2' >&2; exit 3");
  settings_.commands = {{"warm"}};
  const std::string detail = RunHook(settings_, Hook(CommandAction{{"warm"}})).detail;
  EXPECT_EQ(detail, "warm: exit code 3: caf? " + std::string(390, '0') + " ...");
}

class RailwayHookTest : public CommandHookTest {
 protected:
  HookSpec Restart(bool required) {
    HookSpec hook = Hook(RailwayRestartAction{"backend"}, 0, absl::Milliseconds(500));
    hook.required = required;
    return hook;
  }
};

TEST_F(RailwayHookTest, CallsTheCliWithServiceAndEnvironment) {
  WriteProgram("railway", "echo \"$@\" >" + folder_ + "/log");
  EXPECT_EQ(RunHook(settings_, Restart(false)).kind, v1::EVENT_KIND_SUCCEEDED);
  EXPECT_EQ(Recorded(), "restart --service backend --environment staging --yes --json\n");
}

TEST_F(RailwayHookTest, AMissingCliIsAWarningThatTellsHowToRestartByHand) {
  const HookOutcome outcome = RunHook(settings_, Restart(false));
  EXPECT_EQ(outcome.kind, v1::EVENT_KIND_WARNING);
  EXPECT_NE(outcome.detail.find("restart service backend in Railway's dashboard"),
            std::string::npos)
      << outcome.detail;
}

TEST_F(RailwayHookTest, AMissingCliFailsWhereTheStepIsRequired) {
  EXPECT_EQ(RunHook(settings_, Restart(true)).kind, v1::EVENT_KIND_FAILED);
  std::vector<v1::Problem> problems, warnings;
  RealHookRunner(settings_).Describe(Restart(true), {}, &problems, &warnings);
  EXPECT_EQ(problems.size(), 1u);
}

TEST_F(RailwayHookTest, AFailingCliIsTold) {
  WriteProgram("railway", "echo 'not logged in' >&2; exit 1");
  EXPECT_EQ(RunHook(settings_, Restart(true)).detail, "railway: exit code 1: not logged in");
}

TEST_F(RailwayHookTest, AHangingCliIsEnded) {
  WriteProgram("railway", "exec tail -f /dev/null");
  const HookOutcome outcome = RunHook(settings_, Restart(true));
  EXPECT_EQ(outcome.kind, v1::EVENT_KIND_FAILED);
  EXPECT_NE(outcome.detail.find("did not end"), std::string::npos) << outcome.detail;
}

}  // namespace
}  // namespace resetctl::agent

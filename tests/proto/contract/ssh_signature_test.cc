#include "proto/contract/ssh_signature.h"

#include <filesystem>
#include <pty.h>
#include <signal.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "proto/base/subprocess.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "tests/support/ssh_keys.h"

namespace resetctl::contract {
namespace {

using test::SshKey;
using testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'795'000'000);

Statement Plan(absl::string_view person, absl::string_view reason = "") {
  return StatementBuilder(StatementType::kPlan)
      .Set("environment", "staging")
      .Set("target", "rental-manager")
      .Set("bundle", Digest("bundle"))
      .Set("reason", reason)
      .Set("person", person)
      .SetTime("time", kNow)
      .Build()
      .value();
}

AllowedSigners People(const std::map<std::string, std::vector<std::string>>& keys) {
  return AllowedSigners::FromPeople(keys).value();
}

class SshSignatureTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    alice_ = new SshKey;
    bob_ = new SshKey;
  }
  static void TearDownTestSuite() {
    delete alice_;
    delete bob_;
  }
  // One key for all: a test reads keys, it does not change them.
  static const SshKey& Alice() { return *alice_; }
  static const SshKey& Bob() { return *bob_; }

  const AllowedSigners people_ =
      People({{"alice", {Alice().public_line()}}, {"bob", {Bob().public_line()}}});

 private:
  static inline const SshKey* alice_ = nullptr;
  static inline const SshKey* bob_ = nullptr;
};

v1::Reason RefusalOf(const v1::SignedStatement& statement, const AllowedSigners& people,
                     StatementType expected = StatementType::kPlan) {
  const auto verified = VerifyStatement(statement, expected, people);
  EXPECT_FALSE(verified.ok());
  return ReasonOf(verified.status());
}

TEST_F(SshSignatureTest, WhatAPersonSignedIsVerified) {
  const auto statement = SignStatement(Plan("alice", "spring"), Alice().path());
  ASSERT_TRUE(statement.ok()) << statement.status();
  const auto verified = VerifyStatement(*statement, StatementType::kPlan, people_);
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->person, "alice");
  EXPECT_EQ(verified->statement.Get("reason"), "spring");
  EXPECT_EQ(verified->key.Line() + " test", Alice().public_line());
}

TEST_F(SshSignatureTest, OtherKindsOfKeysSignToo) {
  for (const SshKey::Options& options :
       {SshKey::Options{"rsa", 2048}, SshKey::Options{"ecdsa", 384}}) {
    const SshKey key(options);
    const auto statement = SignStatement(Plan("alice"), key.path());
    ASSERT_TRUE(statement.ok()) << statement.status();
    EXPECT_TRUE(
        VerifyStatement(*statement, StatementType::kPlan, People({{"alice", {key.public_line()}}}))
            .ok());
  }
}

TEST_F(SshSignatureTest, OneChangedByteIsABadSignature) {
  auto statement = SignStatement(Plan("alice"), Alice().path()).value();
  statement.set_text(absl::StrReplaceAll(statement.text(),
                                         {{"target: rental-manager", "target: rental-manages"}}));
  EXPECT_EQ(RefusalOf(statement, people_), v1::REASON_BAD_SIGNATURE);
}

TEST_F(SshSignatureTest, ASignatureOfAnotherStatementIsABadSignature) {
  auto statement = SignStatement(Plan("alice"), Alice().path()).value();
  statement.set_signature(SignStatement(Plan("alice"), Alice().path())->signature());
  EXPECT_EQ(RefusalOf(statement, people_), v1::REASON_BAD_SIGNATURE);
}

TEST_F(SshSignatureTest, ASignatureForAnotherNamespaceIsRefused) {
  // The very text, signed as if it were a file of git.
  const Statement plan = Plan("alice");
  base::SubprocessOptions child;
  child.argv = {"ssh-keygen", "-Y", "sign", "-f", Alice().path(), "-n", "git"};
  child.standard_input = plan.text();
  v1::SignedStatement statement;
  statement.set_text(plan.text());
  statement.set_signature(base::RunSubprocess(child)->standard_output);
  const auto verified = VerifyStatement(statement, StatementType::kPlan, people_);
  EXPECT_EQ(ReasonOf(verified.status()), v1::REASON_BAD_SIGNATURE);
  EXPECT_THAT(std::string(verified.status().message()), HasSubstr("is for 'git'"));
}

TEST_F(SshSignatureTest, AStatementOfAnotherTypeIsAMismatch) {
  const auto statement = SignStatement(Plan("alice"), Alice().path()).value();
  EXPECT_EQ(RefusalOf(statement, people_, StatementType::kRun), v1::REASON_STATEMENT_MISMATCH);
}

TEST_F(SshSignatureTest, AnUnknownKeyIsRefusedByName) {
  const auto statement = SignStatement(Plan("alice"), Alice().path()).value();
  const AllowedSigners others = People({{"alice", {Bob().public_line()}}});
  const auto verified = VerifyStatement(statement, StatementType::kPlan, others);
  EXPECT_EQ(ReasonOf(verified.status()), v1::REASON_UNKNOWN_KEY);
  EXPECT_THAT(std::string(verified.status().message()),
              HasSubstr(PublicKeyOf(Alice().path())->fingerprint));
}

TEST_F(SshSignatureTest, AnUnknownPersonIsRefused) {
  const auto statement = SignStatement(Plan("mallory"), Alice().path()).value();
  EXPECT_EQ(RefusalOf(statement, people_), v1::REASON_UNKNOWN_PERSON);
}

TEST_F(SshSignatureTest, NobodySpeaksForSomebodyElse) {
  const auto statement = SignStatement(Plan("bob"), Alice().path()).value();
  EXPECT_EQ(RefusalOf(statement, people_), v1::REASON_STATEMENT_MISMATCH);
}

TEST_F(SshSignatureTest, ARevokedKeyIsRefused) {
  const auto statement = SignStatement(Plan("alice"), Alice().path()).value();
  AllowedSigners people = people_;
  ASSERT_TRUE(people.Revoke(Alice().public_line()).ok());
  const auto verified = VerifyStatement(statement, StatementType::kPlan, people);
  EXPECT_EQ(ReasonOf(verified.status()), v1::REASON_UNKNOWN_KEY);
  EXPECT_THAT(std::string(verified.status().message()), HasSubstr("revoked"));
}

TEST_F(SshSignatureTest, AKeyWithoutTheNamespaceMayNotSignIt) {
  const auto statement = SignStatement(Plan("alice"), Alice().path()).value();
  const auto people = AllowedSigners::Parse(
      absl::StrCat("alice namespaces=\"resetctl-login-v1\" ", Alice().public_line(), "\n"));
  const auto verified = VerifyStatement(statement, StatementType::kPlan, people.value());
  EXPECT_EQ(ReasonOf(verified.status()), v1::REASON_UNKNOWN_KEY);
  EXPECT_THAT(std::string(verified.status().message()), HasSubstr("may not sign"));
}

TEST_F(SshSignatureTest, AForgedTextIsRefusedBeforeAnythingRuns) {
  auto statement = SignStatement(Plan("alice"), Alice().path()).value();
  statement.set_text(statement.text() + "role: admin\n");
  EXPECT_EQ(RefusalOf(statement, people_), v1::REASON_STATEMENT_INVALID);
}

TEST_F(SshSignatureTest, GarbageIsNoSignature) {
  const auto good = SignStatement(Plan("alice"), Alice().path()).value();
  for (const std::string& garbage :
       {std::string(), std::string("hello"), good.signature().substr(0, 200),
        absl::StrReplaceAll(good.signature(), {{"U1NIU0lH", "U1NIU0lI"}}), good.text(),
        good.signature() + good.signature(), std::string(1 << 16, 'A')}) {
    v1::SignedStatement statement = good;
    statement.set_signature(garbage);
    EXPECT_EQ(RefusalOf(statement, people_), v1::REASON_BAD_SIGNATURE) << garbage.substr(0, 80);
  }
}

TEST_F(SshSignatureTest, NamesThePartsOfASignature) {
  const auto parsed = ParseSshSignature(SignStatement(Plan("alice"), Alice().path())->signature());
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->namespace_name, "resetctl-plan-v1");
  EXPECT_EQ(parsed->hash_algorithm, "sha512");
  EXPECT_EQ(parsed->key.fingerprint, PublicKeyOf(Alice().path())->fingerprint);
}

TEST_F(SshSignatureTest, ManyAtOnceAreAllVerified) {
  const auto statement = SignStatement(Plan("alice"), Alice().path()).value();
  std::vector<std::thread> threads;
  std::vector<int> good(12, 0);
  for (int& answer : good) {
    threads.emplace_back(
        [&] { answer = VerifyStatement(statement, StatementType::kPlan, people_).ok() ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(good, testing::Each(1));
}

TEST_F(SshSignatureTest, WithoutATerminalAPassphraseIsNeverTakenFromTheMessage) {
  // The reason's first line would be the passphrase, if ssh-keygen read it from its input.
  const SshKey locked(SshKey::Options{"ed25519", 0, "resetctl-plan-v1"});
  // A child in a session of its own has no terminal, wherever this test runs.
  const pid_t child = fork();
  if (child == 0) {
    setsid();
    const auto statement = SignStatement(Plan("alice"), locked.path());
    const bool refused =
        ReasonOf(statement.status()) == v1::REASON_INVALID_ARGUMENT &&
        ProblemOf(statement.status()).advice().find("ssh-add") != std::string::npos;
    _exit(refused ? 0 : 1);
  }
  int state = -1;
  ASSERT_EQ(waitpid(child, &state, 0), child);
  EXPECT_EQ(state, 0);
}

TEST_F(SshSignatureTest, WithATerminalThePassphraseIsAskedThere) {
  const SshKey locked(SshKey::Options{"ed25519", 0, "correct horse"});
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child == 0) {
    const auto statement = SignStatement(Plan("alice"), locked.path());
    const bool good = statement.ok() && VerifyStatement(*statement, StatementType::kPlan,
                                                        People({{"alice", {locked.public_line()}}}))
                                            .ok();
    _exit(good ? 0 : 1);
  }
  ASSERT_GT(child, 0);
  std::string shown;
  char byte;
  while (read(terminal, &byte, 1) == 1) {
    shown += byte;
    if (shown.find("passphrase") != std::string::npos && byte == ':') {
      const std::string answer = "correct horse\n";
      ASSERT_EQ(write(terminal, answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
      shown.clear();
    }
  }
  close(terminal);
  int state = -1;
  ASSERT_EQ(waitpid(child, &state, 0), child);
  EXPECT_EQ(state, 0) << shown;
}

TEST_F(SshSignatureTest, AnAgentSignsForAPublicKey) {
  const test::TempFolder folder;
  const std::string socket = folder.File("agent");
  base::SubprocessOptions child;
  child.argv = {"ssh-agent", "-s", "-a", socket};
  const auto started = base::RunSubprocess(child);
  ASSERT_TRUE(started.ok()) << started.status();
  const std::string& said = started->standard_output;
  const size_t at = said.find("SSH_AGENT_PID=");
  ASSERT_NE(at, std::string::npos) << said;
  const pid_t agent = std::atoi(said.c_str() + at + sizeof("SSH_AGENT_PID=") - 1);

  child.argv = {"ssh-add", "-q", Alice().path()};
  child.environment = {"SSH_AUTH_SOCK=" + socket};
  EXPECT_EQ(base::RunSubprocess(child)->exit_code, 0);
  const std::string public_only = folder.File("alice.pub");
  EXPECT_TRUE(base::WriteFileDurably(public_only, Alice().public_line() + "\n", 0600).ok());
  setenv("SSH_AUTH_SOCK", socket.c_str(), 1);
  const auto statement = SignStatement(Plan("alice"), public_only);
  unsetenv("SSH_AUTH_SOCK");
  kill(agent, SIGTERM);
  ASSERT_TRUE(statement.ok()) << statement.status();
  EXPECT_TRUE(VerifyStatement(*statement, StatementType::kPlan, people_).ok());
}

TEST_F(SshSignatureTest, AKeyThatIsNotThereIsNamed) {
  const auto statement = SignStatement(Plan("alice"), "/no/such/key");
  EXPECT_EQ(ReasonOf(statement.status()), v1::REASON_INVALID_ARGUMENT);
  EXPECT_THAT(std::string(statement.status().message()), HasSubstr("/no/such/key"));
}

TEST_F(SshSignatureTest, FindsThePublicHalf) {
  const SshKey key;
  EXPECT_EQ(PublicKeyOf(key.path())->Line() + " test", key.public_line());
  EXPECT_EQ(PublicKeyOf(key.path() + ".pub")->Line() + " test", key.public_line());
  std::filesystem::remove(key.path() + ".pub");
  EXPECT_EQ(PublicKeyOf(key.path())->Line() + " test", key.public_line());
  EXPECT_FALSE(PublicKeyOf(key.path() + ".pub").ok());
}

}  // namespace
}  // namespace resetctl::contract

#include "proto/contract/statement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::contract {
namespace {

using testing::HasSubstr;

const absl::Time kNow =
    absl::FromCivil(absl::CivilSecond(2026, 11, 24, 8, 12, 44), absl::UTCTimeZone());

std::string Approval() {
  return absl::StrCat(
      "resetctl-approval-v1\n"
      "plan: ",
      Digest("plan"),
      "\n"
      "environment: production\n"
      "target: rental-manager\n"
      "decision: approve\n"
      "person: alice\n"
      "policy: ",
      Digest("policy"),
      "\n"
      "floor: ",
      Digest("floor"),
      "\n"
      "start-before: 2026-11-24T10:00:00Z\n"
      "reason: clean start for the March opening\n"
      "time: 2026-11-24T08:12:44Z\n"
      "nonce: 4Zk0abcdefghijkl\n");
}

StatementBuilder Plan() {
  StatementBuilder builder(StatementType::kPlan);
  builder.Set("environment", "staging").Set("target", "rental-manager").Set("bundle", Digest("b"));
  builder.Set("person", "alice").SetTime("time", kNow);
  return builder;
}

// Refused as a statement, with a message that names what is wrong.
void ExpectRefused(const std::string& text, const std::string& why) {
  const auto parsed = Statement::Parse(text);
  ASSERT_FALSE(parsed.ok()) << "accepted:\n" << text;
  EXPECT_EQ(ReasonOf(parsed.status()), v1::REASON_STATEMENT_INVALID);
  EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(why));
}

std::string With(const std::string& from, const std::string& to) {
  const std::string text = Approval();
  EXPECT_THAT(text, HasSubstr(from));
  return absl::StrReplaceAll(text, {{from, to}});
}

TEST(StatementTest, ReadsEveryField) {
  const auto statement = Statement::Parse(Approval());
  ASSERT_TRUE(statement.ok()) << statement.status();
  EXPECT_EQ(statement->type(), StatementType::kApproval);
  EXPECT_EQ(statement->namespace_name(), "resetctl-approval-v1");
  EXPECT_EQ(statement->text(), Approval());
  EXPECT_EQ(statement->Get("plan"), Digest("plan"));
  EXPECT_EQ(statement->Get("reason"), "clean start for the March opening");
  EXPECT_EQ(statement->person(), "alice");
  EXPECT_EQ(statement->nonce(), "4Zk0abcdefghijkl");
  EXPECT_EQ(statement->time(), kNow);
  EXPECT_EQ(FormatStatementTime(statement->start_before()), "2026-11-24T10:00:00Z");
  EXPECT_EQ(statement->Get("no-such-field"), "");
}

TEST(StatementTest, AnOptionalFieldMayBeAbsentButNotEmpty) {
  EXPECT_TRUE(Statement::Parse(With("reason: clean start for the March opening\n", "")).ok());
  ExpectRefused(With("reason: clean start for the March opening\n", "reason: \n"), "empty");
}

TEST(StatementTest, EveryOtherFieldIsNeeded) {
  const std::vector<std::string> lines = absl::StrSplit(Approval(), '\n');
  for (size_t i = 0; i + 1 < lines.size(); ++i) {
    if (lines[i].rfind("reason:", 0) == 0) continue;
    std::vector<std::string> fewer = lines;
    fewer.erase(fewer.begin() + static_cast<long>(i));
    EXPECT_FALSE(Statement::Parse(absl::StrJoin(fewer, "\n")).ok()) << "without " << lines[i];
  }
  ExpectRefused(With("nonce: 4Zk0abcdefghijkl\n", ""), "'nonce' is missing");
}

TEST(StatementTest, NoTwoLinesMayChangePlaces) {
  const std::vector<std::string> lines = absl::StrSplit(Approval(), '\n');
  for (size_t i = 0; i + 2 < lines.size(); ++i) {
    std::vector<std::string> swapped = lines;
    std::swap(swapped[i], swapped[i + 1]);
    EXPECT_FALSE(Statement::Parse(absl::StrJoin(swapped, "\n")).ok()) << lines[i];
  }
}

TEST(StatementTest, NoLineMayStandTwice) {
  const std::vector<std::string> lines = absl::StrSplit(Approval(), '\n');
  for (size_t i = 0; i + 1 < lines.size(); ++i) {
    std::vector<std::string> twice = lines;
    twice.insert(twice.begin() + static_cast<long>(i), lines[i]);
    EXPECT_FALSE(Statement::Parse(absl::StrJoin(twice, "\n")).ok()) << lines[i];
  }
  ExpectRefused(With("person: alice\n", "person: alice\nperson: bob\n"), "repeated");
}

TEST(StatementTest, NoFieldMayBeAdded) {
  ExpectRefused(With("person: alice\n", "person: alice\nrole: admin\n"), "'role'");
  ExpectRefused(Approval() + "comment: hello\n", "after the last one");
  ExpectRefused(Approval() + "\n", "not 'name: value'");
  ExpectRefused(Approval() + Approval(), "not 'name: value'");
}

TEST(StatementTest, RefusesOtherLineEndsAndControls) {
  ExpectRefused(absl::StrReplaceAll(Approval(), {{"\n", "\r\n"}}), "line 1");
  ExpectRefused(With("March", "Ma\rrch"), "control character");
  ExpectRefused(With("March", "Ma\trch"), "control character");
  ExpectRefused(With("March", "Ma\x1b[2Jrch"), "control character");
  ExpectRefused(With("March", std::string("Ma\0rch", 6)), "control character");
  ExpectRefused(Approval().substr(0, Approval().size() - 1), "no line end");
  ExpectRefused("", "no line end");
  ExpectRefused("\n", "known type");
}

TEST(StatementTest, RefusesTextThatDeceivesTheEye) {
  ExpectRefused(With("March", "\xE2\x80\xAEhcraM"), "invisible or direction-changing");
  ExpectRefused(With("March",
                     "Mar\xE2\x80\x8B"
                     "ch"),
                "invisible or direction-changing");
  ExpectRefused(With("March",
                     "Mar\xE2\x81\xA6"
                     "ch"),
                "invisible or direction-changing");
  ExpectRefused(With("March",
                     "Mar\xC2\x85"
                     "ch"),
                "invisible or direction-changing");
  ExpectRefused(With("March", "M\xFFrch"), "UTF-8");
  EXPECT_TRUE(Statement::Parse(With("March", "M\xC3\xA4rz \xE2\x80\x93 \xE6\x97\xA5")).ok());
}

TEST(StatementTest, RefusesMoreThan64KiB) {
  const std::string reason(60000, 'x');
  EXPECT_TRUE(Statement::Parse(With("March", reason)).ok());
  ExpectRefused(With("March", reason + reason), "at most 65536");
}

TEST(StatementTest, RefusesMalformedValues) {
  ExpectRefused(With("4Zk0abcdefghijkl", "short"), "'nonce'");
  ExpectRefused(With("4Zk0abcdefghijkl", "4Zk0abcdefghijk="), "'nonce'");
  ExpectRefused(With("4Zk0abcdefghijkl", std::string(65, 'a')), "'nonce'");
  ExpectRefused(With("decision: approve", "decision: Approve"), "'decision'");
  ExpectRefused(With("time: 2026-11-24T08:12:44Z", "time: 2026-11-24 08:12:44Z"), "'time'");
  ExpectRefused(With("time: 2026-11-24T08:12:44Z", "time: 2026-11-24T08:12:44.5Z"), "'time'");
  ExpectRefused(With("time: 2026-11-24T08:12:44Z", "time: 2026-11-24T09:12:44+01:00"), "'time'");
  ExpectRefused(With("time: 2026-11-24T08:12:44Z", "time: 2026-02-30T08:12:44Z"), "'time'");
  ExpectRefused(With("time: 2026-11-24T08:12:44Z", "time: infinite-future"), "'time'");
  ExpectRefused(With(Digest("plan"), "sha256:7f3a"), "'plan'");
  ExpectRefused(With("person: alice", "person: alice,bob"), "'person'");
  ExpectRefused(With("person: alice", "person: *"), "'person'");
  ExpectRefused(With("person: alice", "person:  alice"), "blank");
  ExpectRefused(With("person: alice", "person: alice "), "blank");
  ExpectRefused(With("person: alice", "person:alice"), "not 'name: value'");
  ExpectRefused(With("person: alice", " person: alice"), "' person'");
}

TEST(StatementTest, RefusesTypesThatItDoesNotKnow) {
  ExpectRefused(With("resetctl-approval-v1", "resetctl-approval-v2"), "known type");
  ExpectRefused(With("resetctl-approval-v1", "resetctl-approval-v1 "), "known type");
  ExpectRefused(With("resetctl-approval-v1", "resetctl-run-v1"), "not expected here");
}

TEST(StatementTest, SetsAreSortedAndDifferent) {
  const auto refuse = [](const char* sets) { return !Plan().Set("sets", sets).Build().ok(); };
  EXPECT_EQ(Plan().Set("sets", "demo,master-data").Build()->Get("sets"), "demo,master-data");
  EXPECT_TRUE(refuse("master-data,demo"));
  EXPECT_TRUE(refuse("demo,demo"));
  EXPECT_TRUE(refuse("demo,"));
}

TEST(StatementBuilderTest, WritesTheFieldsInTheirOrder) {
  StatementBuilder builder(StatementType::kRun);
  builder.Set("nonce", "AAAAAAAAAAAAAAAA").SetTime("time", kNow).Set("person", "alice");
  builder.SetTime("start-before", kNow + absl::Hours(1)).Set("phrase", "DELETE ALL DATA rental");
  builder.Set("target", "rental").Set("environment", "production").Set("plan", Digest("p"));
  const auto built = builder.Build();
  ASSERT_TRUE(built.ok()) << built.status();
  EXPECT_EQ(built->text(), absl::StrCat("resetctl-run-v1\nplan: ", Digest("p"),
                                        "\nenvironment: production\ntarget: rental\n"
                                        "phrase: DELETE ALL DATA rental\nperson: alice\n"
                                        "start-before: 2026-11-24T09:12:44Z\n"
                                        "time: 2026-11-24T08:12:44Z\nnonce: AAAAAAAAAAAAAAAA\n"));
}

TEST(StatementBuilderTest, GivesEachStatementItsOwnNonce) {
  const auto one = Plan().Build();
  const auto other = Plan().Build();
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_NE(one->nonce(), other->nonce());
  EXPECT_EQ(one->start_before(), absl::InfiniteFuture());
}

TEST(StatementBuilderTest, AReasonCannotBecomeAField) {
  const auto built = Plan().Set("reason", "because\nperson: bob\r\n").Build();
  ASSERT_TRUE(built.ok()) << built.status();
  EXPECT_EQ(built->Get("reason"), "because person: bob");
  EXPECT_EQ(built->person(), "alice");
}

TEST(StatementBuilderTest, AnEmptyValueLeavesAnOptionalFieldOut) {
  EXPECT_EQ(Plan().Set("reason", "  ").Build()->text().find("reason"), std::string::npos);
  EXPECT_FALSE(Plan().Set("environment", "").Build().ok());
}

TEST(StatementBuilderTest, RefusesFieldsOfOtherTypes) {
  const auto built = Plan().Set("phrase", "x").Build();
  ASSERT_FALSE(built.ok());
  EXPECT_THAT(std::string(built.status().message()), HasSubstr("has no field 'phrase'"));
}

TEST(StatementBuilderTest, BuildsEveryType) {
  StatementBuilder login(StatementType::kLogin);
  login.Set("ca-pin", kNoCaPin).Set("challenge", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
  login.SetTime("expires", kNow).Set("person", "alice").SetTime("time", kNow);
  EXPECT_TRUE(login.Build().ok()) << login.Build().status();
  EXPECT_FALSE(login.Set("challenge", "AAAA").Build().ok());

  StatementBuilder resume(StatementType::kResume);
  resume.Set("run", "r-0123456789abcdef").Set("environment", "e").Set("target", "t");
  EXPECT_TRUE(resume.Set("person", "alice").SetTime("time", kNow).Build().ok());

  StatementBuilder admin(StatementType::kAdmin);
  admin.Set("verb", "policy apply").Set("arguments", Digest("x")).Set("person", "alice");
  EXPECT_TRUE(admin.SetTime("time", kNow).Build().ok());
}

}  // namespace
}  // namespace resetctl::contract

#include "proto/contract/policy_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "proto/contract/reasons.h"
#include "tests/support/public_keys.h"

namespace resetctl::contract {
namespace {

using support::FingerprintOf;
using support::KeyLine;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kGood[] = R"(people:
  alice: {keys: ['$alice'], groups: [dba]}
  bob: {keys: ['$bob'], groups: [dba, product]}
  carol: {keys: ['$carol'], groups: [product]}
  dave: {keys: ['$dave'], groups: [developers]}
  nightly: {keys: ['$nightly'], groups: [robots], robot: true}
environments:
  staging:
    plan: [developers, robots]
    run: [developers, robots]
    approvals: {required: 0}
    plan_ttl: 12h
    blockers: {give_up_after: 10m, action: terminate_idle}
  production:
    read: [dba, product]
    plan: [dba]
    run: [dba]
    approvals: {required: 2, groups: [dba, product], self: false, distinct_groups: true, ttl: 4h}
    confirm: DELETE ALL DATA
    hold: 5s
    row_growth: {percent: 5, rows: 1000}
admin: {groups: [dba]}
)";

std::string WithKeys(const std::string& yaml) {
  std::string text = yaml;
  for (const char* name : {"alice", "bob", "carol", "dave", "nightly"}) {
    text = absl::StrReplaceAll(text, {{absl::StrCat("$", name), KeyLine(name)}});
  }
  return text;
}

PolicyReading Read(const std::string& yaml) { return ReadPolicy(WithKeys(yaml), "policy.yaml"); }

// The good policy with one text replaced by another.
PolicyReading ReadWith(const std::string& from, const std::string& to) {
  const std::string changed = absl::StrReplaceAll(kGood, {{from, to}});
  EXPECT_NE(changed, kGood) << from;
  return Read(changed);
}

std::vector<std::string> Lines(const PolicyReading& reading) {
  std::vector<std::string> lines;
  for (const v1::Problem& problem : reading.problems) {
    EXPECT_EQ(problem.file(), "policy.yaml");
    lines.push_back(
        absl::StrCat(problem.line(), " ", NameOf(problem.reason()), " ", problem.message()));
  }
  return lines;
}

TEST(PolicyFileTest, ReadsThePolicyOfTheDesign) {
  const PolicyReading reading = Read(kGood);
  ASSERT_THAT(Lines(reading), ElementsAre());
  const Policy& policy = reading.policy;
  EXPECT_EQ(policy.people.size(), 5);
  EXPECT_TRUE(policy.FindPerson("nightly")->robot);
  EXPECT_TRUE(policy.PersonHasKey("bob", FingerprintOf("bob")));
  EXPECT_EQ(policy.groups.at("dba"), (std::set<std::string>{"alice", "bob"}));
  EXPECT_EQ(policy.groups.at("everyone").size(), 5);
  EXPECT_THAT(policy.admin_groups, ElementsAre("dba"));
  EXPECT_TRUE(policy.signers.KnowsPerson("carol"));
  EXPECT_EQ(policy.digest, Digest(WithKeys(kGood)));

  const EnvironmentRules& staging = *policy.FindEnvironment("staging");
  EXPECT_THAT(staging.read, ElementsAre("everyone"));
  EXPECT_EQ(staging.plan_ttl, absl::Hours(12));
  EXPECT_EQ(staging.approvals.required, 0);
  EXPECT_EQ(staging.blockers_give_up_after, absl::Minutes(10));
  EXPECT_EQ(staging.blockers_action, BlockerAction::kTerminateIdle);

  const EnvironmentRules& production = *policy.FindEnvironment("production");
  EXPECT_THAT(production.run, ElementsAre("dba"));
  EXPECT_EQ(production.approvals.required, 2);
  EXPECT_FALSE(production.approvals.self);
  EXPECT_TRUE(production.approvals.distinct_groups);
  EXPECT_EQ(production.approvals.ttl, absl::Hours(4));
  EXPECT_EQ(production.confirm, "DELETE ALL DATA");
  EXPECT_EQ(production.hold, absl::Seconds(5));
  EXPECT_EQ(production.row_growth_percent, 5);
  EXPECT_EQ(production.blockers_action, BlockerAction::kRefuse);
}

TEST(PolicyFileTest, ARuleThatIsNotImplementedIsAnErrorThatNamesIt) {
  EXPECT_THAT(
      Lines(ReadWith("hold: 5s", "backup: required")),
      ElementsAre("20 RULE_UNSUPPORTED environments.production.backup: the rule 'backup' is "
                  "not supported by this version"));
}

TEST(PolicyFileTest, ReadsRehearsalWindowsAndBreakGlass) {
  const PolicyReading reading =
      ReadWith("hold: 5s",
               "after_success_in: {environment: staging, within: 7d}\n"
               "    windows: ['Sat 02:00-06:00 Europe/Berlin', 'Mon-Fri 22:00-04:00 UTC']\n"
               "    break_glass: {groups: [dba], approvals: 1}");
  ASSERT_TRUE(reading.ok()) << Lines(reading).front();
  const EnvironmentRules& rules = reading.policy.environments.at("production");
  EXPECT_EQ(rules.after_success_in->environment, "staging");
  EXPECT_EQ(rules.after_success_in->within, absl::Hours(7 * 24));
  EXPECT_THAT(rules.windows,
              ElementsAre("Sat 02:00-06:00 Europe/Berlin", "Mon-Fri 22:00-04:00 UTC"));
  EXPECT_THAT(rules.break_glass->groups, ElementsAre("dba"));
  EXPECT_EQ(rules.break_glass->approvals, 1);
}

TEST(PolicyFileTest, ARehearsalIsInAnotherEnvironmentThatThereIs) {
  EXPECT_THAT(
      Lines(ReadWith("hold: 5s", "after_success_in: {environment: production, within: 7d}")),
      ElementsAre(HasSubstr("cannot be its own rehearsal")));
  EXPECT_THAT(Lines(ReadWith("hold: 5s", "after_success_in: {environment: stagin, within: 7d}")),
              ElementsAre(HasSubstr("there is no environment 'stagin'")));
  EXPECT_THAT(Lines(ReadWith("hold: 5s", "after_success_in: {environment: staging}")),
              ElementsAre(HasSubstr("`within` must be more than 0")));
}

TEST(PolicyFileTest, AWindowThatIsNoneIsRefusedWithItsPlace) {
  EXPECT_THAT(
      Lines(ReadWith("hold: 5s", "windows: ['Sat 02:00-06:00 UTC', 'Sa 02:00-06:00 UTC']")),
      ElementsAre("20 POLICY_INVALID environments.production.windows[1]: 'Sa' names no days "
                  "of the week"));
  EXPECT_THAT(Lines(ReadWith("hold: 5s", "windows: []")),
              ElementsAre(HasSubstr("names no window: nothing could ever start")));
}

TEST(PolicyFileTest, AnUnknownKeyIsAnErrorWithItsLine) {
  EXPECT_THAT(Lines(ReadWith("hold: 5s", "holds: 5s")),
              ElementsAre("20 POLICY_INVALID environments.production.holds: unknown key"));
  EXPECT_THAT(Lines(ReadWith("required: 0}", "required: 0, quorum: 1}")),
              ElementsAre(HasSubstr("environments.staging.approvals.quorum: unknown key")));
}

TEST(PolicyFileTest, AGroupThatNobodyIsInIsAProblem) {
  const PolicyReading reading = ReadWith("run: [dba]", "run: [dbas]");
  EXPECT_THAT(Lines(reading),
              ElementsAre("17 POLICY_INVALID environments.production.run[0]: nobody "
                          "is in the group 'dbas'"));
  EXPECT_THAT(reading.problems[0].advice(), HasSubstr("dba"));
}

TEST(PolicyFileTest, OneKeyUnderTwoPeopleIsRefused) {
  EXPECT_THAT(Lines(ReadWith("$carol", "$bob")),
              ElementsAre(AllOf(HasSubstr("4 POLICY_INVALID people.carol.keys[0]"),
                                HasSubstr("is also bob's: one key is one person"))));
}

TEST(PolicyFileTest, AKeyThatIsNoneIsRefused) {
  EXPECT_THAT(Lines(ReadWith("$carol", "ssh-ed25519 nonsense")),
              ElementsAre(HasSubstr("4 POLICY_INVALID people.carol.keys[0]")));
}

TEST(PolicyFileTest, APersonWithoutAKeyIsRefused) {
  EXPECT_THAT(Lines(ReadWith("keys: ['$carol'], ", "")),
              ElementsAre("4 POLICY_INVALID people.carol: has no keys"));
}

TEST(PolicyFileTest, AQuorumThatNobodyCouldReachIsRefused) {
  EXPECT_THAT(Lines(ReadWith("required: 0", "required: 5")),
              ElementsAre(HasSubstr("5 approvals are required, but only 4 people may approve")));
  EXPECT_THAT(
      Lines(ReadWith("required: 2", "required: 3")),
      ElementsAre(HasSubstr("3 approvals from distinct groups cannot come from 2 group(s)")));
}

TEST(PolicyFileTest, WhoMayAndHowManyMustBeSaid) {
  EXPECT_THAT(Lines(ReadWith("    approvals: {required: 0}\n", "")),
              ElementsAre("9 POLICY_INVALID environments.staging: `approvals` is missing"));
  EXPECT_THAT(Lines(ReadWith("    plan: [dba]\n", "")),
              ElementsAre(HasSubstr("environments.production: `plan` is missing")));
  EXPECT_THAT(Lines(ReadWith("admin: {groups: [dba]}\n", "")),
              ElementsAre(HasSubstr("`admin` is missing")));
}

TEST(PolicyFileTest, EveryoneIsBuiltIn) {
  EXPECT_THAT(Lines(ReadWith("groups: [developers]", "groups: [developers, everyone]")),
              ElementsAre(HasSubstr("'everyone' is built in")));
}

TEST(PolicyFileTest, TellsAllProblemsAtOnceInTheFilesOrder) {
  std::string yaml = absl::StrReplaceAll(kGood, {{"plan_ttl: 12h", "plan_ttl: soon"},
                                                 {"hold: 5s", "backup: required"},
                                                 {"action: terminate_idle", "action: shoot"},
                                                 {"$dave", "nonsense"}});
  const PolicyReading reading = Read(yaml);
  EXPECT_THAT(Lines(reading),
              ElementsAre(HasSubstr("5 POLICY_INVALID people.dave.keys[0]"),
                          HasSubstr("12 POLICY_INVALID environments.staging.plan_ttl"),
                          HasSubstr("13 POLICY_INVALID environments.staging.blockers.action"),
                          HasSubstr("20 RULE_UNSUPPORTED environments.production.backup")));
  const absl::Status status = ToStatus(reading);
  EXPECT_EQ(ReasonOf(status), v1::REASON_POLICY_INVALID);
  EXPECT_THAT(ProblemOf(status).message(), HasSubstr("(and 3 more problems)"));
}

TEST(PolicyFileTest, WhatIsNoMapSaysSoOnce) {
  EXPECT_EQ(Read("- a\n- b\n").problems.size(), 1u);
  EXPECT_EQ(Read("people: [").problems.size(), 1u);
}

}  // namespace
}  // namespace resetctl::contract

#include "proto/contract/approval_rules.h"

#include <algorithm>
#include <functional>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace resetctl::contract {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'795'000'000);

Approver By(const std::string& person) { return {person, "SHA256:" + person, false, kNow}; }

ApprovalRule Production() {
  ApprovalRule rule;
  rule.required = 2;
  rule.groups = {"dba", "product"};
  rule.distinct_groups = true;
  rule.ttl = absl::Hours(4);
  return rule;
}

const Groups kGroups = {{"dba", {"alice", "bob", "carol"}}, {"product", {"alice", "dora"}}};

QuorumAnswer Ask(const ApprovalRule& rule, const std::vector<Approver>& approvals) {
  return EvaluateQuorum(rule, kGroups, "carol", approvals, kNow);
}

TEST(QuorumTest, AliceInBothGroupsAndBobInOneAreEnoughInEitherOrder) {
  EXPECT_TRUE(Ask(Production(), {By("alice"), By("bob")}).satisfied);
  const QuorumAnswer answer = Ask(Production(), {By("bob"), By("alice")});
  EXPECT_TRUE(answer.satisfied);
  EXPECT_EQ(answer.counted, 2);
  EXPECT_THAT(answer.counted_persons, ElementsAre("alice", "bob"));
  EXPECT_EQ(answer.missing, "");
}

TEST(QuorumTest, TwoOfOneGroupAreOneWhenGroupsMustDiffer) {
  ApprovalRule rule = Production();
  rule.self = true;
  const QuorumAnswer answer = Ask(rule, {By("bob"), By("carol")});
  EXPECT_FALSE(answer.satisfied);
  EXPECT_EQ(answer.counted, 1);
  EXPECT_EQ(answer.missing, "1 more approval from product");
  EXPECT_THAT(answer.ignored, ElementsAre("carol: stands for no further group"));

  rule.distinct_groups = false;
  EXPECT_TRUE(Ask(rule, {By("bob"), By("carol")}).satisfied);
}

TEST(QuorumTest, NamesEveryGroupThatWouldHelp) {
  // alice stands for either group: a member of the other one is missing, whichever it is.
  EXPECT_EQ(Ask(Production(), {By("alice")}).missing, "1 more approval from dba or product");
  EXPECT_EQ(Ask(Production(), {}).missing,
            "2 more approvals from different groups of dba, product");
}

TEST(QuorumTest, NobodyCountsTwice) {
  ApprovalRule rule = Production();
  rule.distinct_groups = false;
  Approver again = By("alice");
  again.key_fingerprint = "SHA256:alice-second-key";
  EXPECT_EQ(Ask(rule, {By("alice"), By("alice"), again}).counted, 1);
}

TEST(QuorumTest, OneKeyIsOnePerson) {
  ApprovalRule rule = Production();
  rule.distinct_groups = false;
  Approver puppet = By("bob");
  puppet.key_fingerprint = By("alice").key_fingerprint;
  const QuorumAnswer answer = Ask(rule, {By("alice"), puppet});
  EXPECT_FALSE(answer.satisfied);
  EXPECT_THAT(answer.ignored, ElementsAre("bob: has the key of alice"));
}

TEST(QuorumTest, AuthorsRobotsStrangersAndOldApprovalsDoNotCount) {
  ApprovalRule rule = Production();
  Approver robot = By("bob");
  robot.robot = true;
  Approver old = By("alice");
  old.time = kNow - rule.ttl - absl::Seconds(1);
  const QuorumAnswer answer = Ask(rule, {By("carol"), robot, By("eve"), old});
  EXPECT_EQ(answer.counted, 0);
  EXPECT_THAT(answer.ignored, ElementsAre("alice: has expired", "bob: a robot",
                                          "carol: is the author", "eve: is not in dba or product"));
}

TEST(QuorumTest, AFreshApprovalReplacesAnOldOne) {
  ApprovalRule rule = Production();
  rule.required = 1;
  Approver old = By("alice");
  old.time = kNow - rule.ttl - absl::Seconds(1);
  const QuorumAnswer answer = Ask(rule, {old, By("alice")});
  EXPECT_TRUE(answer.satisfied);
  EXPECT_THAT(answer.ignored, IsEmpty());
}

TEST(QuorumTest, TheAuthorCountsWhereTheRuleSaysSo) {
  ApprovalRule rule;
  rule.required = 1;
  EXPECT_FALSE(Ask(rule, {By("carol")}).satisfied);
  rule.self = true;
  EXPECT_TRUE(Ask(rule, {By("carol")}).satisfied);
  EXPECT_EQ(Ask(rule, {}).missing, "1 more approval");
}

TEST(QuorumTest, NothingRequiredIsSatisfiedByNothing) {
  EXPECT_TRUE(Ask(ApprovalRule{}, {}).satisfied);
}

TEST(MayApproveTest, FollowsTheSameRules) {
  const ApprovalRule rule = Production();
  EXPECT_TRUE(MayApprove(rule, kGroups, "carol", "alice", false));
  EXPECT_FALSE(MayApprove(rule, kGroups, "carol", "carol", false));
  EXPECT_FALSE(MayApprove(rule, kGroups, "carol", "alice", true));
  EXPECT_FALSE(MayApprove(rule, kGroups, "carol", "eve", false));
  EXPECT_TRUE(MayApprove(ApprovalRule{}, {}, "carol", "eve", false));
}

TEST(InAnyGroupTest, KnowsMembers) {
  EXPECT_TRUE(InAnyGroup(kGroups, {"nobody", "dba"}, "bob"));
  EXPECT_FALSE(InAnyGroup(kGroups, {"product", "no-such-group"}, "bob"));
  EXPECT_FALSE(InAnyGroup(kGroups, {}, "bob"));
}

// Tries every assignment.
int LargestMatching(const Groups& groups, const std::vector<std::string>& names,
                    const std::vector<std::string>& persons) {
  std::vector<bool> taken(names.size(), false);
  std::function<int(size_t)> best = [&](size_t person) -> int {
    if (person == persons.size()) return 0;
    int most = best(person + 1);
    for (size_t g = 0; g < names.size(); ++g) {
      if (taken[g] || groups.at(names[g]).count(persons[person]) == 0) continue;
      taken[g] = true;
      most = std::max(most, 1 + best(person + 1));
      taken[g] = false;
    }
    return most;
  };
  return best(0);
}

TEST(QuorumTest, AgreesWithBruteForceOnRandomGroups) {
  std::mt19937 random(20261123);
  const auto upto = [&](int most) { return static_cast<int>(random() % (most + 1)); };
  int satisfied = 0;
  for (int round = 0; round < 3000; ++round) {
    Groups groups;
    ApprovalRule rule;
    rule.distinct_groups = true;
    rule.required = upto(4);
    const int group_count = 1 + upto(4);
    for (int g = 0; g < group_count; ++g) {
      const std::string name = absl::StrCat("g", g);
      rule.groups.push_back(name);
      groups[name];
      for (int p = 0; p < 6; ++p) {
        if (upto(2) == 0) groups[name].insert(absl::StrCat("p", p));
      }
    }
    std::vector<Approver> approvals;
    std::vector<std::string> persons;
    for (int p = 0; p < 6; ++p) {
      if (upto(1) == 0) continue;
      approvals.push_back(By(absl::StrCat("p", p)));
      if (p != 0) persons.push_back(absl::StrCat("p", p));  // p0 is the author
    }
    std::shuffle(approvals.begin(), approvals.end(), random);

    const QuorumAnswer answer = EvaluateQuorum(rule, groups, "p0", approvals, kNow);
    const int largest = LargestMatching(groups, rule.groups, persons);
    ASSERT_EQ(answer.counted, largest) << "round " << round;
    ASSERT_EQ(answer.satisfied, largest >= rule.required);
    ASSERT_EQ(answer.counted_persons.size(), static_cast<size_t>(largest));
    ASSERT_EQ(answer.missing.empty(), answer.satisfied);
    satisfied += answer.satisfied ? 1 : 0;
  }
  EXPECT_GT(satisfied, 300);
  EXPECT_LT(satisfied, 2700);
}

}  // namespace
}  // namespace resetctl::contract

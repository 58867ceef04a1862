// Random policies, plans and approvals: what plan_rules.cc decides is what a slow, obvious evaluation decides.
#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/domain/plan_rules.h"
#include "tests/controller/domain/team.h"

namespace resetctl::controller {
namespace {

constexpr int kRounds = 3000;

const std::vector<std::string> kGroups = {"dba", "product", "sre"};
const std::vector<std::string> kPeople = {"alice", "bob", "carol", "dave", "erin", "nightly"};

class Dice {
 public:
  explicit Dice(uint32_t seed) : random_(seed) {}
  int Below(int n) { return static_cast<int>(random_() % static_cast<uint32_t>(n)); }
  bool Once(int in) { return Below(in) == 0; }
  template <typename T>
  const T& Of(const std::vector<T>& items) {
    return items[static_cast<size_t>(Below(static_cast<int>(items.size())))];
  }
  std::set<std::string> Some(const std::vector<std::string>& items) {
    std::set<std::string> some;
    for (const std::string& item : items) {
      if (Once(2)) some.insert(item);
    }
    return some;
  }

 private:
  std::mt19937 random_;
};

struct Story {
  Policy policy;
  PlanRecord plan;
  contract::EnvironmentRules rules;
  std::vector<ApprovalRecord> approvals;
  Circumstances circumstances;
  std::string caller;
  absl::Time now = Start() + absl::Hours(6);
};

Story MakeStory(Dice& dice) {
  Story story;
  contract::EnvironmentRules& rules = story.rules;
  rules.read = {"everyone"};
  const std::set<std::string> run = dice.Some(kGroups);
  rules.run.assign(run.begin(), run.end());
  rules.plan = {"dba"};
  const std::set<std::string> approve = dice.Some(kGroups);
  rules.approvals.groups.assign(approve.begin(), approve.end());
  rules.approvals.required = dice.Below(4);
  rules.approvals.self = dice.Once(2);
  rules.approvals.distinct_groups = !approve.empty() && dice.Once(2);
  if (dice.Once(2)) rules.approvals.ttl = absl::Hours(1 + dice.Below(6));
  if (dice.Once(3)) rules.after_success_in = {"staging", absl::Hours(1 + dice.Below(8))};
  // `now` is 14:00 on a Tuesday.
  if (dice.Once(3)) rules.windows = {dice.Once(2) ? "Tue 13:30-14:30 UTC" : "Tue 15:00-16:00 UTC"};

  PolicyBuilder people;
  for (const std::string& person : kPeople) {
    if (!dice.Once(8)) people.Person(person, dice.Some(kGroups), person == "nightly");
  }
  story.policy = people.Environment("production", rules).Build();
  story.plan = APlan()
                   .Rules(rules)
                   .By(dice.Of(kPeople))
                   .Expires(story.now + absl::Hours(dice.Once(8) ? 0 : 4))
                   .Build();
  for (int i = dice.Below(7); i > 0; --i) {
    ApprovalRecord approval =
        ADecision(story.plan, dice.Of(kPeople), dice.Once(4) ? "unapprove" : "approve",
                  Start() + absl::Minutes(dice.Below(360)));
    if (dice.Once(8)) approval.start_before = story.now;
    if (dice.Once(10)) approval.policy_digest = "sha256:other";
    if (dice.Once(10)) approval.floor_digest = "sha256:other";
    if (dice.Once(10)) approval.key_fingerprint = "SHA256:lost";
    story.approvals.push_back(approval);
  }
  std::stable_sort(
      story.approvals.begin(), story.approvals.end(),
      [](const ApprovalRecord& a, const ApprovalRecord& b) { return a.time < b.time; });
  if (dice.Once(3)) {
    story.circumstances.freeze = {"production", "alice", "", Start(),
                                  dice.Once(2) ? absl::InfiniteFuture() : story.now};
  }
  if (dice.Once(2)) story.circumstances.rehearsed = story.now - absl::Hours(dice.Below(9));
  story.caller = dice.Of(kPeople);
  return story;
}

// ---- the obvious way ----

bool InGroup(const Story& story, const std::string& person, const std::string& group) {
  const auto found = story.policy.people.find(person);
  return found != story.policy.people.end() && found->second.groups.count(group) != 0;
}

// Whose word counts: the last thing that they said is a fresh approval of exactly this plan.
std::set<std::string> Voices(const Story& story) {
  std::set<std::string> voices;
  for (const std::string& person : kPeople) {
    const ApprovalRecord* last = nullptr;
    for (const ApprovalRecord& approval : story.approvals) {
      if (approval.person == person) last = &approval;
    }
    if (last == nullptr || last->decision != "approve") continue;
    if (story.policy.people.count(person) == 0 || person == "nightly") continue;
    if (last->key_fingerprint != FingerprintOf(person)) continue;
    if (story.now - last->time >= story.rules.approvals.ttl) continue;
    if (last->start_before <= story.now) continue;
    if (last->policy_digest != story.plan.policy_digest) continue;
    if (last->floor_digest != story.plan.floor_digest) continue;
    if (person == story.plan.author && !story.rules.approvals.self) continue;
    voices.insert(person);
  }
  return voices;
}

// Can `wanted` of these people be found, each for another of these groups: every way is tried.
bool EachForAnotherGroup(const Story& story, std::vector<std::string> people,
                         std::vector<std::string> groups, int wanted) {
  if (wanted == 0) return true;
  for (size_t p = 0; p < people.size(); ++p) {
    for (size_t g = 0; g < groups.size(); ++g) {
      if (!InGroup(story, people[p], groups[g])) continue;
      std::vector<std::string> other_people = people;
      std::vector<std::string> other_groups = groups;
      other_people.erase(other_people.begin() + static_cast<std::ptrdiff_t>(p));
      other_groups.erase(other_groups.begin() + static_cast<std::ptrdiff_t>(g));
      if (EachForAnotherGroup(story, other_people, other_groups, wanted - 1)) return true;
    }
  }
  return false;
}

bool QuorumReached(const Story& story) {
  const std::set<std::string> voices = Voices(story);
  const contract::ApprovalRule& rule = story.rules.approvals;
  if (rule.distinct_groups) {
    return EachForAnotherGroup(story, {voices.begin(), voices.end()}, rule.groups, rule.required);
  }
  int count = 0;
  for (const std::string& person : voices) {
    const bool in_any =
        std::any_of(rule.groups.begin(), rule.groups.end(),
                    [&](const std::string& group) { return InGroup(story, person, group); });
    if (rule.groups.empty() || in_any) ++count;
  }
  return count >= rule.required;
}

std::set<std::string> ExpectedReasons(const Story& story) {
  std::set<std::string> reasons;
  const bool known = story.policy.people.count(story.caller) != 0;
  if (!known) reasons.insert("UNKNOWN_PERSON");
  if (known &&
      std::none_of(story.rules.run.begin(), story.rules.run.end(),
                   [&](const std::string& group) { return InGroup(story, story.caller, group); })) {
    reasons.insert("ROLE_MISSING");
  }
  if (story.plan.expire_time <= story.now) reasons.insert("PLAN_EXPIRED");
  if (!QuorumReached(story)) reasons.insert("APPROVALS_MISSING");
  if (story.rules.after_success_in &&
      (!story.circumstances.rehearsed ||
       *story.circumstances.rehearsed + story.rules.after_success_in->within < story.now)) {
    reasons.insert("REHEARSAL_MISSING");
  }
  if (story.rules.windows == std::vector<std::string>{"Tue 15:00-16:00 UTC"}) {
    reasons.insert("OUTSIDE_WINDOW");
  }
  if (story.circumstances.freeze && story.circumstances.freeze->until > story.now) {
    reasons.insert("FROZEN");
  }
  return reasons;
}

TEST(PolicyPropertyTest, DecidesAsTheObviousEvaluationDoes) {
  const char* wish = std::getenv("RESETCTL_SEED");
  const auto seed = wish == nullptr ? std::random_device()()
                                    : static_cast<uint32_t>(std::strtoul(wish, nullptr, 10));
  Dice dice(seed);
  int allowed = 0;
  for (int round = 0; round < kRounds; ++round) {
    const Story story = MakeStory(dice);
    SCOPED_TRACE(absl::StrCat("RESETCTL_SEED=", seed, ", round ", round));
    const Decision decision = EvaluateRun(story.policy, story.plan, story.approvals,
                                          story.circumstances, story.now, As(story.caller));
    const std::vector<std::string> reasons = ReasonsOf(decision);
    ASSERT_EQ(std::set<std::string>(reasons.begin(), reasons.end()), ExpectedReasons(story));
    if (decision.allowed()) ++allowed;
  }
  // Of both kinds, or the rounds would say little.
  EXPECT_GT(allowed, kRounds / 50) << "RESETCTL_SEED=" << seed;
  EXPECT_LT(allowed, kRounds / 2) << "RESETCTL_SEED=" << seed;
}

}  // namespace
}  // namespace resetctl::controller

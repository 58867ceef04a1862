#ifndef RESETCTL_TESTS_E2E_FORGED_OFFER_H_
#define RESETCTL_TESTS_E2E_FORGED_OFFER_H_

#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/e2e/forgery_house.h"

namespace resetctl::support {

// An offer with everything in it that a forger would like to change. Without changes it is a proper one.
struct Draft {
  explicit Draft(ForgeryHouse& at) : house(at) {}
  v1::RunOffer Build();

  ForgeryHouse& house;
  std::string run_id;  // empty: a new one
  // For a plan of its own, made under this floor, with these rules.
  std::string floor_at_plan;
  std::function<void(contract::EnvironmentRules&)> edit_rules;
  std::function<void(v1::PlanOrder&)> edit_order;
  bool own_plan = false;
  // As if the agent itself had made the plan so: with its MAC.
  std::function<void(v1::PlanDocument&)> edit_plan;
  std::vector<std::string> approvers = {"alice", "dana"};
  std::function<void(size_t, Words&)> edit_approval;
  std::function<void(Words&)> edit_run;
  std::function<void(v1::RunOffer&)> tamper;  // last
  // Files of trust when it is offered.
  std::map<std::string, std::string> trust;
  MadePlan plan;  // after Build()
};

// What the agent says, and that nothing came of it. Now and then, and at the end, a proper offer shows that it was the forgery
// that was refused.
class ForgeryTest : public testing::Test {
 protected:
  void TearDown() override;
  void ExpectRefused(Draft& draft, v1::Reason reason);
  void ExpectRefused(const v1::RunOffer& offer, v1::Reason reason);
  // What was said says so, and holds no secret in any spelling that a reader would see through.
  static void ExpectReason(const v1::Problem& problem, v1::Reason reason);
  static void ExpectNoSecret(const std::string& text);

  ForgeryHouse& house_ = ForgeryHouse::Shared();
  RogueController& controller_ = house_.controller();
};

struct OfferForgery {
  const char* name;
  v1::Reason reason;
  void (*forge)(Draft&);
};
void PrintTo(const OfferForgery& forgery, std::ostream* out);

class OfferForgeryTest : public ForgeryTest, public testing::WithParamInterface<OfferForgery> {};

}  // namespace resetctl::support

#endif  // RESETCTL_TESTS_E2E_FORGED_OFFER_H_

#include "tests/e2e/forged_offer.h"

#include <stdexcept>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "agent/service/local_key.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::support {
namespace {

constexpr int kProveEvery = 16;

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) throw std::runtime_error(value.status().ToString());
  return *std::move(value);
}

}  // namespace

v1::RunOffer Draft::Build() {
  if (!floor_at_plan.empty()) house.WriteTrust("floor.yaml", floor_at_plan);
  if (own_plan || edit_order || edit_rules || !floor_at_plan.empty()) {
    v1::PlanOrder order = house.PlanOrder(house.Blueprint());
    contract::EnvironmentRules rules = ForgeryHouse::Rules();
    if (edit_rules) edit_rules(rules);
    order.set_rules(contract::ToCanonicalJson(rules));
    if (edit_order) edit_order(order);
    plan = house.Plan(order);
  } else {
    plan = house.AnyPlan();
  }
  if (edit_plan) {
    edit_plan(plan.plan);
    plan.document = plan.plan.SerializeAsString();
    plan.digest = contract::Digest(plan.document);
    plan.mac = Must(agent::LocalKey::LoadOrMake(house.folder() + "/state")).PlanMac(plan.document);
  }
  v1::RunOffer offer;
  offer.set_run_id(run_id.empty() ? house.NewRunId() : run_id);
  offer.set_document(plan.document);
  offer.set_mac(plan.mac);
  *offer.mutable_plan_statement() = plan.order.plan_statement();
  for (size_t i = 0; i < approvers.size(); ++i) {
    Words words = house.ApprovalWords(approvers[i], plan);
    if (edit_approval) edit_approval(i, words);
    *offer.add_approvals() = words.Sign();
  }
  Words run = house.RunWords(plan);
  if (edit_run) edit_run(run);
  *offer.mutable_run_statement() = run.Sign();
  if (tamper) tamper(offer);
  return offer;
}

void ForgeryTest::TearDown() {
  static int count = 0;
  house_.AnswerHooks({});
  house_.RestoreTrust();
  EXPECT_TRUE(house_.agent().Running());
  if (++count % kProveEvery == 0) house_.ProveAlive();
}

void ForgeryTest::ExpectReason(const v1::Problem& problem, v1::Reason reason) {
  EXPECT_EQ(contract::NameOf(problem.reason()), contract::NameOf(reason)) << problem.DebugString();
  EXPECT_FALSE(problem.message().empty());
  ExpectNoSecret(problem.DebugString());
}

void ForgeryTest::ExpectNoSecret(const std::string& text) {
  EXPECT_FALSE(absl::StrContains(absl::AsciiStrToLower(text), absl::AsciiStrToLower(kSecret)))
      << text;
  EXPECT_FALSE(absl::StrContains(text, "postgresql://")) << text;
}

void ForgeryTest::ExpectRefused(const v1::RunOffer& offer, v1::Reason reason) {
  const std::string before = house_.Traces();
  const v1::OfferReply reply = controller_.Offer(offer);
  EXPECT_FALSE(reply.accepted());
  ExpectReason(reply.problem(), reason);
  EXPECT_EQ(house_.Traces(), before);
}

void ForgeryTest::ExpectRefused(Draft& draft, v1::Reason reason) {
  const v1::RunOffer offer = draft.Build();
  for (const auto& [file, text] : draft.trust) house_.WriteTrust(file, text);
  ExpectRefused(offer, reason);
}

void PrintTo(const OfferForgery& forgery, std::ostream* out) { *out << forgery.name; }

}  // namespace resetctl::support

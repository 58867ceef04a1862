// Approvals that nobody gave, or for something else, or that do not count.
#include "proto/base/clock.h"
#include "tests/e2e/forged_offer.h"

namespace resetctl::support {
namespace {

std::string In(absl::Duration time) {
  return contract::FormatStatementTime(base::RealClock().Now() + time);
}

void EditFirst(Draft& draft, const std::string& field, const std::string& value) {
  draft.edit_approval = [field, value](size_t i, Words& words) {
    if (i == 0) words.fields[field] = value;
  };
}

const OfferForgery kApprovals[] = {
    {"None", v1::REASON_APPROVALS_MISSING, [](Draft& d) { d.approvers = {}; }},
    {"OneOfTwo", v1::REASON_APPROVALS_MISSING, [](Draft& d) { d.approvers = {"alice"}; }},
    {"TwoOfOneGroup", v1::REASON_APPROVALS_MISSING,
     [](Draft& d) {
       d.edit_order = [&d](v1::PlanOrder& order) {
         Words words = d.house.PlanWords(order.bundle());
         words.fields["person"] = words.key_of = "nightly";
         *order.mutable_plan_statement() = words.Sign();
       };
       d.approvers = {"alice", "bob"};
     }},
    {"TheAuthor", v1::REASON_SELF_APPROVAL,
     [](Draft& d) {
       d.approvers = {"bob", "dana"};
     }},
    {"ARobot", v1::REASON_ROBOT_CANNOT_APPROVE,
     [](Draft& d) {
       d.approvers = {"nightly", "dana"};
     }},
    {"AStranger", v1::REASON_UNKNOWN_PERSON,
     [](Draft& d) {
       d.approvers = {"mallory", "dana"};
     }},
    {"InAPersonsNameByAStranger", v1::REASON_UNKNOWN_KEY,
     [](Draft& d) {
       d.edit_approval = [](size_t i, Words& w) {
         if (i == 0) w.key_of = "mallory";
       };
     }},
    {"BothInventedByTheController", v1::REASON_UNKNOWN_KEY,
     [](Draft& d) { d.edit_approval = [](size_t, Words& w) { w.key_of = "mallory"; }; }},
    {"InvisibleAmongManyInvented", v1::REASON_UNKNOWN_KEY,
     [](Draft& d) {
       d.approvers = std::vector<std::string>(30, "alice");
       d.edit_approval = [](size_t, Words& w) { w.key_of = "mallory"; };
     }},
    {"APersonWithoutThatRight", v1::REASON_NOT_AN_APPROVER,
     [](Draft& d) {
       d.approvers = {"erin", "dana"};
     }},
    {"BreakGlassPeopleInstead", v1::REASON_NOT_AN_APPROVER,
     [](Draft& d) {
       d.approvers = {"carol", "dana"};
     }},
    {"TwiceByOnePerson", v1::REASON_ALREADY_APPROVED,
     [](Draft& d) {
       d.approvers = {"alice", "alice"};
     }},
    {"TwoKeysOfOnePerson", v1::REASON_ALREADY_APPROVED,
     [](Draft& d) {
       d.approvers = {"alice", "alice"};
       d.edit_approval = [](size_t i, Words& w) {
         if (i == 1) w.key_of = "alice2";
       };
     }},
    {"OneCopied", v1::REASON_STATEMENT_REPLAYED,
     [](Draft& d) {
       d.tamper = [](v1::RunOffer& o) { *o.mutable_approvals(1) = o.approvals(0); };
     }},
    {"OneNonceForTwo", v1::REASON_STATEMENT_REPLAYED,
     [](Draft& d) {
       d.edit_approval = [](size_t, Words& w) { w.fields["nonce"] = "AAAAAAAAAAAAAAAAAAAAAAAA"; };
     }},
    {"SignatureOfTheOther", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) {
       d.tamper = [](v1::RunOffer& o) {
         o.mutable_approvals(0)->set_signature(o.approvals(1).signature());
       };
     }},
    {"SignatureOfAnEarlierApproval", v1::REASON_BAD_SIGNATURE,
     [](Draft& d) {
       d.tamper = [&d](v1::RunOffer& o) {
         o.mutable_approvals(0)->set_signature(
             d.house.ApprovalWords("alice", d.plan).Sign().signature());
       };
     }},
    {"OfAnotherPlan", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) {
       d.own_plan = true;
       d.tamper = [&d](v1::RunOffer& o) {
         *o.mutable_approvals(0) = d.house.ApprovalWords("alice", d.house.AnyPlan()).Sign();
       };
     }},
    {"ForAnotherEnvironment", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) { EditFirst(d, "environment", "staging"); }},
    {"ForAnotherTarget", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) { EditFirst(d, "target", "warehouse"); }},
    {"ARejection", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) { EditFirst(d, "decision", "reject"); }},
    {"OneTakenBack", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) { EditFirst(d, "decision", "unapprove"); }},
    {"UnderAnotherPolicy", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) { EditFirst(d, "policy", kOtherDigest); }},
    {"UnderAnotherFloor", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) { EditFirst(d, "floor", kOtherDigest); }},
    {"PastItsStartBefore", v1::REASON_STATEMENT_EXPIRED,
     [](Draft& d) { EditFirst(d, "start-before", In(-absl::Minutes(3))); }},
    {"FromBeforeThePlan", v1::REASON_STATEMENT_EXPIRED,
     [](Draft& d) { EditFirst(d, "time", In(-absl::Hours(1))); }},
    {"FromTheFuture", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { EditFirst(d, "time", In(absl::Hours(1))); }},
    {"InAnothersName", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) {
       d.edit_approval = [](size_t i, Words& w) {
         if (i == 1) w.key_of = "alice";
       };
     }},
    {"TheRunStatement", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) {
       d.tamper = [](v1::RunOffer& o) { *o.mutable_approvals(0) = o.run_statement(); };
     }},
    {"ThePlanStatement", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) {
       d.tamper = [](v1::RunOffer& o) { *o.mutable_approvals(0) = o.plan_statement(); };
     }},
    // The rogue's rules are milder than the floor: the floor stands.
    {"RulesThatAskForNone", v1::REASON_APPROVALS_MISSING,
     [](Draft& d) {
       d.edit_rules = [](contract::EnvironmentRules& r) { r.approvals.required = 0; };
       d.approvers = {};
     }},
    {"RulesThatCountTheAuthor", v1::REASON_SELF_APPROVAL,
     [](Draft& d) {
       d.edit_rules = [](contract::EnvironmentRules& r) { r.approvals.self = true; };
       d.approvers = {"bob", "dana"};
     }},
    {"FewerThanThePlansOwnRules", v1::REASON_APPROVALS_MISSING,
     [](Draft& d) {
       d.edit_rules = [](contract::EnvironmentRules& r) { r.approvals.required = 3; };
     }},
};
INSTANTIATE_TEST_SUITE_P(Approval, OfferForgeryTest, testing::ValuesIn(kApprovals),
                         [](const auto& one) { return std::string(one.param.name); });

TEST_F(ForgeryTest, AnApprovalTooManyDoesNoHarm) {
  Draft draft(house_);
  draft.approvers = {"bob", "alice", "mallory", "erin", "dana"};
  const v1::RunOffer offer = draft.Build();
  EXPECT_TRUE(controller_.Offer(offer).accepted());
  EXPECT_EQ(controller_.AwaitEnd(offer.run_id()).state(), v1::RUN_STATE_SUCCEEDED);
  house_.Refill();
}

}  // namespace
}  // namespace resetctl::support

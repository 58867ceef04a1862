// Runs that nobody ordered, or not so; and glass that must not break (TRUST §8).
#include "absl/strings/str_cat.h"
#include "proto/base/clock.h"
#include "tests/e2e/forged_offer.h"

namespace resetctl::support {
namespace {

std::string In(absl::Duration time) {
  return contract::FormatStatementTime(base::RealClock().Now() + time);
}

void EditRun(Draft& draft, const std::string& field, const std::string& value) {
  draft.edit_run = [field, value](Words& words) { words.fields[field] = value; };
}
void RunBy(Draft& draft, const std::string& person, const std::string& key) {
  draft.edit_run = [person, key](Words& words) {
    words.fields["person"] = person;
    words.key_of = key;
  };
}

const OfferForgery kRuns[] = {
    {"NoStatement", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { d.tamper = [](v1::RunOffer& o) { o.clear_run_statement(); }; }},
    {"NoSignature", v1::REASON_BAD_SIGNATURE,
     [](Draft& d) {
       d.tamper = [](v1::RunOffer& o) { o.mutable_run_statement()->clear_signature(); };
     }},
    {"AStranger", v1::REASON_UNKNOWN_PERSON, [](Draft& d) { RunBy(d, "mallory", "mallory"); }},
    {"InTheirNameByAStranger", v1::REASON_UNKNOWN_KEY,
     [](Draft& d) { RunBy(d, "bob", "mallory"); }},
    {"InTheirNameByAnother", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) { RunBy(d, "bob", "alice"); }},
    {"AnApproverWhoMayNotRun", v1::REASON_FLOOR_REFUSES,
     [](Draft& d) { RunBy(d, "dana", "dana"); }},
    {"ARobotThatMayOnlyPlan", v1::REASON_FLOOR_REFUSES,
     [](Draft& d) { RunBy(d, "nightly", "nightly"); }},
    {"OfAnotherPlan", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) { EditRun(d, "plan", kOtherDigest); }},
    {"ForAnotherEnvironment", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) { EditRun(d, "environment", "staging"); }},
    {"ForAnotherTarget", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) { EditRun(d, "target", "warehouse"); }},
    {"NoPhrase", v1::REASON_WRONG_PHRASE,
     [](Draft& d) { d.edit_run = [](Words& w) { w.fields.erase("phrase"); }; }},
    {"ThePhraseOfAnotherTarget", v1::REASON_WRONG_PHRASE,
     [](Draft& d) { EditRun(d, "phrase", "DELETE ALL DATA warehouse"); }},
    {"ThePhraseInSmallLetters", v1::REASON_WRONG_PHRASE,
     [](Draft& d) { EditRun(d, "phrase", "delete all data shop"); }},
    {"APhraseThatThePlanDoesNotAskFor", v1::REASON_WRONG_PHRASE,
     [](Draft& d) { d.edit_rules = [](contract::EnvironmentRules& r) { r.confirm.clear(); }; }},
    {"PhraseTakenOutOfTheSignedText", v1::REASON_BAD_SIGNATURE,
     [](Draft& d) {
       d.edit_rules = [](contract::EnvironmentRules& r) { r.confirm.clear(); };
       d.tamper = [](v1::RunOffer& o) {
         std::string* text = o.mutable_run_statement()->mutable_text();
         const size_t at = text->find("phrase: ");
         text->erase(at, text->find('\n', at) + 1 - at);
       };
     }},
    {"PastItsStartBefore", v1::REASON_STATEMENT_EXPIRED,
     [](Draft& d) { EditRun(d, "start-before", In(-absl::Minutes(3))); }},
    {"StartBeforeMovedByTheController", v1::REASON_BAD_SIGNATURE,
     [](Draft& d) {
       EditRun(d, "start-before", In(-absl::Hours(3)));
       d.tamper = [](v1::RunOffer& o) {
         std::string* text = o.mutable_run_statement()->mutable_text();
         const size_t at = text->find("start-before: ") + 14;
         text->replace(at, 20, In(absl::Hours(1)));
       };
     }},
    {"FromBeforeThePlan", v1::REASON_STATEMENT_EXPIRED,
     [](Draft& d) { EditRun(d, "time", In(-absl::Hours(1))); }},
    {"FromTheFuture", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { EditRun(d, "time", In(absl::Hours(1))); }},
    {"OfferedTooLate", v1::REASON_STATEMENT_EXPIRED,
     [](Draft& d) {
       d.tamper = [](v1::RunOffer& o) {
         o.mutable_start_before()->set_seconds(
             absl::ToUnixSeconds(base::RealClock().Now() - absl::Minutes(3)));
       };
     }},
    {"AnApprovalInstead", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) {
       d.tamper = [](v1::RunOffer& o) { *o.mutable_run_statement() = o.approvals(0); };
     }},
    {"NonceOfAnApproval", v1::REASON_STATEMENT_REPLAYED,
     [](Draft& d) {
       d.edit_approval = [](size_t i, Words& w) {
         if (i == 0) w.fields["nonce"] = "BBBBBBBBBBBBBBBBBBBBBBBB";
       };
       EditRun(d, "nonce", "BBBBBBBBBBBBBBBBBBBBBBBB");
     }},
};
INSTANTIATE_TEST_SUITE_P(Run, OfferForgeryTest, testing::ValuesIn(kRuns),
                         [](const auto& one) { return std::string(one.param.name); });

// bob breaks the glass unless `person` is another; carol is the other one whom the floor names.
void BreakGlass(Draft& draft, const std::string& person, std::vector<std::string> approvers) {
  draft.approvers = std::move(approvers);
  draft.edit_run = [person](Words& words) {
    words.fields["person"] = words.key_of = person;
    words.fields["break-glass"] = "the shop is down";
  };
}
void ReplaceReason(Draft& draft, const std::string& line) {
  draft.tamper = [line](v1::RunOffer& offer) {
    std::string* text = offer.mutable_run_statement()->mutable_text();
    const size_t at = text->find("break-glass: ");
    text->replace(at, text->find('\n', at) + 1 - at, line);
  };
}

const OfferForgery kBreakGlass[] = {
    {"ReasonNotSigned", v1::REASON_BAD_SIGNATURE,
     [](Draft& d) {
       BreakGlass(d, "bob", {"carol"});
       ReplaceReason(d, "break-glass: the shop is slow\n");
     }},
    {"ReasonTakenOut", v1::REASON_BAD_SIGNATURE,
     [](Draft& d) {
       BreakGlass(d, "bob", {"alice", "dana"});
       ReplaceReason(d, "");
     }},
    {"ReasonPutInByTheController", v1::REASON_BAD_SIGNATURE,
     [](Draft& d) {
       d.approvers = {"carol"};
       d.tamper = [](v1::RunOffer& o) {
         std::string* text = o.mutable_run_statement()->mutable_text();
         text->insert(text->find("person: "), "break-glass: the shop is down\n");
       };
     }},
    {"NoApproval", v1::REASON_APPROVALS_MISSING, [](Draft& d) { BreakGlass(d, "bob", {}); }},
    {"ApprovedByItsRunner", v1::REASON_SELF_APPROVAL,
     [](Draft& d) { BreakGlass(d, "carol", {"carol"}); }},
    {"ApprovedByThePlansAuthor", v1::REASON_SELF_APPROVAL,
     [](Draft& d) { BreakGlass(d, "carol", {"bob"}); }},
    {"ApprovedByOrdinaryApprovers", v1::REASON_NOT_AN_APPROVER,
     [](Draft& d) {
       BreakGlass(d, "bob", {"alice", "dana"});
     }},
    {"RunnerWhomTheFloorDoesNotName", v1::REASON_FLOOR_REFUSES,
     [](Draft& d) { BreakGlass(d, "alice", {"carol"}); }},
    {"RunnerWhomTheFloorNamesWithoutBreakingIt", v1::REASON_FLOOR_REFUSES,
     [](Draft& d) {
       d.edit_run = [](Words& words) { words.fields["person"] = words.key_of = "carol"; };
     }},
    {"FloorThatDoesNotKnowIt", v1::REASON_FLOOR_REFUSES,
     [](Draft& d) {
       d.floor_at_plan = ForgeryHouse::Floor();
       d.floor_at_plan.erase(d.floor_at_plan.find("break_glass:"));
       BreakGlass(d, "bob", {"carol"});
     }},
    {"PlanThatDoesNotKnowIt", v1::REASON_NOT_BREAK_GLASS,
     [](Draft& d) {
       d.edit_rules = [](contract::EnvironmentRules& r) { r.break_glass.reset(); };
       BreakGlass(d, "bob", {"carol"});
     }},
    {"MoreApprovalsInThePlansRules", v1::REASON_APPROVALS_MISSING,
     [](Draft& d) {
       d.edit_rules = [](contract::EnvironmentRules& r) { r.break_glass->approvals = 2; };
       BreakGlass(d, "bob", {"carol"});
     }},
    {"WithoutThePhrase", v1::REASON_WRONG_PHRASE,
     [](Draft& d) {
       BreakGlass(d, "bob", {"carol"});
       const auto edit = d.edit_run;
       d.edit_run = [edit](Words& words) {
         edit(words);
         words.fields.erase("phrase");
       };
     }},
    {"OverAnotherFloor", v1::REASON_STALE_FLOOR,
     [](Draft& d) {
       BreakGlass(d, "bob", {"carol"});
       d.trust["floor.yaml"] = ForgeryHouse::Floor() + "# stricter\n";
     }},
};
INSTANTIATE_TEST_SUITE_P(BreakGlass, OfferForgeryTest, testing::ValuesIn(kBreakGlass),
                         [](const auto& one) { return std::string(one.param.name); });

TEST_F(ForgeryTest, BreakGlassByThoseWhomTheFloorNamesIsCarriedOut) {
  Draft draft(house_);
  BreakGlass(draft, "bob", {"carol"});
  const v1::RunOffer offer = draft.Build();
  const v1::OfferReply reply = controller_.Offer(offer);
  EXPECT_TRUE(reply.accepted()) << reply.DebugString();
  EXPECT_EQ(controller_.AwaitEnd(offer.run_id()).state(), v1::RUN_STATE_SUCCEEDED);
  house_.Refill();
}

}  // namespace
}  // namespace resetctl::support

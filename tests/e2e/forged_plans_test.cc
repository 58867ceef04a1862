// Offers of plans that the agent did not make, or not so, or for somebody else, and of authors who did not ask for them.
#include "absl/strings/str_cat.h"
#include "agent/service/local_key.h"
#include "proto/base/clock.h"
#include "proto/base/secret.h"
#include "tests/e2e/forged_offer.h"
#include "tests/support/await.h"

namespace resetctl::support {
namespace {

TEST_P(OfferForgeryTest, IsRefusedForItsOwnReason) {
  Draft draft(house_);
  GetParam().forge(draft);
  ExpectRefused(draft, GetParam().reason);
}

void FlipBit(std::string* text, size_t at) { (*text)[at] = static_cast<char>((*text)[at] ^ 1); }

// In the author's own words, for the same bundle.
v1::SignedStatement PlanStatement(Draft& draft, const std::string& person, const std::string& key) {
  Words words = draft.house.PlanWords(draft.plan.order.bundle());
  words.fields["person"] = person;
  words.key_of = key;
  return words.Sign();
}

const OfferForgery kPlans[] = {
    {"OneByteOfThePlanChanged", v1::REASON_PLAN_NOT_OURS,
     [](Draft& d) {
       d.tamper = [](v1::RunOffer& o) { FlipBit(o.mutable_document(), o.document().size() / 2); };
     }},
    {"OneByteBehindThePlan", v1::REASON_PLAN_NOT_OURS,
     [](Draft& d) { d.tamper = [](v1::RunOffer& o) { o.mutable_document()->push_back('\0'); }; }},
    {"NoPlan", v1::REASON_PLAN_NOT_OURS,
     [](Draft& d) { d.tamper = [](v1::RunOffer& o) { o.clear_document(); }; }},
    {"NoMac", v1::REASON_PLAN_NOT_OURS,
     [](Draft& d) { d.tamper = [](v1::RunOffer& o) { o.clear_mac(); }; }},
    {"HalfAMac", v1::REASON_PLAN_NOT_OURS,
     [](Draft& d) { d.tamper = [](v1::RunOffer& o) { o.mutable_mac()->resize(16); }; }},
    {"MacOfAnotherAgent", v1::REASON_PLAN_NOT_OURS,
     [](Draft& d) {
       d.tamper = [](v1::RunOffer& o) {
         const agent::LocalKey key(base::Secret("0123456789abcdef0123456789abcdef"));
         o.set_mac(key.PlanMac(o.document()));
       };
     }},
    {"MacOfAnotherPlan", v1::REASON_PLAN_NOT_OURS,
     [](Draft& d) {
       d.own_plan = true;
       d.tamper = [&d](v1::RunOffer& o) { o.set_mac(d.house.AnyPlan().mac); };
     }},
    {"PlanComposedByTheController", v1::REASON_PLAN_NOT_OURS,
     [](Draft& d) {
       d.tamper = [&d](v1::RunOffer& o) {
         v1::PlanDocument plan = d.plan.plan;
         plan.set_reason("composed");
         o.set_document(plan.SerializeAsString());
       };
     }},
    // As if the agent had made it, when it served another target or was another version.
    {"PlanForAnotherEnvironment", v1::REASON_WRONG_AUDIENCE,
     [](Draft& d) { d.edit_plan = [](v1::PlanDocument& p) { p.set_environment("staging"); }; }},
    {"PlanForAnotherTarget", v1::REASON_WRONG_AUDIENCE,
     [](Draft& d) { d.edit_plan = [](v1::PlanDocument& p) { p.set_target("warehouse"); }; }},
    {"PlanOfAnUnknownFormat", v1::REASON_PLAN_NOT_OURS,
     [](Draft& d) { d.edit_plan = [](v1::PlanDocument& p) { p.set_format(2); }; }},
    {"RulesNotOfTheirDigest", v1::REASON_DIGEST_MISMATCH,
     [](Draft& d) {
       d.edit_plan = [](v1::PlanDocument& p) { p.set_policy_digest(kOtherDigest); };
     }},
    {"PlanOlderThanTheFloorAllows", v1::REASON_PLAN_EXPIRED,
     [](Draft& d) {
       d.edit_plan = [](v1::PlanDocument& p) {
         p.mutable_make_time()->set_seconds(p.make_time().seconds() - 25 * 3600);
         p.mutable_expire_time()->set_seconds(p.make_time().seconds() + 1000 * 3600);
       };
     }},
    {"PlanWithoutItsBundle", v1::REASON_PLAN_NOT_OURS,
     [](Draft& d) {
       d.edit_plan = [](v1::PlanDocument& p) { p.set_reason("no bundle is kept for this one"); };
     }},
    {"AuthorInvented", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) { d.edit_plan = [](v1::PlanDocument& p) { p.set_author("alice"); }; }},
    {"SetAddedToThePlan", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) { d.edit_plan = [](v1::PlanDocument& p) { p.add_sets("demo"); }; }},
    {"AnotherBundleInThePlan", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) {
       d.edit_plan = [](v1::PlanDocument& p) { p.set_bundle_digest(kOtherDigest); };
     }},
    {"FloorChangedSince", v1::REASON_STALE_FLOOR,
     [](Draft& d) { d.trust["floor.yaml"] = ForgeryHouse::Floor() + "# stricter\n"; }},
    {"ParameterChangedInThePlan", v1::REASON_PLAN_NOT_OURS,
     [](Draft& d) {
       d.tamper = [&d](v1::RunOffer& o) {
         v1::PlanDocument plan = d.plan.plan;
         plan.mutable_parameters(0)->set_value("mallory");
         o.set_document(plan.SerializeAsString());
       };
     }},
};
INSTANTIATE_TEST_SUITE_P(Plan, OfferForgeryTest, testing::ValuesIn(kPlans),
                         [](const auto& one) { return std::string(one.param.name); });

const OfferForgery kAuthors[] = {
    {"NoStatement", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { d.tamper = [](v1::RunOffer& o) { o.clear_plan_statement(); }; }},
    {"Another", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) {
       d.tamper = [&d](v1::RunOffer& o) {
         *o.mutable_plan_statement() = PlanStatement(d, "alice", "alice");
       };
     }},
    {"TheirNextStatement", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) {
       d.tamper = [&d](v1::RunOffer& o) {
         *o.mutable_plan_statement() = PlanStatement(d, "bob", "bob");
       };
     }},
    {"InTheirNameByAStranger", v1::REASON_UNKNOWN_KEY,
     [](Draft& d) {
       d.tamper = [&d](v1::RunOffer& o) {
         *o.mutable_plan_statement() = PlanStatement(d, "bob", "mallory");
       };
     }},
    {"InTheirNameByAnother", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) {
       d.tamper = [&d](v1::RunOffer& o) {
         *o.mutable_plan_statement() = PlanStatement(d, "bob", "alice");
       };
     }},
    {"AStranger", v1::REASON_UNKNOWN_PERSON,
     [](Draft& d) {
       d.tamper = [&d](v1::RunOffer& o) {
         *o.mutable_plan_statement() = PlanStatement(d, "mallory", "mallory");
       };
     }},
    {"StatementChangedAfterwards", v1::REASON_BAD_SIGNATURE,
     [](Draft& d) {
       d.tamper = [](v1::RunOffer& o) {
         std::string* text = o.mutable_plan_statement()->mutable_text();
         text->replace(text->find("nonce: ") + 7, 4, "AAAA");
       };
     }},
    {"RunStatementInstead", v1::REASON_STATEMENT_MISMATCH,
     [](Draft& d) {
       d.tamper = [](v1::RunOffer& o) { *o.mutable_plan_statement() = o.run_statement(); };
     }},
};
INSTANTIATE_TEST_SUITE_P(Author, OfferForgeryTest, testing::ValuesIn(kAuthors),
                         [](const auto& one) { return std::string(one.param.name); });

TEST_F(ForgeryTest, AnExpiredPlanDoesNotRun) {
  Draft draft(house_);
  draft.edit_order = [](v1::PlanOrder& order) { order.mutable_plan_ttl()->set_seconds(1); };
  const v1::RunOffer offer = draft.Build();
  Await("the plan to expire", [&] {
    return absl::ToUnixSeconds(base::RealClock().Now()) > draft.plan.plan.expire_time().seconds();
  });
  ExpectRefused(offer, v1::REASON_PLAN_EXPIRED);
}

// One approved plan, one run: neither the offer, nor its statement, nor the plan works again.
TEST_F(ForgeryTest, ARunIsNotReplayed) {
  Draft draft(house_);
  v1::RunOffer offer = draft.Build();
  ASSERT_TRUE(controller_.Offer(offer).accepted());
  ASSERT_EQ(controller_.AwaitEnd(offer.run_id()).state(), v1::RUN_STATE_SUCCEEDED);
  house_.Refill();

  const std::string before = house_.Traces();
  EXPECT_TRUE(controller_.Offer(offer).accepted()) << "the first answer is given again";
  controller_.AwaitAttention();
  EXPECT_EQ(house_.Traces(), before);

  offer.set_run_id(house_.NewRunId());
  ExpectRefused(offer, v1::REASON_WRONG_STATE);  // carried out already
  *offer.mutable_run_statement() = house_.RunWords(draft.plan).Sign();
  offer.set_run_id(house_.NewRunId());
  ExpectRefused(offer, v1::REASON_WRONG_STATE);

  // A run that came to nothing uses its statement up as well.
  house_.AnswerHooks({{"/before", 500}});
  v1::RunOffer failing = Draft(house_).Build();
  ASSERT_TRUE(controller_.Offer(failing).accepted());
  ASSERT_EQ(controller_.AwaitEnd(failing.run_id()).state(), v1::RUN_STATE_ROLLED_BACK);
  house_.AnswerHooks({});
  failing.set_run_id(house_.NewRunId());
  ExpectRefused(failing, v1::REASON_STATEMENT_REPLAYED);
  house_.Refill();
}

}  // namespace
}  // namespace resetctl::support

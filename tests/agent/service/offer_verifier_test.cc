#include "agent/service/offer_verifier.h"

#include <ostream>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "agent/service/statement_expectations.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "tests/agent/service/stage.h"

namespace resetctl::agent {
namespace {

using contract::FormatStatementTime;
using contract::ReasonOf;

const char kOtherDigest[] =
    "sha256:1111111111111111111111111111111111111111111111111111111111111111";

absl::StatusOr<VerifiedOffer> Verify(Stage& stage, const v1::RunOffer& offer) {
  absl::StatusOr<Trust> trust = stage.trust.Load();
  if (!trust.ok()) return trust.status();
  return VerifyOffer(offer, stage.parts.identity, stage.key, *trust, stage.clock.Now());
}

TEST(OfferVerifierTest, AcceptsWhatWasPlannedApprovedAndOrdered) {
  Stage stage;
  absl::StatusOr<VerifiedOffer> verified = Verify(stage, OfferDraft(stage).Build());
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->runner, "bob");
  EXPECT_EQ(verified->plan.author(), "bob");
  EXPECT_FALSE(verified->nonce.empty());
}

struct Forgery {
  const char* name;
  v1::Reason reason;
  void (*forge)(Stage&, OfferDraft&);
};
void PrintTo(const Forgery& forgery, std::ostream* out) { *out << forgery.name; }

class ForgeryTest : public testing::TestWithParam<Forgery> {};

TEST_P(ForgeryTest, IsRefusedForItsOwnReason) {
  Stage stage;
  OfferDraft draft(stage);
  GetParam().forge(stage, draft);
  absl::StatusOr<VerifiedOffer> verified = Verify(stage, draft.Build());
  ASSERT_FALSE(verified.ok());
  EXPECT_EQ(contract::NameOf(ReasonOf(verified.status())), contract::NameOf(GetParam().reason))
      << verified.status();
}

void FlipBit(std::string* text, size_t at) { (*text)[at] = static_cast<char>((*text)[at] ^ 1); }

const Forgery kForgeries[] = {
    // The plan itself.
    {"PlanComposedByTheController", v1::REASON_PLAN_NOT_OURS,
     [](Stage&, OfferDraft& d) {
       d.tamper = [](v1::RunOffer& o) { o.set_mac(std::string(32, 'x')); };
     }},
    {"PlanWithoutMac", v1::REASON_PLAN_NOT_OURS,
     [](Stage&, OfferDraft& d) { d.tamper = [](v1::RunOffer& o) { o.clear_mac(); }; }},
    {"PlanChangedByOneBit", v1::REASON_PLAN_NOT_OURS,
     [](Stage&, OfferDraft& d) {
       d.tamper = [](v1::RunOffer& o) { FlipBit(o.mutable_document(), o.document().size() / 2); };
     }},
    {"PlanForAnotherEnvironment", v1::REASON_WRONG_AUDIENCE,
     [](Stage&, OfferDraft& d) {
       d.edit_plan = [](v1::PlanDocument& p) { p.set_environment("staging"); };
     }},
    {"PlanForAnotherTarget", v1::REASON_WRONG_AUDIENCE,
     [](Stage&, OfferDraft& d) {
       d.edit_plan = [](v1::PlanDocument& p) { p.set_target("warehouse"); };
     }},
    {"PlanOfAnUnknownFormat", v1::REASON_PLAN_NOT_OURS,
     [](Stage&, OfferDraft& d) { d.edit_plan = [](v1::PlanDocument& p) { p.set_format(2); }; }},
    {"PlanWithAFieldOfANewerVersion", v1::REASON_RULE_UNSUPPORTED,
     [](Stage&, OfferDraft& d) {
       d.edit_plan = [](v1::PlanDocument& p) {
         v1::ClearTable* table = p.add_groups()->add_tables();
         table->GetReflection()->MutableUnknownFields(table)->AddVarint(99, 1);
       };
     }},
    {"PlanWithAValueOfANewerVersion", v1::REASON_RULE_UNSUPPORTED,
     [](Stage&, OfferDraft& d) {
       d.edit_plan = [](v1::PlanDocument& p) {
         p.add_groups()->add_tables()->set_strategy(static_cast<v1::ClearStrategy>(9));
       };
     }},
    {"RulesNotOfTheirDigest", v1::REASON_DIGEST_MISMATCH,
     [](Stage&, OfferDraft& d) {
       d.edit_plan = [](v1::PlanDocument& p) { p.set_policy_digest(kOtherDigest); };
     }},
    {"FloorChangedSince", v1::REASON_STALE_FLOOR,
     [](Stage& s, OfferDraft&) { s.WriteFloor(absl::StrCat(kFloor, "# stricter\n")); }},
    {"PlanExpired", v1::REASON_PLAN_EXPIRED,
     [](Stage&, OfferDraft& d) {
       d.edit_plan = [](v1::PlanDocument& p) {
         p.mutable_expire_time()->set_seconds(p.make_time().seconds() - 1);
       };
     }},
    {"PlanOlderThanTheFloorAllows", v1::REASON_PLAN_EXPIRED,
     [](Stage&, OfferDraft& d) {
       d.edit_plan = [](v1::PlanDocument& p) {
         p.mutable_make_time()->set_seconds(p.make_time().seconds() - int64_t{25} * 3600);
         p.mutable_expire_time()->set_seconds(p.make_time().seconds() + int64_t{1000} * 3600);
       };
     }},
    {"PlanFromTheFuture", v1::REASON_PLAN_EXPIRED,
     [](Stage& s, OfferDraft& d) {
       d.edit_plan = [](v1::PlanDocument& p) {
         p.mutable_make_time()->set_seconds(p.make_time().seconds() + 200);
         p.mutable_expire_time()->set_seconds(p.make_time().seconds() + 3600);
       };
       // Statements as if they had been made after it, within the tolerance.
       const std::string later = FormatStatementTime(s.clock.Now() + absl::Seconds(100));
       d.edit_approval = [later](size_t, Words& w) { w.fields["time"] = later; };
       d.edit_run = [later](Words& w) { w.fields["time"] = later; };
     }},

    // The author.
    {"AuthorInvented", v1::REASON_STATEMENT_MISMATCH,
     [](Stage&, OfferDraft& d) {
       d.edit_plan = [](v1::PlanDocument& p) { p.set_author("alice"); };
     }},
    {"PlanStatementOfAStranger", v1::REASON_UNKNOWN_KEY,
     [](Stage&, OfferDraft& d) { d.plan_words.key_of = "mallory"; }},
    {"PlanStatementSignedByAnother", v1::REASON_STATEMENT_MISMATCH,
     [](Stage&, OfferDraft& d) { d.plan_words.key_of = "alice"; }},
    {"PlanStatementOfAnotherPlan", v1::REASON_STATEMENT_MISMATCH,
     [](Stage& s, OfferDraft& d) {
       d.tamper = [&s](v1::RunOffer& o) { *o.mutable_plan_statement() = s.PlanWords().Sign(); };
     }},
    {"PlanStatementForAnotherBundle", v1::REASON_STATEMENT_MISMATCH,
     [](Stage&, OfferDraft& d) { d.plan_words.fields["bundle"] = kOtherDigest; }},
    {"PlanStatementForAnotherEnvironment", v1::REASON_STATEMENT_MISMATCH,
     [](Stage&, OfferDraft& d) { d.plan_words.fields["environment"] = "staging"; }},
    {"SetAddedToThePlan", v1::REASON_STATEMENT_MISMATCH,
     [](Stage&, OfferDraft& d) {
       d.edit_plan = [](v1::PlanDocument& p) { p.add_sets("master-data"); };
     }},
    {"PlanStatementChangedAfterwards", v1::REASON_BAD_SIGNATURE,
     [](Stage&, OfferDraft& d) {
       d.tamper = [](v1::RunOffer& o) {
         std::string* text = o.mutable_plan_statement()->mutable_text();
         text->replace(text->find("nonce: ") + 7, 4, "AAAA");
       };
     }},
    {"AuthorWhomTheFloorDoesNotLetPlan", v1::REASON_FLOOR_REFUSES,
     [](Stage&, OfferDraft& d) {
       d.plan_words.key_of = d.plan_words.fields["person"] = "dana";
       d.edit_plan = [](v1::PlanDocument& p) { p.set_author("dana"); };
     }},

    // The approvers.
    {"NoApproval", v1::REASON_APPROVALS_MISSING, [](Stage&, OfferDraft& d) { d.approvers = {}; }},
    {"OneApprovalOfTwo", v1::REASON_APPROVALS_MISSING,
     [](Stage&, OfferDraft& d) { d.approvers = {"alice"}; }},
    {"ApprovalByTheAuthor", v1::REASON_SELF_APPROVAL,
     [](Stage&, OfferDraft& d) {
       d.approvers = {"bob", "dana"};
     }},
    {"ApprovalByARobot", v1::REASON_ROBOT_CANNOT_APPROVE,
     [](Stage&, OfferDraft& d) {
       d.approvers = {"nightly", "dana"};
     }},
    {"ApprovalByAStranger", v1::REASON_UNKNOWN_PERSON,
     [](Stage&, OfferDraft& d) {
       d.approvers = {"mallory", "dana"};
     }},
    {"ApprovalInAPersonsNameByAStranger", v1::REASON_UNKNOWN_KEY,
     [](Stage&, OfferDraft& d) {
       d.edit_approval = [](size_t i, Words& w) {
         if (i == 0) w.key_of = "mallory";
       };
     }},
    {"ApprovalByAPersonWithoutThatRight", v1::REASON_NOT_AN_APPROVER,
     [](Stage&, OfferDraft& d) {
       d.approvers = {"carol", "dana"};
     }},
    {"ApprovalTwiceByOnePerson", v1::REASON_ALREADY_APPROVED,
     [](Stage&, OfferDraft& d) {
       d.approvers = {"alice", "alice"};
     }},
    {"OneApprovalCopied", v1::REASON_STATEMENT_REPLAYED,
     [](Stage&, OfferDraft& d) {
       d.tamper = [](v1::RunOffer& o) { *o.mutable_approvals(1) = o.approvals(0); };
     }},
    {"ApprovalOfAnotherPlan", v1::REASON_STATEMENT_MISMATCH,
     [](Stage&, OfferDraft& d) {
       d.edit_approval = [](size_t i, Words& w) {
         if (i == 0) w.fields["plan"] = kOtherDigest;
       };
     }},
    {"ApprovalForStaging", v1::REASON_STATEMENT_MISMATCH,
     [](Stage&, OfferDraft& d) {
       d.edit_approval = [](size_t i, Words& w) {
         if (i == 1) w.fields["environment"] = "staging";
       };
     }},
    {"ApprovalForAnotherTarget", v1::REASON_STATEMENT_MISMATCH,
     [](Stage&, OfferDraft& d) {
       d.edit_approval = [](size_t, Words& w) { w.fields["target"] = "warehouse"; };
     }},
    {"RejectionAsApproval", v1::REASON_STATEMENT_MISMATCH,
     [](Stage&, OfferDraft& d) {
       d.edit_approval = [](size_t i, Words& w) {
         if (i == 0) w.fields["decision"] = "reject";
       };
     }},
    {"ApprovalUnderAnotherPolicy", v1::REASON_STATEMENT_MISMATCH,
     [](Stage&, OfferDraft& d) {
       d.edit_approval = [](size_t i, Words& w) {
         if (i == 0) w.fields["policy"] = kOtherDigest;
       };
     }},
    {"ApprovalUnderAnotherFloor", v1::REASON_STATEMENT_MISMATCH,
     [](Stage&, OfferDraft& d) {
       d.edit_approval = [](size_t i, Words& w) {
         if (i == 0) w.fields["floor"] = kOtherDigest;
       };
     }},
    {"ApprovalPastItsStartBefore", v1::REASON_STATEMENT_EXPIRED,
     [](Stage& s, OfferDraft& d) {
       const std::string past = FormatStatementTime(s.clock.Now() - absl::Minutes(3));
       d.edit_approval = [past](size_t i, Words& w) {
         if (i == 0) w.fields["start-before"] = past;
       };
     }},
    {"ApprovalFromBeforeThePlan", v1::REASON_STATEMENT_EXPIRED,
     [](Stage& s, OfferDraft& d) {
       const std::string past = FormatStatementTime(s.clock.Now() - absl::Hours(1));
       d.edit_approval = [past](size_t i, Words& w) {
         if (i == 0) w.fields["time"] = past;
       };
     }},
    {"ApprovalFromTheFuture", v1::REASON_STATEMENT_INVALID,
     [](Stage& s, OfferDraft& d) {
       const std::string later = FormatStatementTime(s.clock.Now() + absl::Hours(1));
       d.edit_approval = [later](size_t i, Words& w) {
         if (i == 0) w.fields["time"] = later;
       };
     }},
    {"ApprovalWithAnothersSignature", v1::REASON_BAD_SIGNATURE,
     [](Stage&, OfferDraft& d) {
       d.tamper = [](v1::RunOffer& o) {
         std::string* text = o.mutable_approvals(0)->mutable_text();
         text->replace(text->find("nonce: ") + 7, 4, "AAAA");
       };
     }},
    {"ApprovalInAnothersName", v1::REASON_STATEMENT_MISMATCH,
     [](Stage&, OfferDraft& d) {
       d.edit_approval = [](size_t i, Words& w) {
         if (i == 1) w.key_of = "alice";
       };
     }},
    {"RunStatementAsApproval", v1::REASON_STATEMENT_MISMATCH,
     [](Stage&, OfferDraft& d) {
       d.tamper = [](v1::RunOffer& o) { *o.mutable_approvals(0) = o.run_statement(); };
     }},

    // The runner.
    {"NoRunStatement", v1::REASON_STATEMENT_INVALID,
     [](Stage&, OfferDraft& d) { d.tamper = [](v1::RunOffer& o) { o.clear_run_statement(); }; }},
    {"RunByAStranger", v1::REASON_UNKNOWN_KEY,
     [](Stage&, OfferDraft& d) { d.edit_run = [](Words& w) { w.key_of = "mallory"; }; }},
    {"RunByAPersonWithoutThatRight", v1::REASON_FLOOR_REFUSES,
     [](Stage&, OfferDraft& d) {
       d.edit_run = [](Words& w) { w.key_of = w.fields["person"] = "dana"; };
     }},
    {"RunOfAnotherPlan", v1::REASON_STATEMENT_MISMATCH,
     [](Stage&, OfferDraft& d) { d.edit_run = [](Words& w) { w.fields["plan"] = kOtherDigest; }; }},
    {"RunForAnotherTarget", v1::REASON_STATEMENT_MISMATCH,
     [](Stage&, OfferDraft& d) {
       d.edit_run = [](Words& w) { w.fields["target"] = "warehouse"; };
     }},
    {"WrongPhrase", v1::REASON_WRONG_PHRASE,
     [](Stage&, OfferDraft& d) {
       d.edit_run = [](Words& w) { w.fields["phrase"] = "DELETE ALL DATA staging"; };
     }},
    {"NoPhrase", v1::REASON_WRONG_PHRASE,
     [](Stage&, OfferDraft& d) { d.edit_run = [](Words& w) { w.fields.erase("phrase"); }; }},
    {"RunPastItsStartBefore", v1::REASON_STATEMENT_EXPIRED,
     [](Stage& s, OfferDraft& d) {
       const std::string past = FormatStatementTime(s.clock.Now() - absl::Minutes(3));
       d.edit_run = [past](Words& w) { w.fields["start-before"] = past; };
     }},
    {"RunFromBeforeThePlan", v1::REASON_STATEMENT_EXPIRED,
     [](Stage& s, OfferDraft& d) {
       const std::string past = FormatStatementTime(s.clock.Now() - absl::Hours(1));
       d.edit_run = [past](Words& w) { w.fields["time"] = past; };
     }},
    {"OfferTooLate", v1::REASON_STATEMENT_EXPIRED,
     [](Stage& s, OfferDraft& d) {
       const int64_t past = absl::ToUnixSeconds(s.clock.Now() - absl::Minutes(3));
       d.tamper = [past](v1::RunOffer& o) { o.mutable_start_before()->set_seconds(past); };
     }},
};

INSTANTIATE_TEST_SUITE_P(Forgeries, ForgeryTest, testing::ValuesIn(kForgeries),
                         [](const testing::TestParamInfo<Forgery>& one) {
                           return std::string(one.param.name);
                         });

TEST(OfferVerifierTest, DoesNotMindAnApprovalTooMany) {
  Stage stage;
  OfferDraft draft(stage);
  draft.approvers = {"bob", "alice", "mallory", "dana"};
  EXPECT_TRUE(Verify(stage, draft.Build()).ok());
}

TEST(OfferVerifierTest, KeepsToTheNumberInThePlansOwnRules) {
  Stage stage;
  const std::string mild =
      "groups: {dba: [alice, bob], product: [dana]}\nplan: [dba]\nrun: [dba]\napprovals: "
      "{required: 0}\n";
  stage.WriteFloor(mild);
  OfferDraft draft(stage);
  draft.edit_plan = [&](v1::PlanDocument& plan) { plan.set_floor_digest(contract::Digest(mild)); };
  draft.approvers = {"alice"};
  EXPECT_EQ(ReasonOf(Verify(stage, draft.Build()).status()), v1::REASON_APPROVALS_MISSING);
}

TEST(OfferVerifierTest, ToleratesTwoMinutesOfClockDifference) {
  Stage stage;
  OfferDraft draft(stage);
  const std::string just = FormatStatementTime(stage.clock.Now() - absl::Seconds(100));
  draft.edit_run = [&](Words& words) { words.fields["start-before"] = just; };
  EXPECT_TRUE(Verify(stage, draft.Build()).ok());
}

TEST(OfferVerifierTest, ARevokedKeySaysNothingAnyMore) {
  Stage stage;
  const v1::RunOffer offer = OfferDraft(stage).Build();
  ASSERT_TRUE(base::WriteFileDurably(stage.folder.File("trust/revoked_keys"),
                                     KeyOf("dana").public_line() + "\n", 0644)
                  .ok());
  EXPECT_EQ(ReasonOf(Verify(stage, offer).status()), v1::REASON_UNKNOWN_KEY);
}

// ---- plan orders: before anything is read

absl::Status VerifyOrder(Stage& stage, const v1::PlanOrder& order) {
  absl::StatusOr<Trust> trust = stage.trust.Load();
  if (!trust.ok()) return trust.status();
  return VerifyPlanOrder(order, stage.parts.identity, *trust, stage.clock.Now()).status();
}

TEST(PlanOrderTest, IsAcceptedFromARobotThatMayPlan) {
  Stage stage;
  Words words = stage.PlanWords();
  words.key_of = words.fields["person"] = "nightly";
  EXPECT_TRUE(VerifyOrder(stage, stage.PlanOrder(words)).ok());
}

TEST(PlanOrderTest, RefusesABundleThatTheAuthorDidNotSign) {
  Stage stage;
  v1::PlanOrder order = stage.PlanOrder(stage.PlanWords());
  order.mutable_bundle()->push_back('x');
  EXPECT_EQ(ReasonOf(VerifyOrder(stage, order)), v1::REASON_STATEMENT_MISMATCH);
}

TEST(PlanOrderTest, RefusesSetsThatTheAuthorDidNotSign) {
  Stage stage;
  v1::PlanOrder order = stage.PlanOrder(stage.PlanWords());
  order.add_sets("master-data");
  EXPECT_EQ(ReasonOf(VerifyOrder(stage, order)), v1::REASON_STATEMENT_MISMATCH);
}

TEST(PlanOrderTest, ReadsSetsInAnyOrder) {
  Stage stage;
  Words words = stage.PlanWords();
  words.fields["sets"] = "demo,master-data";
  v1::PlanOrder order = stage.PlanOrder(words);
  order.add_sets("master-data");
  order.add_sets("demo");
  EXPECT_TRUE(VerifyOrder(stage, order).ok());
}

TEST(PlanOrderTest, RefusesAnOldStatement) {
  Stage stage;
  const v1::PlanOrder order = stage.PlanOrder(stage.PlanWords());
  stage.clock.Advance(kStatementAge + kClockTolerance + absl::Seconds(1));
  EXPECT_EQ(ReasonOf(VerifyOrder(stage, order)), v1::REASON_STATEMENT_EXPIRED);
}

TEST(PlanOrderTest, RefusesAnAuthorWhomTheFloorDoesNotName) {
  Stage stage;
  Words words = stage.PlanWords();
  words.key_of = words.fields["person"] = "carol";
  EXPECT_EQ(ReasonOf(VerifyOrder(stage, stage.PlanOrder(words))), v1::REASON_FLOOR_REFUSES);
}

TEST(PlanOrderTest, RefusesAnotherTarget) {
  Stage stage;
  Words words = stage.PlanWords();
  words.fields["target"] = "warehouse";
  EXPECT_EQ(ReasonOf(VerifyOrder(stage, stage.PlanOrder(words))), v1::REASON_STATEMENT_MISMATCH);
}

}  // namespace
}  // namespace resetctl::agent

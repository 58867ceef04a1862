#include "tests/controller/store/store_conformance.h"

namespace resetctl::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// ---- plans

TEST_P(StoreTest, KeepsEveryFieldOfAPlan) {
  PlanRecord plan = APlan().Build();
  plan.document = std::string("bytes\0with\xff", 11);
  plan.state_reason = "why";
  plan.last_run_id = "r-00000000000000a1";
  plan.rows_estimated = true;
  plan.expire_time = absl::InfiniteFuture();
  ASSERT_TRUE(Commit(InsertPlan{plan, "bundle"}).ok());
  const PlanRecord read = *store_->GetPlan(plan.id);
  EXPECT_EQ(read.version, 1);
  EXPECT_EQ(read.id, plan.id);
  EXPECT_EQ(read.document, plan.document);
  EXPECT_EQ(read.mac, plan.mac);
  EXPECT_EQ(read.bundle_digest, plan.bundle_digest);
  EXPECT_EQ(read.plan_statement.text(), plan.plan_statement.text());
  EXPECT_EQ(read.environment, plan.environment);
  EXPECT_EQ(read.target, plan.target);
  EXPECT_EQ(read.author, plan.author);
  EXPECT_EQ(read.author_key_fingerprint, plan.author_key_fingerprint);
  EXPECT_EQ(read.rules, plan.rules);
  EXPECT_EQ(read.policy_digest, plan.policy_digest);
  EXPECT_EQ(read.floor_digest, plan.floor_digest);
  EXPECT_EQ(read.blueprint_name, plan.blueprint_name);
  EXPECT_EQ(read.rows_total, plan.rows_total);
  EXPECT_EQ(read.rows_estimated, plan.rows_estimated);
  EXPECT_EQ(read.tables_total, plan.tables_total);
  EXPECT_EQ(read.create_time, plan.create_time);
  EXPECT_EQ(read.expire_time, plan.expire_time);
  EXPECT_EQ(read.state, plan.state);
  EXPECT_EQ(read.state_reason, plan.state_reason);
  EXPECT_EQ(read.last_run_id, plan.last_run_id);
}

TEST_P(StoreTest, KeepsABundleOncePerDigest) {
  StoredPlan(APlan().Document("one"));
  StoredPlan(APlan().Document("two"));
  EXPECT_EQ(*store_->GetBundle(contract::Digest("bundle")), "bundle");
  EXPECT_TRUE(absl::IsNotFound(store_->GetBundle(contract::Digest("other")).status()));
}

TEST_P(StoreTest, RefusesAPlanTwice) {
  const PlanRecord plan = StoredPlan();
  EXPECT_TRUE(absl::IsAlreadyExists(Commit(InsertPlan{plan, "bundle"})));
}

TEST_P(StoreTest, FindsAPlanByAnyUniquePrefix) {
  PlanRecord a = APlan().Build();
  PlanRecord b = a;
  a.id = "p-" + std::string(64, 'a');
  b.id = "p-" + std::string(32, 'a') + std::string(32, 'b');
  ASSERT_TRUE(Commit(InsertPlan{a, "bundle"}, InsertPlan{b, "bundle"}).ok());
  EXPECT_EQ(store_->GetPlan(a.id)->id, a.id);
  EXPECT_EQ(store_->GetPlan(b.id.substr(0, 35))->id, b.id);

  const absl::Status ambiguous = store_->GetPlan("p-aaaa").status();
  EXPECT_EQ(contract::ReasonOf(ambiguous), v1::REASON_AMBIGUOUS_ID);
  for (const char* unknown : {"p-b", "p-", "p", "", "r-aaaa", "p-AAAA", "p-aa%", "p-a'--"}) {
    EXPECT_EQ(contract::ReasonOf(store_->GetPlan(unknown).status()), v1::REASON_NOT_FOUND)
        << unknown;
  }
}

TEST_P(StoreTest, MovesAPlanAlongItsEdgesOnly) {
  PlanRecord plan = StoredPlan();
  plan.state = v1::PLAN_STATE_APPROVED;
  ASSERT_TRUE(Commit(UpdatePlan{plan}).ok());
  plan = *store_->GetPlan(plan.id);
  EXPECT_EQ(plan.state, v1::PLAN_STATE_APPROVED);
  EXPECT_EQ(plan.version, 2);
  plan.state = v1::PLAN_STATE_CONSUMED;
  EXPECT_EQ(contract::ReasonOf(Commit(UpdatePlan{plan})), v1::REASON_WRONG_STATE);
  EXPECT_EQ(store_->GetPlan(plan.id)->state, v1::PLAN_STATE_APPROVED);
}

TEST_P(StoreTest, RefusesAWriterWhoReadAnOlderVersion) {
  PlanRecord mine = StoredPlan();
  PlanRecord theirs = mine;
  theirs.state = v1::PLAN_STATE_APPROVED;
  ASSERT_TRUE(Commit(UpdatePlan{theirs}).ok());
  mine.state = v1::PLAN_STATE_REJECTED;
  EXPECT_TRUE(absl::IsAborted(Commit(UpdatePlan{mine})));
  EXPECT_EQ(store_->GetPlan(mine.id)->state, v1::PLAN_STATE_APPROVED);
}

TEST_P(StoreTest, ListsPlansNewestFirstInPagesThatNothingShifts) {
  std::vector<std::string> ids;
  for (int i = 0; i < 7; ++i) {
    ids.push_back(StoredPlan(APlan().Document(absl::StrCat("plan ", i))).id);
  }
  PageOf<PlanRecord> page = *store_->ListPlans({}, {3, ""});
  ASSERT_EQ(page.items.size(), 3u);
  EXPECT_EQ(page.items[0].id, ids[6]);
  EXPECT_EQ(page.items[2].id, ids[4]);
  EXPECT_EQ(page.items[0].document, "");
  EXPECT_EQ(page.items[0].mac, "");

  StoredPlan(APlan().Document("arrived meanwhile"));
  page = *store_->ListPlans({}, {3, page.next_token});
  ASSERT_EQ(page.items.size(), 3u);
  EXPECT_EQ(page.items[0].id, ids[3]);
  page = *store_->ListPlans({}, {3, page.next_token});
  ASSERT_EQ(page.items.size(), 1u);
  EXPECT_EQ(page.items[0].id, ids[0]);
  EXPECT_EQ(page.next_token, "");
}

TEST_P(StoreTest, AFullLastPageHasNoNext) {
  for (int i = 0; i < 4; ++i) StoredPlan(APlan().Document(absl::StrCat("plan ", i)));
  PageOf<PlanRecord> page = *store_->ListPlans({}, {2, ""});
  page = *store_->ListPlans({}, {2, page.next_token});
  EXPECT_EQ(page.items.size(), 2u);
  EXPECT_EQ(page.next_token, "");
}

TEST_P(StoreTest, FiltersPlans) {
  const PlanRecord a = StoredPlan(APlan().For("production").By("alice").Document("a"));
  const PlanRecord b = StoredPlan(APlan().For("staging").By("bob").Document("b"));
  const PlanRecord c = StoredPlan(
      APlan().For("staging", "shop").By("alice").Document("c").Expires(Start() + absl::Hours(1)));
  const auto ids = [this](const PlanFilter& filter) {
    std::vector<std::string> found;
    for (const PlanRecord& plan : Get(store_->ListPlans(filter, {})).items)
      found.push_back(plan.id);
    return found;
  };
  PlanFilter by_environment;
  by_environment.environments = {"staging"};
  EXPECT_THAT(ids(by_environment), ElementsAre(c.id, b.id));
  PlanFilter by_author;
  by_author.author = "alice";
  EXPECT_THAT(ids(by_author), ElementsAre(c.id, a.id));
  PlanFilter by_state;
  by_state.states = {v1::PLAN_STATE_APPROVED};
  EXPECT_THAT(ids(by_state), IsEmpty());
  PlanFilter expired;
  expired.expired_at = Start() + absl::Hours(1);
  EXPECT_THAT(ids(expired), ElementsAre(c.id));
  PlanFilter kept;
  kept.target = "rental-manager";
  kept.keep = [&](const PlanRecord& plan) { return plan.author == "bob"; };
  EXPECT_THAT(ids(kept), ElementsAre(b.id));
}

TEST_P(StoreTest, PagesOverWhatIsKept) {
  for (int i = 0; i < 9; ++i) {
    StoredPlan(APlan().By(i % 3 == 0 ? "alice" : "bob").Document(absl::StrCat("plan ", i)));
  }
  PlanFilter filter;
  filter.keep = [](const PlanRecord& plan) { return plan.author == "alice"; };
  PageOf<PlanRecord> page = *store_->ListPlans(filter, {2, ""});
  EXPECT_EQ(page.items.size(), 2u);
  ASSERT_NE(page.next_token, "");
  page = *store_->ListPlans(filter, {2, page.next_token});
  EXPECT_EQ(page.items.size(), 1u);
  EXPECT_EQ(page.next_token, "");
}

TEST_P(StoreTest, RefusesAPageTokenThatIsNotOurs) {
  for (const char* token : {"nonsense", "YmVsb3c6LTE=", "YmVsb3c6eA=="}) {
    EXPECT_EQ(contract::ReasonOf(store_->ListPlans({}, {3, token}).status()),
              v1::REASON_INVALID_ARGUMENT)
        << token;
  }
}

// ---- approvals

TEST_P(StoreTest, KeepsDecisionsInOrderOfArrival) {
  const PlanRecord plan = StoredPlan();
  ASSERT_TRUE(Commit(InsertApproval{ADecision(plan, "bob", "approve")}).ok());
  ASSERT_TRUE(Commit(InsertApproval{ADecision(plan, "bob", "unapprove")},
                     InsertApproval{ADecision(plan, "carol", "approve")})
                  .ok());
  const std::vector<ApprovalRecord> approvals = *store_->ListApprovals(plan.id);
  ASSERT_EQ(approvals.size(), 3u);
  EXPECT_EQ(approvals[0].sequence, 1);
  EXPECT_EQ(approvals[1].decision, "unapprove");
  EXPECT_EQ(approvals[2].person, "carol");
  EXPECT_EQ(approvals[2].sequence, 3);
  EXPECT_EQ(approvals[2].start_before, Start() + absl::Hours(12));
  EXPECT_EQ(approvals[2].policy_digest, plan.policy_digest);
  EXPECT_EQ(approvals[2].statement.text(), "resetctl-approval-v1\nperson: carol\n");
}

TEST_P(StoreTest, RefusesADecisionAboutNoPlan) {
  PlanRecord plan = APlan().Build();
  EXPECT_TRUE(absl::IsNotFound(Commit(InsertApproval{ADecision(plan, "bob", "approve")})));
}

}  // namespace
}  // namespace resetctl::controller

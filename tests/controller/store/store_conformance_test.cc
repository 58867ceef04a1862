// What every store promises (controller/service/store.h, change.h). Runs on the fake and on SQLite.
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_format.h"
#include "proto/contract/merkle.h"
#include "proto/contract/reasons.h"
#include "tests/controller/store/store_fixture.h"
#include "tests/support/memory_store.h"

namespace resetctl::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StoreTest : public ::testing::TestWithParam<std::string> {
 protected:
  StoreTest() {
    if (GetParam() == "memory") {
      store_ = std::make_unique<MemoryStore>(kOrigin, key_.Signer());
    } else {
      store_ = OpenSqliteStore({folder_.File("controller.db"), kOrigin, key_.Signer()}).value();
    }
  }

  absl::Status Commit(const Change& change) {
    return store_->Commit(change, AuditTrail(AnEntry("test"))).status();
  }
  template <typename... M>
  absl::Status Commit(M... mutations) {
    Change change;
    (change.Add(std::move(mutations)), ...);
    return Commit(change);
  }
  uint64_t LogSize() { return store_->GetCheckpoint()->size; }

  PlanRecord StoredPlan(PlanBuilder builder = APlan()) {
    const PlanRecord plan = builder.Build();
    EXPECT_TRUE(Commit(InsertPlan{plan, "bundle"}).ok());
    return *store_->GetPlan(plan.id);
  }
  RunRecord StoredRun(const RunRecord& run) {
    EXPECT_TRUE(Commit(InsertRun{run}).ok());
    return *store_->GetRun(run.id);
  }
  static v1::RunEvent Event(const RunRecord& run, uint64_t seq, const std::string& detail = "") {
    v1::RunEvent event;
    event.set_run_id(run.id);
    event.set_seq(seq);
    event.set_step(v1::STEP_KIND_CLEAR);
    event.set_detail(detail);
    return event;
  }

  TemporaryFolder folder_;
  LogKey key_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreTest, ::testing::Values("memory", "sqlite"),
                         [](const auto& param_info) { return param_info.param; });

// ---- plans

TEST_P(StoreTest, KeepsEveryFieldOfAPlan) {
  PlanRecord plan = APlan().Build();
  plan.document = std::string("bytes\0with\xff", 11);
  plan.state_reason = "why";
  plan.last_run_id = "r-00000000000000a1";
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

// ---- runs

TEST_P(StoreTest, KeepsEveryFieldOfARun) {
  const PlanRecord plan = StoredPlan();
  RunRecord run = StoredRun(ARun(plan));
  EXPECT_EQ(run.version, 1);
  EXPECT_FALSE(run.problem || run.result || run.start_time || run.end_time);
  run.state = v1::RUN_STATE_OFFERED;
  run.problem.emplace().set_message("why");
  run.result.emplace().set_rows_cleared(250000);
  run.start_time = Start() + absl::Seconds(5);
  run.end_time = Start() + absl::Seconds(9);
  run.fence = 7;
  run.cancel_requested = true;
  run.cancel_person = "bob";
  run.detached = true;
  run.resume_statement.set_text("resetctl-resume-v1\n");
  ASSERT_TRUE(Commit(UpdateRun{run}).ok());
  const RunRecord read = *store_->GetRun("r-00000000000000a1");
  EXPECT_EQ(read.version, 2);
  EXPECT_EQ(read.plan_id, plan.id);
  EXPECT_EQ(read.runner, "alice");
  EXPECT_EQ(read.runner_key_fingerprint, FingerprintOf("alice"));
  EXPECT_EQ(read.run_statement.text(), "resetctl-run-v1\n");
  EXPECT_EQ(read.resume_statement.text(), "resetctl-resume-v1\n");
  EXPECT_EQ(read.hold_until, Start());
  EXPECT_EQ(read.start_before, Start() + absl::Hours(1));
  EXPECT_EQ(read.state, v1::RUN_STATE_OFFERED);
  EXPECT_EQ(read.problem->message(), "why");
  EXPECT_EQ(read.result->rows_cleared(), 250000);
  EXPECT_EQ(read.start_time, run.start_time);
  EXPECT_EQ(read.end_time, run.end_time);
  EXPECT_EQ(read.fence, 7);
  EXPECT_TRUE(read.cancel_requested && read.detached);
  EXPECT_EQ(read.cancel_person, "bob");
}

TEST_P(StoreTest, LetsOneRunAtATimeWorkOnATarget) {
  const PlanRecord plan = StoredPlan();
  RunRecord first = StoredRun(ARun(plan));
  EXPECT_EQ(contract::ReasonOf(Commit(InsertRun{ARun(plan, "r-00000000000000a2")})),
            v1::REASON_TARGET_BUSY);
  const PlanRecord elsewhere = StoredPlan(APlan().For("staging").Document("elsewhere"));
  EXPECT_TRUE(Commit(InsertRun{ARun(elsewhere, "r-00000000000000a3")}).ok());
  first.state = v1::RUN_STATE_CANCELLED;
  ASSERT_TRUE(Commit(UpdateRun{first}).ok());
  EXPECT_TRUE(Commit(InsertRun{ARun(plan, "r-00000000000000a2")}).ok());
}

TEST_P(StoreTest, DoesNotResumeBesideAnotherRun) {
  const PlanRecord plan = StoredPlan();
  RunRecord run = ARun(plan);
  run.state = v1::RUN_STATE_NEEDS_ATTENTION;
  run = StoredRun(run);
  ASSERT_TRUE(Commit(InsertRun{ARun(plan, "r-00000000000000a2")}).ok());
  run.state = v1::RUN_STATE_COMMITTED;
  EXPECT_EQ(contract::ReasonOf(Commit(UpdateRun{run})), v1::REASON_TARGET_BUSY);
}

TEST_P(StoreTest, RefusesAnIllegalOrStaleMoveOfARun) {
  RunRecord run = StoredRun(ARun(StoredPlan()));
  RunRecord jump = run;
  jump.state = v1::RUN_STATE_SUCCEEDED;
  EXPECT_EQ(contract::ReasonOf(Commit(UpdateRun{jump})), v1::REASON_WRONG_STATE);
  run.state = v1::RUN_STATE_OFFERED;
  ASSERT_TRUE(Commit(UpdateRun{run}).ok());
  run.state = v1::RUN_STATE_CANCELLED;
  EXPECT_TRUE(absl::IsAborted(Commit(UpdateRun{run})));
}

TEST_P(StoreTest, NotesTheAuditEntryThatRecordedTheEnd) {
  RunRecord run = StoredRun(ARun(StoredPlan()));
  run.state = v1::RUN_STATE_CANCELLED;
  run.audit_entry = kThisCommit;
  const CommitReceipt receipt =
      *store_->Commit(Change().Add(UpdateRun{run}), AuditTrail(AnEntry("run.end")));
  EXPECT_EQ(receipt.first_audit_index, 2u);
  EXPECT_EQ(store_->GetRun(run.id)->audit_entry, 2u);
}

TEST_P(StoreTest, FiltersRuns) {
  const PlanRecord plan = StoredPlan();
  RunRecord old = ARun(plan);
  old.state = v1::RUN_STATE_SUCCEEDED;
  StoredRun(old);
  StoredRun(ARun(plan, "r-00000000000000a2"));
  RunFilter active;
  active.states = {v1::RUN_STATE_HELD, v1::RUN_STATE_OFFERED};
  active.environments = {"production"};
  active.plan_id = plan.id;
  ASSERT_EQ(store_->ListRuns(active, {})->items.size(), 1u);
  EXPECT_EQ(store_->ListRuns(active, {})->items[0].id, "r-00000000000000a2");
  EXPECT_EQ(store_->ListRuns({}, {})->items.size(), 2u);
  EXPECT_EQ(contract::ReasonOf(store_->GetRun("r-0000").status()), v1::REASON_AMBIGUOUS_ID);
}

// ---- events

TEST_P(StoreTest, KeepsEachEventOnce) {
  const RunRecord run = StoredRun(ARun(StoredPlan()));
  ASSERT_TRUE(Commit(AppendEvent{Event(run, 1)}, AppendEvent{Event(run, 2)}).ok());
  const uint64_t size = LogSize();
  EXPECT_TRUE(absl::IsAlreadyExists(Commit(AppendEvent{Event(run, 2)})));
  EXPECT_EQ(LogSize(), size);
  EXPECT_TRUE(absl::IsDataLoss(Commit(AppendEvent{Event(run, 2, "another story")})));
  EXPECT_TRUE(absl::IsOutOfRange(Commit(AppendEvent{Event(run, 4)})));
  EXPECT_TRUE(absl::IsOutOfRange(Commit(AppendEvent{Event(run, 0)})));
  ASSERT_TRUE(Commit(AppendEvent{Event(run, 3)}).ok());
  const std::vector<v1::RunEvent> events = *store_->ListEvents(run.id, 1, 100);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].seq(), 2u);
  EXPECT_EQ(store_->ListEvents(run.id, 0, 1)->size(), 1u);
  EXPECT_EQ(store_->GetRun(run.id)->last_seq, 3u);
}

TEST_P(StoreTest, EventsDoNotDisturbWhoMovesTheRun) {
  RunRecord run = StoredRun(ARun(StoredPlan()));
  ASSERT_TRUE(Commit(AppendEvent{Event(run, 1)}).ok());
  run.state = v1::RUN_STATE_OFFERED;
  ASSERT_TRUE(Commit(UpdateRun{run}).ok());
  EXPECT_EQ(store_->GetRun(run.id)->last_seq, 1u);
}

TEST_P(StoreTest, RefusesAnEventOfNoRun) {
  EXPECT_TRUE(absl::IsNotFound(Commit(AppendEvent{Event(ARun(APlan().Build()), 1)})));
}

// ---- sessions, challenges, nonces

TEST_P(StoreTest, AChallengeIsGoodOnce) {
  const std::string challenge(32, '\0');
  ASSERT_TRUE(
      store_->Write(InsertChallenge{{challenge, "alice", Start() + absl::Minutes(1)}}).ok());
  EXPECT_EQ(store_->FindChallenge(challenge)->person, "alice");
  EXPECT_EQ(contract::ReasonOf(Commit(UseChallenge{challenge, Start() + absl::Minutes(1)})),
            v1::REASON_UNAUTHENTICATED);
  ASSERT_TRUE(Commit(UseChallenge{challenge, Start()}).ok());
  EXPECT_EQ(contract::ReasonOf(Commit(UseChallenge{challenge, Start()})),
            v1::REASON_UNAUTHENTICATED);
  EXPECT_TRUE(absl::IsNotFound(store_->FindChallenge(challenge).status()));
}

TEST_P(StoreTest, KeepsSessionsByTheHashOfTheirToken) {
  const SessionRecord session{
      contract::Sha256("token"), "alice", FingerprintOf("alice"), "127.0.0.1:9", Start(),
      Start() + absl::Hours(8)};
  ASSERT_TRUE(Commit(InsertSession{session}).ok());
  const SessionRecord read = *store_->FindSession(session.token_hash);
  EXPECT_EQ(read.token_hash, session.token_hash);
  EXPECT_EQ(read.person, "alice");
  EXPECT_EQ(read.key_fingerprint, session.key_fingerprint);
  EXPECT_EQ(read.peer, session.peer);
  EXPECT_EQ(read.expire_time, session.expire_time);
  ASSERT_TRUE(Commit(DeleteSession{session.token_hash}).ok());
  EXPECT_TRUE(absl::IsNotFound(store_->FindSession(session.token_hash).status()));
}

TEST_P(StoreTest, ANonceIsUsedOnce) {
  ASSERT_TRUE(Commit(UseNonce{"4Zk0aaaaaaaaaaaa", Start() + absl::Hours(1)}).ok());
  EXPECT_EQ(contract::ReasonOf(Commit(UseNonce{"4Zk0aaaaaaaaaaaa", Start() + absl::Hours(1)})),
            v1::REASON_STATEMENT_REPLAYED);
}

// ---- agents

TEST_P(StoreTest, AJoinTokenBuysOneCertificate) {
  const JoinTokenRecord token{contract::Sha256("join"), "production", "rental-manager", "alice",
                              Start() + absl::Hours(1)};
  ASSERT_TRUE(Commit(InsertJoinToken{token}).ok());
  EXPECT_EQ(store_->FindJoinToken(token.token_hash)->target, "rental-manager");
  EXPECT_EQ(contract::ReasonOf(Commit(UseJoinToken{token.token_hash, token.expire_time})),
            v1::REASON_TOKEN_INVALID);
  const CertificateRecord certificate{
      "0a", "production", "rental-manager", Start() + absl::Hours(720), Start(), false};
  ASSERT_TRUE(Commit(UseJoinToken{token.token_hash, Start()}, InsertCertificate{certificate}).ok());
  EXPECT_EQ(contract::ReasonOf(Commit(UseJoinToken{token.token_hash, Start()})),
            v1::REASON_TOKEN_INVALID);
  EXPECT_EQ(store_->FindCertificate("0a")->target, "rental-manager");
  EXPECT_EQ(store_->GetAgent("production", "rental-manager")->enroll_time, Start());
  EXPECT_TRUE(absl::IsAlreadyExists(Commit(InsertCertificate{certificate})));
}

TEST_P(StoreTest, KeepsWhatAnAgentSaidLast) {
  EXPECT_TRUE(absl::IsNotFound(Commit(SetAgentHello{"staging", "shop", "hello", Start()})));
  ASSERT_TRUE(Commit(InsertCertificate{{"0b", "staging", "shop", Start(), Start(), false}}).ok());
  EXPECT_EQ(store_->GetAgent("staging", "shop")->seen_time, std::nullopt);
  ASSERT_TRUE(Commit(SetAgentHello{"staging", "shop", std::string("\0hello", 6), Start()}).ok());
  ASSERT_TRUE(store_->Write(SeeAgent{"staging", "shop", Start() + absl::Seconds(5)}).ok());
  const AgentRecord agent = *store_->GetAgent("staging", "shop");
  EXPECT_EQ(agent.hello, std::string("\0hello", 6));
  EXPECT_EQ(agent.seen_time, Start() + absl::Seconds(5));
  EXPECT_TRUE(store_->Write(SeeAgent{"staging", "nobody", Start()}).ok());
  EXPECT_EQ(store_->ListAgents()->size(), 1u);
}

TEST_P(StoreTest, RevokesAllCertificatesOfAnAgent) {
  ASSERT_TRUE(Commit(InsertCertificate{{"01", "staging", "shop", Start(), Start(), false}},
                     InsertCertificate{{"02", "staging", "shop", Start(), Start(), false}},
                     InsertCertificate{{"03", "demo", "shop", Start(), Start(), false}})
                  .ok());
  ASSERT_TRUE(Commit(RevokeCertificates{"staging", "shop"}).ok());
  EXPECT_TRUE(store_->FindCertificate("01")->revoked);
  EXPECT_FALSE(store_->FindCertificate("03")->revoked);
  const std::vector<CertificateRecord> list = *store_->ListCertificates("staging", "shop");
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].serial, "02");
  EXPECT_TRUE(absl::IsNotFound(Commit(RevokeCertificates{"production", "shop"})));
}

// ---- freezes, requests, forgetting

TEST_P(StoreTest, FreezesAndUnfreezes) {
  EXPECT_EQ(*store_->FindFreeze("production"), std::nullopt);
  ASSERT_TRUE(Commit(SetFreeze{{"production", "alice", "audit", Start()}}).ok());
  ASSERT_TRUE(Commit(SetFreeze{{"production", "bob", "year end", Start()}}).ok());
  EXPECT_EQ((*store_->FindFreeze("production"))->person, "bob");
  EXPECT_EQ(*store_->FindFreeze("staging"), std::nullopt);
  ASSERT_TRUE(Commit(LiftFreeze{"production"}).ok());
  EXPECT_EQ(*store_->FindFreeze("production"), std::nullopt);
}

TEST_P(StoreTest, ARequestIdIsUsedOncePerPersonAndMethod) {
  const RequestRecord request{"alice", "CreatePlan", "id-1", "digest", "p-aa", Start()};
  ASSERT_TRUE(Commit(InsertRequest{request}).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(Commit(InsertRequest{request})));
  EXPECT_EQ((*store_->FindRequest("alice", "CreatePlan", "id-1"))->subject, "p-aa");
  EXPECT_EQ(*store_->FindRequest("bob", "CreatePlan", "id-1"), std::nullopt);
  EXPECT_EQ(*store_->FindRequest("alice", "StartRun", "id-1"), std::nullopt);
  RequestRecord nameless = request;
  nameless.request_id = "";
  EXPECT_TRUE(Commit(InsertRequest{nameless}).ok());
  EXPECT_TRUE(Commit(InsertRequest{nameless}).ok());
  EXPECT_EQ(*store_->FindRequest("alice", "CreatePlan", ""), std::nullopt);
}

TEST_P(StoreTest, ForgetsOnlyWhatIsOver) {
  const absl::Time soon = Start() + absl::Minutes(1);
  const absl::Time later = Start() + absl::Hours(1);
  ASSERT_TRUE(store_->Write(InsertChallenge{{"over", "alice", soon}}).ok());
  ASSERT_TRUE(store_->Write(InsertChallenge{{"open", "alice", later}}).ok());
  ASSERT_TRUE(Commit(InsertSession{{"over", "alice", "", "", Start(), soon}},
                     InsertSession{{"open", "alice", "", "", Start(), later}},
                     UseNonce{"over", soon}, UseNonce{"open", later},
                     InsertRequest{{"alice", "M", "old", "", "", Start()}},
                     InsertRequest{{"alice", "M", "new", "", "", soon}})
                  .ok());
  ASSERT_TRUE(store_->Write(Forget{soon, soon}).ok());
  EXPECT_FALSE(store_->FindChallenge("over").ok());
  EXPECT_TRUE(store_->FindChallenge("open").ok());
  EXPECT_FALSE(store_->FindSession("over").ok());
  EXPECT_TRUE(store_->FindSession("open").ok());
  EXPECT_TRUE(Commit(UseNonce{"over", later}).ok());
  EXPECT_FALSE(Commit(UseNonce{"open", later}).ok());
  EXPECT_EQ(*store_->FindRequest("alice", "M", "old"), std::nullopt);
  EXPECT_NE(*store_->FindRequest("alice", "M", "new"), std::nullopt);
}

// ---- a change and its audit entries

TEST_P(StoreTest, AnEmptyLogHasASignedCheckpoint) {
  const StoredCheckpoint stored = *store_->GetCheckpoint();
  const contract::Checkpoint opened = *contract::OpenCheckpoint(stored.note, key_.verifier());
  EXPECT_EQ(opened.size, 0u);
  EXPECT_EQ(opened.root, contract::MerkleRoot({}));
}

TEST_P(StoreTest, TheCheckpointSignsTheRootOfAllLeaves) {
  std::vector<std::string> roots;
  for (int i = 0; i < 9; ++i) {
    ASSERT_TRUE(store_
                    ->Commit(Change(), AuditTrail(AnEntry("login", absl::StrCat("a", i)))
                                           .And(AnEntry("login", absl::StrCat("b", i))))
                    .ok());
  }
  const StoredCheckpoint stored = *store_->GetCheckpoint();
  const contract::Checkpoint opened = *contract::OpenCheckpoint(stored.note, key_.verifier());
  std::vector<std::string> leaves;
  for (const StoredAuditEntry& entry : Get(store_->ReadAudit(0, 100))) {
    EXPECT_EQ(entry.index, leaves.size());
    leaves.push_back(contract::LeafHash(entry.bytes));
  }
  EXPECT_EQ(leaves.size(), 18u);
  EXPECT_EQ(opened.size, 18u);
  EXPECT_EQ(opened.root, contract::MerkleRoot(leaves));
  EXPECT_EQ(opened.root, stored.root);
  EXPECT_EQ(opened.origin, kOrigin);
}

TEST_P(StoreTest, ARefusedMutationTakesTheWholeChangeWithIt) {
  const PlanRecord plan = StoredPlan();
  const uint64_t size = LogSize();
  PlanRecord moved = plan;
  moved.state = v1::PLAN_STATE_APPROVED;
  PlanRecord illegal = plan;
  illegal.version = 2;
  illegal.state = v1::PLAN_STATE_CONSUMED;
  EXPECT_FALSE(Commit(InsertApproval{ADecision(plan, "bob", "approve")}, UpdatePlan{moved},
                      UpdatePlan{illegal})
                   .ok());
  EXPECT_EQ(store_->GetPlan(plan.id)->state, v1::PLAN_STATE_PENDING_APPROVAL);
  EXPECT_THAT(*store_->ListApprovals(plan.id), IsEmpty());
  EXPECT_EQ(LogSize(), size);
}

TEST_P(StoreTest, AnAuditEntryThatCannotBeWrittenTakesTheChangeWithIt) {
  const PlanRecord plan = APlan().Build();
  const std::string note = store_->GetCheckpoint()->note;
  key_.broken = true;
  EXPECT_TRUE(absl::IsUnavailable(Commit(InsertPlan{plan, "bundle"})));
  key_.broken = false;
  EXPECT_TRUE(absl::IsNotFound(store_->GetPlan(plan.id).status()));
  EXPECT_FALSE(store_->GetBundle(plan.bundle_digest).ok());
  EXPECT_THAT(*store_->ReadAudit(0, 10), IsEmpty());
  EXPECT_EQ(store_->GetCheckpoint()->note, note);
  EXPECT_TRUE(Commit(InsertPlan{plan, "bundle"}).ok());
}

TEST_P(StoreTest, TheReceiptNamesItsEntries) {
  EXPECT_EQ(store_->Commit(Change(), AuditTrail(AnEntry("a")).And(AnEntry("b")))->first_audit_index,
            0u);
  const CommitReceipt receipt = *store_->Commit(Change(), AuditTrail(AnEntry("c")));
  EXPECT_EQ(receipt.first_audit_index, 2u);
  EXPECT_EQ(receipt.audit_size, 3u);
}

TEST_P(StoreTest, ListsTheAuditLogNewestFirstByFilter) {
  const auto log = [this](v1::AuditEntry entry) {
    ASSERT_TRUE(store_->Commit(Change(), AuditTrail(std::move(entry))).ok());
  };
  log(AnEntry("plan.create", "p-aa11", "alice", "production"));
  log(AnEntry("plan.approve", "p-aa11", "bob", "production"));
  log(AnEntry("plan.create", "p-bb22", "alice", "staging"));
  log(AnEntry("login.fail", "alice", "mallory", ""));
  const auto indexes = [this](const AuditFilter& filter) {
    std::vector<uint64_t> found;
    for (const StoredAuditEntry& entry : Get(store_->ListAudit(filter, {})).items) {
      found.push_back(entry.index);
    }
    return found;
  };
  EXPECT_THAT(indexes({}), ElementsAre(3, 2, 1, 0));
  EXPECT_THAT(indexes({.person = "alice"}), ElementsAre(3, 2, 0));
  EXPECT_THAT(indexes({.environments = {"production"}}), ElementsAre(1, 0));
  EXPECT_THAT(indexes({.subject = "p-aa"}), ElementsAre(1, 0));
  EXPECT_THAT(indexes({.subject = "p_aa"}), IsEmpty());
  EXPECT_THAT(indexes({.action = "plan.create"}), ElementsAre(2, 0));
  log(AnEntry("run.event", "r-cc33", "agent", "production"));
  EXPECT_THAT(indexes({.environments = {"production"}}), ElementsAre(4, 1, 0));
  EXPECT_THAT(indexes({.environments = {"production"}, .without_events = true}), ElementsAre(1, 0));

  PageOf<StoredAuditEntry> page = *store_->ListAudit({}, {3, ""});
  ASSERT_EQ(page.items.size(), 3u);
  page = *store_->ListAudit({}, {3, page.next_token});
  ASSERT_EQ(page.items.size(), 2u);
  EXPECT_EQ(page.items[1].index, 0u);
  EXPECT_EQ(page.next_token, "");
}

// ---- many at once

TEST_P(StoreTest, ManyWritersLoseNothingAndRepeatNothing) {
  constexpr int kThreads = 8;
  constexpr int kEach = 25;
  std::vector<std::thread> threads;
  std::vector<std::vector<uint64_t>> indexes(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t, &indexes] {
      for (int i = 0; i < kEach; ++i) {
        const RequestRecord request{"alice", "M", absl::StrFormat("%d-%d", t, i), "", "", Start()};
        const auto receipt = store_->Commit(Change().Add(InsertRequest{request}),
                                            AuditTrail(AnEntry("m", request.request_id)));
        if (receipt.ok()) indexes[t].push_back(receipt->first_audit_index);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<uint64_t> all;
  for (const auto& some : indexes) all.insert(some.begin(), some.end());
  EXPECT_EQ(all.size(), size_t{kThreads * kEach});
  EXPECT_EQ(LogSize(), uint64_t{kThreads * kEach});
  std::vector<std::string> leaves;
  for (const StoredAuditEntry& entry : Get(store_->ReadAudit(0, 1000))) {
    leaves.push_back(contract::LeafHash(entry.bytes));
  }
  EXPECT_EQ(store_->GetCheckpoint()->root, contract::MerkleRoot(leaves));
}

TEST_P(StoreTest, OfManyWhoReadTheSameVersionOneWrites) {
  const PlanRecord plan = StoredPlan();
  std::atomic<int> written = 0;
  std::atomic<int> aborted = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      PlanRecord mine = plan;
      mine.state = v1::PLAN_STATE_APPROVED;
      const absl::Status status = Commit(UpdatePlan{mine});
      written += status.ok();
      aborted += absl::IsAborted(status);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(written, 1);
  EXPECT_EQ(aborted, 7);
  EXPECT_EQ(LogSize(), 2u);
}

TEST_P(StoreTest, OfManyRunsOrderedAtOnceOneGetsTheTarget) {
  const PlanRecord plan = StoredPlan();
  std::atomic<int> started = 0;
  std::atomic<int> busy = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      const absl::Status status = Commit(InsertRun{ARun(plan, absl::StrFormat("r-%016x", t + 1))});
      started += status.ok();
      busy += contract::ReasonOf(status) == v1::REASON_TARGET_BUSY;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(started, 1);
  EXPECT_EQ(busy, 7);
}

TEST_P(StoreTest, ReadersSeeWholeCommits) {
  const RunRecord run = StoredRun(ARun(StoredPlan()));
  std::atomic<bool> stop = false;
  std::atomic<int> torn = 0;
  std::thread reader([&] {
    while (!stop) {
      // Two events arrive with each commit: an odd number was never there.
      torn += static_cast<int>(store_->ListEvents(run.id, 0, 1000)->size() % 2);
    }
  });
  for (uint64_t seq = 1; seq < 100; seq += 2) {
    EXPECT_TRUE(Commit(AppendEvent{Event(run, seq)}, AppendEvent{Event(run, seq + 1)}).ok());
  }
  stop = true;
  reader.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(store_->GetRun(run.id)->last_seq, 100u);
}

}  // namespace
}  // namespace resetctl::controller

// Resumes and rebinds that nobody signed, or not for this, or a second time.
#include "absl/strings/str_cat.h"
#include "proto/base/clock.h"
#include "proto/contract/admin_action.h"
#include "tests/e2e/forged_offer.h"

namespace resetctl::support {
namespace {

std::string In(absl::Duration time) {
  return contract::FormatStatementTime(base::RealClock().Now() + time);
}

struct ResumeDraft {
  v1::ResumeOffer offer;
  Words words;
};
struct ResumeForgery {
  const char* name;
  v1::Reason reason;
  void (*forge)(ResumeDraft&);
};

const ResumeForgery kResumes[] = {
    {"another run", v1::REASON_STATEMENT_MISMATCH,
     [](ResumeDraft& d) { d.words.fields["run"] = "r-00000000000000ff"; }},
    {"another environment", v1::REASON_STATEMENT_MISMATCH,
     [](ResumeDraft& d) { d.words.fields["environment"] = "staging"; }},
    {"another target", v1::REASON_STATEMENT_MISMATCH,
     [](ResumeDraft& d) { d.words.fields["target"] = "warehouse"; }},
    {"a stranger", v1::REASON_UNKNOWN_PERSON,
     [](ResumeDraft& d) { d.words.fields["person"] = d.words.key_of = "mallory"; }},
    {"a person's name by a stranger", v1::REASON_UNKNOWN_KEY,
     [](ResumeDraft& d) { d.words.key_of = "mallory"; }},
    {"a person whom the floor does not let", v1::REASON_FLOOR_REFUSES,
     [](ResumeDraft& d) { d.words.fields["person"] = d.words.key_of = "dana"; }},
    {"an old statement", v1::REASON_STATEMENT_EXPIRED,
     [](ResumeDraft& d) { d.words.fields["time"] = In(-absl::Minutes(20)); }},
    {"another namespace", v1::REASON_BAD_SIGNATURE,
     [](ResumeDraft& d) { d.words.namespace_name = "resetctl-run-v1"; }},
    {"a changed plan", v1::REASON_DIGEST_MISMATCH,
     [](ResumeDraft& d) { d.offer.mutable_document()->push_back('\0'); }},
    {"no MAC", v1::REASON_PLAN_NOT_OURS, [](ResumeDraft& d) { d.offer.clear_mac(); }},
    {"a run that nobody knows", v1::REASON_NOT_FOUND,
     [](ResumeDraft& d) {
       d.offer.set_run_id("r-00000000000000ff");
       d.words.fields["run"] = d.offer.run_id();
     }},
    {"a path", v1::REASON_NOT_FOUND,
     [](ResumeDraft& d) { d.offer.set_run_id("r-1/../../../trust/floor"); }},
};

TEST_F(ForgeryTest, AResumeIsOnlyForWhoSignedIt) {
  Draft draft(house_);
  const v1::RunOffer offer = draft.Build();
  // Fails after the commit only: what is asked before it has been answered by then.
  house_.AnswerHooks({{"/after", 500}});
  ASSERT_TRUE(controller_.Offer(offer).accepted());
  ASSERT_EQ(controller_.AwaitEnd(offer.run_id()).state(), v1::RUN_STATE_NEEDS_ATTENTION);

  const auto proper = [&] {
    ResumeDraft resume{{}, house_.ResumeWords(offer.run_id())};
    resume.offer.set_run_id(offer.run_id());
    resume.offer.set_document(offer.document());
    resume.offer.set_mac(offer.mac());
    return resume;
  };
  const auto expect_refused = [&](const v1::ResumeOffer& resume, v1::Reason reason) {
    const std::string before = house_.Traces();
    const v1::OfferReply reply = controller_.Resume(resume);
    EXPECT_FALSE(reply.accepted());
    ExpectReason(reply.problem(), reason);
    EXPECT_EQ(house_.Traces(), before);
  };
  for (const ResumeForgery& forgery : kResumes) {
    SCOPED_TRACE(forgery.name);
    ResumeDraft resume = proper();
    forgery.forge(resume);
    *resume.offer.mutable_resume_statement() = resume.words.Sign();
    expect_refused(resume.offer, forgery.reason);
  }
  ResumeDraft resume = proper();
  *resume.offer.mutable_resume_statement() = offer.run_statement();
  expect_refused(resume.offer, v1::REASON_STATEMENT_MISMATCH);
  resume.offer.clear_resume_statement();
  expect_refused(resume.offer, v1::REASON_STATEMENT_INVALID);

  // A proper one is taken, and its step fails again; a second time the same statement is a replay.
  *resume.offer.mutable_resume_statement() = resume.words.Sign();
  const v1::OfferReply taken = controller_.Resume(resume.offer);
  ASSERT_TRUE(taken.accepted()) << taken.DebugString();
  ASSERT_EQ(controller_.AwaitEnd(offer.run_id()).state(), v1::RUN_STATE_NEEDS_ATTENTION);
  expect_refused(resume.offer, v1::REASON_STATEMENT_REPLAYED);

  house_.AnswerHooks({});
  *resume.offer.mutable_resume_statement() = house_.ResumeWords(offer.run_id()).Sign();
  EXPECT_TRUE(controller_.Resume(resume.offer).accepted());
  EXPECT_EQ(controller_.AwaitEnd(offer.run_id()).state(), v1::RUN_STATE_SUCCEEDED);
  *resume.offer.mutable_resume_statement() = house_.ResumeWords(offer.run_id()).Sign();
  expect_refused(resume.offer, v1::REASON_WRONG_STATE);
  house_.Refill();
}

struct RebindForgery {
  const char* name;
  v1::Reason reason;
  void (*forge)(Words&);
};
void SayAction(Words& words, const contract::AdminAction& action) {
  words.fields["verb"] = action.verb;
  words.fields["arguments"] = action.ArgumentsDigest();
}

const RebindForgery kRebinds[] = {
    {"another target", v1::REASON_STATEMENT_MISMATCH,
     [](Words& w) { SayAction(w, contract::RebindAction("production", "warehouse")); }},
    {"another environment", v1::REASON_STATEMENT_MISMATCH,
     [](Words& w) { SayAction(w, contract::RebindAction("staging", "shop")); }},
    {"another verb", v1::REASON_STATEMENT_MISMATCH,
     [](Words& w) { SayAction(w, contract::RevokeAgentAction("production", "shop")); }},
    {"another verb with these arguments", v1::REASON_STATEMENT_MISMATCH,
     [](Words& w) { w.fields["verb"] = contract::RevokeAgentAction("production", "shop").verb; }},
    {"a stranger", v1::REASON_UNKNOWN_PERSON,
     [](Words& w) { w.fields["person"] = w.key_of = "mallory"; }},
    {"a person's name by a stranger", v1::REASON_UNKNOWN_KEY,
     [](Words& w) { w.key_of = "mallory"; }},
    {"a person whom the floor does not let", v1::REASON_FLOOR_REFUSES,
     [](Words& w) { w.fields["person"] = w.key_of = "dana"; }},
    {"a statement from before", v1::REASON_STATEMENT_EXPIRED,
     [](Words& w) { w.fields["time"] = In(-absl::Minutes(20)); }},
    {"a statement from the future", v1::REASON_STATEMENT_INVALID,
     [](Words& w) { w.fields["time"] = In(absl::Minutes(20)); }},
    {"another namespace", v1::REASON_BAD_SIGNATURE,
     [](Words& w) { w.namespace_name = "resetctl-login-v1"; }},
};

TEST_F(ForgeryTest, ARebindIsOnlyForWhomTheFloorLetsAndOnce) {
  int orders = 0;
  const auto order = [&](const v1::SignedStatement& statement) {
    v1::RebindOrder rebind;
    rebind.set_order_id(absl::StrCat("rebind-", ++orders));
    *rebind.mutable_admin_statement() = statement;
    return controller_.Rebind(rebind);
  };
  const auto expect_refused = [&](const v1::SignedStatement& statement, v1::Reason reason) {
    const std::string before = house_.Traces();
    const v1::RebindReply reply = order(statement);
    ASSERT_EQ(reply.problems_size(), 1) << reply.DebugString();
    ExpectReason(reply.problems(0), reason);
    EXPECT_EQ(house_.Traces(), before);
  };
  for (const RebindForgery& forgery : kRebinds) {
    SCOPED_TRACE(forgery.name);
    Words words = house_.RebindWords();
    forgery.forge(words);
    expect_refused(words.Sign(), forgery.reason);
  }
  expect_refused({}, v1::REASON_STATEMENT_INVALID);
  expect_refused(house_.PlanWords("bundle").Sign(), v1::REASON_STATEMENT_MISMATCH);
  v1::SignedStatement changed = house_.RebindWords().Sign();
  changed.mutable_text()->replace(changed.text().find("nonce: ") + 7, 4, "AAAA");
  expect_refused(changed, v1::REASON_BAD_SIGNATURE);

  // A proper one gives the database a new marker, once.
  const Words proper = house_.RebindWords();
  const v1::SignedStatement statement = proper.Sign();
  const std::string marker = house_.database().Scalar("select marker from resetctl.target");
  const v1::RebindReply bound = order(statement);
  EXPECT_EQ(bound.problems_size(), 0) << bound.DebugString();
  EXPECT_NE(house_.database().Scalar("select marker from resetctl.target"), marker);
  expect_refused(statement, v1::REASON_STATEMENT_REPLAYED);
  Words older = proper;
  older.fields["time"] = In(-absl::Minutes(5));
  expect_refused(older.Sign(), v1::REASON_STATEMENT_REPLAYED);
  house_.Refill();
}

}  // namespace
}  // namespace resetctl::support

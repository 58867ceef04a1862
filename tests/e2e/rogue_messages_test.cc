// A controller that does not keep to the protocol: too early, too late, twice, too much, or no messages at all. The agent may
// leave the stream and come back; it is the same process then, and has done nothing.
#include <filesystem>
#include <random>

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"
#include "tests/e2e/forged_offer.h"
#include "tests/support/await.h"
#include "tests/support/nonsense.h"

namespace resetctl::support {
namespace {

constexpr int kTooLongId = 300;

// Whatever a test of this file does, nothing comes of it.
class RogueMessageTest : public ForgeryTest {
 protected:
  void SetUp() override {
    house_.AnyPlan();
    before_ = house_.Traces();
    pid_ = house_.agent().pid();
  }
  void TearDown() override {
    controller_.Greet(true);
    GreetWithLease(absl::Seconds(15));
    controller_.AwaitAttention();
    EXPECT_EQ(house_.agent().pid(), pid_);
    EXPECT_EQ(house_.Traces(), before_);
    ForgeryTest::TearDown();
  }

  // On a stream of its own.
  void GreetWithLease(absl::Duration lease) {
    v1::AgentWelcome welcome;
    welcome.mutable_lease()->set_seconds(lease / absl::Seconds(1));
    welcome.mutable_lease()->set_nanos(
        static_cast<int>(lease % absl::Seconds(1) / absl::Nanoseconds(1)));
    const int hellos = controller_.hellos();
    controller_.GreetWith(welcome);
    controller_.HangUp();
    controller_.AwaitHelloAfter(hellos);
  }

  // One of each kind, each as an honest controller would say it, but for a run that must not be.
  std::vector<v1::AttachResponse> OneOfEach() {
    std::vector<v1::AttachResponse> all(9);
    Draft draft(house_);
    draft.approvers = {};
    *all[0].mutable_offer() = draft.Build();
    *all[1].mutable_plan_order() = house_.PlanOrder(house_.Blueprint());
    all[1].mutable_plan_order()->clear_plan_statement();
    all[2].mutable_resume()->set_run_id("r-00000000000000ff");
    all[3].mutable_cancel()->set_run_id("r-00000000000000ff");
    all[4].mutable_event_ack()->set_run_id("r-00000000000000ff");
    all[5].mutable_report_ack()->set_run_id("r-00000000000000ff");
    all[6].mutable_heartbeat_ack();
    all[7].mutable_rebind()->set_order_id("rebind");
    all[8].mutable_twin()->set_order_id("twin");
    return all;
  }

  std::string before_;
  pid_t pid_ = 0;
};

TEST_F(RogueMessageTest, ListensToNothingBeforeTheWelcome) {
  std::vector<v1::AttachResponse> all = OneOfEach();
  *all.emplace_back().mutable_offer() = Draft(house_).Build();  // a proper one
  controller_.Greet(false);
  controller_.HangUp();
  int hellos = controller_.hellos();
  for (const v1::AttachResponse& message : all) {
    SCOPED_TRACE(message.ShortDebugString().substr(0, 60));
    controller_.AwaitHelloAfter(hellos);
    hellos = controller_.hellos();
    controller_.Say(message);  // which ends the stream
  }
  controller_.AwaitHelloAfter(hellos);
}

TEST_F(RogueMessageTest, MindsNoSecondWelcomeAndNoStrangeOne) {
  v1::AttachResponse again;
  v1::AgentWelcome& welcome = *again.mutable_welcome();
  welcome.mutable_lease()->set_seconds(-5);
  welcome.add_expected_runs("r-00000000000000fe");
  controller_.Say(again);
  const struct {
    int64_t lease;
    int nanos;
    int64_t time;
  } strange[] = {{INT64_MIN, INT32_MIN, INT64_MIN}, {0, 0, 0}, {INT64_MAX, INT32_MAX, INT64_MAX}};
  for (const auto& [lease, nanos, time] : strange) {
    SCOPED_TRACE(lease);
    welcome.mutable_lease()->set_seconds(lease);
    welcome.mutable_lease()->set_nanos(nanos);
    welcome.mutable_time()->set_seconds(time);
    const int hellos = controller_.hellos();
    controller_.GreetWith(welcome);
    controller_.HangUp();
    controller_.AwaitHelloAfter(hellos);
    controller_.AwaitAttention();
  }
}

TEST_F(RogueMessageTest, TakesNoRunIdForAPath) {
  const std::string ids[] = {"",
                             "r-",
                             "../../x",
                             "r-../../x",
                             "r-1/../../../trust/floor",
                             "/etc/passwd",
                             "r-A",
                             "r-1\n",
                             std::string("r-1\0", 4),
                             "r-\xc3\xa9",
                             "r-" + std::string(kTooLongId, 'a')};
  v1::AgentWelcome welcome;
  welcome.mutable_lease()->set_seconds(15);
  Draft draft(house_);
  v1::RunOffer offer = draft.Build();
  for (const std::string& id : ids) {
    SCOPED_TRACE(id);
    offer.set_run_id(id);
    ExpectRefused(offer, v1::REASON_INVALID_ARGUMENT);
    v1::ResumeOffer resume;
    resume.set_run_id(id);
    ExpectReason(controller_.Resume(resume).problem(), v1::REASON_NOT_FOUND);
    v1::AttachResponse message;
    message.mutable_cancel()->set_run_id(id);
    controller_.Say(message);
    message.mutable_event_ack()->set_run_id(id);
    message.mutable_event_ack()->set_seq(UINT64_MAX);
    controller_.Say(message);
    for (const v1::RunState state : {v1::RUN_STATE_SUCCEEDED, static_cast<v1::RunState>(4711)}) {
      message.mutable_report_ack()->set_run_id(id);
      message.mutable_report_ack()->set_state(state);
      controller_.Say(message);
    }
    welcome.add_expected_runs(id);
  }
  const int hellos = controller_.hellos();
  controller_.GreetWith(welcome);
  controller_.HangUp();
  controller_.AwaitHelloAfter(hellos);
  controller_.AwaitAttention();
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(house_.folder() + "/state/runs")) {
    const std::string name = entry.path().filename().string();
    EXPECT_TRUE(name == "done" || name.rfind("r-0", 0) == 0) << entry.path();
  }
}

TEST_F(RogueMessageTest, AnswersTwoOffersOfOneRunAlike) {
  Draft draft(house_);
  draft.approvers = {};
  const v1::RunOffer offer = draft.Build();
  ExpectRefused(offer, v1::REASON_APPROVALS_MISSING);
  ExpectRefused(offer, v1::REASON_APPROVALS_MISSING);
  // What was refused does not come back better.
  Draft proper(house_);
  proper.run_id = offer.run_id();
  ExpectRefused(proper, v1::REASON_APPROVALS_MISSING);
}

TEST_F(RogueMessageTest, TakesNothingElseWhileARunIsActive) {
  house_.AnswerHooks({{"/before", -1}});
  const size_t asked = house_.http().Seen().size();
  const v1::RunOffer active = Draft(house_).Build();
  ASSERT_TRUE(controller_.Offer(active).accepted());
  Await("the run's first step", [&] { return house_.http().Seen().size() > asked; });

  const v1::RunOffer other = Draft(house_).Build();
  const v1::OfferReply busy = controller_.Offer(other);
  EXPECT_FALSE(busy.accepted());
  ExpectReason(busy.problem(), v1::REASON_TARGET_BUSY);
  v1::ResumeOffer resume;
  resume.set_run_id("r-00000000000000ff");
  ExpectReason(controller_.Resume(resume).problem(), v1::REASON_TARGET_BUSY);
  // Acknowledgements of what has not been said, and cancels of others, are no matter to it.
  v1::AttachResponse message;
  message.mutable_event_ack()->set_run_id(active.run_id());
  message.mutable_event_ack()->set_seq(UINT64_MAX);
  controller_.Say(message);
  message.mutable_report_ack()->set_run_id(active.run_id());
  message.mutable_report_ack()->set_state(v1::RUN_STATE_SUCCEEDED);
  controller_.Say(message);
  message.mutable_cancel()->set_run_id(other.run_id());
  controller_.Say(message);
  controller_.HangUp();
  controller_.AwaitAttention();
  EXPECT_TRUE(house_.agent().Running());

  message.mutable_cancel()->set_run_id(active.run_id());
  controller_.Say(message);
  EXPECT_EQ(controller_.AwaitEnd(active.run_id()).state(), v1::RUN_STATE_CANCELLED);
  house_.AnswerHooks({});
  // The one that came in between stays refused.
  ExpectRefused(other, v1::REASON_TARGET_BUSY);
  EXPECT_EQ(house_.database().Scalar("select count(*) from items"), "1000");
  before_ = house_.Traces();  // with the claim that was cancelled
}

TEST_F(RogueMessageTest, RefusesHugeMessages) {
  const std::string huge(31 << 20, 'x');
  v1::RunOffer offer = Draft(house_).Build();
  offer.set_run_id(house_.NewRunId());
  v1::RunOffer forged = offer;
  forged.set_document(huge);
  ExpectRefused(forged, v1::REASON_PLAN_NOT_OURS);
  forged = offer;
  forged.set_run_id(house_.NewRunId());
  forged.mutable_run_statement()->set_text(huge);
  ExpectRefused(forged, v1::REASON_STATEMENT_INVALID);
  forged = offer;
  forged.set_run_id(house_.NewRunId());
  forged.mutable_approvals(0)->set_signature(huge);
  ExpectRefused(forged, v1::REASON_BAD_SIGNATURE);
  forged = offer;
  forged.set_run_id(house_.NewRunId());
  forged.clear_approvals();
  for (int i = 0; i < 100000; ++i) forged.add_approvals()->set_text("resetctl-approval-v1\n");
  ExpectRefused(forged, v1::REASON_STATEMENT_INVALID);
  v1::ResumeOffer resume;
  resume.set_run_id("r-00000000000000ff");
  resume.set_document(huge);
  ExpectReason(controller_.Resume(resume).problem(), v1::REASON_NOT_FOUND);
  v1::PlanOrder order = house_.PlanOrder(house_.Blueprint());
  order.set_bundle(huge);
  ExpectReason(controller_.Order(order).problems(0), v1::REASON_STATEMENT_MISMATCH);
  // Beyond what the transport takes: the stream ends, the agent comes back.
  const int hellos = controller_.hellos();
  controller_.SayBytes(std::string(33 << 20, '\x0a'));
  controller_.AwaitHelloAfter(hellos);

  // A refused offer is remembered by its id and reason, not by what was said.
  uint64_t bytes = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(house_.folder() + "/state/runs")) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  EXPECT_LT(bytes, huge.size());
}

// ---- nonsense

using google::protobuf::FieldDescriptor;
using test::RandomBytes;
using Random = std::mt19937;

v1::AttachResponse Nonsense(Random& random, const FieldDescriptor* kind) {
  v1::AttachResponse message;
  test::FillWithNonsense(random, message.GetReflection()->MutableMessage(&message, kind));
  return message;
}

TEST_F(RogueMessageTest, SurvivesNonsenseInEveryField) {
  Random random(20261126);
  const auto* const kinds = v1::AttachResponse::descriptor();
  for (int round = 0; round < 12; ++round) {
    SCOPED_TRACE(round);
    for (int i = 0; i < kinds->field_count(); ++i) {
      v1::AttachResponse message = Nonsense(random, kinds->field(i));
      if (message.has_offer() && round % 2 == 0)
        message.mutable_offer()->set_run_id(house_.NewRunId());
      controller_.Say(message);
      if (message.has_drain()) controller_.AwaitAttention();  // on the next stream
    }
    controller_.AwaitAttention();
  }
  v1::TwinOrder release;
  release.set_order_id("release");
  EXPECT_FALSE(controller_.Twin(release).has_problem());
}

// A message that cannot be read ends no stream by itself: the agent hears nothing more, and after two leases it goes.
constexpr absl::Duration kShortLease = absl::Milliseconds(150);

TEST_F(RogueMessageTest, SurvivesTextThatIsNotUtf8) {
  GreetWithLease(kShortLease);
  Random random(1);
  const auto* const kinds = v1::AttachResponse::descriptor();
  for (int i = 0; i < kinds->field_count(); ++i) {
    v1::AttachResponse message = Nonsense(random, kinds->field(i));
    std::string bytes = message.SerializeAsString();
    // The same text fields with other bytes: what is printable becomes 0xff here and there.
    for (char& c : bytes) {
      if (c >= 'a' && c <= 'z' && random() % 4 == 0) c = '\xff';
    }
    controller_.SayBytes(bytes);
    controller_.AwaitAttention();
  }
  v1::AttachResponse offer;
  *offer.mutable_offer() = Draft(house_).Build();
  offer.mutable_offer()->set_run_id("r-\xff\xfe");
  controller_.Say(offer);
  controller_.AwaitAttention();
}

TEST_F(RogueMessageTest, SurvivesBytesThatAreNoMessage) {
  GreetWithLease(kShortLease);
  Random random(2);
  const std::string proper = [&] {
    v1::AttachResponse message;
    *message.mutable_offer() = Draft(house_).Build();
    return message.SerializeAsString();
  }();
  for (int i = 0; i < 40; ++i) {
    SCOPED_TRACE(i);
    std::string bytes = RandomBytes(random, /*text=*/false);
    if (i % 4 == 1) bytes = proper.substr(0, random() % (proper.size() - 1));
    if (i % 4 == 3) {
      bytes = proper;
      bytes[random() % 64] =
          static_cast<char>(random());  // the lengths at its beginning, or the run's id
      bytes.resize(bytes.size() - 1);
    }
    controller_.SayBytes(bytes);
    if (i % 5 == 4) controller_.AwaitAttention();
  }
}

}  // namespace
}  // namespace resetctl::support

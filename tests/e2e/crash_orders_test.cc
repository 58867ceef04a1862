// Whatever dies while a person resumes a run or binds a target anew: the order is carried out or is not, and giving it again is all
// that is ever needed.
#include <cstdio>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/e2e/crash_test.h"

namespace resetctl::support {
namespace {

class CrashOrdersTest : public CrashTest, public ::testing::WithParamInterface<Event> {
 protected:
  // `order` by alice, who is stopped at the failpoint, and what happens there. Then everything is there again, and the order has
  // ended: its exit code.
  int OrderWith(const std::vector<std::string>& order, const Mishap& mishap,
                const std::string& plan) {
    failpoints_.Arm(mishap.failpoint);
    const std::unique_ptr<Daemon> client =
        stack_->InBackground("alice", order, stack_->folder() + "/order.log");
    failpoints_.AwaitAt(mishap.failpoint);
    Happen(mishap, plan);
    Await("the order to end", [&] { return !client->Running(); });
    stack_->AwaitAgent("staging");
    return client->Stop();
  }
  std::string Marker() { return Ask("select marker from resetctl.target"); }
};

TEST_P(CrashOrdersTest, AResumeIsCarriedOutOrCanBeGivenAgain) {
  for (const char* failpoint : {"controller.resume.stored", "agent.resume.journaled"}) {
    const Mishap mishap = {GetParam(), failpoint};
    SCOPED_TRACE(NameOf(mishap));
    FillAgain();
    const std::string plan = stack_->Plan("alice", failing_blueprint_, "staging");
    EXPECT_EQ(As("alice", {"run", plan}).exit_code, 6);
    const std::string rows = Rows();
    const Said listed = As("alice", {"list", "runs", "--limit", "1", "-o", "json"});
    const std::string run = Stack::Field(listed.out, "runs.0.id");
    ASSERT_EQ(StateOf(run), "RUN_STATE_NEEDS_ATTENTION") << listed.both();
    std::ofstream(mark_ + "-mended").flush();

    OrderWith({"resume", run}, mishap, plan);
    std::string state;
    Await("the run to end", [&] {
      state = StateOf(run);
      return state == "RUN_STATE_SUCCEEDED" || state == "RUN_STATE_NEEDS_ATTENTION";
    });
    if (state == "RUN_STATE_NEEDS_ATTENTION") {
      const Said again = As("alice", {"resume", run});
      EXPECT_EQ(again.exit_code, 0) << again.both();
    }
    const Said shown = As("alice", {"show", run, "-o", "json"});
    EXPECT_EQ(Stack::Field(shown.out, "run.state"), "RUN_STATE_SUCCEEDED") << shown.both();
    EXPECT_EQ(Rows(), rows);
    EXPECT_TRUE(CacheIsFlushed());
    EXPECT_TRUE(std::ifstream(mark_ + "-restarted").good());
    EXPECT_FALSE(std::ifstream(mark_ + "-closed").good());
    ExpectEventsOnceEach(shown.out);
    EXPECT_EQ(Ask("select count(*) from resetctl.ledger where run = '" + run + "'"), "1");
  }
}

TEST_P(CrashOrdersTest, ARebindIsCarriedOutOrCanBeGivenAgain) {
  EXPECT_EQ(RunWith({}), 0);  // leaves the schema resetctl with its marker
  for (const char* failpoint :
       {"agent.rebind.used", "agent.rebind.committed", "controller.rebind.stored"}) {
    const Mishap mishap = {GetParam(), failpoint};
    SCOPED_TRACE(NameOf(mishap));
    const std::string marker = Marker();
    const int code = OrderWith({"target", "rebind", "staging/shop", "--yes"}, mishap, "");
    // Bound to what is there, or nothing is done there.
    const Said plan = As("alice", {"plan", blueprint_, "--env", "staging"});
    if (code == 0) {
      EXPECT_NE(Marker(), marker);
      EXPECT_EQ(plan.exit_code, 0) << plan.both();
    } else if (plan.exit_code != 0) {
      EXPECT_EQ(plan.exit_code, 5) << plan.both();
      EXPECT_NE(plan.both().find("target rebind staging/shop"), std::string::npos) << plan.both();
    }
    const Said again = As("alice", {"target", "rebind", "staging/shop", "--yes"});
    EXPECT_EQ(again.exit_code, 0) << again.both();
    EXPECT_EQ(RunWith({}), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(All, CrashOrdersTest,
                         ::testing::Values(Event::kAgentKilled, Event::kControllerKilled,
                                           Event::kBackendKilled, Event::kLinkCut,
                                           Event::kDatabaseCut, Event::kStalled),
                         [](const auto& event) { return NameOf(event.param); });

}  // namespace
}  // namespace resetctl::support

// The agent of a run is away: people are told since when, and what to do, whatever the controller has been through meanwhile.
#include <gtest/gtest.h>

#include "tests/e2e/gated_shop.h"

namespace resetctl::support {
namespace {

class AgentAwayTest : public GatedShopTest {
 protected:
  void ExpectSinceWhenAndWhatToDo(const std::string& run) {
    const std::string page = As("alice", {"show", run}).out;
    const Said doctor = As("alice", {"doctor"});
    EXPECT_EQ(doctor.exit_code, 9) << doctor.both();
    for (const std::string& text : {page, doctor.out}) {
      EXPECT_NE(text.find("away,"), std::string::npos) << text;
      EXPECT_NE(text.find("last seen today "), std::string::npos) << text;
      EXPECT_NE(text.find("Start its reset-agent"), std::string::npos) << text;
      EXPECT_NE(text.find("resetctl watch " + run.substr(0, 10)), std::string::npos) << text;
    }
  }
};

TEST_F(AgentAwayTest, ShowAndDoctorSaySinceWhenAndWhatToDo) {
  Open("staging");
  RunAtGate at = RunToTheGate();
  EXPECT_EQ(As("alice", {"doctor"}).exit_code, 0);
  stack_->AgentOf("staging").Kill();
  Await("the controller to notice", [&] { return !stack_->IsOnline("staging"); });
  ExpectSinceWhenAndWhatToDo(at.run);
  stack_->controller().Kill();
  stack_->StartController();
  ExpectSinceWhenAndWhatToDo(at.run);

  stack_->StartAgent("staging");
  AwaitState(at.run, "RUN_STATE_ROLLED_BACK");
  stack_->AwaitAgent("staging");
  EXPECT_EQ(As("alice", {"doctor"}).exit_code, 0);
}

}  // namespace
}  // namespace resetctl::support

#ifndef RESETCTL_TESTS_CONTROLLER_SERVICE_READY_HOUSE_H_
#define RESETCTL_TESTS_CONTROLLER_SERVICE_READY_HOUSE_H_

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "controller/service/run_watch.h"
#include "tests/controller/service/house.h"

namespace resetctl::controller {

inline constexpr char kPhrase[] = "DELETE ALL DATA shop";

// An approved plan for production, and its agent.
struct Ready : House {
  Ready() : agent(Attach("production")), plan(MakePlan("alice", agent)) {
    const auto decided = approvals.Decide(As("bob"), Decision("bob", plan, "approve"));
    EXPECT_TRUE(decided.ok()) << decided.status();
  }
  absl::StatusOr<v1::StartRunResponse> Run(bool detach = true) {
    v1::StartRunRequest request = RunRequest("alice", plan, kPhrase);
    request.set_detach(detach);
    return runs.Start(As("alice"), request);
  }
  // Started, held, offered.
  std::string Offered() {
    const auto started = Run();
    EXPECT_TRUE(started.ok()) << started.status();
    Advance(absl::Seconds(5));
    return started->run().id();
  }
  std::string Running() {
    std::string id = Offered();
    Accept(agent, id);
    EXPECT_EQ(StateOf(id), v1::RUN_STATE_RUNNING);
    return id;
  }
  std::unique_ptr<RunWatch> Watch(const std::string& person, const std::string& run_id,
                                  uint64_t after = 0) {
    return std::make_unique<RunWatch>(desk, flow, As(person), *store.GetRun(run_id), after, [] {});
  }
  void Event(const std::string& run_id, uint64_t seq) {
    v1::AttachRequest message;
    message.mutable_event()->set_run_id(run_id);
    message.mutable_event()->set_seq(seq);
    message.mutable_event()->set_step(v1::STEP_KIND_CLEAR);
    message.mutable_event()->set_kind(v1::EVENT_KIND_SUCCEEDED);
    ASSERT_TRUE(Tell(agent, message).ok());
  }

  Attached agent;
  v1::Plan plan;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_TESTS_CONTROLLER_SERVICE_READY_HOUSE_H_

#include "controller/service/agent_orders.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "proto/contract/reasons.h"
#include "tests/controller/service/house.h"

namespace resetctl::controller {
namespace {

const AgentHub::Key kShop{"production", "shop"};
const AgentHub::Key kBank{"production", "bank"};

class AgentOrdersTest : public testing::Test {
 protected:
  void Place(const std::string& id, int order) {
    orders.Place(id, kShop, order, v1::AttachResponse(), absl::Minutes(1),
                 contract::Error(v1::REASON_DEADLINE, "late", ""));
  }

  House house;
  std::atomic<int> failures = 0;
  std::atomic<v1::Reason> last_reason = v1::REASON_UNSPECIFIED;
  AgentOrders<int> orders{house.agents, house.scheduler, [this](int, const absl::Status& status) {
                            ++failures;
                            last_reason = contract::ReasonOf(status);
                          }};
};

TEST_F(AgentOrdersTest, GivesAnOrderToItsOwnAgentOnce) {
  house.Attach("production");
  Place("o-1", 7);
  EXPECT_EQ(orders.Take("o-1", kBank), std::nullopt);
  EXPECT_EQ(orders.Take("o-2", kShop), std::nullopt);
  EXPECT_EQ(orders.Take("o-1", kShop), 7);
  EXPECT_EQ(orders.Take("o-1", kShop), std::nullopt);
  house.Advance(absl::Minutes(2));
  EXPECT_EQ(failures, 0);
}

TEST_F(AgentOrdersTest, FailsAnOrderByAbsenceLossAndDeadline) {
  Place("o-1", 1);
  EXPECT_EQ(failures, 1);
  EXPECT_EQ(last_reason, v1::REASON_AGENT_OFFLINE);
  house.Attach("production");
  Place("o-2", 2);
  orders.AgentLost(kBank);
  EXPECT_EQ(failures, 1);
  orders.AgentLost(kShop);
  EXPECT_EQ(failures, 2);
  EXPECT_EQ(last_reason, v1::REASON_AGENT_OFFLINE);
  Place("o-3", 3);
  house.Advance(absl::Minutes(1));
  EXPECT_EQ(failures, 3);
  EXPECT_EQ(last_reason, v1::REASON_DEADLINE);
  EXPECT_EQ(orders.Take("o-3", kShop), std::nullopt);
}

TEST_F(AgentOrdersTest, EndsEachOrderOnceWhileReplyLossAndDeadlineRace) {
  house.Attach("production");
  constexpr int kOrders = 200;
  for (int i = 0; i < kOrders; ++i) Place(std::to_string(i), i);
  house.clock.Advance(absl::Minutes(1));
  std::atomic<int> taken = 0;
  std::thread replies([&] {
    for (int i = 0; i < kOrders; ++i) taken += orders.Take(std::to_string(i), kShop) ? 1 : 0;
  });
  std::thread deadlines([&] { house.scheduler.RunDue(); });
  std::thread loss([&] { orders.AgentLost(kShop); });
  replies.join();
  deadlines.join();
  loss.join();
  EXPECT_EQ(taken + failures, kOrders);
}

}  // namespace
}  // namespace resetctl::controller

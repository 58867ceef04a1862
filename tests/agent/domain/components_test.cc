#include "agent/domain/components.h"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace resetctl::agent {
namespace {

using ::testing::ElementsAre;
using Edges = std::vector<std::pair<int, int>>;
using Order = std::vector<std::vector<int>>;

TEST(ComponentsTest, PutsEachNodeBeforeWhatItsEdgesLeadTo) {
  EXPECT_EQ(OrderedComponents(3, {{2, 1}, {1, 0}}), (Order{{2}, {1}, {0}}));
}

TEST(ComponentsTest, TakesTheSmallestOfThoseThatMayComeNext) {
  EXPECT_EQ(OrderedComponents(4, {{3, 0}}), (Order{{1}, {2}, {3}, {0}}));
}

TEST(ComponentsTest, FindsCyclesAndForgetsLoops) {
  EXPECT_EQ(OrderedComponents(5, {{0, 1}, {1, 2}, {2, 0}, {3, 3}, {3, 0}, {2, 4}}),
            (Order{{3}, {0, 1, 2}, {4}}));
}

TEST(ComponentsTest, MindsNoRepeatedEdge) {
  EXPECT_EQ(OrderedComponents(2, {{1, 0}, {1, 0}, {1, 0}}), (Order{{1}, {0}}));
}

TEST(ComponentsTest, OrdersNothing) { EXPECT_TRUE(OrderedComponents(0, {}).empty()); }

TEST(ComponentsTest, FollowsAChainOfAHundredThousand) {
  constexpr int kNodes = 100000;
  Edges edges;
  for (int i = 0; i + 1 < kNodes; ++i) edges.emplace_back(i, i + 1);
  const Order order = OrderedComponents(kNodes, edges);
  ASSERT_EQ(order.size(), static_cast<size_t>(kNodes));
  EXPECT_THAT(order.front(), ElementsAre(0));
  EXPECT_THAT(order.back(), ElementsAre(kNodes - 1));
  edges.emplace_back(kNodes - 1, 0);
  EXPECT_EQ(OrderedComponents(kNodes, edges).size(), 1u);
}

// Against the definition: two nodes share a component when each reaches the other.
TEST(ComponentsTest, AgreesWithReachabilityOnRandomGraphsHoweverShuffled) {
  std::mt19937 random(20261125);
  for (int round = 0; round < 300; ++round) {
    const int nodes = 1 + static_cast<int>(random() % 12);
    Edges edges;
    for (unsigned i = 0; i < random() % 24; ++i) {
      edges.emplace_back(static_cast<int>(random() % static_cast<unsigned>(nodes)),
                         static_cast<int>(random() % static_cast<unsigned>(nodes)));
    }
    std::vector<std::vector<bool>> reaches(static_cast<size_t>(nodes),
                                           std::vector<bool>(static_cast<size_t>(nodes), false));
    for (size_t i = 0; i < reaches.size(); ++i) reaches[i][i] = true;
    for (const auto& [a, b] : edges) reaches[static_cast<size_t>(a)][static_cast<size_t>(b)] = true;
    for (size_t k = 0; k < reaches.size(); ++k) {
      for (size_t i = 0; i < reaches.size(); ++i) {
        for (size_t j = 0; j < reaches.size(); ++j) {
          if (reaches[i][k] && reaches[k][j]) reaches[i][j] = true;
        }
      }
    }
    const Order order = OrderedComponents(nodes, edges);
    std::vector<size_t> place(static_cast<size_t>(nodes));
    size_t members = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      members += order[i].size();
      EXPECT_TRUE(std::is_sorted(order[i].begin(), order[i].end()));
      for (const int node : order[i]) place[static_cast<size_t>(node)] = i;
    }
    ASSERT_EQ(members, static_cast<size_t>(nodes));
    for (size_t i = 0; i < reaches.size(); ++i) {
      for (size_t j = 0; j < reaches.size(); ++j) {
        EXPECT_EQ(place[i] == place[j], reaches[i][j] && reaches[j][i]) << "round " << round;
        EXPECT_TRUE(!reaches[i][j] || place[i] <= place[j]) << "round " << round;
      }
    }
    std::shuffle(edges.begin(), edges.end(), random);
    EXPECT_EQ(OrderedComponents(nodes, edges), order);
  }
}

}  // namespace
}  // namespace resetctl::agent

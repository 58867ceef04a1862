// Whatever dies, the outcome is known (P1, P5). For every failpoint in the sources, and each thing that can happen there: a run stops
// at it, the thing happens, everything goes on, and the run must end by itself in a state that equals the database's truth.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <tuple>

#include <gtest/gtest.h>

#include "tests/e2e/crash_test.h"

namespace resetctl::support {
namespace {

// What happens at a failpoint: once; at one of a restart, after the agent has died with its COMMIT on the way, and just before it.
std::vector<std::vector<Mishap>> WaysTo(Event event, const std::string& failpoint) {
  if (!IsOfARestart(failpoint)) return {{{event, failpoint}}};
  return {{{Event::kAgentKilled, "agent.commit.sent"}, {event, failpoint}},
          {{Event::kAgentKilled, "agent.commit.before"}, {event, failpoint}}};
}

class CrashReachTest : public CrashTest {};

TEST_F(CrashReachTest, RunsPassEveryFailpoint) {
  failpoints_.Reached();
  RunWith(WaysTo(Event::kLinkCut, "agent.recovery.begin").front());
  RunWith(WaysTo(Event::kLinkCut, "agent.reset.begin").front());
  const std::vector<std::string> reached = failpoints_.Reached();
  const std::vector<std::string> all = FailpointsOfTheSources();
  EXPECT_GE(all.size(), 60u);
  for (const std::string& failpoint : all) {
    EXPECT_EQ(std::count(reached.begin(), reached.end(), failpoint), 1)
        << "no run passes " << failpoint;
  }
}

std::string BytesOf(const char* program) {
  std::ostringstream bytes;
  bytes << std::ifstream(program, std::ios::binary).rdbuf();
  return bytes.str();
}

TEST(ShippedProgramsTest, HaveNothingThatCouldBeSwitchedOn) {
  for (const char* program : {RESETCTL_AGENT, RESETCTL_CONTROLLER}) {
    EXPECT_EQ(BytesOf(program).find("RESETCTL_FAILPOINTS"), std::string::npos) << program;
  }
  EXPECT_NE(BytesOf(RESETCTL_AGENT_FAILPOINTS).find("RESETCTL_FAILPOINTS"), std::string::npos);
}

class CrashMatrixTest : public CrashTest,
                        public ::testing::WithParamInterface<std::tuple<Event, int>> {};

// A quarter of the failpoints each, so that they run side by side and none takes long.
constexpr int kParts = 4;

TEST_P(CrashMatrixTest, EveryRunEndsInTheDatabasesTruth) {
  const auto [event, part] = GetParam();
  const std::vector<std::string> all = FailpointsOfTheSources();
  int cells = 0;
  for (size_t i = static_cast<size_t>(part); i < all.size() && !HasFailure(); i += kParts) {
    for (const std::vector<Mishap>& mishaps : WaysTo(event, all[i])) {
      SCOPED_TRACE(NameOf(mishaps.front()) + ", " + NameOf(mishaps.back()));
      ++cells;
      try {
        EXPECT_EQ(RunWith(mishaps), static_cast<int>(mishaps.size()));
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
    }
  }
  std::printf("crash matrix, %s: %d cells, %s\n", NameOf(event).c_str(), cells,
              HasFailure() ? "a violation" : "0 violations");
}

using Cells = ::testing::TestParamInfo<std::tuple<Event, int>>;
std::string NameOfCells(const Cells& cells) {
  return NameOf(std::get<0>(cells.param)) + std::to_string(std::get<1>(cells.param));
}

INSTANTIATE_TEST_SUITE_P(All, CrashMatrixTest,
                         ::testing::Combine(::testing::ValuesIn(kEvents),
                                            ::testing::Range(0, kParts)),
                         NameOfCells);

}  // namespace
}  // namespace resetctl::support

// Whatever dies, the outcome is known (P1, P5). For every failpoint in the sources, and each thing that can happen there: a run stops
// at it, the thing happens, everything goes on, and the run must end by itself in a state that equals the database's truth.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <tuple>

#include <gtest/gtest.h>

#include "tests/e2e/crash_test.h"

namespace resetctl::support {
namespace {

constexpr char kCommitBefore[] = "agent.commit.before";
constexpr char kCommitSent[] = "agent.commit.sent";

// What must have happened for a run to come to a failpoint; several where it comes there in several ways.
std::vector<std::vector<Mishap>> WaysTo(const std::string& failpoint) {
  const std::vector<Mishap> committed = {{Event::kAgentKilled, kCommitSent}};
  const std::vector<Mishap> not_committed = {{Event::kAgentKilled, kCommitBefore}};
  static const std::set<std::string> of_a_restart = {
      "agent.hello.sent",        "agent.welcomed",         "agent.recovery.begin",
      "agent.recovery.answered", "agent.ledger.locked",    "agent.ledger.read",
      "controller.hello.stored", "controller.welcome.sent"};
  if (of_a_restart.count(failpoint) > 0) return {committed, not_committed};
  if (failpoint.rfind("agent.claim.end.", 0) == 0) return {not_committed};
  if (failpoint == "agent.expected.taken") return {{{Event::kAgentKilled, "agent.offer.received"}}};
  if (failpoint == "controller.unknown.stored") return {{{Event::kStalled, kCommitBefore}}};
  if (failpoint.find(".cancel.") != std::string::npos) {
    return {{{Event::kCancelled, "agent.recheck.done"}}};
  }
  return {{}};
}

class CrashReachTest : public CrashTest {};

TEST_F(CrashReachTest, EveryFailpointOfTheSourcesIsInTheMatrix) {
  failpoints_.Passings();
  const std::vector<std::string> all = FailpointsOfRuns();
  EXPECT_GE(all.size(), 70u);
  RunWith({});
  std::map<std::string, int> passings = failpoints_.Passings();
  for (const std::string& failpoint : all) {
    // What comes there only after mishaps is asked for by each cell of the matrix.
    if (WaysTo(failpoint).front().empty()) {
      EXPECT_GT(passings[failpoint], 0) << "no run passes " << failpoint;
    }
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
  const std::vector<std::string> all = FailpointsOfRuns();
  int cells = 0;
  for (size_t i = static_cast<size_t>(part); i < all.size() && !HasFailure(); i += kParts) {
    for (std::vector<Mishap> mishaps : WaysTo(all[i])) {
      mishaps.push_back({event, all[i]});
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

// Most failpoints are passed several times in a run: journal, events, steps. The second, the middle and the last passing, each with
// the next kind of mishap.
class LaterPassingsTest : public CrashTest, public ::testing::WithParamInterface<int> {};

TEST_P(LaterPassingsTest, EveryRunEndsInTheDatabasesTruth) {
  failpoints_.Passings();
  RunWith({});
  size_t passing = 0;
  int cells = 0, came = 0;
  for (const auto& [failpoint, times] : failpoints_.Passings()) {
    for (const int skip : std::set<int>{1, times / 2, times - 1}) {
      if (skip < 1 || skip >= times || HasFailure()) continue;
      const Event event = kEvents[++passing % std::size(kEvents)];
      if (passing % kParts != static_cast<size_t>(GetParam())) continue;
      ++cells;
      const Mishap mishap = {event, failpoint, skip, /*may_not_come=*/true};
      SCOPED_TRACE(NameOf(mishap));
      try {
        came += RunWith({mishap});
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
    }
  }
  std::printf("later passings: %d cells, %d came there, %s\n", cells, came,
              HasFailure() ? "a violation" : "0 violations");
  EXPECT_GT(came, 0);
}

INSTANTIATE_TEST_SUITE_P(All, LaterPassingsTest, ::testing::Range(0, kParts));

}  // namespace
}  // namespace resetctl::support

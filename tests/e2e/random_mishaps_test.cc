// Runs with one to three mishaps at random places, one after the other. RESETCTL_ROUNDS says how many runs (20), RESETCTL_SEED
// which: a failing round is repeated alone by the seed that it prints.
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <random>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/e2e/crash_test.h"

namespace resetctl::support {
namespace {

uint32_t FromEnvironment(const char* name, uint32_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : static_cast<uint32_t>(std::strtoul(value, nullptr, 10));
}

std::vector<Mishap> RandomMishaps(uint32_t seed, const std::vector<std::string>& failpoints) {
  std::mt19937 random(seed);
  std::vector<Mishap> mishaps;
  const size_t number = 1 + random() % 3;
  while (mishaps.size() < number) {
    const size_t which = random() % (std::size(kEvents) + 1);
    const Event event = which < std::size(kEvents) ? kEvents[which] : Event::kBlackHole;
    const std::string& failpoint = failpoints[random() % failpoints.size()];
    const int skip = random() % 4 == 0 ? static_cast<int>(random() % 8) : 0;
    mishaps.push_back({event, failpoint, skip, /*may_not_come=*/true});
  }
  return mishaps;
}

class RandomMishapsTest : public CrashTest {};

TEST_F(RandomMishapsTest, EveryRunEndsInTheDatabasesTruth) {
  const uint32_t rounds = FromEnvironment("RESETCTL_ROUNDS", 20);
  const uint32_t first = FromEnvironment("RESETCTL_SEED", std::random_device()());
  const std::vector<std::string> failpoints = FailpointsOfRuns();
  std::printf("seeds %u to %u\n", first, first + rounds - 1);
  int happened = 0;
  for (uint32_t seed = first; seed != first + rounds && !HasFailure(); ++seed) {
    std::string trace = "RESETCTL_SEED=" + std::to_string(seed) + " RESETCTL_ROUNDS=1";
    const std::vector<Mishap> mishaps = RandomMishaps(seed, failpoints);
    for (const Mishap& mishap : mishaps) trace += "; " + NameOf(mishap);
    SCOPED_TRACE(trace);
    try {
      happened += RunWith(mishaps);
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
  std::printf("%d mishaps\n", happened);
  EXPECT_GT(happened, 0);
}

}  // namespace
}  // namespace resetctl::support

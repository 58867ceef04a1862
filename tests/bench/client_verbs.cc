// How long each verb of resetctl takes on loopback as a whole process: start, TLS, login token, answer. Prints milliseconds;
// docs/guide/performance.md says how to read them. Goal: below 100 ms each.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/e2e/shop.h"

namespace resetctl::support {
namespace {

constexpr int kRounds = 20;

class VerbBench : public ShopTest {
 public:
  void TestBody() override {
    Open("staging");
    const std::string blueprint = Blueprint();
    const std::string plan = stack_->Plan("alice", blueprint, "staging");
    As("alice", {"run", plan});
    const std::string run = OnlyRun();
    std::printf("%-28s %8s %8s %8s   ms, %d rounds\n", "verb", "min", "median", "max", kRounds);
    for (const std::vector<std::string>& verb :
         std::vector<std::vector<std::string>>{{"version"},
                                               {"whoami"},
                                               {"env", "list"},
                                               {"target", "list"},
                                               {"policy", "show"},
                                               {"list", "plans"},
                                               {"list", "runs"},
                                               {"show", plan},
                                               {"show", run},
                                               {"audit", "list"},
                                               {"blueprint", "check", blueprint},
                                               {"plan", blueprint, "--env", "staging"}}) {
      Measure(verb, [] {});
    }
    Measure({"login"}, [this] { As("alice", {"logout"}); });
  }

 private:
  template <typename Before>
  void Measure(const std::vector<std::string>& verb, Before before) {
    std::vector<double> took;
    for (int round = 0; round < kRounds; ++round) {
      before();
      const auto start = std::chrono::steady_clock::now();
      const Said said = As("alice", verb);
      took.push_back(
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
              .count());
      if (said.exit_code != 0) std::fprintf(stderr, "%s", said.both().c_str());
    }
    std::sort(took.begin(), took.end());
    std::string name;
    for (size_t i = 0; i < std::min<size_t>(2, verb.size()); ++i)
      name += verb[i].substr(0, 12) + " ";
    std::printf("%-28s %8.1f %8.1f %8.1f\n", name.c_str(), took.front(), took[took.size() / 2],
                took.back());
  }
};

}  // namespace
}  // namespace resetctl::support

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  ::testing::RegisterTest("Bench", "ClientVerbs", nullptr, nullptr, __FILE__, __LINE__,
                          []() -> ::testing::Test* { return new resetctl::support::VerbBench; });
  return RUN_ALL_TESTS();
}

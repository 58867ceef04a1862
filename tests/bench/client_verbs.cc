// How long each verb of resetctl takes on loopback as a whole process: start, TLS, login token, answer. Prints milliseconds;
// docs/guide/performance.md says how to read them. Goal: below 100 ms each.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "tests/e2e/shop.h"

namespace resetctl::support {
namespace {

constexpr int kRounds = 20;

class VerbBench : public ShopTest {
 protected:
  void MeasureAll() {
    Open("staging");
    Open("production");
    const std::string blueprint = Blueprint();
    const std::string done = stack_->Plan("alice", blueprint, "staging");
    As("alice", {"run", done});
    const std::string run = OnlyRun();
    std::printf("%-28s %8s %8s %8s   ms, %d rounds\n", "verb", "min", "median", "max", kRounds);
    for (const std::vector<std::string>& verb :
         std::vector<std::vector<std::string>>{{"version"},
                                               {"whoami"},
                                               {"env", "list"},
                                               {"target", "list"},
                                               {"target", "show", "shop", "--env", "staging"},
                                               {"agent", "list"},
                                               {"policy", "show"},
                                               {"list", "plans"},
                                               {"list", "runs"},
                                               {"show", done},
                                               {"show", run},
                                               {"watch", run},
                                               {"audit", "list"},
                                               {"blueprint", "check", blueprint},
                                               {"plan", blueprint, "--env", "staging"}}) {
      Measure([&verb] { return verb; });
    }
    const std::string plan = stack_->Plan("carol", blueprint, "production");
    Measure([&]() -> Arguments {
      As("alice", {"unapprove", plan});
      return {"approve", plan, "--yes"};
    });
    Measure([&]() -> Arguments {
      As("alice", {"approve", plan, "--yes"});
      return {"unapprove", plan};
    });
    Measure([&]() -> Arguments {
      return {"withdraw", stack_->Plan("alice", blueprint, "staging")};
    });
    Measure([&]() -> Arguments {
      return {"reject", stack_->Plan("carol", blueprint, "production"), "-m", "bench"};
    });
    Measure([this]() -> Arguments {
      As("alice", {"logout"});
      return {"login"};
    });
  }

 private:
  using Arguments = std::vector<std::string>;

  // `prepare` makes ready what the verb needs, unmeasured, and says how it is called.
  void Measure(const std::function<Arguments()>& prepare) {
    std::vector<double> took;
    Arguments verb;
    for (int round = 0; round < kRounds; ++round) {
      verb = prepare();
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

TEST_F(VerbBench, ClientVerbs) { MeasureAll(); }

}  // namespace
}  // namespace resetctl::support

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

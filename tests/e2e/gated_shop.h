#ifndef RESETCTL_TESTS_E2E_GATED_SHOP_H_
#define RESETCTL_TESTS_E2E_GATED_SHOP_H_

#include <memory>
#include <string>

#include "tests/e2e/shop.h"

namespace resetctl::support {

// A shop in staging whose runs stop, after the clear and before their COMMIT, for as long as the test holds a gate.
class GatedShopTest : public ShopTest {
 protected:
  // The blueprint with the gate.
  std::string Gated();
  // Closed until OpenGate(), or until the session ends.
  TestConnection CloseGate();
  static void OpenGate(TestConnection& gate);
  bool SomebodyIsAtTheGate();
  void AwaitAtGate();
  // Until the agent, which waits for a statement, has looked by so many more connections whether its backend is at work.
  void AwaitLooks(int looks);

  // A run of a plan by alice that stands at the gate.
  struct RunAtGate {
    std::string plan;
    TestConnection gate;
    std::unique_ptr<Daemon> client;
    std::string run;
  };
  RunAtGate RunToTheGate();

  // resetctl run, in the background; what it says is in log_.
  std::unique_ptr<Daemon> StartRun(const std::string& plan);
  std::string StateOfPlan(const std::string& plan);
  void AwaitState(const std::string& run, const std::string& state);
  // The exit code of a program that ends by itself.
  static int EndOf(Daemon& program);

  std::string log_;
};

}  // namespace resetctl::support

#endif  // RESETCTL_TESTS_E2E_GATED_SHOP_H_

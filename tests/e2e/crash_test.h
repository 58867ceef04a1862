#ifndef RESETCTL_TESTS_E2E_CRASH_TEST_H_
#define RESETCTL_TESTS_E2E_CRASH_TEST_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/e2e/failpoints.h"
#include "tests/e2e/shop.h"
#include "tests/support/tcp_proxy.h"

namespace resetctl::support {

enum class Event {
  kAgentKilled,
  kControllerKilled,
  kBackendKilled,
  kLinkCut,      // between agent and controller
  kDatabaseCut,  // between agent and PostgreSQL
  kStalled,      // the process is stopped for longer than the lease
  kCancelled,    // a person asks for the end of the run
  kBlackHole,  // what there is between agent and PostgreSQL is swallowed from then on, and not closed
};
// At every failpoint; a black hole, which takes its time to be noticed, at random ones.
inline constexpr Event kEvents[] = {
    Event::kAgentKilled, Event::kControllerKilled, Event::kBackendKilled, Event::kLinkCut,
    Event::kDatabaseCut, Event::kStalled,          Event::kCancelled};
std::string NameOf(Event event);

// What happens, and where: when the failpoint is passed for the first time, or `skip` times later.
struct Mishap {
  Event event;
  std::string failpoint;
  int skip = 0;
  bool may_not_come = false;  // else a run that does not come there is an error
};
std::string NameOf(const Mishap& mishap);

// Of the sources' failpoints those that runs come to, with mishaps or without. The others are those of orders to resume and to rebind.
std::vector<std::string> FailpointsOfRuns();

// A shop in staging whose agent and controller stop at failpoints (tests/failpoints/failpoints.cc), with proxies between agent, controller
// and database.
class CrashTest : public ShopTest {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Runs a plan, and has the mishaps happen in their order; how many did. Everything goes on after each. Then the run must end by itself in a state that equals the database's truth, with data wholly
  // old or wholly new, and with events and audit entries complete, in order and once each.
  int RunWith(const std::vector<Mishap>& mishaps);

  void FillAgain();
  void Happen(const Mishap& mishap, const std::string& plan);
  std::string Ask(const std::string& sql);
  std::string Rows();
  bool CacheIsFlushed();

  Failpoints failpoints_;
  std::string mark_;  // what the steps before and after leave: MARK-closed, MARK-restarted
  std::string blueprint_;
  // With a step after the commit that fails as long as there is no MARK-mended.
  std::string failing_blueprint_;

 private:
  // False when the run has ended without coming there, or was never begun.
  bool ComesTo(const Mishap& mishap, const std::string& plan, Daemon& client);
  void KillBackend();
  void Cancel(const std::string& plan, bool controller_answers);
  void Stall(bool agent);
  int TimesGivenUpByTheAgent();

  struct ListedRun {
    std::string id;  // empty: there is none
    std::string state;
  };
  // Nothing when the controller did not answer.
  std::optional<ListedRun> RunOf(const std::string& plan);
  // It has ended, or was never begun and will not be.
  bool IsOver(const std::string& plan, Daemon& client);
  void CheckTruth(const std::string& run, const std::string& old_rows);
  // Of the run's audit entries, in their order.
  std::vector<std::string> ActionsOn(const std::string& run);
  // Of all runs: the log verifies, and every step and result in it is signed by the agent.
  void CheckWords();

  // What the client of the latest run has said.
  std::string RunLog() const { return stack_->folder() + "/run.log"; }

  std::unique_ptr<TcpProxy> link_;
  std::unique_ptr<TcpProxy> database_link_;
  std::vector<std::unique_ptr<Daemon>> cancels_;
};

}  // namespace resetctl::support

#endif  // RESETCTL_TESTS_E2E_CRASH_TEST_H_

#ifndef RESETCTL_TESTS_CLIENT_FAKE_CONTROLLER_H_
#define RESETCTL_TESTS_CLIENT_FAKE_CONTROLLER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/app/terminal.h"
#include "client/output/printer.h"
#include "proto/contract/environment_rules.h"
#include "proto/contract/ssh_signature.h"
#include "resetctl/v1/plan.pb.h"
#include "resetctl/v1/run.pb.h"
#include "resetctl/v1/target.pb.h"
#include "tests/client/fake_log.h"

namespace resetctl::client {

// What the fake is told, and what it has seen. Set the first part before a call, read the second after it.
struct Script {
  contract::EnvironmentRules rules;
  std::vector<v1::Problem> problems;  // answer to CreatePlan
  bool tamper = false;                // send other bytes than the id names
  bool approved = true;
  std::function<void(v1::PlanDocument*)> change;  // to the document of a plan that is made
  bool lose_bundles = false;                      // GetBundle finds none
  std::vector<v1::RunEvent> events;               // of a run, in order
  v1::Run end;                                    // how it ends
  v1::Run shown;                                  // by GetRun, in place of the one that was started
  std::vector<v1::Run> runs;                      // that ListRuns knows of
  std::vector<v1::Target> targets;
  bool reads_all = true;                       // may export the log
  bool has_witnesses = true;                   // knows of cosignatures
  std::vector<std::string> cosigned;           // notes with cosignatures
  std::function<void()> on_list;               // a page of entries was asked for
  int drop_lists = 0;                          // so many of those get no answer
  bool nothing_fits = false;                   // in the log, whatever is asked for
  std::function<void()> on_export;             // a page of the whole log was given
  int drop_streams = 0;                        // so many watches break after their first event
  std::function<void(v1::RunState)> on_watch;  // a watch has sent its first state

  std::vector<contract::VerifiedStatement> statements;  // each verified
  int started = 0;
  int cancelled = 0;
  int watched = 0;
  std::string bundle;
  std::vector<v1::ListEntriesRequest> lists;
};

// A controller in this process, on a real TLS port with a CA of its own. It knows one person, carol, verifies every
// statement with her key, and has one environment, production, with one target, rental-manager.
class FakeController {
 public:
  FakeController();
  ~FakeController();

  Script& script();
  // Change it between calls only.
  FakeLog& log();
  const std::string& address() const { return address_; }
  const std::string& ca_pin() const { return ca_pin_; }
  const std::string& key() const { return key_; }
  const std::string& home() const { return home_; }
  // The last plan that was made.
  v1::Plan plan();
  void Stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::string address_, ca_pin_, key_, home_;
};

class FakeTerminal : public Terminal {
 public:
  bool CanAsk() const override { return !lines.empty() || always; }
  std::optional<std::string> ReadLine() override;
  std::vector<std::string> lines;
  bool always = false;
};

// One call of the program against the fake.
struct Called {
  int exit = -1;
  std::string out;
  std::string err;
};
// `on_terminal`: standard output and error are a terminal of 80 columns and 40 rows.
Called Call(FakeController& controller, const std::vector<std::string>& arguments,
            const std::vector<std::string>& typed = {}, bool on_terminal = false);

}  // namespace resetctl::client

#endif  // RESETCTL_TESTS_CLIENT_FAKE_CONTROLLER_H_

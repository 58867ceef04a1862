#ifndef RESETCTL_TESTS_E2E_FORGERY_HOUSE_H_
#define RESETCTL_TESTS_E2E_FORGERY_HOUSE_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proto/contract/environment_rules.h"
#include "resetctl/v1/agent_link.pb.h"
#include "tests/e2e/rogue_controller.h"
#include "tests/e2e/signed_words.h"
#include "tests/support/daemon.h"
#include "tests/support/http_server.h"
#include "tests/support/postgres_cluster.h"
#include "tests/support/temp_folder.h"

namespace resetctl::support {

inline constexpr char kOtherDigest[] =
    "sha256:1111111111111111111111111111111111111111111111111111111111111111";
inline constexpr char kSecret[] = "Fresh-Start-2026!";  // ADMIN_PASSWORD, where the agent runs

// A plan that the agent made, and what it was ordered with.
struct MadePlan {
  v1::PlanOrder order;
  std::string document;
  std::string mac;
  v1::PlanDocument plan;
  std::string digest;
};

// One agent of production/shop for all tests of the program: the real program, enrolled at a rogue controller, with a real
// database, and people who sign. bob plans and runs, alice and dana approve:
//   dba: alice, bob; product: dana; sre: carol, bob; developers: erin; robots: nightly. Two approvals, dba and product.
class ForgeryHouse {
 public:
  static ForgeryHouse& Shared();

  ForgeryHouse();
  ~ForgeryHouse();

  RogueController& controller() { return controller_; }
  HttpServer& http() { return *http_; }
  TestDatabase& database() { return database_; }
  Daemon& agent() { return *agent_; }
  const std::string& folder() const { return folder_.path(); }

  // What stands in the files of trust; "" is no file. The agent reads them anew for each decision.
  static std::string Floor();
  static std::string Signers();
  void WriteTrust(const std::string& file, const std::string& text);
  void RestoreTrust();

  // What a rogue would like the rules to be, and an honest policy says.
  static contract::EnvironmentRules Rules();
  // A blueprint that leaves traces before, in and after the transaction; `changes` replace text.
  std::string Blueprint(const std::map<std::string, std::string>& changes = {}) const;
  static std::string Bundle(const std::string& blueprint);

  Words PlanWords(const std::string& bundle) const;
  Words ApprovalWords(const std::string& person, const MadePlan& plan) const;
  Words RunWords(const MadePlan& plan) const;
  Words ResumeWords(const std::string& run_id) const;
  Words RebindWords() const;

  v1::PlanOrder PlanOrder(const std::string& blueprint);
  // By an honest order; throws with the problems when there is no plan.
  MadePlan Plan(const v1::PlanOrder& order);
  // One that has not been carried out, for all who only want to be refused.
  const MadePlan& AnyPlan();
  std::string NewRunId();

  // Everything that a run would leave behind: rows, claims, the ledger, what hooks did, files of the agent's machine.
  std::string Traces();
  // The status that http steps get, by their path; 200 for others, -1: no answer until the client goes.
  void AnswerHooks(std::map<std::string, int> status_of_path) ABSL_LOCKS_EXCLUDED(mutex_);

  // The agent is the same process, attached, and carries out what is properly approved.
  void ProveAlive();
  // As it was before a run; the plan that was carried out is forgotten.
  void Refill();

 private:
  test::TempFolder folder_;
  RogueController controller_{"production", "shop"};
  base::Mutex mutex_;
  std::map<std::string, int> status_of_path_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<HttpServer> http_;
  TestDatabase database_;
  std::unique_ptr<Daemon> agent_;
  std::unique_ptr<MadePlan> any_plan_;
  int orders_ = 0;
  int runs_ = 0;
};

}  // namespace resetctl::support

#endif  // RESETCTL_TESTS_E2E_FORGERY_HOUSE_H_

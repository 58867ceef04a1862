#ifndef RESETCTL_TESTS_E2E_FORGERY_HOUSE_H_
#define RESETCTL_TESTS_E2E_FORGERY_HOUSE_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "proto/contract/environment_rules.h"
#include "proto/contract/statement.h"
#include "resetctl/v1/agent_link.pb.h"
#include "tests/e2e/rogue_controller.h"
#include "tests/support/daemon.h"
#include "tests/support/http_server.h"
#include "tests/support/postgres_cluster.h"
#include "tests/support/ssh_keys.h"
#include "tests/support/temp_folder.h"

namespace resetctl::support {

inline constexpr char kOtherDigest[] =
    "sha256:1111111111111111111111111111111111111111111111111111111111111111";
inline constexpr char kSecret[] = "Fresh-Start-2026!";  // ADMIN_PASSWORD, where the agent runs

// Keys of alice, "alice2" (her second one), bob, carol, dana, erin, nightly, and of mallory, whom nobody knows.
const test::SshKey& KeyOf(const std::string& name);

// A signature over any text for any namespace, as ssh-keygen makes it.
v1::SignedStatement SignText(const std::string& text, const std::string& namespace_name,
                             const std::string& key_of);

// A statement in the making: what somebody signs, or somebody else in their name.
struct Words {
  contract::StatementType type;
  std::map<std::string, std::string> fields;
  std::string key_of;
  std::string namespace_name = "";                   // empty: the type's own
  std::function<void(std::string&)> edit_text = {};  // before it is signed

  v1::SignedStatement Sign() const;
};

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

// An offer with everything in it that a forger would like to change. Without changes it is a proper one.
struct Draft {
  explicit Draft(ForgeryHouse& at) : house(at) {}
  v1::RunOffer Build();

  ForgeryHouse& house;
  std::string run_id;  // empty: a new one
  // For a plan of its own, made under this floor, with these rules.
  std::string floor_at_plan;
  std::function<void(contract::EnvironmentRules&)> edit_rules;
  std::function<void(v1::PlanOrder&)> edit_order;
  bool own_plan = false;
  // As if the agent itself had made the plan so: with its MAC.
  std::function<void(v1::PlanDocument&)> edit_plan;
  std::vector<std::string> approvers = {"alice", "dana"};
  std::function<void(size_t, Words&)> edit_approval;
  std::function<void(Words&)> edit_run;
  std::function<void(v1::RunOffer&)> tamper;  // last
  // Files of trust when it is offered.
  std::map<std::string, std::string> trust;
  MadePlan plan;  // after Build()
};

// What the agent says, and that nothing came of it. Now and then, and at the end, a proper offer shows that it was the forgery
// that was refused.
class ForgeryTest : public testing::Test {
 protected:
  void TearDown() override;
  void ExpectRefused(Draft& draft, v1::Reason reason);
  void ExpectRefused(const v1::RunOffer& offer, v1::Reason reason);
  // What was said says so, and holds no secret in any spelling that a reader would see through.
  static void ExpectReason(const v1::Problem& problem, v1::Reason reason);
  static void ExpectNoSecret(const std::string& text);

  ForgeryHouse& house_ = ForgeryHouse::Shared();
  RogueController& controller_ = house_.controller();
};

struct OfferForgery {
  const char* name;
  v1::Reason reason;
  void (*forge)(Draft&);
};
void PrintTo(const OfferForgery& forgery, std::ostream* out);

class OfferForgeryTest : public ForgeryTest, public testing::WithParamInterface<OfferForgery> {};

}  // namespace resetctl::support

#endif  // RESETCTL_TESTS_E2E_FORGERY_HOUSE_H_

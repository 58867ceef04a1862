#ifndef RESETCTL_TESTS_AGENT_SERVICE_STAGE_H_
#define RESETCTL_TESTS_AGENT_SERVICE_STAGE_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/journal/journal.h"
#include "agent/service/parts.h"
#include "agent/service/run_book.h"
#include "agent/service/run_executor.h"
#include "agent/service/run_settler.h"
#include "proto/contract/statement.h"
#include "resetctl/v1/agent_link.pb.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_target.h"
#include "tests/support/ssh_keys.h"
#include "tests/support/temp_folder.h"

namespace resetctl::agent {

inline constexpr char kEnvironment[] = "production";
inline constexpr char kTarget[] = "shop";
inline constexpr char kPhrase[] = "DELETE ALL DATA shop";
inline constexpr char kPassword[] = "hunter2-Secret!";

// Keys of alice, bob, dana, carol, nightly (known), and mallory (not).
const test::SshKey& KeyOf(const std::string& person);
std::string AllowedSignersText();
// dba: alice, bob; product: dana; developers: carol; robots: nightly. Two approvals, from dba and product each.
inline constexpr char kFloor[] =
    "groups: {dba: [alice, bob], product: [dana], developers: [carol], robots: [nightly]}\n"
    "robots: [nightly]\n"
    "plan: [dba, robots]\n"
    "run: [dba]\n"
    "approvals: {required: 2, groups: [dba, product], distinct_groups: true, ttl: 4h}\n"
    "max_plan_age: 24h\n";

std::string BundleBytes();
std::string BundleBytes(const std::string& blueprint);
std::string RulesJson();

// What somebody signs.
struct Words {
  contract::StatementType type;
  std::map<std::string, std::string> fields;
  std::string key_of;  // the person whose key signs
  v1::SignedStatement Sign() const;
};

// An agent on fakes, with real files, real keys and a clock that stands at 2026-11-24 09:00.
class Stage {
 public:
  Stage();
  void WriteFloor(const std::string& text);

  Words PlanWords() const;
  v1::PlanOrder PlanOrder(const Words& words) const;
  Words ApprovalWords(const std::string& person, const v1::PlanDocument& plan,
                      const std::string& digest) const;
  Words RunWords(const std::string& digest) const;
  Words ResumeWords(const std::string& run_id) const;

  test::TempFolder folder;
  test::FakeClock clock;
  std::map<std::string, std::string> environment;
  test::FakeDatabase database;
  test::FakeCache cache;
  test::FakeHooks hooks;
  TrustStore trust;
  LocalKey key;
  PlanStore plans;
  CommitMemory commits;
  std::unique_ptr<Witness> witness;
  AgentParts parts;
};

// An offer, with everything in it that a forger would like to change. Build() signs.
struct OfferDraft {
  explicit OfferDraft(Stage& stage);
  v1::RunOffer Build();

  Stage& stage;
  std::string run_id = "r-0123456789abcdef";
  Words plan_words;
  std::vector<std::string> approvers = {"alice", "dana"};
  std::function<void(v1::PlanDocument&)> edit_plan;  // before the agent's MAC
  std::function<void(Words&)> edit_run;
  std::function<void(size_t, Words&)> edit_approval;
  std::function<void(v1::RunOffer&)> tamper;  // after everything
};

// Journal, book, settler and executor on a stage; a second one on the same stage is the next process.
struct Process {
  explicit Process(Stage& stage);
  v1::OfferReply Offer(const v1::RunOffer& offer);
  v1::OfferReply Resume(const v1::ResumeOffer& offer);
  // The newest report of the run that waits to be sent.
  v1::RunReport Report(const std::string& run_id) const;

  std::unique_ptr<Journal> journal;
  RunBook book;
  RunSettler settler;
  RunExecutor executor;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_TESTS_AGENT_SERVICE_STAGE_H_

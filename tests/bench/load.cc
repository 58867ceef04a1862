// Twenty minutes of load: a controller, two real agents with their databases, 200 simulated agents that come and go, people who plan,
// approve and run all the time; then all of that while the controller is killed again and again. Looks at memory, descriptors and
// threads of the programs meanwhile. docs/guide/performance.md says how to read it. Fails when a run does not end, or something grows.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "agent/link/enrollment.h"
#include "client/app/statements.h"
#include "client/commands/bundle_files.h"
#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/contract/admin_action.h"
#include "proto/contract/bundle.h"
#include "resetctl/v1/run.pb.h"
#include "tests/bench/load_people.h"
#include "tests/bench/log_lines.h"
#include "tests/bench/process_samples.h"
#include "tests/bench/simulated_agent.h"
#include "tests/e2e/shop.h"
#include "tests/support/must.h"
#include "tests/support/tcp_proxy.h"

namespace resetctl::bench {
namespace {

using support::Must;

constexpr int kMachines = 20;
constexpr int kAgentsOnEach = 10;
constexpr int kTeams = 4;
// Descriptors that the controller opens when they are first needed, and keeps: its store has up to eight readers, two files each.
constexpr double kReaders = 16;
// KiB that page caches of readers and writer fill as the log grows, eight of 512 and one of 2,048; and what lies on pages that
// something else still uses.
constexpr double kCaches = 6 << 10;
constexpr double kHeld = kCaches + (22 << 10);
// Below, allocators have not filled what they keep, and a slope says nothing.
constexpr absl::Duration kJudged = absl::Minutes(5);
constexpr char kFill[] =
    "insert into items (sku) select 'more-' || i from generate_series(1, 500) i on conflict do "
    "nothing";

double minutes = 20;
uint64_t seed = 0;

absl::Duration Steady() { return base::RealClock().Steady(); }

class LoadTest : public support::ShopTest {
 protected:
  void SetUp() override {
    options_.more_environments =
        "  load:\n    plan: [dba]\n    run: [dba]\n"
        "    approvals: {required: 1, groups: [dba], self: false}\n";
    options_.lease = "15s";
    ShopTest::SetUp();
    Open("staging");
    Open("production");
    bundle_ = Must(contract::PackBundle(Must(client::ReadBundleFiles(Blueprint()))));
    Enrol();
  }

  void Enrol();
  void BringPeople();
  void Phase(const char* name, absl::Duration length, bool controller_dies);
  void RestartAgent();
  void RestartController();
  void SayAVerb();
  // Everybody leaves. Then the controller holds what it held before anybody came.
  void ExpectNothingIsHeld();
  void ExpectAllRunsEnd();
  void PrintRuns();
  // The longest life of that name, after its warm-up: what it may grow by, in memory once and a minute, in descriptors all along.
  struct Limits {
    double kib = 0;
    double kib_a_minute = 0;
    double descriptors = 0;
  };
  void ExpectFlat(const char* name, std::optional<Limits> limits);

  client::Settings SettingsOf(const std::string& person) {
    client::Settings settings;
    settings.context = {.name = "",
                        .controller = stack_->address(),
                        .ca_pin = stack_->ca_pin(),
                        .person = person,
                        .key = stack_->Key(person)};
    settings.signs_in_by_itself = true;
    settings.state_folder = absl::StrCat(stack_->folder(), "/people/", person);
    return settings;
  }
  int Attached() const {
    return static_cast<int>(std::count_if(agents_.begin(), agents_.end(),
                                          [](const auto& agent) { return agent->attached(); }));
  }

  std::mt19937_64 random_{seed};
  std::string bundle_;
  std::vector<std::unique_ptr<support::TcpProxy>> machines_;
  std::vector<std::unique_ptr<SimulatedAgent>> agents_;
  Tally tally_;
  std::vector<std::unique_ptr<Team>> teams_;
  ProcessSample before_;  // the controller, before anybody came
  std::unique_ptr<Sampler> sampler_;
};

void LoadTest::Enrol() {
  Person alice(SettingsOf("alice"));
  int port = 0;
  const std::string& address = stack_->address();
  ASSERT_TRUE(absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port));
  for (int machine = 0; machine < kMachines; ++machine) {
    // Enrolments are limited by the address that they come from.
    machines_.push_back(
        std::make_unique<support::TcpProxy>(port, absl::StrCat("127.0.1.", machine + 1)));
    const std::string through = absl::StrCat("127.0.0.1:", machines_.back()->port());
    for (int i = 0; i < kAgentsOnEach; ++i) {
      const std::string target = absl::StrCat("shop-", machine, "-", i);
      v1::InviteAgentRequest invite;
      invite.set_environment("load");
      invite.set_target(target);
      *invite.mutable_admin_statement() = Must(alice.connection->Sign(Must(client::AdminStatement(
          contract::InviteAction("load", target), "alice", base::RealClock().Now()))));
      const auto invited = Must(alice.controller.InviteAgent(invite));
      SimulatedAgent::Settings settings;
      settings.controller = through;
      settings.state_dir = absl::StrCat(stack_->folder(), "/simulated/", target);
      settings.identity =
          Must(agent::Enroll(through, stack_->ca_pin(), base::Secret(invited.token())));
      settings.seed = random_();
      std::filesystem::create_directories(settings.state_dir);
      std::filesystem::permissions(settings.state_dir, std::filesystem::perms::owner_all);
      agents_.push_back(std::make_unique<SimulatedAgent>(std::move(settings)));
    }
  }
}

void LoadTest::BringPeople() {
  const auto team = [this](const std::string& author, std::vector<std::string> approvers,
                           std::vector<Target> targets, bool watches_all) {
    Team::Settings settings;
    settings.of = [this](const std::string& person) { return SettingsOf(person); };
    settings.author = author;
    settings.approvers = std::move(approvers);
    settings.targets = std::move(targets);
    settings.watches_all = watches_all;
    settings.longest_pause = absl::Seconds(2);
    settings.seed = random_();
    teams_.push_back(std::make_unique<Team>(std::move(settings), tally_));
  };
  for (int i = 0; i < kTeams; ++i) {
    std::vector<Target> targets;
    for (int machine = i; machine < kMachines; machine += kTeams) {
      for (int agent = 0; agent < kAgentsOnEach; ++agent) {
        targets.push_back({"load", absl::StrCat("shop-", machine, "-", agent), bundle_, nullptr});
      }
    }
    team(i % 2 == 0 ? "alice" : "bob", {"carol"}, std::move(targets), false);
  }
  team("alice", {}, {{"staging", "shop", bundle_, [this] { Database("staging").Execute(kFill); }}},
       true);
  team("carol", {"alice", "dana"},
       {{"production", "shop", bundle_, [this] { Database("production").Execute(kFill); }}}, true);
}

void LoadTest::RestartAgent() {
  support::Daemon& agent = stack_->AgentOf("staging");
  sampler_->End("agent of staging");
  if (random_() % 2 == 0) {
    agent.Kill();
    tally_.Count("real agent killed");
  } else {
    EXPECT_EQ(agent.Stop(), 0);
    tally_.Count("real agent stopped");
  }
  stack_->StartAgent("staging");
  sampler_->Begin("agent of staging", stack_->AgentOf("staging").pid());
}

void LoadTest::RestartController() {
  sampler_->End("controller");
  stack_->controller().Kill();
  tally_.Count("controller killed");
  stack_->StartController();
  sampler_->Begin("controller", stack_->controller().pid());
}

void LoadTest::SayAVerb() {
  static const auto& verbs = *new std::vector<std::vector<std::string>>{
      {"list", "runs"},  {"list", "plans"},  {"target", "list"}, {"agent", "list"},
      {"audit", "list"}, {"policy", "show"}, {"env", "list"},    {"session", "list"}};
  const std::vector<std::string>& verb = verbs[random_() % verbs.size()];
  const support::Said said = As("alice", verb);
  tally_.Count(absl::StrCat("verbs that ended with ", said.exit_code));
  // Right after a controller's start it may be out of reach (9).
  EXPECT_TRUE(said.exit_code == 0 || said.exit_code == 9) << verb[0] << ": " << said.both();
}

void LoadTest::Phase(const char* name, absl::Duration length, bool controller_dies) {
  std::printf("%s, for %s\n", name, absl::FormatDuration(length).c_str());
  std::fflush(stdout);
  struct Deed {
    absl::Duration longest_wait;
    std::function<void()> act;
    absl::Duration next = absl::ZeroDuration();
  };
  std::vector<Deed> deeds = {
      {absl::Seconds(8), [this] { machines_[random_() % machines_.size()]->Cut(); }},
      {absl::Seconds(15), [this] { SayAVerb(); }},
  };
  if (controller_dies) {
    deeds.push_back({std::min(absl::Seconds(60), length / 4), [this] { RestartController(); }});
  } else {
    deeds.push_back({std::min(absl::Seconds(40), length / 4), [this] { RestartAgent(); }});
  }
  const auto plan_next = [this](Deed* deed) {
    deed->next =
        Steady() + deed->longest_wait * std::uniform_real_distribution<double>(0, 1)(random_);
  };
  for (Deed& deed : deeds) plan_next(&deed);
  for (const absl::Duration end = Steady() + length; Steady() < end;) {
    const auto next = std::min_element(
        deeds.begin(), deeds.end(), [](const Deed& a, const Deed& b) { return a.next < b.next; });
    const absl::Duration until = std::min(next->next, end);
    std::this_thread::sleep_for(
        absl::ToChronoNanoseconds(std::max(until - Steady(), absl::ZeroDuration())));
    if (Steady() >= end) break;
    next->act();
    plan_next(&*next);
  }
}

void LoadTest::ExpectNothingIsHeld() {
  sampler_->End("controller");  // this life's figures are under load
  teams_.clear();
  for (const auto& agent : agents_) agent->BeginToLeave();
  for (const auto& agent : agents_) agent->Leave();
  ProcessSample now;
  // Freed memory goes back once a minute.
  const absl::Duration patience = Steady() + absl::Seconds(90);
  do {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    now = Look(stack_->controller().pid()).value_or(ProcessSample());
  } while (Steady() < patience && (now.descriptors > before_.descriptors + kReaders ||
                                   now.anonymous > before_.anonymous + kHeld));
  std::printf(
      "controller with two agents attached, before and after: %.0f and %.0f descriptors, %.0f and "
      "%.0f threads, %.0f and %.0f KiB anonymous\n",
      before_.descriptors, now.descriptors, before_.threads, now.threads, before_.anonymous,
      now.anonymous);
  EXPECT_GT(now.descriptors, 0);
  EXPECT_LE(now.descriptors, before_.descriptors + kReaders) << "of those who have left";
  EXPECT_LE(now.anonymous, before_.anonymous + kHeld) << "of those who have left";
}

void LoadTest::ExpectAllRunsEnd() {
  teams_.clear();
  for (const auto& agent : agents_) agent->Stay();
  Person alice(SettingsOf("alice"));
  std::string open;
  const absl::Duration patience = Steady() + absl::Minutes(4);
  do {
    open.clear();
    for (const v1::RunState state :
         {v1::RUN_STATE_HELD, v1::RUN_STATE_OFFERED, v1::RUN_STATE_RUNNING, v1::RUN_STATE_COMMITTED,
          v1::RUN_STATE_UNKNOWN}) {
      v1::ListRunsRequest request;
      request.set_state(state);
      const auto runs = Must(alice.controller.ListRuns(request));
      for (const v1::Run& run : runs.runs()) {
        absl::StrAppend(&open, run.id(), " of ", run.environment(), "/", run.target(), " is ",
                        v1::RunState_Name(run.state()), "\n");
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  } while ((!open.empty() || Attached() < kMachines * kAgentsOnEach) && Steady() < patience);
  EXPECT_EQ(open, "") << "runs that have not ended";
  EXPECT_EQ(Attached(), kMachines * kAgentsOnEach);
}

void LoadTest::PrintRuns() {
  Person alice(SettingsOf("alice"));
  std::map<std::string, int> by_state;
  v1::ListRunsRequest request;
  request.set_page_size(200);
  do {
    const auto page = Must(alice.controller.ListRuns(request));
    for (const v1::Run& run : page.runs()) {
      ++by_state[absl::StrCat(run.environment() == "load" ? "simulated " : "real ",
                              v1::RunState_Name(run.state()).substr(sizeof("RUN_STATE_") - 1))];
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  std::printf("\nruns by their ends\n");
  for (const auto& [state, count] : by_state) std::printf("  %-40s %8d\n", state.c_str(), count);
  std::printf("\nwhat happened\n");
  int lives = 0;
  for (const auto& agent : agents_) lives += agent->lives();
  std::printf("  %-40s %8d\n", "lives of simulated agents", lives);
  for (const auto& [what, count] : tally_.Counts()) {
    std::printf("  %-40s %8ld\n", what.c_str(), static_cast<long>(count));
  }
  for (const std::string log : {"controller", "agent-staging", "agent-production"}) {
    std::printf("\nwhat the log of %s says\n", log.c_str());
    for (const auto& [line, count] : CountLogLines(stack_->folder() + "/" + log + ".log")) {
      std::printf("  %-60s %8d\n", line.c_str(), count);
    }
  }
}

void LoadTest::ExpectFlat(const char* name, std::optional<Limits> limits) {
  const ProcessLife life = sampler_->LongestLife(name);
  const absl::Duration warm_up = std::min(absl::Minutes(3), life.length() / 4);
  const absl::Duration length = life.length() - warm_up;
  const std::vector<ProcessSample> warm = life.Warm(warm_up);
  std::printf("\n%s: %s, of which %s after the warm-up\n%-24s %10s %10s %10s %12s\n", name,
              absl::FormatDuration(absl::Trunc(life.length(), absl::Seconds(1))).c_str(),
              absl::FormatDuration(absl::Trunc(length, absl::Seconds(1))).c_str(), "", "first",
              "last", "most", "a minute");
  const auto row = [&](const char* what, const std::function<double(const ProcessSample&)>& of) {
    return PrintTrend(what, warm, of);
  };
  row("RSS, KiB", [](const ProcessSample& sample) { return sample.resident; });
  const double memory =
      row("RssAnon, KiB", [](const ProcessSample& sample) { return sample.anonymous; });
  const double threads = row("threads", [](const ProcessSample& s) { return s.threads; });
  const double held =
      row("descriptors", [](const ProcessSample& sample) { return sample.descriptors; });
  const bool serves = std::string(name) == "controller";
  double others = held;  // beside the connections of simulated agents, which come and go
  if (serves) {
    row("simulated agents", [](const ProcessSample& sample) { return sample.attached; });
    others = row("descriptors less agents",
                 [](const ProcessSample& sample) { return sample.descriptors - sample.attached; });
  }
  if (!limits) return;
  const double grown = absl::ToDoubleMinutes(length);
  EXPECT_LE(others * grown, limits->descriptors) << name << ": descriptors grow";
  EXPECT_LE(threads * grown, limits->descriptors) << name << ": threads grow";
  if (length < kJudged) {
    std::printf("(too short to judge memory)\n");
    return;
  }
  EXPECT_LE(memory * grown, limits->kib + limits->kib_a_minute * grown) << name << ": memory grows";
}

TEST_F(LoadTest, MemoryAndDescriptorsAreFlatAndEachRunEnds) {
  sampler_ = std::make_unique<Sampler>(absl::Seconds(2), [this] { return Attached(); });
  sampler_->Begin("this program", getpid());
  sampler_->Begin("controller", stack_->controller().pid());
  sampler_->Begin("agent of staging", stack_->AgentOf("staging").pid());
  sampler_->Begin("agent of production", stack_->AgentOf("production").pid());
  before_ = Look(stack_->controller().pid()).value();
  for (const auto& agent : agents_) agent->Come();
  BringPeople();
  Phase("Agents die", absl::Minutes(minutes / 2), false);
  ExpectNothingIsHeld();
  for (const auto& agent : agents_) agent->Come();
  BringPeople();
  Phase("The controller dies", absl::Minutes(minutes / 2), true);
  ExpectAllRunsEnd();
  PrintRuns();
  // For each agent that attaches, and for each run of a real agent, about a KiB: what is kept by mistake of a stream or a run is more.
  ExpectFlat("controller", Limits{kCaches, 512, 20});
  ExpectFlat("agent of production", Limits{0, 64, 5});
  ExpectFlat("agent of staging", Limits{0, 64, 5});
  ExpectFlat("this program", std::nullopt);
  sampler_.reset();
}

}  // namespace
}  // namespace resetctl::bench

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  resetctl::base::InitLogging("load", resetctl::base::LogLevel::kError);
  std::signal(SIGPIPE, SIG_IGN);
  resetctl::bench::seed = std::random_device()();
  if (argc > 1 && !absl::SimpleAtod(argv[1], &resetctl::bench::minutes)) return 2;
  if (argc > 2 && !absl::SimpleAtoi(argv[2], &resetctl::bench::seed)) return 2;
  std::printf("seed %lu\n", static_cast<unsigned long>(resetctl::bench::seed));
  return RUN_ALL_TESTS();
}

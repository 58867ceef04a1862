#include "tests/e2e/crash_test.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

namespace resetctl::support {
namespace {

namespace fs = std::filesystem;

constexpr char kNewRows[] = "1 1 0 7";

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

bool IsOfTheAgent(const Mishap& mishap) { return mishap.failpoint.rfind("agent.", 0) == 0; }

}  // namespace

std::vector<std::string> FailpointsOfRuns() {
  static const std::set<std::string> of_orders = {
      "agent.resume.journaled", "controller.resume.stored", "agent.rebind.used",
      "agent.rebind.committed", "controller.rebind.stored"};
  std::vector<std::string> names;
  for (const std::string& name : FailpointsOfTheSources()) {
    if (of_orders.count(name) == 0) names.push_back(name);
  }
  return names;
}

std::string NameOf(Event event) {
  switch (event) {
    case Event::kAgentKilled:
      return "AgentKilled";
    case Event::kControllerKilled:
      return "ControllerKilled";
    case Event::kBackendKilled:
      return "BackendKilled";
    case Event::kLinkCut:
      return "LinkCut";
    case Event::kDatabaseCut:
      return "DatabaseCut";
    case Event::kStalled:
      return "StalledPastTheLease";
    case Event::kCancelled:
      return "Cancelled";
    case Event::kBlackHole:
      return "BlackHole";
  }
  return "";
}

std::string NameOf(const Mishap& mishap) {
  return NameOf(mishap.event) + " at " + mishap.failpoint +
         (mishap.skip == 0 ? "" : " after " + std::to_string(mishap.skip));
}

void CrashTest::SetUp() {
  options_.failpoints = failpoints_.folder();
  options_.lease = "1s";
  ShopTest::SetUp();
  const std::string address = stack_->address();
  link_ = std::make_unique<TcpProxy>(std::stoi(address.substr(address.rfind(':') + 1)));
  mark_ = stack_->folder() + "/mark";
  const std::string close = "[/usr/bin/touch, '" + mark_ + "-closed']";
  const std::string reopen = "[/usr/bin/rm, -f, '" + mark_ + "-closed']";
  const std::string restart = "[/usr/bin/touch, '" + mark_ + "-restarted']";
  Stack::Agent agent;
  agent.controller = "127.0.0.1:" + std::to_string(link_->port());
  const std::string mended = "[/usr/bin/test, -e, '" + mark_ + "-mended']";
  agent.commands = {close, reopen, restart, mended};
  Open("staging", agent);
  const std::string steps = "before:\n  - {name: Close, do: {command: " + close +
                            "}, undo: {command: " + reopen + "}}\nafter:\n";
  const std::string after = "  - {name: Restart, command: " + restart + "}\nrecreate:";
  blueprint_ = Blueprint({{"recreate:", steps + after}});
  failing_blueprint_ =
      Blueprint({{"recreate:", steps + "  - {name: Mended, command: " + mended + "}\n" + after}});
  // From now on the database by way of a proxy too.
  database_link_ = std::make_unique<TcpProxy>(Database("staging").cluster().port());
  const std::string url =
      database_link_->InFrontOf(Database("staging").OwnerUrl()) + "?tcp_user_timeout=2000";
  stack_->AgentOf("staging").Stop();
  stack_->StartAgent("staging", {{"DATABASE_URL", url}});
  stack_->AwaitAgent("staging");
}

void CrashTest::TearDown() {
  cancels_.clear();
  if (!HasFatalFailure() && stack_ != nullptr) CheckWords();
  stack_.reset();  // before the failpoints go
}

void CrashTest::CheckWords() {
  const std::string witnesses = stack_->folder() + "/witnesses";
  std::ofstream(witnesses) << stack_->RunAgent("staging", {"witness", "show"}).out;
  const std::string log_key = stack_->folder() + "/controller/log.pub";
  Said said;
  // The last run's end is in the log before the agent has seen it.
  const bool verified = ComesAbout([&] {
    said = As("alice",
              {"audit", "verify", "--log-key", log_key, "--witnesses", witnesses, "-o", "json"});
    return said.exit_code == 0;
  });
  ASSERT_TRUE(verified) << said.both();
  EXPECT_LT(said.out.find("\"agents\""), said.out.find("\"notProved\"")) << said.both();
}

// By a connection of its own: servers crash here. Tried until the server is back.
std::string CrashTest::Ask(const std::string& sql) {
  std::string answer, why;
  const bool answered = ComesAbout([&] {
    try {
      answer = TestConnection(Database("staging").SuperuserUrl()).Scalar(sql);
      return true;
    } catch (const std::runtime_error& error) {
      why = error.what();
      return false;
    }
  });
  if (!answered) throw std::runtime_error("the database did not answer within a minute: " + why);
  return answer;
}

std::string CrashTest::Rows() {
  return Ask(
      "select (select count(*) from users) || ' ' || (select count(*) from companies) || ' ' || "
      "(select count(*) from items) || ' ' || (select count(*) from notes)");
}

bool CrashTest::CacheIsFlushed() { return Redis("staging").Call({"EXISTS", "session:0"}) == "0"; }

void CrashTest::FillAgain() {
  Ask("truncate users, companies, items; "
      "insert into users (username, password_hash, is_superuser) select 'user' || i, 'old', i = 1 "
      "from generate_series(1, 50) i; "
      "insert into companies (id, name) select i, 'company ' || i from generate_series(1, 10) i; "
      "insert into items (sku, company_id) select 'sku-' || i, 1 + i % 10 "
      "from generate_series(1, 1000) i");
  for (int i = 0; i < 20; ++i) {
    Redis("staging").Call({"SET", "session:" + std::to_string(i), "x"});
  }
  fs::remove(mark_ + "-restarted");
  fs::remove(mark_ + "-mended");
}

bool CrashTest::ComesTo(const Mishap& mishap, const std::string& plan, Daemon& client) {
  int asked = 0;
  try {
    Await("the run to come to " + mishap.failpoint, [&] {
      if (failpoints_.Stands(mishap.failpoint)) return true;
      // The controller is asked now and then only: it may stand at the failpoint itself a moment later.
      return mishap.may_not_come && ++asked % 50 == 0 && IsOver(plan, client);
    });
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(error.what() + ("\nthe client: " + ReadFile(RunLog())));
  }
  return failpoints_.Stands(mishap.failpoint);
}

// ---- what happens

// The process of the failpoint has stopped. Afterwards everything is there again and nothing is stopped.
void CrashTest::Happen(const Mishap& mishap, const std::string& plan) {
  const bool of_agent = IsOfTheAgent(mishap);
  switch (mishap.event) {
    case Event::kAgentKilled:
      stack_->AgentOf("staging").Kill();
      if (!of_agent) failpoints_.Go(mishap.failpoint);
      stack_->StartAgent("staging");
      return;
    case Event::kControllerKilled:
      stack_->controller().Kill();
      if (of_agent) failpoints_.Go(mishap.failpoint);
      stack_->StartController();
      return;
    case Event::kBackendKilled:
      KillBackend();
      return failpoints_.Go(mishap.failpoint);
    case Event::kLinkCut:
      link_->Cut();
      return failpoints_.Go(mishap.failpoint);
    case Event::kDatabaseCut:
      // Else the agent would not be where the test means it.
      if (mishap.failpoint == "agent.commit.sent") {
        EXPECT_GT(database_link_->connections(), 0);
      }
      database_link_->Cut();
      return failpoints_.Go(mishap.failpoint);
    case Event::kStalled:
      Stall(of_agent);
      return failpoints_.Go(mishap.failpoint);
    case Event::kCancelled:
      Cancel(plan, of_agent);
      return failpoints_.Go(mishap.failpoint);
    case Event::kBlackHole:
      database_link_->BlackHole();
      database_link_->Restore();
      return failpoints_.Go(mishap.failpoint);
  }
}

// A controller that stands at a failpoint may answer only when it goes on.
void CrashTest::Cancel(const std::string& plan, bool controller_answers) {
  const std::optional<ListedRun> run = RunOf(plan);
  if (!run || run->id.empty()) return;
  cancels_.push_back(
      stack_->InBackground("bob", {"cancel", run->id}, stack_->folder() + "/cancel.log"));
  if (!controller_answers) return;
  Await("the answer to a cancel", [&] {
    return !cancels_.back()->Running() || failpoints_.Stands("controller.cancel.stored");
  });
}

// As the kernel does when memory is short: the server ends all its sessions and recovers. Where the agent has no session at the
// moment (any more), one of ours is killed, with the same effect.
void CrashTest::KillBackend() {
  TestConnection ours(Database("staging").SuperuserUrl());
  const std::string pid = ours.Scalar(
      "select coalesce(max(pid), pg_backend_pid()) from pg_stat_activity "
      "where application_name like 'resetctl%' and datname = current_database()");
  if (kill(std::stoi(pid), SIGKILL) != 0) {
    ASSERT_EQ(kill(ours.backend_pid(), SIGKILL), 0);
  }
  Ask("select 1");
}

// The process is stopped until the other side has given it up.
void CrashTest::Stall(bool agent) {
  Daemon& process = agent ? stack_->AgentOf("staging") : stack_->controller();
  const int before = TimesGivenUpByTheAgent();
  process.Signal(SIGSTOP);
  Await("the other side to give up",
        [&] { return agent ? !stack_->IsOnline("staging") : TimesGivenUpByTheAgent() > before; });
  process.Signal(SIGCONT);
}

int CrashTest::TimesGivenUpByTheAgent() {
  const std::string log = ReadFile(stack_->folder() + "/agent-staging.log");
  const std::string line = "not attached to the controller";
  int times = 0;
  for (size_t at = log.find(line); at != std::string::npos; at = log.find(line, at + 1)) ++times;
  return times;
}

// ---- a run

std::optional<CrashTest::ListedRun> CrashTest::RunOf(const std::string& plan) {
  const Said said = As("alice", {"list", "runs", "--limit", "5", "-o", "json"});
  if (said.exit_code != 0) return std::nullopt;
  for (int i = 0;; ++i) {
    const std::string at = "runs." + std::to_string(i) + ".";
    ListedRun run = {Stack::Field(said.out, at + "id"), Stack::Field(said.out, at + "state")};
    if (run.id.empty() || Stack::Field(said.out, at + "planId") == plan) return run;
  }
}

bool CrashTest::IsOver(const std::string& plan, Daemon& client) {
  static const std::set<std::string> ends = {"RUN_STATE_SUCCEEDED", "RUN_STATE_REFUSED",
                                             "RUN_STATE_ROLLED_BACK", "RUN_STATE_CANCELLED",
                                             "RUN_STATE_NEEDS_ATTENTION"};
  const std::optional<ListedRun> run = RunOf(plan);
  if (!run) return false;
  return run->id.empty() ? !client.Running() : ends.count(run->state) > 0;
}

int CrashTest::RunWith(const std::vector<Mishap>& mishaps) {
  FillAgain();
  const std::string old_rows = Rows();
  const std::string plan = stack_->Plan("alice", blueprint_, "staging");
  if (!mishaps.empty()) failpoints_.Arm(mishaps.front().failpoint, mishaps.front().skip);
  const std::unique_ptr<Daemon> client = stack_->InBackground("alice", {"run", plan}, RunLog());
  int happened = 0;
  for (size_t i = 0; i < mishaps.size(); ++i) {
    const bool there = ComesTo(mishaps[i], plan, *client);
    if (there && CacheIsFlushed()) {
      EXPECT_EQ(Rows(), kNewRows) << "the cache was flushed before the commit";
    }
    if (!there) failpoints_.Disarm(mishaps[i].failpoint);
    // What an agent does when it starts is in reach of the next; a controller must have started before it can be waited for.
    const bool early = !there || mishaps[i].event != Event::kControllerKilled;
    const Mishap* next = i + 1 < mishaps.size() ? &mishaps[i + 1] : nullptr;
    if (next != nullptr && early) failpoints_.Arm(next->failpoint, next->skip);
    if (there) Happen(mishaps[i], plan);
    if (there) ++happened;
    if (next != nullptr && !early) failpoints_.Arm(next->failpoint, next->skip);
  }
  stack_->AwaitAgent("staging");
  // The client mostly ends with its run. To ask all the time would take the processors from those who are to end it.
  int asked = 0;
  Await("the run to end, or to be none",
        [&] { return (!client->Running() || ++asked % 50 == 0) && IsOver(plan, *client); });
  std::optional<ListedRun> run;
  Await("the controller to answer", [&] { return (run = RunOf(plan)).has_value(); });
  if (!run->id.empty()) {
    CheckTruth(run->id, old_rows);
  } else {
    // The controller died before it had written the run down: nobody was told of one.
    EXPECT_EQ(Rows(), old_rows);
    EXPECT_FALSE(CacheIsFlushed());
  }
  client->Stop();
  cancels_.clear();
  return happened;
}

void CrashTest::CheckTruth(const std::string& run, const std::string& old_rows) {
  Said said;
  std::vector<std::string> actions;
  // A hello tells of the end before the last events have come.
  const bool complete = ComesAbout([&] {
    said = As("alice", {"show", run, "-o", "json"});
    actions = ActionsOn(run);
    return std::count(actions.begin(), actions.end(), "run.event") ==
           std::atoi(Stack::Field(said.out, "run.lastSeq").c_str());
  });
  const std::string& shown = said.out;
  EXPECT_TRUE(complete) << "events and their audit entries differ: " << shown;
  const std::string state = Stack::Field(shown, "run.state");
  const bool committed =
      Ask("select count(*) from resetctl.ledger where run = '" + run + "'") == "1";
  EXPECT_EQ(state == "RUN_STATE_SUCCEEDED", committed) << state << "\n" << shown;
  EXPECT_NE(state, "RUN_STATE_NEEDS_ATTENTION") << shown;
  EXPECT_EQ(Rows(), committed ? kNewRows : old_rows);
  EXPECT_EQ(CacheIsFlushed(), committed);
  EXPECT_EQ(fs::exists(mark_ + "-restarted"), committed);
  EXPECT_FALSE(fs::exists(mark_ + "-closed")) << "what was done before was not undone";
  ExpectEventsOnceEach(shown);
  ASSERT_FALSE(actions.empty());
  EXPECT_EQ(actions.front(), "run.start");
  EXPECT_EQ(std::count(actions.begin(), actions.end(), "run.start"), 1);
  EXPECT_EQ(std::count(actions.begin(), actions.end(), "run.end"), 1);
}

std::vector<std::string> CrashTest::ActionsOn(const std::string& run) {
  const Said said =
      As("alice", {"audit", "list", "--subject", run, "--limit", "500", "-o", "json"});
  EXPECT_EQ(said.exit_code, 0) << said.both();
  std::vector<std::string> actions;
  for (int i = 0;; ++i) {
    std::string action = Stack::Field(said.out, "records." + std::to_string(i) + ".decoded.action");
    if (action.empty()) break;
    actions.insert(actions.begin(), std::move(action));  // newest first
  }
  return actions;
}

}  // namespace resetctl::support

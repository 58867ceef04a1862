// POSTGRES.md, "Locks and neighbours": a dead agent must not hold locks.
#include <csignal>
#include <memory>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "agent/postgres/session.h"
#include "agent/postgres/step_settings.h"
#include "tests/agent/postgres/reset_scenario.h"

namespace resetctl::agent {
namespace {

// What an agent does until it is killed: it holds a lock, and the server is busy with its statement.
[[noreturn]] void HoldALock(const base::Secret& url) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  absl::StatusOr<std::unique_ptr<Session>> session = Session::Connect(url);
  if (session.ok() && (*session)->Execute("begin").ok() && ApplyStepSettings(**session).ok() &&
      (*session)->Execute("lock table public.users in exclusive mode").ok()) {
    (void)(*session)->Execute("select pg_sleep(600)");
  }
  _exit(1);
}

TEST(DeadAgentCases, ItsLocksAreFreedInTheMiddleOfAStatement) {
  ResetScenario it;
  const base::Secret url(it.db.OwnerUrl());
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) HoldALock(url);
  const std::string held =
      "from pg_locks l join pg_stat_activity a on a.pid = l.pid where l.granted and "
      "l.relation = 'public.users'::regclass and l.mode = 'ExclusiveLock'";
  Await(it.db, "select exists (select " + held + " and a.query like 'select pg_sleep%')");
  kill(child, SIGKILL);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));  // it was alive until now
  Await(it.db, "select not exists (select " + held + ")");
  const ResetOutcome outcome = it.Run();
  EXPECT_EQ(outcome.end, ResetEnd::kCommitted) << outcome.problem.ShortDebugString();
}

TEST(DeadAgentCases, EveryStepRunsWithTheSettingsThatLetTheServerNotice) {
  ResetScenario it;
  const std::string note =
      "insert into users (name) select name || ' ' || current_setting(name) || ' in step ' || "
      "(select count(*) / 5 + 1 from users) from unnest(array['client_connection_check_interval', "
      "'tcp_keepalives_idle', 'tcp_keepalives_interval', 'tcp_keepalives_count', "
      "'idle_in_transaction_session_timeout']) name";
  it.Recreate("{name: First, sql: first.sql}")
      .Recreate("{name: Second, sql: second.sql}")
      .File("first.sql",
            note +
                "; set client_connection_check_interval = 0; set tcp_keepalives_idle = 7200; "
                "set local tcp_keepalives_interval = 60; set tcp_keepalives_count = 100; "
                "select set_config('idle_in_transaction_session_timeout', '7min', false)")
      .File("second.sql", note);
  const ResetOutcome outcome = it.Run();
  ASSERT_EQ(outcome.end, ResetEnd::kCommitted) << outcome.problem.ShortDebugString();
  std::vector<std::string> expected;
  for (const std::string step : {"1", "2"}) {
    for (const std::string setting :
         {"client_connection_check_interval 2s", "tcp_keepalives_idle 15",
          "tcp_keepalives_interval 5", "tcp_keepalives_count 3",
          "idle_in_transaction_session_timeout 2min"}) {
      expected.push_back(setting + " in step " + step);
    }
  }
  EXPECT_THAT(it.db.Column("select name from users order by id"),
              testing::ElementsAreArray(expected));
}

}  // namespace
}  // namespace resetctl::agent

#include "agent/postgres/blockers.h"

#include <chrono>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr std::chrono::milliseconds kPatience{300};  // shorter waits are nobody's business
constexpr std::chrono::milliseconds kInterval{250};

constexpr char kBlockers[] =
    "select b.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''), coalesce(a.state, "
    "''), "
    "  coalesce(extract(epoch from pg_catalog.clock_timestamp() - a.xact_start), -1)::int8, "
    "  coalesce(a.backend_type, '') "
    "from (select distinct pid from pg_catalog.unnest(pg_catalog.pg_blocking_pids($1::int4)) as "
    "p(pid)) b "
    "left join pg_catalog.pg_stat_activity a on a.pid = b.pid order by b.pid";

// pg_blocking_pids says 0 for a prepared transaction.
constexpr char kPrepared[] =
    "select gid, owner, extract(epoch from pg_catalog.clock_timestamp() - prepared)::int8 "
    "from pg_catalog.pg_prepared_xacts where database = pg_catalog.current_database() order by "
    "prepared";

}  // namespace

BlockerWatch::BlockerWatch(const base::Secret& url, int pid, contract::BlockerAction action)
    : url_(url), pid_(pid), action_(action), thread_([this] { Watch(); }) {}

BlockerWatch::~BlockerWatch() { Stop(); }

std::vector<std::string> BlockerWatch::Stop() {
  {
    base::MutexLock lock(mutex_);
    over_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
  return seen_;
}

void BlockerWatch::Watch() {
  std::unique_ptr<Session> session;
  while (true) {
    {
      base::MutexLock lock(mutex_);
      if (!over_) changed_.WaitFor(mutex_, session == nullptr ? kPatience : kInterval);
      if (over_) return;
    }
    if (session == nullptr) {
      absl::StatusOr<std::unique_ptr<Session>> made = Session::Connect(url_, absl::Seconds(2));
      if (!made.ok()) continue;
      session = *std::move(made);
    }
    Look(*session);
    if (session->broken()) session.reset();
  }
}

void BlockerWatch::Look(Session& session) {
  absl::StatusOr<Rows> rows = session.Query(kBlockers, {absl::StrCat(pid_)});
  if (!rows.ok() || rows->size() == 0) return;
  seen_.clear();
  for (int row = 0; row < rows->size(); ++row) {
    const int pid = static_cast<int>(rows->Int(row, 0));
    if (pid == 0) {
      absl::StatusOr<Rows> prepared = session.Query(kPrepared);
      for (int i = 0; prepared.ok() && i < prepared->size(); ++i) {
        seen_.push_back(absl::StrCat("prepared transaction '", prepared->Text(i, 0), "' of ",
                                     prepared->Text(i, 1), ", ", prepared->Int(i, 2), " s old"));
      }
      continue;
    }
    const std::string state = rows->Text(row, 3);
    const std::string application = rows->Text(row, 2);
    std::string who = absl::StrCat("pid ", pid, ", user ", rows->Text(row, 1));
    if (!application.empty()) absl::StrAppend(&who, ", application ", application);
    if (rows->Text(row, 5) == "autovacuum worker") absl::StrAppend(&who, ", autovacuum");
    if (state.empty()) {
      facts_hidden_ = true;
    } else {
      absl::StrAppend(&who, " (", state);
      if (rows->Int(row, 4) >= 0) absl::StrAppend(&who, " for ", rows->Int(row, 4), " s");
      absl::StrAppend(&who, ")");
    }
    seen_.push_back(who);
    const bool idle = absl::StartsWith(state, "idle in transaction");
    if (action_ == contract::BlockerAction::kTerminate ||
        (action_ == contract::BlockerAction::kTerminateIdle && idle)) {
      End(session, pid, who);
    }
  }
}

void BlockerWatch::End(Session& session, int pid, const std::string& who) {
  // Only while it still blocks us: the number may be somebody else's by now.
  absl::StatusOr<Rows> ended = session.Query(
      "select pg_catalog.pg_terminate_backend($1::int4) "
      "where $1::int4 = any (pg_catalog.pg_blocking_pids($2::int4))",
      {absl::StrCat(pid), absl::StrCat(pid_)});
  if (ended.ok() && ended->size() == 1 && ended->Bool(0, 0)) {
    ended_.push_back(absl::StrCat("ended: ", who));
  }
}

}  // namespace resetctl::agent

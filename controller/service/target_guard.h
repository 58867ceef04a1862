#ifndef RESETCTL_CONTROLLER_SERVICE_TARGET_GUARD_H_
#define RESETCTL_CONTROLLER_SERVICE_TARGET_GUARD_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/service/agent_hub.h"
#include "controller/service/scheduler.h"
#include "controller/service/store.h"
#include "proto/base/clock.h"
#include "proto/base/mutex.h"

namespace resetctl::controller {

// Watches which database and which cache each target is (TRUST §6). The first database that an agent reports is bound to its
// target; another one is refused until an admin binds it. Targets whose databases look alike are told apart by their agents:
// one holds an advisory lock with a random key, the other looks for it (docs/adr/0013). Until they are, and where they cannot
// be, neither is planned nor run. Thread-safe; reads and writes no store under its lock.
class TargetGuard {
 public:
  TargetGuard(const base::Clock& clock, AgentStore& records, Committer& committer, AgentHub& agents,
              Scheduler& scheduler)
      : clock_(clock),
        records_(records),
        committer_(committer),
        agents_(agents),
        scheduler_(scheduler) {}

  // The agent is attached and its hello written down.
  void Attached(const AgentHub::Key& key) ABSL_LOCKS_EXCLUDED(mutex_);
  // The agent was revoked: what it once reported stands in nobody's way.
  void Revoked(const AgentHub::Key& key) ABSL_LOCKS_EXCLUDED(mutex_);
  void TakeReply(const AgentHub::Key& key, const v1::TwinReply& reply) ABSL_LOCKS_EXCLUDED(mutex_);

  // IDENTITY_CONFLICT, or TARGET_BUSY while two targets are being told apart.
  absl::Status Check(const AgentHub::Key& key) const ABSL_LOCKS_EXCLUDED(mutex_);
  // IDENTITY_CONFLICT when a plan was made for another database than the one that is bound.
  absl::Status CheckPlanned(const AgentHub::Key& key, const v1::DatabaseIdentity& planned) const;

 private:
  using Pair = std::pair<AgentHub::Key, AgentHub::Key>;  // the first is the lesser
  enum class Verdict { kAsking, kOneDatabase, kOneCache, kUntold };
  struct Question {
    Pair pair;
    AgentHub::Key holder, looker;
    int64_t lock_key = 0;
    bool looking = false;  // the lock is held, the other agent looks
  };

  // Another target whose database or cache may be the same one.
  struct Likeness {
    AgentHub::Key other;
    bool one_cache = false;
  };
  // What is to be written down once the lock is given back.
  struct Note {
    v1::AuditEntry entry;
    Change change = {};
  };
  using Notes = std::vector<Note>;

  absl::StatusOr<std::vector<Likeness>> LookAround(const AgentHub::Key& key,
                                                   const v1::AgentHello& hello) const;
  void Compare(const AgentHub::Key& key, const v1::AgentHello& hello, const AgentRecord& record,
               Notes* notes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeTwins(const AgentHub::Key& key, const std::vector<Likeness>& alike, Notes* notes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetTwins(const AgentHub::Key& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsRevoked(const AgentHub::Key& key) const;
  void Ask(const AgentHub::Key& key, const AgentHub::Key& other)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Send(const AgentHub::Key& to, const std::string& order_id, int64_t lock_key, bool hold)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Conclude(const Pair& pair, bool one, Notes* notes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void GiveUp(const std::string& order_id) ABSL_LOCKS_EXCLUDED(mutex_);
  void WriteDown(const Notes& notes) ABSL_LOCKS_EXCLUDED(mutex_);

  const base::Clock& clock_;
  AgentStore& records_;
  Committer& committer_;
  AgentHub& agents_;
  Scheduler& scheduler_;

  mutable base::Mutex mutex_;
  std::map<AgentHub::Key, std::string> moved_ ABSL_GUARDED_BY(mutex_);  // what differs
  std::map<Pair, Verdict> twins_ ABSL_GUARDED_BY(mutex_);               // told apart: not in here
  std::map<std::string, Question> questions_ ABSL_GUARDED_BY(mutex_);   // by order id
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_TARGET_GUARD_H_

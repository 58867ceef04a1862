#ifndef RESETCTL_TESTS_BENCH_SIMULATED_LIFE_H_
#define RESETCTL_TESTS_BENCH_SIMULATED_LIFE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "agent/journal/journal.h"
#include "agent/link/link.h"
#include "agent/service/run_book.h"
#include "agent/service/witness.h"
#include "proto/base/mutex.h"

namespace resetctl::bench {

// From one start of a simulated agent to its end, as one process of a real one: its journal, witness, book and link on the files that
// the life before has left. Plans are honest documents of nothing; a run is a handful of events, short pauses between them, and one
// of the ends that runs have.
class SimulatedLife : private agent::LinkWork {
 public:
  // Ends when it has been attached for `duration`: drained, or breaking off, as chance has it. An agent that finds no controller waits for
  // one, or a slow machine would be asked for ever more.
  SimulatedLife(const std::string& controller, const std::string& state_dir,
                const agent::Identity& identity, uint64_t seed, absl::Duration duration);

  // Settles what the life before has left open, attaches, and works until its end. On the caller's thread.
  void Live() ABSL_LOCKS_EXCLUDED(mutex_);

  // Any thread. No end of its own any more.
  void Prolong() ABSL_LOCKS_EXCLUDED(mutex_);
  // Now: drained, when the run under way has ended and what was said of it is acknowledged.
  void End() ABSL_LOCKS_EXCLUDED(mutex_);
  bool attached() const { return link_.attached(); }

 private:
  using Task = std::function<void()>;

  v1::AgentHello MakeHello() override;
  void TakePlanOrder(v1::PlanOrder order) override;
  void TakeOffer(v1::RunOffer offer) override;
  void TakeResume(v1::ResumeOffer offer) override;
  void TakeRebind(v1::RebindOrder) override {}
  void TakeTwin(v1::TwinOrder order) override;
  void Cancel(const std::string& run_id) override ABSL_LOCKS_EXCLUDED(mutex_);
  void AnswerExpected(const std::string& run_id) override;
  std::string ActiveRun() override ABSL_LOCKS_EXCLUDED(mutex_);
  bool Draining() override ABSL_LOCKS_EXCLUDED(mutex_);
  std::optional<v1::AttachRequest> TakeLogProof(const v1::LogProof* proof) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  bool WantsNewStream() override { return witness_->WantsNewStream(); }

  void Post(Task task) ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits for the next one; null at the end of the life.
  Task Next() ABSL_LOCKS_EXCLUDED(mutex_);
  // A moment of work. False when the life ends in it.
  bool Work() ABSL_LOCKS_EXCLUDED(mutex_);
  bool IsCancelled(const std::string& run_id) ABSL_LOCKS_EXCLUDED(mutex_);
  int UpTo(int most) { return static_cast<int>(random_() % static_cast<uint64_t>(most + 1)); }

  v1::DatabaseIdentity Database() const;
  void SettleOpenRuns();
  bool AnswerAgain(const std::string& run_id);
  void AnswerOffer(const std::string& run_id, std::optional<int64_t> fence);
  void Carry(const v1::RunOffer& offer);
  bool Steps(const std::string& run_id, v1::StepKind kind);
  void Report(const std::string& run_id, v1::RunState state, const v1::RunResult* result);
  void Flush();

  const agent::Identity identity_;
  std::mt19937_64 random_;  // the worker's own
  const std::unique_ptr<agent::Journal> journal_;
  const std::unique_ptr<agent::Witness> witness_;
  agent::RunBook book_;

  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  absl::Duration duration_ ABSL_GUARDED_BY(mutex_);
  absl::Duration end_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteDuration();  // by the steady clock
  bool drains_ ABSL_GUARDED_BY(mutex_);  // at its end; else it breaks off
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  std::string active_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> cancelled_ ABSL_GUARDED_BY(mutex_);

  agent::Link link_;  // last: it uses all of the above
};

}  // namespace resetctl::bench

#endif  // RESETCTL_TESTS_BENCH_SIMULATED_LIFE_H_

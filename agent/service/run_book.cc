#include "agent/service/run_book.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/base/failpoint.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/contract/agent_word.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  out->set_seconds(absl::ToUnixSeconds(time));
  out->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(out->seconds()))));
}

void SetDuration(absl::Duration duration, google::protobuf::Duration* out) {
  out->set_seconds(absl::ToInt64Seconds(duration));
  out->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(duration - absl::Seconds(out->seconds()))));
}

// A key that was loaded signs; should it not, the word goes out unsigned, and the controller says what it makes of that.
template <typename Said>
void Sign(const WitnessKey& key, Said* said) {
  const absl::Status status = contract::SignWord(key.agent, key.private_pem.Reveal(), said);
  if (status.ok()) return;
  base::Log(base::LogLevel::kError, "not signed",
            {{"run", said->run_id()}, {"why", base::Str(status.message())}});
}

void SyncJournal(const std::string& run_id, RunJournal* journal) {
  const absl::Status status = journal == nullptr ? absl::OkStatus() : journal->Sync();
  if (status.ok()) return;
  base::Log(base::LogLevel::kError, "events not synced",
            {{"run", run_id}, {"why", base::Str(status.message())}});
}

}  // namespace

absl::Status RunBook::Load() {
  absl::StatusOr<std::vector<std::string>> open = journal_.OpenRuns();
  if (!open.ok()) return open.status();
  for (const std::string& run_id : *open) {
    absl::StatusOr<std::unique_ptr<RunJournal>> journal = journal_.OpenRun(run_id);
    if (!journal.ok()) return journal.status();
    Adopt(run_id, *std::move(journal));
  }
  return absl::OkStatus();
}

void RunBook::SetListener(std::function<void()> listener) {
  base::MutexLock lock(mutex_);
  listener_ = std::move(listener);
}

void RunBook::Adopt(const std::string& run_id, std::unique_ptr<RunJournal> journal) {
  const std::vector<v1::JournalRecord> records = journal->Records();
  const RunFacts facts = FoldRecords(records);
  base::MutexLock lock(mutex_);
  OpenRun& run = runs_[run_id];
  run.journal = std::move(journal);
  run.chain = facts.chain;
  for (const v1::JournalRecord& record : records) {
    if (!record.has_event() || record.event().seq() <= facts.acknowledged_seq) continue;
    v1::AttachRequest message;
    *message.mutable_event() = record.event();
    Queue(std::move(message));
  }
  if (!facts.ended) return;
  run.said = facts.ended->state();
  run.end_acknowledged = facts.acknowledged_report == facts.ended->state();
  if (run.end_acknowledged) return;
  v1::AttachRequest message;
  *message.mutable_report() = *facts.ended;
  Queue(std::move(message));
}

absl::Status RunBook::Open(absl::string_view run_id) {
  base::MutexLock say_lock(say_mutex_);
  if (IsOpen(run_id)) return absl::OkStatus();
  if (OpenRuns().size() >= kMostOpen) {
    return contract::Error(
        v1::REASON_RATE_LIMITED,
        absl::StrCat(kMostOpen, " runs of this agent wait to be acknowledged by the controller"),
        "Wait a minute, then try again; the controller's log says why it does not take them.");
  }
  absl::StatusOr<std::unique_ptr<RunJournal>> journal = journal_.OpenRun(run_id);
  if (!journal.ok()) return journal.status();
  Adopt(base::Str(run_id), *std::move(journal));
  return absl::OkStatus();
}

bool RunBook::IsOpen(absl::string_view run_id) const {
  base::MutexLock lock(mutex_);
  return runs_.count(base::Str(run_id)) > 0;
}

absl::Status RunBook::Reopen(absl::string_view run_id) {
  base::MutexLock say_lock(say_mutex_);
  if (IsOpen(run_id)) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<RunJournal>> journal = journal_.Reopen(run_id);
  if (!journal.ok()) return journal.status();
  Adopt(base::Str(run_id), *std::move(journal));
  return absl::OkStatus();
}

std::vector<std::string> RunBook::OpenRuns() const {
  base::MutexLock lock(mutex_);
  std::vector<std::string> ids;
  for (const auto& [id, run] : runs_) ids.push_back(id);
  return ids;
}

std::shared_ptr<RunJournal> RunBook::JournalOf(absl::string_view run_id) const {
  base::MutexLock lock(mutex_);
  const auto found = runs_.find(base::Str(run_id));
  return found == runs_.end() ? nullptr : found->second.journal;
}

RunFacts RunBook::Facts(absl::string_view run_id) const {
  const std::shared_ptr<RunJournal> journal = JournalOf(run_id);
  if (journal == nullptr) return RunFacts();
  RunFacts facts = FoldRecords(journal->Records());
  base::MutexLock lock(mutex_);
  const auto run = runs_.find(base::Str(run_id));
  if (run != runs_.end() && run->second.unwritten_end) facts.ended = run->second.unwritten_end;
  return facts;
}

absl::Status RunBook::Record(absl::string_view run_id, const v1::JournalRecord& record) {
  const std::shared_ptr<RunJournal> journal = JournalOf(run_id);
  if (journal == nullptr) return absl::NotFoundError("no journal of this run is open");
  if (record.has_resume()) {
    // Behind the end that it follows.
    base::MutexLock say_lock(say_mutex_);
    absl::Status written = WriteEnd(base::Str(run_id));
    if (!written.ok()) return written;
  }
  absl::Status status = journal->Append(record, /*durable=*/true);
  if (!status.ok()) return status;
  base::MutexLock lock(mutex_);
  const auto run = runs_.find(base::Str(run_id));
  if (run == runs_.end()) return status;
  if (record.has_offer() && run->second.chain.last_seq == 0) {
    run->second.chain = contract::ChainOf(record.offer().run_statement());
  }
  if (record.has_resume()) {
    run->second.said = v1::RUN_STATE_COMMITTED;
    run->second.end_acknowledged = false;
  }
  return status;
}

void RunBook::Say(absl::string_view run_id, const StepNote& note) {
  base::MutexLock say_lock(say_mutex_);
  v1::JournalRecord record;
  v1::RunEvent& event = *record.mutable_event();
  std::shared_ptr<RunJournal> journal;
  {
    base::MutexLock lock(mutex_);
    const auto found = runs_.find(base::Str(run_id));
    if (found == runs_.end()) return;
    event.set_seq(found->second.chain.last_seq + 1);
    event.set_after(found->second.chain.head);
    journal = found->second.journal;
  }
  event.set_run_id(base::Str(run_id));
  SetTime(clock_.Now(), event.mutable_time());
  event.set_step(note.step);
  event.set_name(note.name);
  event.set_kind(note.kind);
  event.set_done(note.done);
  event.set_total(note.total);
  event.set_unit(note.unit);
  event.set_detail(note.detail);
  if (note.took > absl::ZeroDuration()) SetDuration(note.took, event.mutable_took());
  if (note.problem) *event.mutable_problem() = *note.problem;
  Sign(key_, &event);
  // Written, not synced: it survives this process. It is synced before it is sent, or with the next record that matters.
  const absl::Status status = journal->Append(record, /*durable=*/false);
  base::Failpoint("agent.event.journaled");
  {
    base::MutexLock lock(mutex_);
    OpenRun& run = runs_[base::Str(run_id)];
    if (!status.ok()) return LeaveOut(&run, status);
    run.events_left_out = 0;
    run.chain.Take(event);
    v1::AttachRequest message;
    *message.mutable_event() = event;
    Queue(std::move(message));
  }
  Notify();
}

void RunBook::LeaveOut(OpenRun* run, const absl::Status& why) {
  if (++run->events_left_out > 1) return;  // one line for a full disk, not one an event
  base::Log(base::LogLevel::kError, "events are left out: the journal cannot be written",
            {{"why", base::Str(why.message())}});
}

absl::Status RunBook::WriteEnd(const std::string& run_id) {
  std::shared_ptr<RunJournal> journal;
  v1::JournalRecord record;
  {
    base::MutexLock lock(mutex_);
    const auto run = runs_.find(run_id);
    if (run == runs_.end() || !run->second.unwritten_end) return absl::OkStatus();
    *record.mutable_ended() = *run->second.unwritten_end;
    journal = run->second.journal;
  }
  absl::Status status = journal->Append(record, /*durable=*/true);
  if (!status.ok()) return status;
  base::MutexLock lock(mutex_);
  runs_[run_id].unwritten_end.reset();
  return status;
}

void RunBook::CatchUp() {
  std::vector<std::string> unwritten;
  {
    base::MutexLock lock(mutex_);
    for (const auto& [run_id, run] : runs_) {
      if (run.unwritten_end) unwritten.push_back(run_id);
    }
  }
  for (const std::string& run_id : unwritten) {
    {
      base::MutexLock say_lock(say_mutex_);
      if (!WriteEnd(run_id).ok()) return;
    }
    base::Log(base::LogLevel::kInfo, "the end of the run is journaled now", {{"run", run_id}});
    CloseIfSettled(run_id);
  }
}

void RunBook::Report(v1::RunReport report) {
  base::MutexLock say_lock(say_mutex_);
  {
    base::MutexLock lock(mutex_);
    const auto found = runs_.find(report.run_id());
    if (found == runs_.end()) return;
    report.set_last_seq(found->second.chain.last_seq);
    report.set_after(found->second.chain.head);
    Sign(key_, &report);
    found->second.said = report.state();
    found->second.end_acknowledged = false;
    if (IsEnd(report.state())) found->second.unwritten_end = report;
  }
  if (IsEnd(report.state())) {
    const absl::Status status = WriteEnd(report.run_id());
    if (!status.ok()) {
      base::Log(base::LogLevel::kError, "end of run not journaled",
                {{"run", report.run_id()}, {"why", base::Str(status.message())}});
    }
  }
  base::Failpoint("agent.report.journaled");
  base::Log(base::LogLevel::kInfo, "run state",
            {{"run", report.run_id()},
             {"state", v1::RunState_Name(report.state())},
             {"problem", report.problem().message()}});
  {
    base::MutexLock lock(mutex_);
    v1::AttachRequest message;
    *message.mutable_report() = std::move(report);
    Queue(std::move(message));
  }
  Notify();
}

void RunBook::Queue(v1::AttachRequest message) {
  queue_.push_back({next_position_++, std::move(message)});
}

void RunBook::Notify() {
  std::function<void()> listener;
  {
    base::MutexLock lock(mutex_);
    listener = listener_;
  }
  if (listener) listener();
}

std::vector<v1::RunReport> RunBook::HelloReports() const {
  std::vector<v1::RunReport> reports;
  for (const std::string& run_id : OpenRuns()) {
    // A report says which events it follows: after a power failure their numbers must not go to others.
    SyncJournal(run_id, JournalOf(run_id).get());
    const RunFacts facts = Facts(run_id);
    v1::RunReport report;
    if (facts.ended) {
      report = *facts.ended;
    } else {
      report.set_run_id(run_id);
      report.set_state(facts.State());
      report.set_last_seq(facts.chain.last_seq);
      if (facts.committed) *report.mutable_result() = *facts.committed;
      base::MutexLock lock(mutex_);
      const auto found = runs_.find(run_id);
      if (found != runs_.end() && found->second.said == v1::RUN_STATE_UNKNOWN) {
        report.set_state(v1::RUN_STATE_UNKNOWN);
      }
      report.set_after(facts.chain.head);
      Sign(key_, &report);
    }
    if (report.state() != v1::RUN_STATE_UNSPECIFIED) reports.push_back(std::move(report));
  }
  return reports;
}

std::vector<RunBook::Item> RunBook::After(uint64_t position, size_t most) const {
  std::vector<Item> items;
  std::map<std::string, std::shared_ptr<RunJournal>> journals;
  {
    base::MutexLock lock(mutex_);
    auto item = std::upper_bound(queue_.begin(), queue_.end(), position,
                                 [](uint64_t p, const Item& i) { return p < i.position; });
    for (; item != queue_.end() && items.size() < most; ++item) {
      items.push_back(*item);
      if (!item->message.has_event()) continue;
      const std::string& run_id = item->message.event().run_id();
      const auto run = runs_.find(run_id);
      if (run != runs_.end()) journals[run_id] = run->second.journal;
    }
  }
  for (const auto& [run_id, journal] : journals) SyncJournal(run_id, journal.get());
  return items;
}

size_t RunBook::Waiting(uint64_t position) const {
  base::MutexLock lock(mutex_);
  return static_cast<size_t>(
      std::upper_bound(queue_.begin(), queue_.end(), position,
                       [](uint64_t p, const Item& i) { return p < i.position; }) -
      queue_.begin());
}

void RunBook::AcknowledgeEvents(absl::string_view run_id, uint64_t seq) {
  const std::shared_ptr<RunJournal> journal = JournalOf(run_id);
  if (journal == nullptr) return;
  v1::JournalRecord record;
  record.set_acknowledged_seq(seq);
  // Where it cannot be written, they are sent again after a restart; the controller stores each once.
  journal->Append(record, /*durable=*/false).IgnoreError();
  base::Failpoint("agent.events.acknowledged");
  {
    base::MutexLock lock(mutex_);
    const auto acknowledged = [&](const Item& item) {
      return item.message.has_event() && item.message.event().run_id() == run_id &&
             item.message.event().seq() <= seq;
    };
    queue_.erase(std::remove_if(queue_.begin(), queue_.end(), acknowledged), queue_.end());
  }
  CloseIfSettled(run_id);
  Notify();
}

void RunBook::AcknowledgeReport(absl::string_view run_id, v1::RunState state) {
  const std::shared_ptr<RunJournal> journal = JournalOf(run_id);
  if (journal == nullptr) return;
  if (IsEnd(state)) {
    v1::JournalRecord record;
    record.set_acknowledged_report(state);
    // Where it cannot be written, the report is sent again after a restart.
    journal->Append(record, /*durable=*/true).IgnoreError();
  }
  base::Failpoint("agent.report.acknowledged");
  {
    base::MutexLock lock(mutex_);
    const auto run = runs_.find(base::Str(run_id));
    if (run != runs_.end() && IsEnd(state) && run->second.said == state) {
      run->second.end_acknowledged = true;
    }
    const auto acknowledged = [&](const Item& item) {
      return item.message.has_report() && item.message.report().run_id() == run_id &&
             item.message.report().state() == state;
    };
    queue_.erase(std::remove_if(queue_.begin(), queue_.end(), acknowledged), queue_.end());
  }
  CloseIfSettled(run_id);
  Notify();
}

void RunBook::CloseIfSettled(absl::string_view run_id) {
  base::MutexLock say_lock(say_mutex_);
  {
    base::MutexLock lock(mutex_);
    const auto run = runs_.find(base::Str(run_id));
    if (run == runs_.end() || !run->second.end_acknowledged || run->second.unwritten_end) return;
    for (const Item& item : queue_) {
      const std::string& of =
          item.message.has_event() ? item.message.event().run_id() : item.message.report().run_id();
      if (of == run_id) return;
    }
    runs_.erase(run);
  }
  base::Failpoint("agent.journal.closing");
  absl::Status status = journal_.Close(run_id);
  base::Failpoint("agent.journal.closed");
  if (!status.ok()) {
    base::Log(base::LogLevel::kWarning, "journal not closed",
              {{"why", base::Str(status.message())}});
  }
}

}  // namespace resetctl::agent

// What the audit log costs: durable appends beside a store without a tree, verification of an export, the newest page and
// proofs of a long log, bytes for each entry. docs/guide/performance.md says how to read it.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/audit/export_reader.h"
#include "client/audit/log_verifier.h"
#include "controller/service/wire_time.h"
#include "controller/store/audit_leaf.h"
#include "controller/store/sqlite/connection.h"
#include "controller/store/sqlite/sqlite_store.h"
#include "proto/base/mutex.h"
#include "proto/contract/digest.h"
#include "proto/contract/export_line.h"
#include "proto/contract/merkle.h"
#include "tests/support/temp_folder.h"

namespace resetctl::controller {
namespace {

constexpr char kOrigin[] = "resetctl.controller/bench";
constexpr int kWriters = 256;

double Seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

[[noreturn]] void Die(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

// Of ten entries nine are steps of runs; the tenth carries a statement and its signature.
v1::AuditEntry Entry(uint64_t i) {
  v1::AuditEntry entry;
  SetTime(absl::FromUnixSeconds(1795500000) + absl::Milliseconds(i), entry.mutable_time());
  entry.set_environment(i % 3 == 0 ? "production" : "staging");
  entry.set_target("rental-manager");
  entry.set_outcome("ok");
  if (i % 10 != 0) {
    entry.set_actor(absl::StrCat("agent:", entry.environment(), "/rental-manager"));
    entry.set_action("run.event");
    entry.set_subject(absl::StrCat("r-", contract::Digest(absl::StrCat(i / 40)).substr(7, 16)));
    entry.set_detail("clear: transaction_lines, 401,200 rows in 0.9 s");
    (*entry.mutable_evidence())["seq"] = absl::StrCat(i % 40);
    return entry;
  }
  entry.set_actor(absl::StrCat("person:person-", i % 7));
  entry.set_action(i % 20 == 0 ? "plan.create" : "plan.approve");
  entry.set_subject(contract::PlanId(absl::StrCat(i / 100)));
  entry.set_key_fingerprint("SHA256:lChm1aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789ab");
  entry.set_peer("10.0.0.17");
  entry.mutable_statement()->set_text(std::string(420, 't'));
  entry.mutable_statement()->set_signature(std::string(300, 's'));
  return entry;
}

struct Key {
  const contract::LogKeyPair pair = *contract::MakeLogKey(kOrigin);
  CheckpointSigner Signer() const {
    return [this](const contract::Checkpoint& checkpoint) {
      return contract::SignCheckpoint(checkpoint, kOrigin, pair.private_pem);
    };
  }
};

// The same table and indexes, rows and group commit; no tree and no checkpoint.
class RawLog {
 public:
  explicit RawLog(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

  void Append(const v1::AuditEntry& entry) {
    Job job{&entry};
    std::vector<Job*> batch;
    {
      base::MutexLock lock(mutex_);
      queue_.push_back(&job);
      while (!job.done && queue_.front() != &job) changed_.Wait(mutex_);
      if (job.done) return;
      batch.assign(queue_.begin(), queue_.end());
    }
    Write(batch);
    base::MutexLock lock(mutex_);
    for (Job* finished : batch) {
      finished->done = true;
      queue_.pop_front();
    }
    changed_.SignalAll();
  }

 private:
  struct Job {
    const v1::AuditEntry* entry;
    bool done = false;
  };

  void Write(const std::vector<Job*>& batch) {
    absl::Status status = connection_->Exec("BEGIN IMMEDIATE");
    for (const Job* job : batch) {
      if (status.ok()) status = connection_->Exec("SAVEPOINT job");
      const std::string leaf = MakeLeaf(*job->entry, &time_);
      Query insert(*connection_,
                   "INSERT INTO audit (number, entry, actor, action, subject, environment)"
                   " VALUES (?, ?, ?, ?, ?, ?)");
      insert.Bind(size_++, Blob{leaf}, job->entry->actor(), job->entry->action(),
                  job->entry->subject(), job->entry->environment());
      if (status.ok()) status = insert.Run();
      if (status.ok()) status = connection_->Exec("RELEASE job");
    }
    if (status.ok()) status = connection_->Exec("COMMIT");
    if (!status.ok()) Die(status);
  }

  const std::unique_ptr<Connection> connection_;
  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<Job*> queue_ ABSL_GUARDED_BY(mutex_);
  absl::Time time_ = absl::InfinitePast();  // both: of the front job only
  uint64_t size_ = 0;
};

// Entries per second of `append`, by 256 writers.
double AppendRate(const std::function<void(const v1::AuditEntry&)>& append, double seconds) {
  std::atomic<uint64_t> next = 0;
  std::atomic<bool> stop = false;
  std::vector<std::thread> writers;
  const double took = Seconds([&] {
    for (int i = 0; i < kWriters; ++i) {
      writers.emplace_back([&] {
        while (!stop) append(Entry(next++));
      });
    }
    // Nothing to wait for: it is the time that is measured over.
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    stop = true;
    for (std::thread& writer : writers) writer.join();
  });
  return static_cast<double>(next) / took;
}

void MeasureAppends(int rounds) {
  const Key key;
  std::vector<double> ratios;
  std::printf("durable appends, %d writers, one entry a commit; both in turn, entries/s\n",
              kWriters);
  for (int round = 0; round < rounds; ++round) {
    const test::TempFolder folder;
    const std::string raw_path = folder.File("raw.db");
    { auto schema = OpenSqliteStore({raw_path, kOrigin, key.Signer()}); }
    RawLog raw(*Connection::Open(raw_path, false));
    auto store = OpenSqliteStore({folder.File("store.db"), kOrigin, key.Signer()});
    if (!store.ok()) Die(store.status());
    const double without =
        AppendRate([&raw](const v1::AuditEntry& entry) { raw.Append(entry); }, 4);
    const double with = AppendRate(
        [&store](const v1::AuditEntry& entry) {
          const auto receipt = (*store)->Commit(Change(), AuditTrail(entry));
          if (!receipt.ok()) Die(receipt.status());
        },
        4);
    ratios.push_back(with / without);
    std::printf("  with tree %9.0f   without %9.0f   ratio %.2f\n", with, without, with / without);
  }
  std::sort(ratios.begin(), ratios.end());
  std::printf("  median of the ratios %.2f (goal >= 0.50)\n\n", ratios[ratios.size() / 2]);
}

void MeasureVerification(uint64_t count) {
  const Key key;
  const test::TempFolder folder;
  const std::string path = folder.File("audit.jsonl");
  std::vector<std::string> leaves;
  {
    std::ofstream out(path);
    contract::MerkleFrontier frontier;
    out << contract::Write(contract::ExportHeader{kOrigin}) << "\n";
    absl::Time newest = absl::InfinitePast();
    for (uint64_t i = 0; i < count; ++i) {
      leaves.push_back(MakeLeaf(Entry(i), &newest));
      frontier.Append(contract::LeafHash(leaves.back()));
      out << contract::Write(contract::ExportEntry{i, leaves.back()}) << "\n";
    }
    const std::string note =
        *contract::SignCheckpoint({kOrigin, count, frontier.Root()}, kOrigin, key.pair.private_pem);
    out << contract::Write(contract::ExportCheckpoint{note, count}) << "\n";
  }
  std::printf("verification of %llu entries, one thread\n", static_cast<unsigned long long>(count));
  client::LogVerifier hashes({{key.pair.verifier}, {}, absl::Now()});
  const double hashed = Seconds([&] {
    for (uint64_t i = 0; i < count; ++i) {
      if (!hashes.TakeEntry(i, leaves[i]).ok()) std::exit(1);
    }
  });
  std::printf("  tree, from memory     %9.0f entries/s (goal >= 200,000)\n",
              static_cast<double>(count) / hashed);
  client::LogVerifier verifier({{key.pair.verifier}, {}, absl::Now()});
  const double read = Seconds([&] {
    const auto end = client::ReadExport(path, &verifier, nullptr);
    if (!end.ok()) Die(end.status());
  });
  std::printf("  whole export, a file  %9.0f entries/s, %.0f MB/s\n\n",
              static_cast<double>(count) / read,
              static_cast<double>(std::filesystem::file_size(path)) / 1e6 / read);
}

void Fill(Store& store, uint64_t count) {
  constexpr uint64_t kBatch = 5000;
  for (uint64_t i = 0; i < count;) {
    AuditTrail trail(Entry(i++));
    for (uint64_t end = std::min(count, i + kBatch); i < end; ++i) trail.And(Entry(i));
    const auto receipt = store.Commit(Change(), trail);
    if (!receipt.ok()) Die(receipt.status());
  }
}

void Median(const char* name, const std::function<void()>& work) {
  std::vector<double> took;
  for (int round = 0; round < 21; ++round) took.push_back(Seconds(work) * 1000);
  std::printf(
      "  %-44s %8.2f ms, first %8.2f\n", name,
      [&took] {
        std::vector<double> sorted = took;
        std::sort(sorted.begin(), sorted.end());
        return sorted[sorted.size() / 2];
      }(),
      took.front());
}

void MeasurePages(uint64_t count) {
  const Key key;
  const test::TempFolder folder;
  const std::string path = folder.File("store.db");
  std::unique_ptr<Store> store = *OpenSqliteStore({path, kOrigin, key.Signer()});
  std::printf("a log of %llu entries, filled in %.0f s\n", static_cast<unsigned long long>(count),
              Seconds([&] { Fill(*store, count); }));
  store = nullptr;
  uint64_t leaf_bytes = 0;
  absl::Time newest = absl::InfinitePast();
  for (uint64_t i = 0; i < 1000; ++i) leaf_bytes += MakeLeaf(Entry(i), &newest).size();
  std::printf("  bytes for each entry: %.0f on disk, of which %.0f are the entry's own\n",
              static_cast<double>(std::filesystem::file_size(path)) / static_cast<double>(count),
              static_cast<double>(leaf_bytes) / 1000);
  store = *OpenSqliteStore({path, kOrigin, key.Signer()});
  const auto page = [&store](const AuditFilter& filter) {
    return [&store, filter] {
      const auto found = store->ListAudit(filter, {});
      if (!found.ok()) Die(found.status());
    };
  };
  const uint64_t some_run = count / 2 / 40;
  std::printf("newest page of 50 (goal <= 50 ms)\n");
  Median("all", page({}));
  Median("without events", page({.without_events = true}));
  Median("environment", page({.environments = {"production"}}));
  Median("environments, without events",
         page({.environments = {"production", "staging"}, .without_events = true}));
  Median("person", page({.person = "person-3"}));
  Median("person, environment", page({.person = "person-3", .environments = {"production"}}));
  Median("action", page({.action = "plan.approve"}));
  Median("an action that never was", page({.action = "policy.apply"}));
  Median("a run", page({.subjects = {absl::StrCat(
                            "r-", contract::Digest(absl::StrCat(some_run)).substr(7, 16))}}));
  Median("a plan's prefix",
         page({.subject = contract::PlanId(absl::StrCat(count / 200)).substr(0, 10)}));
  const absl::Time middle =
      absl::FromUnixSeconds(1795500000) + absl::Milliseconds(static_cast<int64_t>(count / 2));
  Median("until the middle", page({.until = middle}));
  Median("since the middle, environment", page({.environments = {"staging"}, .since = middle}));
  std::printf("proofs\n");
  Median("inclusion", [&] { (void)store->ProveInclusion(count / 3, count); });
  Median("consistency", [&] { (void)store->ProveConsistency(count / 3, count); });
}

}  // namespace
}  // namespace resetctl::controller

// bench_audit_log [ENTRIES of the long log, 5000000] [ROUNDS of appends, 3]
int main(int argc, char** argv) {
  uint64_t count = 5000000;
  int rounds = 3;
  if ((argc > 1 && !absl::SimpleAtoi(argv[1], &count)) ||
      (argc > 2 && !absl::SimpleAtoi(argv[2], &rounds))) {
    std::fprintf(stderr, "bench_audit_log [ENTRIES] [ROUNDS]\n");
    return 2;
  }
  resetctl::controller::MeasureAppends(rounds);
  resetctl::controller::MeasureVerification(std::min<uint64_t>(count, 500000));
  resetctl::controller::MeasurePages(count);
  return 0;
}

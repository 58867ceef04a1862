#include "agent/postgres/row_counter.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/postgres/run_context.h"
#include "proto/base/mutex.h"

namespace resetctl::agent {
namespace {

constexpr size_t kTablesPerQuery = 25;  // the price of a UNION grows with the square of its parts
constexpr int64_t kBytesPerQuery = 64 << 20;  // large tables do not share one statement's budget
constexpr int64_t kSharesPerConnection = 8;   // so that all connections end at about the same time
constexpr int64_t kSampleBytes = 64 << 20;    // some 8,000 pages: about 1% off

struct Question {
  std::string sql;  // selects an OID and a number
  int64_t bytes;    // of heap that it reads
};

int64_t HeapBytesOf(const TableIndex& index, Oid table) {
  int64_t bytes = 0;
  for (const Oid member : index.TreeOf(table)) bytes += index.Find(member)->heap_bytes;
  return bytes;
}

// Several questions to a query: few round trips for many small tables. Only a single question may read more than `most` bytes.
std::vector<std::string> Batch(std::vector<Question> questions, int64_t most) {
  std::stable_sort(questions.begin(), questions.end(),
                   [](const Question& a, const Question& b) { return a.bytes > b.bytes; });
  std::vector<std::string> batches;
  for (size_t to = 0; to < questions.size();) {
    std::string sql;
    int64_t bytes = 0;
    for (const size_t from = to; to < questions.size() && to < from + kTablesPerQuery; ++to) {
      bytes += questions[to].bytes;
      if (to > from && bytes > most) break;
      absl::StrAppend(&sql, to > from ? " union all " : "", questions[to].sql);
    }
    batches.push_back(std::move(sql));
  }
  return batches;
}

// What the connections that count share: the batches that are left, the answers, the first error.
class Work {
 public:
  Work(std::vector<std::string> batches, const std::function<absl::Status()>& going)
      : batches_(std::move(batches)), going_(going) {}

  // Takes batches until none is left or one of the connections has failed. Each batch runs in a subtransaction that is
  // rolled back: that gives its locks back at once (a table's and its indexes' stay till the end of a transaction, and
  // thousands of them are more than a server with default settings has room for), while the snapshot stays the same.
  void Run(Session& session) {
    bool open = false;
    while (std::optional<std::string> sql = Next()) {
      absl::StatusOr<Rows> answer = session.Query(absl::StrCat(
          open ? "rollback to savepoint resetctl_count; release savepoint resetctl_count; " : "",
          "savepoint resetctl_count; ", *sql));
      open = true;
      if (!answer.ok()) return Fail(answer.status());
      Keep(*answer);
    }
    if (!open || session.broken()) return;
    const absl::Status ended =
        session.Execute("rollback to savepoint resetctl_count; release savepoint resetctl_count");
    if (!ended.ok()) Fail(ended);
  }

  // A helping connection, to be cancelled when another one fails; null when it has ended.
  void Watch(Session* helper, bool there) {
    base::MutexLock lock(mutex_);
    if (there) {
      helpers_.insert(helper);
      if (!status_.ok()) helper->Cancel();
    } else {
      helpers_.erase(helper);
    }
  }

  size_t batches() const { return batches_.size(); }
  absl::Status Take(std::map<Oid, int64_t>* rows) {
    base::MutexLock lock(mutex_);
    if (status_.ok()) *rows = std::move(rows_);
    return status_;
  }

 private:
  std::optional<std::string> Next() {
    const absl::Status going = going_();
    base::MutexLock lock(mutex_);
    if (status_.ok() && !going.ok()) status_ = going;
    if (!status_.ok() || next_ == batches_.size()) return std::nullopt;
    return batches_[next_++];
  }

  void Keep(const Rows& answer) {
    base::MutexLock lock(mutex_);
    for (int row = 0; row < answer.size(); ++row) {
      rows_[static_cast<Oid>(answer.Int(row, 0))] = answer.Int(row, 1);
    }
  }

  void Fail(const absl::Status& status) {
    base::MutexLock lock(mutex_);
    if (!status_.ok()) return;
    status_ = status;
    for (Session* helper : helpers_) helper->Cancel();
  }

  const std::vector<std::string> batches_;
  const std::function<absl::Status()>& going_;
  base::Mutex mutex_;
  size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<Oid, int64_t> rows_ ABSL_GUARDED_BY(mutex_);
  std::set<Session*> helpers_ ABSL_GUARDED_BY(mutex_);
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

// One more connection with the same snapshot. What goes wrong before it has taken a batch harms nobody.
void Help(const base::Secret& url, const std::string& snapshot, Work& work) {
  absl::StatusOr<std::unique_ptr<Session>> session = Session::Connect(url, absl::Seconds(5));
  if (!session.ok()) return;
  const absl::Status begun = (*session)->Execute(absl::StrCat(
      "begin transaction isolation level repeatable read, read only; set transaction snapshot ",
      (*session)->QuoteLiteral(snapshot),
      "; set local row_security = off; set local lock_timeout = '10s'; "
      "set local statement_timeout = '5min'; set local search_path = pg_catalog, pg_temp"));
  if (!begun.ok()) return;
  work.Watch(session->get(), true);
  work.Run(**session);
  work.Watch(session->get(), false);
}

}  // namespace

RowCounter::RowCounter(Session& session, const base::Secret& url, const CountOptions& options,
                       std::function<absl::Status()> going)
    : session_(session), url_(url), options_(options), going_(std::move(going)) {}

absl::Status RowCounter::CountTables(const TableIndex& index, const std::vector<Oid>& tables,
                                     std::map<Oid, RowCount>* rows) {
  std::vector<Question> questions;
  std::map<Oid, double> sampled;  // percent of the pages
  int64_t all_bytes = 0;
  for (const Oid table : tables) {
    if (!index.IsCountable(table)) continue;
    int64_t bytes = HeapBytesOf(index, table);
    (*rows)[table] = {};
    if (bytes == 0) continue;
    std::string sample;
    if (bytes > options_.estimate_above) {
      const double percent =
          std::min(100.0, 100.0 * static_cast<double>(kSampleBytes) / static_cast<double>(bytes));
      sample = absl::StrCat(" tablesample system (", percent, ")");
      sampled[table] = percent;
      bytes = kSampleBytes;
    }
    all_bytes += bytes;
    questions.push_back({absl::StrCat("select ", table, "::oid, (select pg_catalog.count(*) from ",
                                      Alone(*index.Find(table)), sample, ")"),
                         bytes});
  }
  const bool shared = all_bytes > options_.parallel_above && options_.connections > 1;
  const int64_t share = all_bytes / (options_.connections * kSharesPerConnection);
  Work work(Batch(std::move(questions), shared ? std::min(share, kBytesPerQuery) : kBytesPerQuery),
            going_);
  std::vector<std::thread> helpers;
  if (shared && work.batches() > 1) {
    absl::StatusOr<Rows> snapshot = session_.Query("select pg_catalog.pg_export_snapshot()");
    if (!snapshot.ok()) return snapshot.status();
    const std::string name = snapshot->Text(0, 0);
    const size_t wanted =
        std::min<size_t>(work.batches(), static_cast<size_t>(options_.connections));
    for (size_t i = 1; i < wanted; ++i) {
      helpers.emplace_back([this, name, &work] { Help(url_, name, work); });
    }
  }
  work.Run(session_);
  for (std::thread& helper : helpers) helper.join();
  std::map<Oid, int64_t> counts;
  absl::Status status = work.Take(&counts);
  if (!status.ok()) return status;
  for (const auto& [table, count] : counts) {
    const auto percent = sampled.find(table);
    (*rows)[table] =
        percent == sampled.end()
            ? RowCount{count, false}
            : RowCount{static_cast<int64_t>(static_cast<double>(count) * 100.0 / percent->second),
                       true};
  }
  return absl::OkStatus();
}

absl::Status RowCounter::CountReferences(const TableIndex& index,
                                         const std::vector<Oid>& foreign_keys,
                                         std::map<Oid, int64_t>* rows) {
  const std::set<Oid> wanted(foreign_keys.begin(), foreign_keys.end());
  std::vector<Question> questions;
  for (const ForeignKey& key : index.catalog().foreign_keys) {
    if (wanted.count(key.oid) == 0 || !index.IsCountable(key.from)) continue;
    std::vector<std::string> set;
    for (const std::string& column : key.from_columns) {
      set.push_back(absl::StrCat(session_.QuoteIdentifier(column), " is not null"));
    }
    questions.push_back(
        {absl::StrCat("select ", key.oid, "::oid, (select pg_catalog.count(*) from ",
                      Alone(*index.Find(key.from)), " where ", absl::StrJoin(set, " and "), ")"),
         HeapBytesOf(index, key.from)});
  }
  Work work(Batch(std::move(questions), kBytesPerQuery), going_);
  work.Run(session_);
  return work.Take(rows);
}

}  // namespace resetctl::agent

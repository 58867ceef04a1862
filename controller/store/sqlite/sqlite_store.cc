#include "controller/store/sqlite/sqlite_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/store/paging.h"
#include "controller/store/refusals.h"
#include "controller/store/sqlite/audit_archive.h"
#include "controller/store/sqlite/audit_query.h"
#include "controller/store/sqlite/audit_tree.h"
#include "controller/store/sqlite/migrate.h"
#include "controller/store/sqlite/reader_pool.h"
#include "controller/store/sqlite/rows.h"
#include "controller/store/sqlite/store_file.h"
#include "controller/store/sqlite/where.h"
#include "controller/store/sqlite/writer.h"
#include "proto/base/text.h"
#include "proto/contract/merkle_store.h"

namespace resetctl::controller {
namespace {

class SqliteStore : public Store {
 public:
  SqliteStore(std::unique_ptr<FileLock> lock, std::unique_ptr<Connection> connection,
              const SqliteOptions& options)
      : lock_(std::move(lock)),
        origin_(options.log_origin),
        sign_(options.sign),
        readers_(options.path),
        writer_(std::move(connection), options.log_origin, options.sign, options.observe,
                options.lock_patience) {}

  absl::Status SignHead() { return writer_.SignHead(); }

  // ---- writing

  absl::StatusOr<CommitReceipt> Commit(const Change& change, const AuditTrail& trail) override {
    return writer_.Commit(change, trail);
  }
  absl::Status Write(const Note& note) override { return writer_.Write(note); }
  absl::Status Probe() override { return writer_.Probe(); }

  // ---- plans

  absl::StatusOr<PlanRecord> GetPlan(absl::string_view id_or_prefix) override {
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    const absl::StatusOr<std::string> id = FindId(**db, "plan", "plans", "p-", id_or_prefix);
    if (!id.ok()) return id.status();
    Query query(**db, absl::StrCat("SELECT ", kPlanColumns, " FROM plans WHERE id = ?"));
    query.Bind(*id);
    if (!query.Next()) return query.status().ok() ? NoSuch("plan", *id) : query.status();
    return ReadPlan(query);
  }

  absl::StatusOr<PageOf<PlanRecord>> ListPlans(const PlanFilter& filter,
                                               const PageRequest& page) override {
    Where where;
    where.AnyOf("environment", filter.environments).Equals("target", filter.target);
    where.AnyOf("state", filter.states).Equals("author", filter.author);
    if (filter.expired_at) where.Is("expire_time <= ?", *filter.expired_at);
    return List<PlanRecord>(kPlanListColumns, "plans", where, page, filter.keep, &ReadPlan);
  }

  absl::StatusOr<std::string> GetBundle(absl::string_view bundle_digest) override {
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    Query query(**db, "SELECT bytes FROM bundles WHERE digest = ?");
    query.Bind(bundle_digest);
    if (!query.Next())
      return query.status().ok() ? NoSuch("bundle", bundle_digest) : query.status();
    return query.Text(0);
  }

  absl::StatusOr<std::vector<ApprovalRecord>> ListApprovals(absl::string_view plan_id) override {
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    Query query(**db, absl::StrCat("SELECT ", kApprovalColumns,
                                   " FROM approvals WHERE plan_id = ? ORDER BY sequence"));
    query.Bind(plan_id);
    return All<ApprovalRecord>(&query, &ReadApproval);
  }

  // ---- runs

  absl::StatusOr<RunRecord> GetRun(absl::string_view id_or_prefix) override {
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    const absl::StatusOr<std::string> id = FindId(**db, "run", "runs", "r-", id_or_prefix);
    if (!id.ok()) return id.status();
    Query query(**db, absl::StrCat("SELECT ", kRunColumns, " FROM runs WHERE id = ?"));
    query.Bind(*id);
    if (!query.Next()) return query.status().ok() ? NoSuch("run", *id) : query.status();
    return ReadRun(query);
  }

  absl::StatusOr<PageOf<RunRecord>> ListRuns(const RunFilter& filter,
                                             const PageRequest& page) override {
    Where where;
    where.AnyOf("environment", filter.environments).Equals("target", filter.target);
    where.AnyOf("state", filter.states).Equals("runner", filter.runner);
    where.Equals("plan_id", filter.plan_id);
    if (!filter.bundle_digest.empty()) {
      where.Is("plan_id IN (SELECT id FROM plans WHERE bundle_digest = ?)", filter.bundle_digest);
    }
    return List<RunRecord>(kRunColumns, "runs", where, page, filter.keep, &ReadRun);
  }

  absl::StatusOr<std::vector<v1::RunEvent>> ListEvents(absl::string_view run_id, uint64_t after_seq,
                                                       int limit) override {
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    Query query(**db,
                "SELECT event FROM run_events WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT ?");
    query.Bind(run_id, after_seq, limit);
    std::vector<v1::RunEvent> events;
    while (query.Next()) events.emplace_back().ParseFromString(query.Text(0));
    if (!query.status().ok()) return query.status();
    return events;
  }

  // ---- sessions

  absl::StatusOr<SessionRecord> FindSession(absl::string_view token_hash) override {
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    Query query(**db,
                absl::StrCat("SELECT ", kSessionColumns, " FROM sessions WHERE token_hash = ?"));
    query.Bind(Blob{token_hash});
    if (!query.Next()) return query.status().ok() ? NoSuch("session", "") : query.status();
    return ReadSession(query);
  }

  absl::StatusOr<std::vector<SessionRecord>> ListSessions(const std::string& person) override {
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    Query query(**db, absl::StrCat("SELECT ", kSessionColumns,
                                   " FROM sessions WHERE ?1 = '' OR person = ?1"
                                   " ORDER BY create_time DESC, token_hash"));
    query.Bind(person);
    return All<SessionRecord>(&query, &ReadSession);
  }

  absl::StatusOr<ChallengeRecord> FindChallenge(absl::string_view challenge) override {
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    Query query(**db, "SELECT challenge, person, expire_time FROM challenges WHERE challenge = ?");
    query.Bind(Blob{challenge});
    if (!query.Next()) return query.status().ok() ? NoSuch("challenge", "") : query.status();
    return ChallengeRecord{query.Text(0), query.Text(1), query.Time(2)};
  }

  // ---- agents

  absl::StatusOr<AgentRecord> GetAgent(absl::string_view environment,
                                       absl::string_view target) override {
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    Query query(**db, absl::StrCat("SELECT ", kAgentColumns,
                                   " FROM agents WHERE environment = ? AND target = ?"));
    query.Bind(environment, target);
    if (!query.Next()) {
      return query.status().ok() ? NoSuchAgent(environment, target) : query.status();
    }
    return ReadAgent(query);
  }

  absl::StatusOr<std::vector<AgentRecord>> ListAgents() override {
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    Query query(
        **db, absl::StrCat("SELECT ", kAgentColumns, " FROM agents ORDER BY environment, target"));
    return All<AgentRecord>(&query, &ReadAgent);
  }

  absl::StatusOr<CertificateRecord> FindCertificate(absl::string_view serial) override {
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    Query query(
        **db, absl::StrCat("SELECT ", kCertificateColumns, " FROM certificates WHERE serial = ?"));
    query.Bind(serial);
    if (!query.Next()) return query.status().ok() ? NoSuch("certificate", serial) : query.status();
    return ReadCertificate(query);
  }

  absl::StatusOr<std::vector<CertificateRecord>> ListCertificates(
      absl::string_view environment, absl::string_view target) override {
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    Query query(**db, absl::StrCat("SELECT ", kCertificateColumns,
                                   " FROM certificates WHERE environment = ? AND target = ?"
                                   " ORDER BY number DESC"));
    query.Bind(environment, target);
    return All<CertificateRecord>(&query, &ReadCertificate);
  }

  absl::StatusOr<JoinTokenRecord> FindJoinToken(absl::string_view token_hash) override {
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    Query query(**db,
                "SELECT token_hash, environment, target, created_by, expire_time FROM join_tokens"
                " WHERE token_hash = ?");
    query.Bind(Blob{token_hash});
    if (!query.Next()) return query.status().ok() ? NoSuch("join token", "") : query.status();
    return JoinTokenRecord{query.Text(0), query.Text(1), query.Text(2), query.Text(3),
                           query.Time(4)};
  }

  // ---- freezes and requests

  absl::StatusOr<std::optional<FreezeRecord>> FindFreeze(absl::string_view environment) override {
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    Query query(**db,
                "SELECT environment, person, reason, time, until FROM freezes"
                " WHERE environment = ?");
    query.Bind(environment);
    if (query.Next()) {
      return FreezeRecord{query.Text(0), query.Text(1), query.Text(2), query.Time(3),
                          query.Time(4)};
    }
    if (!query.status().ok()) return query.status();
    return std::optional<FreezeRecord>();
  }

  absl::StatusOr<std::optional<RequestRecord>> FindRequest(absl::string_view person,
                                                           absl::string_view method,
                                                           absl::string_view request_id) override {
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    Query query(**db,
                "SELECT person, method, request_id, fingerprint, subject, time FROM requests"
                " WHERE person = ? AND method = ? AND request_id = ?");
    query.Bind(person, method, request_id);
    if (query.Next()) {
      return RequestRecord{query.Text(0), query.Text(1), query.Text(2),
                           query.Text(3), query.Text(4), query.Time(5)};
    }
    if (!query.status().ok()) return query.status();
    return std::optional<RequestRecord>();
  }

  // ---- notifications

  absl::StatusOr<std::optional<uint64_t>> FindCursor(absl::string_view sink) override {
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    Query query(**db, "SELECT next FROM notification_cursors WHERE sink = ?");
    query.Bind(sink);
    if (query.Next()) return static_cast<uint64_t>(query.Int(0));
    if (!query.status().ok()) return query.status();
    return std::optional<uint64_t>();
  }

  // ---- audit

  absl::StatusOr<PageOf<StoredAuditEntry>> ListAudit(const AuditFilter& filter,
                                                     const PageRequest& page) override {
    return FillPage<StoredAuditEntry>(
        page, nullptr, [&](int64_t below, int limit) -> absl::StatusOr<Numbered<StoredAuditEntry>> {
          absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
          if (!db.ok()) return db.status();
          return QueryAudit(**db, filter, below, limit);
        });
  }

  absl::StatusOr<std::vector<StoredAuditEntry>> ReadAudit(uint64_t first, int limit) override {
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    Query query(**db, "SELECT number, entry FROM audit WHERE number >= ? ORDER BY number LIMIT ?");
    query.Bind(first, limit);
    return All<StoredAuditEntry>(&query, &ReadAuditRow);
  }

  absl::StatusOr<StoredCheckpoint> GetCheckpoint() override {
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    Query query(**db, "SELECT note, size, root FROM audit_head");
    if (!query.Next()) return query.status().ok() ? NoSuch("checkpoint", "") : query.status();
    return StoredCheckpoint{query.Text(0), static_cast<uint64_t>(query.Int(1)), query.Text(2)};
  }

  absl::StatusOr<StoredCheckpoint> GetCheckpointAt(uint64_t size) override {
    const auto roots = Prove(/*within=*/true, size, {{0, size}});
    if (!roots.ok()) return roots.status();
    absl::StatusOr<std::string> note = sign_({origin_, size, roots->front()});
    if (!note.ok()) return note.status();
    return StoredCheckpoint{*std::move(note), size, roots->front()};
  }

  absl::StatusOr<uint64_t> FirstKept() override {
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    return controller::FirstKept(**db);
  }

  absl::StatusOr<ArchiveRecord> FindArchive(uint64_t index) override {
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    return controller::FindArchive(**db, index);
  }

  absl::StatusOr<uint64_t> FirstAt(absl::Time time) override {
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    const absl::StatusOr<int64_t> number = controller::FirstAt(**db, time);
    if (!number.ok()) return number.status();
    return static_cast<uint64_t>(*number);
  }

  absl::StatusOr<std::vector<std::string>> ProveInclusion(uint64_t index, uint64_t size) override {
    return Prove(index < size, size, contract::InclusionRanges(index, size));
  }

  absl::StatusOr<std::vector<std::string>> ProveConsistency(uint64_t old_size,
                                                            uint64_t size) override {
    return Prove(old_size <= size, size, contract::ConsistencyRanges(old_size, size));
  }

 private:
  static StoredAuditEntry ReadAuditRow(const Query& row) {
    return {static_cast<uint64_t>(row.Int(0)), row.Text(1)};
  }

  // The roots of the ranges, for a proof about the first `size` entries.
  absl::StatusOr<std::vector<std::string>> Prove(bool within, uint64_t size,
                                                 const std::vector<contract::LeafRange>& ranges) {
    const absl::StatusOr<StoredCheckpoint> head = GetCheckpoint();
    if (!head.ok()) return head.status();
    if (!within || size > head->size) return NoSuchProof(head->size);
    absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
    if (!db.ok()) return db.status();
    return contract::StoredRoots(
        ranges, [&db](const contract::Subtree& subtree) { return ReadSubtree(**db, subtree); });
  }

  template <typename T>
  static absl::StatusOr<std::vector<T>> All(Query* query, T (*read)(const Query&)) {
    std::vector<T> items;
    while (query->Next()) items.push_back(read(*query));
    if (!query->status().ok()) return query->status();
    return items;
  }

  // The full id that a prefix names.
  static absl::StatusOr<std::string> FindId(Connection& db, absl::string_view kind,
                                            absl::string_view table, absl::string_view type,
                                            absl::string_view id_or_prefix) {
    const absl::StatusOr<std::string> prefix = CheckIdPrefix(kind, type, id_or_prefix);
    if (!prefix.ok()) return prefix.status();
    // 'g' follows every hexadecimal digit.
    Query query(db, absl::StrCat("SELECT id FROM ", table,
                                 " WHERE id >= ?1 AND id < ?1 || 'g' ORDER BY id LIMIT 3"));
    query.Bind(*prefix);
    std::vector<std::string> ids;
    while (query.Next()) ids.push_back(query.Text(0));
    if (!query.status().ok()) return query.status();
    return OnlyId(kind, *prefix, ids);
  }

  template <typename T>
  absl::StatusOr<PageOf<T>> List(absl::string_view columns, absl::string_view table,
                                 const Where& where, const PageRequest& page,
                                 const std::function<bool(const T&)>& keep,
                                 T (*read)(const Query&)) {
    const std::string& filters = where.sql();
    const std::string sql = absl::StrCat("SELECT ", columns, " FROM ", table, filters,
                                         filters.empty() ? " WHERE " : " AND ",
                                         "number < ? ORDER BY number DESC LIMIT ?");
    return FillPage<T>(page, keep, [&](int64_t below, int limit) -> absl::StatusOr<Numbered<T>> {
      absl::StatusOr<ReaderPool::Loan> db = readers_.Take();
      if (!db.ok()) return db.status();
      Query query(**db, sql);
      where.BindTo(&query);
      query.Bind(below, limit);
      Numbered<T> rows;
      while (query.Next()) rows.emplace_back(query.Int(0), read(query));
      if (!query.status().ok()) return query.status();
      return rows;
    });
  }

  const std::unique_ptr<FileLock> lock_;
  const std::string origin_;
  const CheckpointSigner sign_;
  ReaderPool readers_;
  Writer writer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(const SqliteOptions& options) {
  absl::StatusOr<std::unique_ptr<FileLock>> lock =
      FileLock::Take(absl::StrCat(options.path, ".lock"));
  if (!lock.ok()) return lock.status();
  absl::Status status = MakePrivateFile(options.path);
  if (!status.ok()) return status;
  absl::StatusOr<std::unique_ptr<Connection>> connection =
      Connection::Open(options.path, /*query_only=*/false);
  if (!connection.ok()) return connection.status();
  status = Migrate(**connection, AllMigrations());
  if (!status.ok()) return status;
  auto store = std::make_unique<SqliteStore>(*std::move(lock), *std::move(connection), options);
  status = store->SignHead();
  if (!status.ok()) return status;
  return store;
}

}  // namespace resetctl::controller

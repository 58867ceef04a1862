#include "tests/support/memory_store.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "controller/domain/audit_fields.h"
#include "controller/service/wire_time.h"
#include "controller/store/audit_leaf.h"
#include "controller/store/paging.h"
#include "controller/store/refusals.h"
#include "proto/base/text.h"

namespace resetctl::controller {

namespace {

template <typename T>
bool AnyOf(const std::vector<T>& wanted, const T& value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

bool OrEmpty(const std::string& wanted, const std::string& value) {
  return wanted.empty() || wanted == value;
}

template <typename T>
absl::StatusOr<T> ByPrefix(const std::vector<T>& items, absl::string_view kind,
                           absl::string_view type, absl::string_view id_or_prefix) {
  const absl::StatusOr<std::string> prefix = CheckIdPrefix(kind, type, id_or_prefix);
  if (!prefix.ok()) return prefix.status();
  std::vector<std::string> ids;
  for (const T& item : items) {
    if (absl::StartsWith(item.id, *prefix)) ids.push_back(item.id);
  }
  const absl::StatusOr<std::string> id = OnlyId(kind, *prefix, ids);
  if (!id.ok()) return id.status();
  for (const T& item : items) {
    if (item.id == *id) return item;
  }
  return NoSuch(kind, *id);
}

// The end of the test: not everybody who writes an entry looks at what becomes of it.
void CheckClasses(const v1::AuditEntry& entry) {
  const std::vector<std::string> keys = UnclassifiedKeys(entry);
  if (keys.empty()) return;
  std::fprintf(stderr, "%s has evidence without a class (controller/domain/audit_fields.cc): %s\n",
               entry.action().c_str(), absl::StrJoin(keys, ", ").c_str());
  std::abort();
}

// Pages over all items, whose number is their place from 1.
template <typename T>
absl::StatusOr<PageOf<T>> PageOver(const std::vector<T>& items, const PageRequest& page,
                                   const std::function<bool(const T&)>& matches,
                                   const std::function<bool(const T&)>& keep) {
  return FillPage<T>(page, keep, [&](int64_t below, int limit) -> absl::StatusOr<Numbered<T>> {
    Numbered<T> rows;
    for (int64_t number = static_cast<int64_t>(items.size()); number >= 1; --number) {
      if (number >= below || !matches(items[number - 1])) continue;
      rows.emplace_back(number, items[number - 1]);
      if (static_cast<int>(rows.size()) == limit) break;
    }
    return rows;
  });
}

}  // namespace

MemoryStore::MemoryStore(std::string log_origin, CheckpointSigner sign)
    : log_origin_(std::move(log_origin)), sign_(std::move(sign)) {
  base::MutexLock lock(mutex_);
  (void)Sign(&state_);
}

MemoryState MemoryStore::Snapshot() {
  base::MutexLock lock(mutex_);
  return state_;
}

absl::Status MemoryStore::Sign(MemoryState* state) const {
  StoredCheckpoint next{"unsigned", state->frontier.size(), state->frontier.Root()};
  if (sign_) {
    absl::StatusOr<std::string> note = sign_({log_origin_, next.size, next.root});
    if (!note.ok()) return note.status();
    next.note = *std::move(note);
  }
  state->checkpoint = std::move(next);
  return absl::OkStatus();
}

absl::StatusOr<CommitReceipt> MemoryStore::Commit(const Change& change, const AuditTrail& trail) {
  base::MutexLock lock(mutex_);
  MemoryState next = state_;
  const uint64_t first = next.frontier.size();
  for (const Mutation& mutation : change.mutations()) {
    absl::Status status = Apply(mutation, first, &next);
    if (!status.ok()) return status;
  }
  for (const v1::AuditEntry& entry : trail.entries()) {
    CheckClasses(entry);
    next.audit.push_back(MakeLeaf(entry, &next.newest_entry));
    next.frontier.Append(contract::LeafHash(next.audit.back()));
  }
  if (absl::Status status = Sign(&next); !status.ok()) return status;
  state_ = std::move(next);
  return CommitReceipt{first, state_.frontier.size()};
}

absl::Status MemoryStore::Write(const Note& note) {
  base::MutexLock lock(mutex_);
  return Apply(note, &state_);
}

absl::StatusOr<PlanRecord> MemoryStore::GetPlan(absl::string_view id_or_prefix) {
  return ByPrefix(Snapshot().plans, "plan", "p-", id_or_prefix);
}

absl::StatusOr<PageOf<PlanRecord>> MemoryStore::ListPlans(const PlanFilter& filter,
                                                          const PageRequest& page) {
  MemoryState state = Snapshot();
  for (PlanRecord& plan : state.plans) {
    plan.document.clear();
    plan.mac.clear();
    plan.plan_statement.Clear();
  }
  return PageOver<PlanRecord>(
      state.plans, page,
      [&filter](const PlanRecord& plan) {
        return AnyOf(filter.environments, plan.environment) &&
               OrEmpty(filter.target, plan.target) && AnyOf(filter.states, plan.state) &&
               OrEmpty(filter.author, plan.author) &&
               (!filter.expired_at || plan.expire_time <= *filter.expired_at);
      },
      filter.keep);
}

absl::StatusOr<std::string> MemoryStore::GetBundle(absl::string_view bundle_digest) {
  const MemoryState state = Snapshot();
  const auto found = state.bundles.find(base::Str(bundle_digest));
  if (found == state.bundles.end()) return NoSuch("bundle", bundle_digest);
  return found->second;
}

absl::StatusOr<std::vector<ApprovalRecord>> MemoryStore::ListApprovals(absl::string_view plan_id) {
  MemoryState state = Snapshot();
  return state.approvals[base::Str(plan_id)];
}

absl::StatusOr<RunRecord> MemoryStore::GetRun(absl::string_view id_or_prefix) {
  return ByPrefix(Snapshot().runs, "run", "r-", id_or_prefix);
}

absl::StatusOr<PageOf<RunRecord>> MemoryStore::ListRuns(const RunFilter& filter,
                                                        const PageRequest& page) {
  const MemoryState state = Snapshot();
  const auto bundle_of = [&state](const RunRecord& run) {
    for (const PlanRecord& plan : state.plans) {
      if (plan.id == run.plan_id) return plan.bundle_digest;
    }
    return std::string();
  };
  return PageOver<RunRecord>(
      state.runs, page,
      [&](const RunRecord& run) {
        return AnyOf(filter.environments, run.environment) && OrEmpty(filter.target, run.target) &&
               AnyOf(filter.states, run.state) && OrEmpty(filter.runner, run.runner) &&
               OrEmpty(filter.plan_id, run.plan_id) &&
               OrEmpty(filter.bundle_digest, bundle_of(run));
      },
      filter.keep);
}

absl::StatusOr<std::vector<v1::RunEvent>> MemoryStore::ListEvents(absl::string_view run_id,
                                                                  uint64_t after_seq, int limit) {
  MemoryState state = Snapshot();
  std::vector<v1::RunEvent> events;
  for (const v1::RunEvent& event : state.events[base::Str(run_id)]) {
    if (event.seq() > after_seq && static_cast<int>(events.size()) < limit) events.push_back(event);
  }
  return events;
}

absl::StatusOr<SessionRecord> MemoryStore::FindSession(absl::string_view token_hash) {
  const MemoryState state = Snapshot();
  const auto found = state.sessions.find(base::Str(token_hash));
  if (found == state.sessions.end()) return NoSuch("session", "");
  return found->second;
}

absl::StatusOr<std::vector<SessionRecord>> MemoryStore::ListSessions(const std::string& person) {
  const MemoryState state = Snapshot();
  std::vector<SessionRecord> sessions;
  for (const auto& [hash, session] : state.sessions) {
    if (OrEmpty(person, session.person)) sessions.push_back(session);
  }
  std::stable_sort(
      sessions.begin(), sessions.end(),
      [](const SessionRecord& a, const SessionRecord& b) { return a.create_time > b.create_time; });
  return sessions;
}

absl::StatusOr<ChallengeRecord> MemoryStore::FindChallenge(absl::string_view challenge) {
  const MemoryState state = Snapshot();
  const auto found = state.challenges.find(base::Str(challenge));
  if (found == state.challenges.end()) return NoSuch("challenge", "");
  return found->second;
}

absl::StatusOr<AgentRecord> MemoryStore::GetAgent(absl::string_view environment,
                                                  absl::string_view target) {
  const MemoryState state = Snapshot();
  const auto found = state.agents.find({base::Str(environment), base::Str(target)});
  if (found == state.agents.end()) return NoSuchAgent(environment, target);
  return found->second;
}

absl::StatusOr<std::vector<AgentRecord>> MemoryStore::ListAgents() {
  std::vector<AgentRecord> agents;
  const MemoryState state = Snapshot();
  for (const auto& [key, agent] : state.agents) agents.push_back(agent);
  return agents;
}

absl::StatusOr<CertificateRecord> MemoryStore::FindCertificate(absl::string_view serial) {
  const MemoryState state = Snapshot();
  for (const CertificateRecord& certificate : state.certificates) {
    if (certificate.serial == serial) return certificate;
  }
  return NoSuch("certificate", serial);
}

absl::StatusOr<std::vector<CertificateRecord>> MemoryStore::ListCertificates(
    absl::string_view environment, absl::string_view target) {
  std::vector<CertificateRecord> found;
  const MemoryState state = Snapshot();
  for (const CertificateRecord& certificate : state.certificates) {
    if (certificate.environment == environment && certificate.target == target) {
      found.insert(found.begin(), certificate);
    }
  }
  return found;
}

absl::StatusOr<JoinTokenRecord> MemoryStore::FindJoinToken(absl::string_view token_hash) {
  const MemoryState state = Snapshot();
  const auto found = state.join_tokens.find(base::Str(token_hash));
  if (found == state.join_tokens.end()) return NoSuch("join token", "");
  return found->second;
}

absl::StatusOr<std::optional<FreezeRecord>> MemoryStore::FindFreeze(absl::string_view environment) {
  const MemoryState state = Snapshot();
  const auto found = state.freezes.find(base::Str(environment));
  if (found == state.freezes.end()) return std::optional<FreezeRecord>();
  return found->second;
}

absl::StatusOr<std::optional<RequestRecord>> MemoryStore::FindRequest(
    absl::string_view person, absl::string_view method, absl::string_view request_id) {
  const MemoryState state = Snapshot();
  const auto found =
      state.requests.find({base::Str(person), base::Str(method), base::Str(request_id)});
  if (found == state.requests.end()) return std::optional<RequestRecord>();
  return found->second;
}

absl::StatusOr<std::optional<uint64_t>> MemoryStore::FindCursor(absl::string_view sink) {
  const MemoryState state = Snapshot();
  const auto found = state.cursors.find(base::Str(sink));
  if (found == state.cursors.end()) return std::optional<uint64_t>();
  return std::optional<uint64_t>(found->second);
}

absl::StatusOr<PageOf<StoredAuditEntry>> MemoryStore::ListAudit(const AuditFilter& filter,
                                                                const PageRequest& page) {
  std::vector<StoredAuditEntry> entries;
  const MemoryState state = Snapshot();
  for (const std::string& bytes : state.audit) entries.push_back({entries.size(), bytes});
  return PageOver<StoredAuditEntry>(
      entries, page,
      [&filter, first_kept = state.FirstKept()](const StoredAuditEntry& stored) {
        v1::AuditEntry entry;
        entry.ParseFromString(stored.bytes);
        return stored.index >= std::max(filter.first, first_kept) &&
               AnyOf(filter.environments, entry.environment()) &&
               OrEmpty(filter.action, entry.action()) &&
               !(filter.without_events && entry.action() == "run.event") &&
               absl::StartsWith(entry.subject(), filter.subject) &&
               AnyOf(filter.subjects, entry.subject()) &&
               (!filter.since || TimeOf(entry.time()) >= *filter.since) &&
               (!filter.until || TimeOf(entry.time()) < *filter.until) &&
               (filter.person.empty() || entry.actor() == "person:" + filter.person ||
                entry.subject() == filter.person);
      },
      nullptr);
}

absl::StatusOr<std::vector<StoredAuditEntry>> MemoryStore::ReadAudit(uint64_t first, int limit) {
  const MemoryState state = Snapshot();
  std::vector<StoredAuditEntry> entries;
  for (uint64_t i = std::max(first, state.FirstKept());
       i < state.audit.size() && static_cast<int>(entries.size()) < limit; ++i) {
    entries.push_back({i, state.audit[i]});
  }
  return entries;
}

absl::StatusOr<uint64_t> MemoryStore::FirstKept() { return Snapshot().FirstKept(); }

absl::StatusOr<ArchiveRecord> MemoryStore::FindArchive(uint64_t index) {
  const MemoryState state = Snapshot();
  for (const ArchiveRecord& archive : state.archives) {
    if (archive.first <= index && index < archive.end) return archive;
  }
  return NoSuch("archive", "");
}

absl::StatusOr<uint64_t> MemoryStore::FirstAt(absl::Time time) {
  const MemoryState state = Snapshot();
  uint64_t index = state.FirstKept();
  v1::AuditEntry entry;
  while (index < state.audit.size() && entry.ParseFromString(state.audit[index]) &&
         TimeOf(entry.time()) < time) {
    ++index;
  }
  return index;
}

absl::StatusOr<StoredCheckpoint> MemoryStore::GetCheckpointAt(uint64_t size) {
  const auto leaves = LeafHashes(size);
  if (!leaves) return NoSuchProof(GetCheckpoint()->size);
  MemoryState state;
  for (const std::string& leaf : *leaves) state.frontier.Append(leaf);
  absl::Status status = Sign(&state);
  if (!status.ok()) return status;
  return state.checkpoint;
}

absl::StatusOr<StoredCheckpoint> MemoryStore::GetCheckpoint() { return Snapshot().checkpoint; }

std::optional<std::vector<std::string>> MemoryStore::LeafHashes(uint64_t size) {
  const MemoryState state = Snapshot();
  if (size > state.audit.size()) return std::nullopt;
  std::vector<std::string> hashes;
  for (uint64_t i = 0; i < size; ++i) hashes.push_back(contract::LeafHash(state.audit[i]));
  return hashes;
}

absl::StatusOr<std::vector<std::string>> MemoryStore::ProveInclusion(uint64_t index,
                                                                     uint64_t size) {
  const auto leaves = LeafHashes(size);
  if (!leaves || index >= size) return NoSuchProof(GetCheckpoint()->size);
  return contract::InclusionProof(*leaves, index);
}

absl::StatusOr<std::vector<std::string>> MemoryStore::ProveConsistency(uint64_t old_size,
                                                                       uint64_t size) {
  const auto leaves = LeafHashes(size);
  if (!leaves || old_size > size) return NoSuchProof(GetCheckpoint()->size);
  return contract::ConsistencyProof(*leaves, old_size);
}

}  // namespace resetctl::controller

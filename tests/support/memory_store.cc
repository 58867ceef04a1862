#include "tests/support/memory_store.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "controller/domain/plan_state.h"
#include "controller/domain/run_state.h"
#include "controller/store/paging.h"
#include "controller/store/refusals.h"
#include "proto/base/text.h"

namespace resetctl::controller {

namespace {

template <typename T>
T* FindById(std::vector<T>* items, absl::string_view id) {
  for (T& item : *items) {
    if (item.id == id) return &item;
  }
  return nullptr;
}

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

struct MemoryApplier {
  MemoryStore::State& s;
  uint64_t audit_index;

  absl::Status operator()(const InsertPlan& m) {
    if (FindById(&s.plans, m.plan.id) != nullptr) return absl::AlreadyExistsError(m.plan.id);
    s.bundles.emplace(m.plan.bundle_digest, m.bundle);
    s.plans.push_back(m.plan);
    s.plans.back().version = 1;
    return absl::OkStatus();
  }
  absl::Status operator()(const UpdatePlan& m) {
    PlanRecord* plan = FindById(&s.plans, m.plan.id);
    if (plan == nullptr) return NoSuch("plan", m.plan.id);
    if (plan->version != m.plan.version) return StaleVersion("plan", m.plan.id);
    if (plan->state != m.plan.state && !CanMove(plan->state, m.plan.state)) {
      return CheckMove(plan->state, m.plan.state);
    }
    ++plan->version;
    plan->state = m.plan.state;
    plan->state_reason = m.plan.state_reason;
    plan->last_run_id = m.plan.last_run_id;
    return absl::OkStatus();
  }
  absl::Status operator()(const InsertApproval& m) {
    if (FindById(&s.plans, m.approval.plan_id) == nullptr) {
      return NoSuch("plan", m.approval.plan_id);
    }
    std::vector<ApprovalRecord>& approvals = s.approvals[m.approval.plan_id];
    approvals.push_back(m.approval);
    approvals.back().sequence = static_cast<int64_t>(approvals.size());
    return absl::OkStatus();
  }
  absl::Status CheckFree(const RunRecord& run) {
    if (!IsActive(run.state)) return absl::OkStatus();
    for (const RunRecord& other : s.runs) {
      if (other.id != run.id && IsActive(other.state) && other.environment == run.environment &&
          other.target == run.target) {
        return TargetBusy(run.environment, run.target);
      }
    }
    return absl::OkStatus();
  }
  absl::Status operator()(const InsertRun& m) {
    if (FindById(&s.plans, m.run.plan_id) == nullptr) return NoSuch("plan", m.run.plan_id);
    if (FindById(&s.runs, m.run.id) != nullptr) return absl::AlreadyExistsError(m.run.id);
    if (absl::Status status = CheckFree(m.run); !status.ok()) return status;
    s.runs.push_back(m.run);
    RunRecord& run = s.runs.back();
    run.version = 1;
    run.last_seq = 0;
    if (run.audit_entry == kThisCommit) run.audit_entry = audit_index;
    return absl::OkStatus();
  }
  absl::Status operator()(const UpdateRun& m) {
    RunRecord* run = FindById(&s.runs, m.run.id);
    if (run == nullptr) return NoSuch("run", m.run.id);
    if (run->version != m.run.version) return StaleVersion("run", m.run.id);
    if (run->state != m.run.state && !CanMove(run->state, m.run.state)) {
      return CheckMove(run->state, m.run.state);
    }
    if (absl::Status status = CheckFree(m.run); !status.ok()) return status;
    const RunRecord old = *run;
    *run = m.run;
    run->version = old.version + 1;
    run->last_seq = old.last_seq;
    if (run->audit_entry == kThisCommit) run->audit_entry = audit_index;
    return absl::OkStatus();
  }
  absl::Status operator()(const AppendEvent& m) {
    RunRecord* run = FindById(&s.runs, m.event.run_id());
    if (run == nullptr) return NoSuch("run", m.event.run_id());
    std::vector<v1::RunEvent>& events = s.events[run->id];
    const uint64_t seq = m.event.seq();
    if (seq > 0 && seq <= run->last_seq) {
      return RepeatedEvent(run->id, seq,
                           events[seq - 1].SerializeAsString() == m.event.SerializeAsString());
    }
    if (seq != run->last_seq + 1) return EventGap(run->id, seq, run->last_seq);
    events.push_back(m.event);
    run->last_seq = seq;
    return absl::OkStatus();
  }
  absl::Status operator()(const UseChallenge& m) {
    const auto found = s.challenges.find(m.challenge);
    if (found == s.challenges.end() || found->second.expire_time <= m.now) return NoSuchChallenge();
    s.challenges.erase(found);
    return absl::OkStatus();
  }
  absl::Status operator()(const InsertSession& m) {
    return s.sessions.emplace(m.session.token_hash, m.session).second
               ? absl::OkStatus()
               : absl::AlreadyExistsError("session");
  }
  absl::Status operator()(const DeleteSession& m) {
    s.sessions.erase(m.token_hash);
    return absl::OkStatus();
  }
  absl::Status operator()(const UseNonce& m) {
    return s.nonces.emplace(m.nonce, m.expire_time).second ? absl::OkStatus() : ReplayedStatement();
  }
  absl::Status operator()(const InsertJoinToken& m) {
    return s.join_tokens.emplace(m.token.token_hash, m.token).second
               ? absl::OkStatus()
               : absl::AlreadyExistsError("join token");
  }
  absl::Status operator()(const UseJoinToken& m) {
    const auto found = s.join_tokens.find(m.token_hash);
    if (found == s.join_tokens.end() || found->second.expire_time <= m.now) return NoSuchToken();
    s.join_tokens.erase(found);
    return absl::OkStatus();
  }
  absl::Status operator()(const InsertCertificate& m) {
    const CertificateRecord& c = m.certificate;
    for (const CertificateRecord& other : s.certificates) {
      if (other.serial == c.serial) return absl::AlreadyExistsError("certificate");
    }
    s.agents.emplace(std::pair(c.environment, c.target),
                     AgentRecord{c.environment, c.target, "", c.issue_time, std::nullopt, ""});
    s.certificates.push_back(c);
    return absl::OkStatus();
  }
  absl::Status operator()(const RevokeCertificates& m) {
    bool any = false;
    for (CertificateRecord& c : s.certificates) {
      if (c.environment != m.environment || c.target != m.target) continue;
      c.revoked = any = true;
    }
    return any ? absl::OkStatus() : NoSuchAgent(m.environment, m.target);
  }
  absl::Status operator()(const SetAgentHello& m) {
    const auto found = s.agents.find({m.environment, m.target});
    if (found == s.agents.end()) return NoSuchAgent(m.environment, m.target);
    found->second.hello = m.hello;
    found->second.seen_time = m.time;
    return absl::OkStatus();
  }
  absl::Status operator()(const BindTarget& m) {
    const auto found = s.agents.find({m.environment, m.target});
    if (found == s.agents.end()) return NoSuchAgent(m.environment, m.target);
    found->second.bound = m.bound;
    return absl::OkStatus();
  }
  absl::Status operator()(const SetFreeze& m) {
    s.freezes[m.freeze.environment] = m.freeze;
    return absl::OkStatus();
  }
  absl::Status operator()(const LiftFreeze& m) {
    s.freezes.erase(m.environment);
    return absl::OkStatus();
  }
  absl::Status operator()(const InsertRequest& m) {
    const RequestRecord& r = m.request;
    if (r.request_id.empty()) return absl::OkStatus();
    return s.requests.emplace(std::tuple(r.person, r.method, r.request_id), r).second
               ? absl::OkStatus()
               : absl::AlreadyExistsError("request");
  }
  absl::Status operator()(const InsertChallenge& m) {
    return s.challenges.emplace(m.challenge.challenge, m.challenge).second
               ? absl::OkStatus()
               : absl::AlreadyExistsError("challenge");
  }
  absl::Status operator()(const SeeAgent& m) {
    const auto found = s.agents.find({m.environment, m.target});
    if (found != s.agents.end()) found->second.seen_time = m.time;
    return absl::OkStatus();
  }
  absl::Status operator()(const Forget& m) {
    const auto expired = [&m](const auto& item) { return item.second.expire_time <= m.now; };
    std::erase_if(s.sessions, expired);
    std::erase_if(s.challenges, expired);
    std::erase_if(s.join_tokens, expired);
    std::erase_if(s.nonces, [&m](const auto& item) { return item.second <= m.now; });
    std::erase_if(s.requests,
                  [&m](const auto& item) { return item.second.time < m.requests_before; });
    return absl::OkStatus();
  }
  absl::Status operator()(const SetNotificationCursor& m) {
    s.cursors[m.sink] = m.next;
    return absl::OkStatus();
  }
};

MemoryStore::MemoryStore(std::string log_origin, CheckpointSigner sign)
    : log_origin_(std::move(log_origin)), sign_(std::move(sign)) {
  base::MutexLock lock(mutex_);
  (void)Sign(&state_);
}

MemoryStore::State MemoryStore::Snapshot() {
  base::MutexLock lock(mutex_);
  return state_;
}

absl::Status MemoryStore::Sign(State* state) const {
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
  State next = state_;
  const uint64_t first = next.frontier.size();
  for (const Mutation& mutation : change.mutations()) {
    absl::Status status = std::visit(MemoryApplier{next, first}, mutation);
    if (!status.ok()) return status;
  }
  for (const v1::AuditEntry& entry : trail.entries()) {
    next.audit.push_back(LeafBytes(entry));
    next.frontier.Append(contract::LeafHash(next.audit.back()));
  }
  if (absl::Status status = Sign(&next); !status.ok()) return status;
  state_ = std::move(next);
  return CommitReceipt{first, state_.frontier.size()};
}

absl::Status MemoryStore::Write(const Note& note) {
  base::MutexLock lock(mutex_);
  return std::visit(MemoryApplier{state_, 0}, note);
}

absl::StatusOr<PlanRecord> MemoryStore::GetPlan(absl::string_view id_or_prefix) {
  return ByPrefix(Snapshot().plans, "plan", "p-", id_or_prefix);
}

absl::StatusOr<PageOf<PlanRecord>> MemoryStore::ListPlans(const PlanFilter& filter,
                                                          const PageRequest& page) {
  State state = Snapshot();
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
  const State state = Snapshot();
  const auto found = state.bundles.find(base::Str(bundle_digest));
  if (found == state.bundles.end()) return NoSuch("bundle", bundle_digest);
  return found->second;
}

absl::StatusOr<std::vector<ApprovalRecord>> MemoryStore::ListApprovals(absl::string_view plan_id) {
  State state = Snapshot();
  return state.approvals[base::Str(plan_id)];
}

absl::StatusOr<RunRecord> MemoryStore::GetRun(absl::string_view id_or_prefix) {
  return ByPrefix(Snapshot().runs, "run", "r-", id_or_prefix);
}

absl::StatusOr<PageOf<RunRecord>> MemoryStore::ListRuns(const RunFilter& filter,
                                                        const PageRequest& page) {
  const State state = Snapshot();
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
  State state = Snapshot();
  std::vector<v1::RunEvent> events;
  for (const v1::RunEvent& event : state.events[base::Str(run_id)]) {
    if (event.seq() > after_seq && static_cast<int>(events.size()) < limit) events.push_back(event);
  }
  return events;
}

absl::StatusOr<SessionRecord> MemoryStore::FindSession(absl::string_view token_hash) {
  const State state = Snapshot();
  const auto found = state.sessions.find(base::Str(token_hash));
  if (found == state.sessions.end()) return NoSuch("session", "");
  return found->second;
}

absl::StatusOr<std::vector<SessionRecord>> MemoryStore::ListSessions(const std::string& person) {
  const State state = Snapshot();
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
  const State state = Snapshot();
  const auto found = state.challenges.find(base::Str(challenge));
  if (found == state.challenges.end()) return NoSuch("challenge", "");
  return found->second;
}

absl::StatusOr<AgentRecord> MemoryStore::GetAgent(absl::string_view environment,
                                                  absl::string_view target) {
  const State state = Snapshot();
  const auto found = state.agents.find({base::Str(environment), base::Str(target)});
  if (found == state.agents.end()) return NoSuchAgent(environment, target);
  return found->second;
}

absl::StatusOr<std::vector<AgentRecord>> MemoryStore::ListAgents() {
  std::vector<AgentRecord> agents;
  const State state = Snapshot();
  for (const auto& [key, agent] : state.agents) agents.push_back(agent);
  return agents;
}

absl::StatusOr<CertificateRecord> MemoryStore::FindCertificate(absl::string_view serial) {
  const State state = Snapshot();
  for (const CertificateRecord& certificate : state.certificates) {
    if (certificate.serial == serial) return certificate;
  }
  return NoSuch("certificate", serial);
}

absl::StatusOr<std::vector<CertificateRecord>> MemoryStore::ListCertificates(
    absl::string_view environment, absl::string_view target) {
  std::vector<CertificateRecord> found;
  const State state = Snapshot();
  for (const CertificateRecord& certificate : state.certificates) {
    if (certificate.environment == environment && certificate.target == target) {
      found.insert(found.begin(), certificate);
    }
  }
  return found;
}

absl::StatusOr<JoinTokenRecord> MemoryStore::FindJoinToken(absl::string_view token_hash) {
  const State state = Snapshot();
  const auto found = state.join_tokens.find(base::Str(token_hash));
  if (found == state.join_tokens.end()) return NoSuch("join token", "");
  return found->second;
}

absl::StatusOr<std::optional<FreezeRecord>> MemoryStore::FindFreeze(absl::string_view environment) {
  const State state = Snapshot();
  const auto found = state.freezes.find(base::Str(environment));
  if (found == state.freezes.end()) return std::optional<FreezeRecord>();
  return found->second;
}

absl::StatusOr<std::optional<RequestRecord>> MemoryStore::FindRequest(
    absl::string_view person, absl::string_view method, absl::string_view request_id) {
  const State state = Snapshot();
  const auto found =
      state.requests.find({base::Str(person), base::Str(method), base::Str(request_id)});
  if (found == state.requests.end()) return std::optional<RequestRecord>();
  return found->second;
}

absl::StatusOr<std::optional<uint64_t>> MemoryStore::FindCursor(absl::string_view sink) {
  const State state = Snapshot();
  const auto found = state.cursors.find(base::Str(sink));
  if (found == state.cursors.end()) return std::optional<uint64_t>();
  return std::optional<uint64_t>(found->second);
}

absl::StatusOr<PageOf<StoredAuditEntry>> MemoryStore::ListAudit(const AuditFilter& filter,
                                                                const PageRequest& page) {
  std::vector<StoredAuditEntry> entries;
  const State state = Snapshot();
  for (const std::string& bytes : state.audit) entries.push_back({entries.size(), bytes});
  return PageOver<StoredAuditEntry>(
      entries, page,
      [&filter](const StoredAuditEntry& stored) {
        v1::AuditEntry entry;
        entry.ParseFromString(stored.bytes);
        return AnyOf(filter.environments, entry.environment()) &&
               OrEmpty(filter.action, entry.action()) &&
               !(filter.without_events && entry.action() == "run.event") &&
               absl::StartsWith(entry.subject(), filter.subject) &&
               (filter.person.empty() || entry.actor() == "person:" + filter.person ||
                entry.subject() == filter.person);
      },
      nullptr);
}

absl::StatusOr<std::vector<StoredAuditEntry>> MemoryStore::ReadAudit(uint64_t first, int limit) {
  const State state = Snapshot();
  std::vector<StoredAuditEntry> entries;
  for (uint64_t i = first; i < state.audit.size() && static_cast<int>(entries.size()) < limit;
       ++i) {
    entries.push_back({i, state.audit[i]});
  }
  return entries;
}

absl::StatusOr<StoredCheckpoint> MemoryStore::GetCheckpoint() { return Snapshot().checkpoint; }

}  // namespace resetctl::controller

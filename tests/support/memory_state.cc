#include "tests/support/memory_state.h"

#include "controller/domain/plan_state.h"
#include "controller/domain/run_state.h"
#include "controller/store/refusals.h"

namespace resetctl::controller {
namespace {

template <typename T>
T* FindById(std::vector<T>* items, absl::string_view id) {
  for (T& item : *items) {
    if (item.id == id) return &item;
  }
  return nullptr;
}

struct Applier {
  MemoryState& s;
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
  absl::Status operator()(const SetWitness& m) {
    const auto found = s.agents.find({m.environment, m.target});
    if (found == s.agents.end()) return NoSuchAgent(m.environment, m.target);
    WitnessRecord& witness = found->second.witness;
    witness.key = m.witness.key;
    witness.alarm = m.witness.alarm;
    witness.accepted = m.witness.accepted;
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
  absl::Status operator()(const ArchiveEntries& m) {
    absl::Status status =
        CheckArchive(m.archive, m.leaf_hashes.size(), s.FirstKept(), s.audit.size());
    if (!status.ok()) return status;
    for (uint64_t i = m.archive.first; i < m.archive.end; ++i) {
      if (contract::LeafHash(s.audit[i]) != m.leaf_hashes[i - m.archive.first]) {
        return NotTheArchivedEntry(i);
      }
    }
    s.archives.push_back(m.archive);
    return absl::OkStatus();
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
  absl::Status operator()(const KeepCosignature& m) {
    const auto found = s.agents.find({m.environment, m.target});
    if (found == s.agents.end()) return absl::OkStatus();
    found->second.witness.cosigned = m.checkpoint;
    found->second.witness.cosigned_size = m.size;
    return absl::OkStatus();
  }
};

}  // namespace

absl::Status Apply(const Mutation& mutation, uint64_t audit_index, MemoryState* state) {
  return std::visit(Applier{*state, audit_index}, mutation);
}

absl::Status Apply(const Note& note, MemoryState* state) {
  return std::visit(Applier{*state, 0}, note);
}

}  // namespace resetctl::controller

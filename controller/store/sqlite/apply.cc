#include "controller/store/sqlite/apply.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "controller/domain/plan_state.h"
#include "controller/domain/run_state.h"
#include "controller/store/refusals.h"
#include "controller/store/sqlite/audit_archive.h"

namespace resetctl::controller {
namespace {

template <typename Proto>
std::string Bytes(const Proto& message) {
  return message.SerializeAsString();
}

uint64_t AuditEntryOf(const RunRecord& run, uint64_t audit_index) {
  return run.audit_entry == kThisCommit ? audit_index : run.audit_entry;
}

struct Applier {
  Connection& db;
  uint64_t audit_index;

  absl::Status operator()(const InsertPlan& m) {
    Query bundle(db, "INSERT INTO bundles (digest, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING");
    absl::Status status = bundle.Bind(m.plan.bundle_digest, Blob{m.bundle}).Run();
    if (!status.ok()) return status;
    const PlanRecord& p = m.plan;
    const std::string statement = Bytes(p.plan_statement);
    Query insert(db,
                 "INSERT INTO plans (id, version, document, mac, bundle_digest, plan_statement,"
                 " environment, target, author, author_key_fingerprint, rules, policy_digest,"
                 " floor_digest, blueprint_name, rows_total, rows_estimated,"
                 " tables_total, create_time, expire_time, state, state_reason, last_run_id)"
                 " VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    return insert
        .Bind(p.id, Blob{p.document}, Blob{p.mac}, p.bundle_digest, Blob{statement}, p.environment,
              p.target, p.author, p.author_key_fingerprint, p.rules, p.policy_digest,
              p.floor_digest, p.blueprint_name, p.rows_total, p.rows_estimated ? 1 : 0,
              p.tables_total, p.create_time, p.expire_time, static_cast<int>(p.state),
              p.state_reason, p.last_run_id)
        .Run();
  }

  absl::Status operator()(const UpdatePlan& m) {
    const PlanRecord& p = m.plan;
    {
      Query old(db, "SELECT version, state FROM plans WHERE id = ?");
      old.Bind(p.id);
      if (!old.Next()) return old.status().ok() ? NoSuch("plan", p.id) : old.status();
      if (old.Int(0) != p.version) return StaleVersion("plan", p.id);
      const auto from = static_cast<v1::PlanState>(old.Int(1));
      if (from != p.state && !CanMove(from, p.state)) return CheckMove(from, p.state);
    }
    Query update(db,
                 "UPDATE plans SET version = version + 1, state = ?, state_reason = ?,"
                 " last_run_id = ? WHERE id = ?");
    return update.Bind(static_cast<int>(p.state), p.state_reason, p.last_run_id, p.id).Run();
  }

  absl::Status operator()(const InsertApproval& m) {
    const ApprovalRecord& a = m.approval;
    {
      Query plan(db, "SELECT 1 FROM plans WHERE id = ?");
      plan.Bind(a.plan_id);
      if (!plan.Next()) return plan.status().ok() ? NoSuch("plan", a.plan_id) : plan.status();
    }
    const std::string statement = Bytes(a.statement);
    Query insert(db,
                 "INSERT INTO approvals (plan_id, sequence, person, key_fingerprint, decision,"
                 " reason, policy_digest, floor_digest, start_before, time, statement) VALUES (?1,"
                 " (SELECT COALESCE(MAX(sequence), 0) + 1 FROM approvals WHERE plan_id = ?1),"
                 " ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
    return insert
        .Bind(a.plan_id, a.person, a.key_fingerprint, a.decision, a.reason, a.policy_digest,
              a.floor_digest, a.start_before, a.time, Blob{statement})
        .Run();
  }

  // The one unique index on runs besides the id: an active run per target.
  absl::Status OrBusy(absl::Status status, const RunRecord& run) {
    if (absl::IsAlreadyExists(status) && absl::StrContains(status.message(), "runs.environment")) {
      return TargetBusy(run.environment, run.target);
    }
    return status;
  }

  absl::Status operator()(const InsertRun& m) {
    const RunRecord& r = m.run;
    const std::string run_statement = Bytes(r.run_statement);
    const std::string resume_statement = Bytes(r.resume_statement);
    {
      Query plan(db, "SELECT 1 FROM plans WHERE id = ?");
      plan.Bind(r.plan_id);
      if (!plan.Next()) return plan.status().ok() ? NoSuch("plan", r.plan_id) : plan.status();
    }
    Query insert(
        db,
        "INSERT INTO runs (id, version, plan_id, environment, target, runner,"
        " runner_key_fingerprint, run_statement, resume_statement, create_time, hold_until,"
        " start_before, state, fence, cancel_requested, cancel_person, detached, audit_entry,"
        " break_glass, last_seq)"
        " VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)");
    insert.Bind(r.id, r.plan_id, r.environment, r.target, r.runner, r.runner_key_fingerprint,
                Blob{run_statement}, Blob{resume_statement}, r.create_time, r.hold_until,
                r.start_before, static_cast<int>(r.state), r.fence, r.cancel_requested,
                r.cancel_person, r.detached, AuditEntryOf(r, audit_index), r.break_glass);
    absl::Status status = OrBusy(insert.Run(), r);
    return status.ok() ? WriteMutable(r) : status;
  }

  absl::Status operator()(const UpdateRun& m) {
    const RunRecord& r = m.run;
    {
      Query old(db, "SELECT version, state FROM runs WHERE id = ?");
      old.Bind(r.id);
      if (!old.Next()) return old.status().ok() ? NoSuch("run", r.id) : old.status();
      if (old.Int(0) != r.version) return StaleVersion("run", r.id);
      const auto from = static_cast<v1::RunState>(old.Int(1));
      if (from != r.state && !CanMove(from, r.state)) return CheckMove(from, r.state);
    }
    Query bump(db, "UPDATE runs SET version = version + 1 WHERE id = ?");
    absl::Status status = bump.Bind(r.id).Run();
    return status.ok() ? WriteMutable(r) : status;
  }

  absl::Status WriteMutable(const RunRecord& r) {
    const std::string resume_statement = Bytes(r.resume_statement);
    const std::string problem = r.problem ? Bytes(*r.problem) : "";
    const std::string result = r.result ? Bytes(*r.result) : "";
    Query update(db,
                 "UPDATE runs SET resume_statement = ?, state = ?, start_time = ?, end_time = ?,"
                 " fence = ?, cancel_requested = ?, cancel_person = ?, detached = ?,"
                 " audit_entry = ?, reviewer = ?, problem = ?, result = ? WHERE id = ?");
    update.Bind(Blob{resume_statement}, static_cast<int>(r.state), r.start_time, r.end_time,
                r.fence, r.cancel_requested, r.cancel_person, r.detached,
                AuditEntryOf(r, audit_index), r.reviewer);
    if (r.problem) {
      update.Bind(Blob{problem});
    } else {
      update.Bind(nullptr);
    }
    if (r.result) {
      update.Bind(Blob{result});
    } else {
      update.Bind(nullptr);
    }
    return OrBusy(update.Bind(r.id).Run(), r);
  }

  absl::Status operator()(const AppendEvent& m) {
    const v1::RunEvent& e = m.event;
    const std::string bytes = Bytes(e);
    uint64_t last = 0;
    {
      Query run(db, "SELECT last_seq FROM runs WHERE id = ?");
      run.Bind(e.run_id());
      if (!run.Next()) return run.status().ok() ? NoSuch("run", e.run_id()) : run.status();
      last = static_cast<uint64_t>(run.Int(0));
    }
    if (e.seq() > 0 && e.seq() <= last) {
      Query stored(db, "SELECT event FROM run_events WHERE run_id = ? AND seq = ?");
      stored.Bind(e.run_id(), e.seq());
      if (!stored.Next() && !stored.status().ok()) return stored.status();
      return RepeatedEvent(e.run_id(), e.seq(), stored.Text(0) == bytes);
    }
    if (e.seq() != last + 1) return EventGap(e.run_id(), e.seq(), last);
    Query insert(db, "INSERT INTO run_events (run_id, seq, event) VALUES (?, ?, ?)");
    absl::Status status = insert.Bind(e.run_id(), e.seq(), Blob{bytes}).Run();
    if (!status.ok()) return status;
    Query update(db, "UPDATE runs SET last_seq = ? WHERE id = ?");
    return update.Bind(e.seq(), e.run_id()).Run();
  }

  absl::Status operator()(const UseChallenge& m) {
    Query remove(db, "DELETE FROM challenges WHERE challenge = ? AND expire_time > ?");
    absl::Status status = remove.Bind(Blob{m.challenge}, m.now).Run();
    if (status.ok() && db.Changes() == 0) return NoSuchChallenge();
    return status;
  }

  absl::Status operator()(const InsertSession& m) {
    const SessionRecord& s = m.session;
    Query insert(db,
                 "INSERT INTO sessions (token_hash, person, key_fingerprint, peer, create_time,"
                 " expire_time) VALUES (?, ?, ?, ?, ?, ?)");
    return insert
        .Bind(Blob{s.token_hash}, s.person, s.key_fingerprint, s.peer, s.create_time, s.expire_time)
        .Run();
  }

  absl::Status operator()(const DeleteSession& m) {
    Query remove(db, "DELETE FROM sessions WHERE token_hash = ?");
    return remove.Bind(Blob{m.token_hash}).Run();
  }

  absl::Status operator()(const UseNonce& m) {
    Query insert(db, "INSERT INTO nonces (nonce, expire_time) VALUES (?, ?)");
    absl::Status status = insert.Bind(m.nonce, m.expire_time).Run();
    return absl::IsAlreadyExists(status) ? ReplayedStatement() : status;
  }

  absl::Status operator()(const InsertJoinToken& m) {
    const JoinTokenRecord& t = m.token;
    Query insert(db,
                 "INSERT INTO join_tokens (token_hash, environment, target, created_by,"
                 " expire_time) VALUES (?, ?, ?, ?, ?)");
    return insert.Bind(Blob{t.token_hash}, t.environment, t.target, t.created_by, t.expire_time)
        .Run();
  }

  absl::Status operator()(const UseJoinToken& m) {
    Query remove(db, "DELETE FROM join_tokens WHERE token_hash = ? AND expire_time > ?");
    absl::Status status = remove.Bind(Blob{m.token_hash}, m.now).Run();
    if (status.ok() && db.Changes() == 0) return NoSuchToken();
    return status;
  }

  absl::Status operator()(const InsertCertificate& m) {
    const CertificateRecord& c = m.certificate;
    Query agent(db,
                "INSERT INTO agents (environment, target, hello, enroll_time)"
                " VALUES (?, ?, x'', ?) ON CONFLICT DO NOTHING");
    absl::Status status = agent.Bind(c.environment, c.target, c.issue_time).Run();
    if (!status.ok()) return status;
    Query insert(db,
                 "INSERT INTO certificates (serial, environment, target, not_after, issue_time,"
                 " revoked) VALUES (?, ?, ?, ?, ?, ?)");
    return insert.Bind(c.serial, c.environment, c.target, c.not_after, c.issue_time, c.revoked)
        .Run();
  }

  absl::Status operator()(const RevokeCertificates& m) {
    Query update(db, "UPDATE certificates SET revoked = 1 WHERE environment = ? AND target = ?");
    absl::Status status = update.Bind(m.environment, m.target).Run();
    if (status.ok() && db.Changes() == 0) return NoSuchAgent(m.environment, m.target);
    return status;
  }

  absl::Status operator()(const SetAgentHello& m) {
    Query update(db,
                 "UPDATE agents SET hello = ?, seen_time = ? WHERE environment = ? AND target = ?");
    absl::Status status = update.Bind(Blob{m.hello}, m.time, m.environment, m.target).Run();
    if (status.ok() && db.Changes() == 0) return NoSuchAgent(m.environment, m.target);
    return status;
  }

  absl::Status operator()(const BindTarget& m) {
    Query update(db, "UPDATE agents SET bound = ? WHERE environment = ? AND target = ?");
    absl::Status status = update.Bind(Blob{m.bound}, m.environment, m.target).Run();
    if (status.ok() && db.Changes() == 0) return NoSuchAgent(m.environment, m.target);
    return status;
  }

  absl::Status operator()(const SetWitness& m) {
    Query update(db,
                 "UPDATE agents SET witness_key = ?, witness_alarm = ?, witness_accepted = ?"
                 " WHERE environment = ? AND target = ?");
    const WitnessRecord& w = m.witness;
    absl::Status status =
        update.Bind(w.key, Blob{w.alarm}, w.accepted, m.environment, m.target).Run();
    if (status.ok() && db.Changes() == 0) return NoSuchAgent(m.environment, m.target);
    return status;
  }

  absl::Status operator()(const SetFreeze& m) {
    const FreezeRecord& f = m.freeze;
    Query insert(db,
                 "INSERT OR REPLACE INTO freezes (environment, person, reason, time, until)"
                 " VALUES (?, ?, ?, ?, ?)");
    return insert.Bind(f.environment, f.person, f.reason, f.time, f.until).Run();
  }

  absl::Status operator()(const LiftFreeze& m) {
    Query remove(db, "DELETE FROM freezes WHERE environment = ?");
    return remove.Bind(m.environment).Run();
  }

  absl::Status operator()(const InsertRequest& m) {
    const RequestRecord& r = m.request;
    if (r.request_id.empty()) return absl::OkStatus();
    Query insert(db,
                 "INSERT INTO requests (person, method, request_id, fingerprint, subject, time)"
                 " VALUES (?, ?, ?, ?, ?, ?)");
    return insert.Bind(r.person, r.method, r.request_id, r.fingerprint, r.subject, r.time).Run();
  }

  absl::Status operator()(const ArchiveEntries& m) { return RemoveArchived(db, m); }

  absl::Status operator()(const InsertChallenge& m) {
    const ChallengeRecord& c = m.challenge;
    Query insert(db, "INSERT INTO challenges (challenge, person, expire_time) VALUES (?, ?, ?)");
    return insert.Bind(Blob{c.challenge}, c.person, c.expire_time).Run();
  }

  absl::Status operator()(const SeeAgent& m) {
    Query update(db, "UPDATE agents SET seen_time = ? WHERE environment = ? AND target = ?");
    return update.Bind(m.time, m.environment, m.target).Run();
  }

  absl::Status operator()(const Forget& m) {
    for (const char* table : {"sessions", "challenges", "join_tokens", "nonces"}) {
      Query remove(db, absl::StrCat("DELETE FROM ", table, " WHERE expire_time <= ?"));
      absl::Status status = remove.Bind(m.now).Run();
      if (!status.ok()) return status;
    }
    Query remove(db, "DELETE FROM requests WHERE time < ?");
    return remove.Bind(m.requests_before).Run();
  }

  absl::Status operator()(const SetNotificationCursor& m) {
    Query insert(db, "INSERT OR REPLACE INTO notification_cursors (sink, next) VALUES (?, ?)");
    return insert.Bind(m.sink, m.next).Run();
  }

  absl::Status operator()(const KeepCosignature& m) {
    Query update(db,
                 "UPDATE agents SET cosigned = ?, cosigned_size = ?"
                 " WHERE environment = ? AND target = ?");
    return update.Bind(Blob{m.checkpoint}, m.size, m.environment, m.target).Run();
  }
};

}  // namespace

absl::Status Apply(Connection& connection, const Mutation& mutation, uint64_t audit_index) {
  return std::visit(Applier{connection, audit_index}, mutation);
}

absl::Status Apply(Connection& connection, const Note& note) {
  return std::visit(Applier{connection, 0}, note);
}

}  // namespace resetctl::controller

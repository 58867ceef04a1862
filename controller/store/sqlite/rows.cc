#include "controller/store/sqlite/rows.h"

namespace resetctl::controller {
namespace {

v1::SignedStatement StatementAt(const Query& row, int column) {
  v1::SignedStatement statement;
  statement.ParseFromString(row.Text(column));
  return statement;
}

}  // namespace

#define RESETCTL_PLAN_FIXED                                                                   \
  " environment, target, author, author_key_fingerprint, rules, policy_digest, floor_digest," \
  " blueprint_name, rows_total, tables_total, create_time, expire_time, state, state_reason," \
  " last_run_id, rows_estimated"

const char kPlanColumns[] =
    "number, id, version, bundle_digest, document, mac, plan_statement," RESETCTL_PLAN_FIXED;
const char kPlanListColumns[] =
    "number, id, version, bundle_digest, x'', x'', x''," RESETCTL_PLAN_FIXED;

#undef RESETCTL_PLAN_FIXED

PlanRecord ReadPlan(const Query& row) {
  PlanRecord plan;
  plan.id = row.Text(1);
  plan.version = row.Int(2);
  plan.bundle_digest = row.Text(3);
  plan.document = row.Text(4);
  plan.mac = row.Text(5);
  plan.plan_statement = StatementAt(row, 6);
  plan.environment = row.Text(7);
  plan.target = row.Text(8);
  plan.author = row.Text(9);
  plan.author_key_fingerprint = row.Text(10);
  plan.rules = row.Text(11);
  plan.policy_digest = row.Text(12);
  plan.floor_digest = row.Text(13);
  plan.blueprint_name = row.Text(14);
  plan.rows_total = row.Int(15);
  plan.tables_total = static_cast<int32_t>(row.Int(16));
  plan.create_time = row.Time(17);
  plan.expire_time = row.Time(18);
  plan.state = static_cast<v1::PlanState>(row.Int(19));
  plan.state_reason = row.Text(20);
  plan.last_run_id = row.Text(21);
  plan.rows_estimated = row.Int(22) != 0;
  return plan;
}

const char kRunColumns[] =
    "number, id, version, plan_id, environment, target, runner, runner_key_fingerprint,"
    " run_statement, resume_statement, create_time, hold_until, start_before, state, problem,"
    " start_time, end_time, result, fence, cancel_requested, cancel_person, detached, audit_entry,"
    " last_seq, break_glass, reviewer";

RunRecord ReadRun(const Query& row) {
  RunRecord run;
  run.id = row.Text(1);
  run.version = row.Int(2);
  run.plan_id = row.Text(3);
  run.environment = row.Text(4);
  run.target = row.Text(5);
  run.runner = row.Text(6);
  run.runner_key_fingerprint = row.Text(7);
  run.run_statement = StatementAt(row, 8);
  run.resume_statement = StatementAt(row, 9);
  run.create_time = row.Time(10);
  run.hold_until = row.Time(11);
  run.start_before = row.Time(12);
  run.state = static_cast<v1::RunState>(row.Int(13));
  if (!row.IsNull(14)) run.problem.emplace().ParseFromString(row.Text(14));
  run.start_time = row.OptionalTime(15);
  run.end_time = row.OptionalTime(16);
  if (!row.IsNull(17)) run.result.emplace().ParseFromString(row.Text(17));
  run.fence = row.Int(18);
  run.cancel_requested = row.Int(19) != 0;
  run.cancel_person = row.Text(20);
  run.detached = row.Int(21) != 0;
  run.audit_entry = static_cast<uint64_t>(row.Int(22));
  run.last_seq = static_cast<uint64_t>(row.Int(23));
  run.break_glass = row.Text(24);
  run.reviewer = row.Text(25);
  return run;
}

const char kApprovalColumns[] =
    "plan_id, sequence, person, key_fingerprint, decision, reason, policy_digest, floor_digest,"
    " start_before, time, statement";

ApprovalRecord ReadApproval(const Query& row) {
  ApprovalRecord approval;
  approval.plan_id = row.Text(0);
  approval.sequence = row.Int(1);
  approval.person = row.Text(2);
  approval.key_fingerprint = row.Text(3);
  approval.decision = row.Text(4);
  approval.reason = row.Text(5);
  approval.policy_digest = row.Text(6);
  approval.floor_digest = row.Text(7);
  approval.start_before = row.Time(8);
  approval.time = row.Time(9);
  approval.statement = StatementAt(row, 10);
  return approval;
}

const char kSessionColumns[] =
    "token_hash, person, key_fingerprint, peer, create_time, expire_time";

SessionRecord ReadSession(const Query& row) {
  return {row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Time(4), row.Time(5)};
}

const char kAgentColumns[] =
    "environment, target, hello, enroll_time, seen_time, bound, witness_key, witness_alarm,"
    " witness_accepted, cosigned, cosigned_size";

AgentRecord ReadAgent(const Query& row) {
  return {row.Text(0),
          row.Text(1),
          row.Text(2),
          row.Time(3),
          row.OptionalTime(4),
          row.Text(5),
          {row.Text(6), row.Text(7), row.Text(8), row.Text(9), static_cast<uint64_t>(row.Int(10))}};
}

const char kCertificateColumns[] = "serial, environment, target, not_after, issue_time, revoked";

CertificateRecord ReadCertificate(const Query& row) {
  return {row.Text(0), row.Text(1), row.Text(2), row.Time(3), row.Time(4), row.Int(5) != 0};
}

}  // namespace resetctl::controller

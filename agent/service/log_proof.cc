#include "agent/service/log_proof.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/base/text.h"
#include "proto/contract/merkle.h"
#include "proto/contract/reasons.h"
#include "proto/contract/signed_note.h"
#include "resetctl/v1/audit.pb.h"

namespace resetctl::agent {
namespace {

using contract::Error;

constexpr char kAdvice[] =
    "Nothing is planned or run here until that is explained. If its administrators restored a "
    "backup or changed its key, and you know of it: reset-agent witness show, then reset-agent "
    "witness accept, on the agent's machine.";

absl::Status Unproved(absl::string_view what) {
  return Error(v1::REASON_LOG_UNPROVED, what,
               "A controller that proved its log before must go on proving it: look at its version "
               "and its log.");
}

// What an offer's statement is, and which entry holds it.
struct Expected {
  const char* what;
  const char* action;
  const v1::SignedStatement* statement;
};

std::vector<Expected> StatementsOf(const v1::RunOffer& offer) {
  std::vector<Expected> expected = {{"plan statement", "plan.create", &offer.plan_statement()}};
  for (const v1::SignedStatement& approval : offer.approvals()) {
    expected.push_back({"approval", "plan.approve", &approval});
  }
  expected.push_back({"run statement", "run.start", &offer.run_statement()});
  return expected;
}

bool Holds(const v1::LoggedStatement& logged, const Expected& expected,
           absl::string_view environment, absl::string_view target) {
  v1::AuditEntry entry;
  return entry.ParseFromString(logged.entry()) && entry.action() == expected.action &&
         entry.outcome() == "ok" && entry.environment() == environment &&
         entry.target() == target && entry.statement().text() == expected.statement->text() &&
         entry.statement().signature() == expected.statement->signature();
}

}  // namespace

absl::StatusOr<contract::Checkpoint> CheckpointOf(const v1::SeenLog& seen) {
  const absl::StatusOr<contract::SignedNote> note = contract::ParseSignedNote(seen.checkpoint());
  if (!note.ok()) return note.status();
  return contract::ParseCheckpointBody(note->text);
}

std::optional<v1::SeenLog> ShownBy(const v1::LogProof& proof) {
  if (!contract::OpenCheckpoint(proof.checkpoint(), proof.log_key()).ok()) return std::nullopt;
  v1::SeenLog shown;
  shown.set_log_key(proof.log_key());
  shown.set_checkpoint(proof.checkpoint());
  return shown;
}

bool ShowsAnotherLog(const absl::Status& status) {
  const v1::Reason reason = contract::ReasonOf(status);
  return reason == v1::REASON_LOG_ROLLED_BACK || reason == v1::REASON_LOG_FORKED ||
         reason == v1::REASON_BAD_SIGNATURE;
}

absl::Status CheckLogProof(const std::optional<v1::SeenLog>& seen, const v1::LogProof& proof) {
  if (!seen) {
    if (ShownBy(proof)) return absl::OkStatus();
    return Unproved("the controller's checkpoint is not signed by the key that it gives");
  }
  const absl::StatusOr<contract::Checkpoint> before = CheckpointOf(*seen);
  if (!before.ok()) return before.status();
  const absl::StatusOr<contract::Checkpoint> now =
      contract::OpenCheckpoint(proof.checkpoint(), seen->log_key());
  if (!now.ok()) {
    return Error(v1::REASON_BAD_SIGNATURE,
                 absl::StrCat("the controller's audit log is not signed with the key that this "
                              "agent knows (",
                              seen->log_key().substr(0, seen->log_key().find('+') + 9), ")"),
                 kAdvice);
  }
  if (now->origin != before->origin) {
    return Error(v1::REASON_LOG_FORKED,
                 absl::StrCat("the controller's audit log is ", now->origin, "; this agent knows ",
                              before->origin),
                 kAdvice);
  }
  if (now->size < before->size) {
    return Error(v1::REASON_LOG_ROLLED_BACK,
                 absl::StrCat("the controller's audit log ", now->origin, " has ", now->size,
                              " entries, but this agent has seen ", before->size, " of it"),
                 kAdvice);
  }
  if (proof.old_size() != before->size) {
    return Unproved(absl::StrCat("the controller proves its log from entry ", proof.old_size(),
                                 " on; this agent has seen ", before->size));
  }
  if (!contract::VerifyConsistency(before->size, before->root, now->size, now->root,
                                   {proof.hashes().begin(), proof.hashes().end()})) {
    return Error(v1::REASON_LOG_FORKED,
                 absl::StrCat("the controller's audit log ", now->origin, " of ", now->size,
                              " entries does not begin with the ", before->size,
                              " that this agent has seen: its history was rewritten"),
                 kAdvice);
  }
  return absl::OkStatus();
}

absl::Status CheckLogged(const v1::RunOffer& offer, absl::string_view environment,
                         absl::string_view target, const std::string& log_key) {
  const absl::StatusOr<contract::Checkpoint> checkpoint =
      contract::OpenCheckpoint(offer.log_proof().checkpoint(), log_key);
  if (!checkpoint.ok()) {
    return Unproved("the offer comes without a checkpoint of the audit log that covers it");
  }
  const std::vector<Expected> expected = StatementsOf(offer);
  if (static_cast<size_t>(offer.logged_size()) != expected.size()) {
    return Unproved(absl::StrCat("the offer has ", expected.size(), " statements and proves ",
                                 offer.logged_size(), " to be in the audit log"));
  }
  for (size_t i = 0; i < expected.size(); ++i) {
    const v1::LoggedStatement& logged = offer.logged(static_cast<int>(i));
    if (!Holds(logged, expected[i], environment, target)) {
      return Unproved(absl::StrCat("entry ", logged.index(), " of the audit log does not hold the ",
                                   expected[i].what, " that the offer comes with"));
    }
    if (!contract::VerifyInclusion(
            contract::LeafHash(logged.entry()), logged.index(), checkpoint->size,
            {logged.hashes().begin(), logged.hashes().end()}, checkpoint->root)) {
      return Unproved(
          absl::StrCat("the offer's ", expected[i].what, " is not proved to be in the audit log"));
    }
  }
  return absl::OkStatus();
}

}  // namespace resetctl::agent

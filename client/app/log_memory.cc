#include "client/app/log_memory.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "proto/base/text.h"
#include "proto/contract/merkle.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {
namespace {

std::string WhatToDo(const State& state) {
  return absl::StrCat(
      "Believe nothing that this controller says, and tell its administrators. If it was restored "
      "from a backup and you know of it, remove ",
      state.log_path(), ", which remembers the log as it was.");
}

absl::Status RolledBack(const State& state, const contract::Checkpoint& before,
                        const contract::Checkpoint& now) {
  return contract::Error(v1::REASON_LOG_ROLLED_BACK,
                         absl::StrCat("The audit log ", now.origin, " has ", now.size,
                                      " entries, but ", before.size, " were seen of it before."),
                         WhatToDo(state));
}

absl::Status Forked(const State& state, const contract::Checkpoint& before,
                    const contract::Checkpoint& now) {
  if (before.origin != now.origin) {
    return contract::Error(v1::REASON_LOG_FORKED,
                           absl::StrCat("The controller's audit log is ", now.origin,
                                        ", but it was ", before.origin, " before."),
                           WhatToDo(state));
  }
  return contract::Error(
      v1::REASON_LOG_FORKED,
      absl::StrCat("The audit log ", now.origin, " is not the one that was seen before: its ",
                   now.size, " entries do not begin with the same ", before.size,
                   ". Its history was rewritten."),
      WhatToDo(state));
}

absl::Status KeyChanged(const absl::Status& status) {
  v1::Problem problem = contract::ProblemOf(status);
  problem.set_advice(
      "If its administrators changed the log's key, give both: resetctl audit verify --log-key OLD "
      "--log-key NEW. If not, do not trust this log.");
  return contract::ErrorFrom(problem);
}

}  // namespace

absl::StatusOr<LogNow> CheckLog(Controller& controller, const std::vector<std::string>& log_keys) {
  const State state(controller.connection().settings().state_folder);
  const absl::StatusOr<std::optional<SeenLog>> seen = state.Log();
  if (!seen.ok()) return seen.status();
  LogNow now;
  now.log_keys = log_keys;
  if (seen->has_value()) {
    // A malformed one is refused; who signed it was seen when it was remembered.
    const auto note = contract::ParseSignedNote((*seen)->note);
    if (!note.ok()) return note.status();
    auto before = contract::ParseCheckpointBody(note->text);
    if (!before.ok()) return before.status();
    now.before = *std::move(before);
    if (now.log_keys.empty()) now.log_keys = (*seen)->log_keys;
  }
  v1::GetConsistencyProofRequest request;
  request.set_old_size(now.before ? now.before->size : 0);
  auto proof = controller.GetConsistencyProof(request);
  if (!proof.ok()) return proof.status();
  if (now.log_keys.empty()) now.log_keys = {proof->log_key()};
  auto checkpoint = contract::OpenCheckpoint(proof->checkpoint(), now.log_keys);
  if (!checkpoint.ok()) {
    return log_keys.empty() && now.before ? KeyChanged(checkpoint.status()) : checkpoint.status();
  }
  now.checkpoint = *std::move(checkpoint);
  now.note = std::move(*proof->mutable_checkpoint());
  if (now.before) {
    if (now.checkpoint.origin != now.before->origin) {
      return Forked(state, *now.before, now.checkpoint);
    }
    if (now.checkpoint.size < now.before->size) {
      return RolledBack(state, *now.before, now.checkpoint);
    }
    if (!contract::VerifyConsistency(now.before->size, now.before->root, now.checkpoint.size,
                                     now.checkpoint.root,
                                     {proof->hashes().begin(), proof->hashes().end()})) {
      return Forked(state, *now.before, now.checkpoint);
    }
  }
  if (!now.before || now.before->size < now.checkpoint.size || (*seen)->log_keys != now.log_keys) {
    const absl::Status saved = state.SaveLog({now.log_keys, now.note});
    if (!saved.ok()) {
      return contract::Error(
          v1::REASON_CONFIG_INVALID,
          absl::StrCat("the log's checkpoint cannot be remembered: ", saved.message()),
          "make the state folder writable: a rollback is only seen by those who "
          "remember");
    }
  }
  return now;
}

}  // namespace resetctl::client

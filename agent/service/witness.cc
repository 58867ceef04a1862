#include "agent/service/witness.h"

#include "absl/strings/str_cat.h"
#include "agent/service/log_proof.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/contract/cosignature.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

std::optional<v1::SeenLog> SeenIn(const v1::WitnessMemory& memory) {
  return memory.has_seen() ? std::optional<v1::SeenLog>(memory.seen()) : std::nullopt;
}

bool Same(const v1::SeenLog& a, const v1::SeenLog& b) {
  return a.log_key() == b.log_key() && a.checkpoint() == b.checkpoint();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Witness>> Witness::Open(const std::string& state_dir,
                                                       absl::string_view environment,
                                                       absl::string_view target,
                                                       const base::Clock& clock) {
  WitnessFiles files(state_dir);
  absl::StatusOr<WitnessKey> key = files.LoadOrMakeKey(environment, target);
  if (!key.ok()) return key.status();
  absl::StatusOr<v1::WitnessMemory> memory = files.LoadMemory();
  if (!memory.ok()) return memory.status();
  return std::make_unique<Witness>(std::move(files), *std::move(key), *std::move(memory), clock);
}

bool Witness::Save() {
  const absl::Status saved = files_.SaveMemory(memory_);
  unsaved_ = !saved.ok();
  if (saved.ok()) return true;
  base::Log(base::LogLevel::kError, "what was seen of the audit log cannot be kept",
            {{"error", saved.message()}});
  return false;
}

void Witness::TakeTargets(const absl::StatusOr<std::optional<v1::SeenLog>>& kept) {
  base::MutexLock lock(mutex_);
  if (target_asked_) return;
  // Only where nothing is remembered here: after a history was given up, the target still holds the old one until the next claim.
  if (memory_.has_seen()) {
    target_asked_ = true;
    return;
  }
  target_silent_ = kept.status();
  if (!kept.ok()) return;
  if (kept->has_value()) {
    const v1::SeenLog& seen = **kept;
    v1::LogProof as_proof;
    as_proof.set_checkpoint(seen.checkpoint());
    as_proof.set_log_key(seen.log_key());
    if (!ShownBy(as_proof)) {
      target_silent_ =
          contract::Error(v1::REASON_LEDGER_DISAGREES,
                          "resetctl.witness holds no checkpoint that its own key has signed",
                          "Somebody has changed the schema resetctl: look into it first.");
      return;
    }
    *memory_.mutable_seen() = seen;
    Save();
    base::Log(base::LogLevel::kInfo, "the target remembers the audit log",
              {{"key", seen.log_key()}});
  }
  // A hello that was said before this said that nothing is remembered.
  hello_is_old_ = true;
  target_asked_ = true;
}

// The verb has shown this history to its operator; whatever the controller shows from now on must go on from it.
void Witness::Accept(const v1::WitnessDecision& decision) {
  const absl::StatusOr<contract::Checkpoint> now = CheckpointOf(decision.history());
  if (!memory_.has_alarm() || !now.ok() || !Same(decision.given_up(), memory_.seen())) {
    base::Log(base::LogLevel::kWarning, "an acceptance was overtaken, and is not taken");
    return;
  }
  v1::WitnessAcceptance accepted;
  accepted.set_id(base::ToHex(base::RandomBytes(16)));
  accepted.mutable_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
  *accepted.mutable_problem() = memory_.alarm();
  if (const auto before = CheckpointOf(memory_.seen()); before.ok()) {
    accepted.set_old_size(before->size);
    accepted.set_old_root(before->root);
  }
  accepted.set_size(now->size);
  accepted.set_root(now->root);
  *memory_.mutable_accepted() = std::move(accepted);
  *memory_.mutable_seen() = decision.history();
  memory_.clear_alarm();
  memory_.clear_shown();
  base::Log(base::LogLevel::kWarning, "another history of the audit log was accepted",
            {{"log", now->origin}, {"size", absl::StrCat(now->size)}});
}

void Witness::FillHello(v1::AgentHello* hello) {
  base::MutexLock lock(mutex_);
  const absl::StatusOr<std::optional<v1::WitnessDecision>> decision = files_.LoadDecision();
  if (!decision.ok()) {
    base::Log(base::LogLevel::kError, "what was accepted cannot be read",
              {{"error", decision.status().message()}});
  } else if (decision->has_value()) {
    Accept(**decision);
    // Kept first: after a crash in between it is taken again, and then overtaken.
    if (Save()) files_.RemoveDecision();
  }
  hello_is_old_ = false;
  hello->set_witness_key(key_.verifier);
  if (memory_.has_seen()) {
    const absl::StatusOr<contract::Checkpoint> seen = CheckpointOf(memory_.seen());
    if (seen.ok()) hello->set_witness_size(seen->size);
  }
  if (memory_.has_alarm()) *hello->mutable_witness_alarm() = memory_.alarm();
  if (memory_.has_accepted()) *hello->mutable_witness_accepted() = memory_.accepted();
}

std::optional<v1::AttachRequest> Witness::Take(const v1::LogProof* proof) {
  base::MutexLock lock(mutex_);
  const std::optional<v1::SeenLog> seen = SeenIn(memory_);
  if (proof == nullptr) {
    Unproved(contract::Error(v1::REASON_LOG_UNPROVED,
                             "the controller proves nothing of its audit log",
                             "Let its administrators start a version that does."));
    return std::nullopt;
  }
  if (!seen && !target_asked_) return std::nullopt;  // the target may know of an earlier one
  const absl::Status verdict = CheckLogProof(seen, *proof);
  if (memory_.has_alarm()) {
    // Whatever it shows now, somebody must look. What they can accept is what was shown last.
    const std::optional<v1::SeenLog> shown = ShownBy(*proof);
    if (shown && !Same(*shown, memory_.shown())) {
      *memory_.mutable_shown() = *shown;
      Save();
    }
    return std::nullopt;
  }
  if (verdict.ok()) return Remember(*proof);
  if (ShowsAnotherLog(verdict)) return Alarm(verdict, *proof);
  Unproved(verdict);
  if (seen) hello_is_old_ = true;  // whose proofs begin elsewhere is told anew where to begin
  return std::nullopt;
}

std::optional<v1::AttachRequest> Witness::Remember(const v1::LogProof& proof) {
  const v1::WitnessMemory before = memory_;
  // Also a new key: the one that is known has signed the same checkpoint (reset-controller rotate-log-key).
  if (ShownBy(proof)) memory_.mutable_seen()->set_log_key(proof.log_key());
  memory_.mutable_seen()->set_checkpoint(proof.checkpoint());
  memory_.set_unproved(false);
  // A controller that was told that it proves nothing has it in its hello.
  if (!unproved_.ok()) hello_is_old_ = true;
  unproved_ = absl::OkStatus();
  // The controller's next proof begins here, kept or not; but nothing is cosigned that could be forgotten.
  const bool changed = !Same(before.seen(), memory_.seen()) || before.unproved();
  if ((changed || unsaved_) && !Save()) return std::nullopt;
  const absl::StatusOr<contract::Checkpoint> now = CheckpointOf(memory_.seen());
  if (!now.ok()) return std::nullopt;
  absl::StatusOr<std::string> line =
      contract::Cosign(proof.checkpoint(), key_.name, key_.private_pem.Reveal(), clock_.Now());
  if (!line.ok()) {
    base::Log(base::LogLevel::kError, "a checkpoint cannot be cosigned",
              {{"error", line.status().message()}});
    return std::nullopt;
  }
  v1::AttachRequest message;
  message.mutable_cosignature()->set_size(now->size);
  message.mutable_cosignature()->set_line(*std::move(line));
  return message;
}

std::optional<v1::AttachRequest> Witness::Alarm(const absl::Status& why,
                                                const v1::LogProof& proof) {
  *memory_.mutable_alarm() = contract::ProblemOf(why);
  const std::optional<v1::SeenLog> shown = ShownBy(proof);
  if (shown) *memory_.mutable_shown() = *shown;
  Save();
  base::Log(
      base::LogLevel::kError, "the controller shows another audit log",
      {{"reason", contract::NameOf(memory_.alarm().reason())}, {"why", memory_.alarm().message()}});
  v1::AttachRequest message;
  *message.mutable_witness_alarm()->mutable_problem() = memory_.alarm();
  return message;
}

void Witness::Unproved(const absl::Status& why) {
  base::Log(base::LogLevel::kWarning, "the audit log is not proved", {{"why", why.message()}});
  if (memory_.has_seen()) unproved_ = why;
  if (memory_.unproved()) return;
  memory_.set_unproved(true);
  Save();
}

absl::Status Witness::Check() const {
  base::MutexLock lock(mutex_);
  if (memory_.has_alarm()) return contract::ErrorFrom(memory_.alarm());
  if (!memory_.has_seen() && !target_asked_) return target_silent_;
  return unproved_;
}

std::optional<v1::SeenLog> Witness::Seen() const {
  base::MutexLock lock(mutex_);
  return SeenIn(memory_);
}

bool Witness::WantsNewStream() const {
  base::MutexLock lock(mutex_);
  return hello_is_old_ || files_.HasDecision();
}

}  // namespace resetctl::agent

#ifndef RESETCTL_AGENT_SERVICE_WITNESS_H_
#define RESETCTL_AGENT_SERVICE_WITNESS_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/service/witness_files.h"
#include "proto/base/clock.h"
#include "proto/base/mutex.h"
#include "resetctl/v1/agent_link.pb.h"
#include "resetctl/v1/witness.pb.h"

namespace resetctl::agent {

// An agent as a witness of the controller's audit log (TRUST §7): it remembers the newest checkpoint durably, has each further one
// proved to go on from it, and cosigns that. When the controller shows another log, the alarm is durable and nothing is worked on
// until somebody accepts the other history on this machine. log_proof.h decides; this remembers. Thread-safe.
class Witness {
 public:
  // Makes the key where it is missing. CONFIG_INVALID when key or memory are open to others or damaged.
  static absl::StatusOr<std::unique_ptr<Witness>> Open(const std::string& state_dir,
                                                       absl::string_view environment,
                                                       absl::string_view target,
                                                       const base::Clock& clock);

  Witness(WitnessFiles files, WitnessKey key, v1::WitnessMemory memory, const base::Clock& clock)
      : files_(std::move(files)), key_(std::move(key)), clock_(clock), memory_(std::move(memory)) {}

  // What the target remembers; nothing when there is no target's memory, an error when it could not be asked. Decides where an
  // agent with a new state directory begins: until it is known, no log is taken for the first one.
  void TakeTargets(const absl::StatusOr<std::optional<v1::SeenLog>>& kept)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // A new stream begins: takes what was accepted meanwhile, and says who this witness is and what it remembers.
  void FillHello(v1::AgentHello* hello) ABSL_LOCKS_EXCLUDED(mutex_);
  // A proof, or none with a welcome. The message, if any, is for the controller; what it says is durable. Where nothing can be
  // kept, what was proved counts until the process ends, and is cosigned with a later proof.
  std::optional<v1::AttachRequest> Take(const v1::LogProof* proof) ABSL_LOCKS_EXCLUDED(mutex_);

  // Why nothing is worked on: the alarm; LOG_UNPROVED from a controller that proved its log before; the reason why the target's
  // memory could not be asked.
  absl::Status Check() const ABSL_LOCKS_EXCLUDED(mutex_);
  // The newest checkpoint that was proved. Nothing: no controller has proved anything yet.
  std::optional<v1::SeenLog> Seen() const ABSL_LOCKS_EXCLUDED(mutex_);

  // True once the hello of the present stream is no longer what a new one would say: somebody has accepted a history, the target
  // has told what it remembers, or the proofs begin elsewhere.
  bool WantsNewStream() const ABSL_LOCKS_EXCLUDED(mutex_);

  const WitnessKey& key() const { return key_; }

 private:
  void Accept(const v1::WitnessDecision& decision) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<v1::AttachRequest> Remember(const v1::LogProof& proof)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<v1::AttachRequest> Alarm(const absl::Status& why, const v1::LogProof& proof)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Unproved(const absl::Status& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // An error is logged: what is in memory counts until the process ends.
  bool Save() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const WitnessFiles files_;
  const WitnessKey key_;
  const base::Clock& clock_;

  mutable base::Mutex mutex_;
  v1::WitnessMemory memory_ ABSL_GUARDED_BY(mutex_);
  bool unsaved_ ABSL_GUARDED_BY(mutex_) = false;  // of it
  bool target_asked_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status target_silent_ ABSL_GUARDED_BY(mutex_);  // why it could not be asked
  absl::Status unproved_ ABSL_GUARDED_BY(mutex_);       // on the present stream
  bool hello_is_old_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_WITNESS_H_

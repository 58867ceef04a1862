#ifndef RESETCTL_CONTROLLER_SERVICE_WITNESSES_H_
#define RESETCTL_CONTROLLER_SERVICE_WITNESSES_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/service/desk.h"
#include "resetctl/v1/agent_link.pb.h"

namespace resetctl::controller {

// Proves the audit log to the agents that watch it (TRUST §7), keeps what they cosign, and writes their alarms down. An agent without
// a witness key is left in peace. Proofs to one agent go out in order, each from where the one before it ended: under desk.deciding,
// as everything that is sent with them.
class Witnesses {
 public:
  // `log_key`: the vkey of the key that signs the checkpoints.
  Witnesses(Desk& desk, AuditStore& audit, std::string log_key)
      : desk_(desk), audit_(audit), log_key_(std::move(log_key)) {}

  // What a hello says of its witness and was not known, to be written down with it: a new key, an alarm, an acceptance.
  absl::Status Note(const AgentIdentity& who, const v1::AgentHello& hello, Change* change,
                    AuditTrail* trail);

  // For the welcome: from where this agent remembers. Nothing for an agent that watches no log, or when there is no proof now.
  std::optional<v1::LogProof> Begin(const AgentHub::Key& key, const v1::AgentHello& hello)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(desk_.deciding) ABSL_LOCKS_EXCLUDED(mutex_);
  // The proofs that the offer's statements are in the log. Their entries are committed. An agent refuses an offer without them.
  void FillOffer(const RunRecord& run, v1::RunOffer* offer)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(desk_.deciding) ABSL_LOCKS_EXCLUDED(mutex_);

  // When the log has grown since the last proof: another one, so that witnesses stay near its end. To one agent, or to all.
  void Refresh(const AgentHub::Key& key) ABSL_LOCKS_EXCLUDED(desk_.deciding, mutex_);
  void RefreshAll() ABSL_LOCKS_EXCLUDED(desk_.deciding, mutex_);

  // Agents' words. A cosignature that does not hold is not kept.
  void TakeCosignature(const AgentIdentity& who, const v1::Cosignature& cosignature)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // An error only when it could not be written down.
  absl::Status TakeAlarm(const AgentIdentity& who, const v1::WitnessAlarm& alarm)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // An agent that is attached, or was.
  struct Watch {
    std::string key;  // vkey
    bool alarmed = false;
    uint64_t shown = 0;                                  // up to here the log was proved to it
    std::deque<std::pair<uint64_t, std::string>> asked;  // sizes and notes that it may cosign yet
  };

  // The log as it is now, from `old_size` on; without hashes when it is shorter.
  absl::StatusOr<v1::LogProof> Prove(uint64_t old_size, uint64_t* size);
  // The next proof for this agent. Nothing when it watches no log.
  absl::StatusOr<std::optional<v1::LogProof>> Next(const AgentHub::Key& key, uint64_t* size)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(desk_.deciding) ABSL_LOCKS_EXCLUDED(mutex_);
  void Shown(const AgentHub::Key& key, uint64_t size, const std::string& note)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status FillLogged(const RunRecord& run, uint64_t size, v1::RunOffer* offer);

  Desk& desk_;
  AuditStore& audit_;
  const std::string log_key_;

  base::Mutex mutex_;
  std::map<AgentHub::Key, Watch> watches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_WITNESSES_H_

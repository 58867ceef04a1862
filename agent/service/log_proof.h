#ifndef RESETCTL_AGENT_SERVICE_LOG_PROOF_H_
#define RESETCTL_AGENT_SERVICE_LOG_PROOF_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/contract/checkpoint.h"
#include "resetctl/v1/agent_link.pb.h"
#include "resetctl/v1/witness.pb.h"

namespace resetctl::agent {

// Whether the log that a controller shows goes on from the one that was seen: pure, and the whole of what a witness decides.
// OK: the checkpoint may be remembered and cosigned. Nothing seen: the key and the checkpoint of the first time are taken.
//   LOG_ROLLED_BACK  the log is shorter than what was seen
//   LOG_FORKED       another log, or another history of it
//   BAD_SIGNATURE    the key that was seen first did not sign the checkpoint
//   LOG_UNPROVED     the proof begins elsewhere: nothing is said about what was seen
absl::Status CheckLogProof(const std::optional<v1::SeenLog>& seen, const v1::LogProof& proof);

// True for the first three: the controller has shown another log. False for a proof that merely proves nothing.
bool ShowsAnotherLog(const absl::Status& status);

// What a proof shows, when the key that comes with it has signed it: enough to name what would be accepted, no more.
std::optional<v1::SeenLog> ShownBy(const v1::LogProof& proof);

// The checkpoint of something that was verified when it was kept.
absl::StatusOr<contract::Checkpoint> CheckpointOf(const v1::SeenLog& seen);

// Each statement of the offer is in the log that its proof shows: the entry of a decision that the controller took, holding
// exactly this statement, for this target. LOG_UNPROVED names the first that is not.
absl::Status CheckLogged(const v1::RunOffer& offer, absl::string_view environment,
                         absl::string_view target, const std::string& log_key);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_LOG_PROOF_H_

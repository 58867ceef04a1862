#ifndef RESETCTL_CLIENT_APP_COSIGNED_H_
#define RESETCTL_CLIENT_APP_COSIGNED_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/audit/log_verifier.h"
#include "proto/contract/checkpoint.h"

namespace resetctl::client {

class Controller;

// The newest checkpoints that agents have cosigned, to be compared with a log while its entries go by.
class Cosigned {
 public:
  // As the controller gives them; before the log's own checkpoint is fetched, which must reach as far. None from a controller that
  // is too old to have any.
  static absl::StatusOr<Cosigned> Fetch(Controller& controller);

  // Leaves those that one of `witnesses` (vkeys) cosigned. BAD_SIGNATURE: a cosignature under the name of one does not hold.
  absl::Status KeepThoseOf(const std::vector<std::string>& witnesses, absl::Time now);

  // After each entry. The next of exactly the verifier's size, if any.
  const std::string* Next(const LogVerifier& verifier);
  // LOG_FORKED when the verifier's entries are not those that the note is about: whoever cosigned it saw another history.
  static absl::Status Compare(const LogVerifier& verifier, const std::string& note);
  // After the last entry: LOG_ROLLED_BACK when somebody has seen more of the log than there is.
  absl::Status CheckReached(const LogVerifier& verifier) const;

 private:
  struct Note {
    std::string text;
    contract::Checkpoint checkpoint;
  };

  std::vector<Note> notes_;  // smallest first
  size_t next_ = 0;
};

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_APP_COSIGNED_H_

#ifndef RESETCTL_AGENT_POSTGRES_BACKEND_H_
#define RESETCTL_AGENT_POSTGRES_BACKEND_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/base/secret.h"

namespace resetctl::agent {

class Session;

// The server's process of a session; not a later one that was given the same number, nor that of another server.
struct Backend {
  int pid = 0;
  int64_t started = 0;  // microseconds of the server's clock; 0: not known, and any start will do
};

// Its start, of a row `a` of pg_stat_get_activity().
inline constexpr char kMicrosecondsOfStart[] =
    "(extract(epoch from a.backend_start) * 1000000)::int8";

// What another connection sees of a backend from which nothing comes.
enum class Sight {
  kAtWork,      // or it waits for something else than us: a lock, a disk, a standby
  kWaitsForUs,  // what it was sent has not come through, or its answer has not
  kGone,        // the server knows no such process (any more), or it is another server
  kNoAnswer,    // nobody answers
  kNotLetIn,  // a server answers, and lets nobody in now: it is full, starts up or shuts down, has a new password
};

// By a connection of its own, each half of which may take `patience`. Learns when `backend` started, where it is not known yet.
Sight LookAt(const base::Secret& url, Backend& backend, absl::Duration patience);

// Of one's own role, as every session of an agent is: always permitted. False when there is none (any more), or its start is not known.
absl::StatusOr<bool> EndBackend(Session& session, const Backend& backend);
// The same for one that waits for us, by a connection of its own: its locks are free at once, not when the server's own limits end it.
void EndWaitingBackend(const base::Secret& url, const Backend& backend, absl::Duration patience);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_BACKEND_H_

#ifndef RESETCTL_AGENT_POSTGRES_CANCEL_REQUEST_H_
#define RESETCTL_AGENT_POSTGRES_CANCEL_REQUEST_H_

#include <memory>

typedef struct pg_conn PGconn;

namespace resetctl::agent {

// Asks a server to cancel what a session does. PQcancel connects, and waits for the server to close, without any limit: so it has a
// thread of its own, which is left to itself where nothing answers. At most one is under way. Thread-safe.
class CancelRequest {
 public:
  // `connection` stands, and is not needed afterwards.
  explicit CancelRequest(PGconn* connection);

  // Returns when the server has it, or after a second.
  void Send();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_CANCEL_REQUEST_H_

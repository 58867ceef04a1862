#ifndef RESETCTL_AGENT_POSTGRES_LEFT_BACKENDS_H_
#define RESETCTL_AGENT_POSTGRES_LEFT_BACKENDS_H_

#include <thread>
#include <vector>

#include "agent/postgres/backend.h"
#include "agent/postgres/session.h"
#include "proto/base/mutex.h"
#include "proto/base/secret.h"

namespace resetctl::agent {

// Backends whose connections were given up, and that nobody waits for: the server does not know it, and what they hold is in the way
// of the application. They are ended as soon as the server can be reached, by a thread of its own. Thread-safe.
class LeftBackends {
 public:
  explicit LeftBackends(base::Secret url);
  ~LeftBackends();
  LeftBackends(const LeftBackends&) = delete;
  LeftBackends& operator=(const LeftBackends&) = delete;

  // Nothing of it may be wanted any more, a COMMIT that was sent least of all. Ignored when its start is not known.
  void Add(const Backend& backend);
  // By this session; none is left when it returns, unless the server did not answer.
  void EndNow(Session& session);

 private:
  void Work();

  const base::Secret url_;
  base::Mutex mutex_;
  base::CondVar changed_;
  std::vector<Backend> left_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;  // somebody has taken them
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_LEFT_BACKENDS_H_

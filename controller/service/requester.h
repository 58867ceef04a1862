#ifndef RESETCTL_CONTROLLER_SERVICE_REQUESTER_H_
#define RESETCTL_CONTROLLER_SERVICE_REQUESTER_H_

#include <string>

#include "absl/time/time.h"
#include "controller/domain/policy.h"

namespace resetctl::controller {

// A person with a proved session.
struct Requester {
  Caller caller;
  std::string peer;        // network address, for the audit log
  std::string token_hash;  // of the session
  absl::Time expire_time;  // of the session
};

// An agent, by its client certificate. Nothing that an agent says changes who it is.
struct AgentIdentity {
  std::string environment;
  std::string target;
  std::string serial;
  absl::Time not_after;
  std::string peer;

  std::string Name() const { return environment + "/" + target; }
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_REQUESTER_H_

#ifndef RESETCTL_CONTROLLER_APP_CONTROLLER_H_
#define RESETCTL_CONTROLLER_APP_CONTROLLER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/app/config.h"
#include "controller/app/materials.h"
#include "proto/base/clock.h"

namespace resetctl::controller {

// The composition root: the one place that knows the concrete classes. A controller that serves from Start() until
// Drain() or its end.
class Controller {
 public:
  // `clock` outlives it. Errors: CONFIG_INVALID (a port in use, a state folder that cannot be used, ...).
  static absl::StatusOr<std::unique_ptr<Controller>> Start(const Config& config,
                                                           Materials materials,
                                                           const base::Clock& clock);
  virtual ~Controller() = default;

  // As bound: 'host:port', with the real port.
  virtual const std::string& address() const = 0;
  virtual const std::string& ca_pin() const = 0;
  // From now on. Sessions of people or keys that it no longer names end.
  virtual void SetPolicy(Policy policy) = 0;
  // Tells the agents, ends streams, finishes calls, stops. Once.
  virtual void Drain() = 0;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_APP_CONTROLLER_H_

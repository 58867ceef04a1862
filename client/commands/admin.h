#ifndef RESETCTL_CLIENT_COMMANDS_ADMIN_H_
#define RESETCTL_CLIENT_COMMANDS_ADMIN_H_

#include "absl/status/statusor.h"
#include "client/app/app.h"
#include "client/app/controller.h"
#include "proto/contract/admin_action.h"
#include "resetctl/v1/statement.pb.h"

namespace resetctl::client {

// The connection's person signs the action.
absl::StatusOr<v1::SignedStatement> SignAdmin(const contract::AdminAction& action,
                                              Controller& controller, App& app);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_COMMANDS_ADMIN_H_

#include "client/commands/admin.h"

#include "client/app/statements.h"

namespace resetctl::client {

absl::StatusOr<v1::SignedStatement> SignAdmin(const contract::AdminAction& action,
                                              Controller& controller, App& app) {
  Connection& connection = controller.connection();
  const auto statement = AdminStatement(action, connection.person(), app.clock.Now());
  if (!statement.ok()) return statement.status();
  return connection.Sign(*statement);
}

}  // namespace resetctl::client

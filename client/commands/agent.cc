#include "absl/strings/str_cat.h"
#include "client/commands/admin.h"
#include "client/commands/verbs.h"
#include "client/output/lists.h"
#include "client/output/sanitize.h"
#include "client/output/times.h"
#include "proto/base/file.h"

namespace resetctl::client {

Outcome RunAgentList(App& app) {
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  const auto response = (*controller)->ListAgents();
  if (!response.ok()) return response.status();
  app.printer.Json(*response);
  app.printer.Page(RenderAgents(app.printer.OutLook(), *response));
  return contract::ExitCode::kDone;
}

Outcome RunAgentInvite(const AgentOptions& options, App& app) {
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  v1::InviteAgentRequest request;
  request.set_environment(options.environment);
  request.set_target(options.target);
  auto statement =
      SignAdmin(contract::InviteAction(options.environment, options.target), **controller, app);
  if (!statement.ok()) return statement.status();
  *request.mutable_admin_statement() = *std::move(statement);
  auto response = (*controller)->InviteAgent(request);
  if (!response.ok()) return response.status();

  // The token alone goes to stdout, or into the file: `resetctl agent invite ... > token` is enough.
  std::string file = "FILE";
  if (!options.token_file.empty()) {
    const absl::Status written =
        base::WriteFileDurably(options.token_file, absl::StrCat(response->token(), "\n"), 0600);
    if (!written.ok()) return contract::Error(v1::REASON_INVALID_ARGUMENT, written.message());
    response->clear_token();
    file = options.token_file;
  } else {
    app.printer.Page(absl::StrCat(Clean(response->token()), "\n"));
  }
  app.printer.Json(*response);
  const Context& context = (*controller)->connection().settings().context;
  app.printer.Progress(absl::StrCat(
      "A join token for ", options.environment, " / ", options.target, ", good once, until ",
      When(app.printer.ErrLook(), TimeOf(response->expire_time())),
      ". Beside the database:\n  reset-agent enroll --controller ", context.controller,
      " --ca-pin ", context.ca_pin, " --token-file ", file, " --config agent.yaml\n"));
  return contract::ExitCode::kDone;
}

Outcome RunAgentRevoke(const AgentOptions& options, App& app) {
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  if (!options.yes) {
    const auto sure =
        app.Confirm(absl::StrCat("Revoke the agent of ", options.environment, " / ", options.target,
                                 "? It cannot connect again with its certificate."),
                    "agent revoke");
    if (!sure.ok()) return sure.status();
    if (!*sure) {
      return contract::Error(v1::REASON_CANCELLED, "nothing was revoked");
    }
  }
  v1::RevokeAgentRequest request;
  request.set_environment(options.environment);
  request.set_target(options.target);
  auto statement = SignAdmin(contract::RevokeAgentAction(options.environment, options.target),
                             **controller, app);
  if (!statement.ok()) return statement.status();
  *request.mutable_admin_statement() = *std::move(statement);
  const auto response = (*controller)->RevokeAgent(request);
  if (!response.ok()) return response.status();
  app.printer.Json(*response);
  app.printer.Page(
      absl::StrCat("Revoked the agent of ", options.environment, " / ", options.target, ".\n"));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

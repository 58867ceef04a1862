#include "absl/strings/str_cat.h"
#include "client/commands/admin.h"
#include "client/commands/verbs.h"
#include "client/output/exit_codes.h"
#include "client/output/lists.h"
#include "client/output/problems.h"
#include "client/output/sanitize.h"

namespace resetctl::client {
namespace {

// NAME with --env, or 'production/rental-manager' as the agents' own name is written.
absl::StatusOr<TargetOptions> Resolved(const TargetOptions& options, absl::string_view verb) {
  TargetOptions resolved = options;
  const size_t slash = options.target.find('/');
  if (options.environment.empty() && slash != std::string::npos) {
    resolved.environment = options.target.substr(0, slash);
    resolved.target = options.target.substr(slash + 1);
  }
  if (resolved.environment.empty()) {
    return contract::Error(
        v1::REASON_INVALID_ARGUMENT, absl::StrCat("target ", verb, " needs the environment"),
        absl::StrCat("resetctl target ", verb, " ENVIRONMENT/TARGET, or add --env E"));
  }
  return resolved;
}

}  // namespace

Outcome RunTargetList(const TargetOptions& options, App& app) {
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  v1::ListTargetsRequest request;
  request.set_environment(options.environment);
  const auto response = (*controller)->ListTargets(request);
  if (!response.ok()) return response.status();
  app.printer.Json(*response);
  app.printer.Page(RenderTargets(app.printer.OutLook(), *response));
  return contract::ExitCode::kDone;
}

Outcome RunTargetShow(const TargetOptions& options, App& app) {
  const auto which = Resolved(options, "show");
  if (!which.ok()) return which.status();
  v1::GetTargetRequest request;
  request.set_environment(which->environment);
  request.set_name(which->target);
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  const auto response = (*controller)->GetTarget(request);
  if (!response.ok()) return response.status();
  app.printer.Json(*response);
  app.printer.Page(RenderTarget(app.printer.OutLook(), response->target()));
  return contract::ExitCode::kDone;
}

Outcome RunTargetRebind(const TargetOptions& options, App& app) {
  const auto which = Resolved(options, "rebind");
  if (!which.ok()) return which.status();
  const std::string name = Clean(absl::StrCat(which->environment, "/", which->target));
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  if (!options.yes) {
    v1::GetTargetRequest wanted;
    wanted.set_environment(which->environment);
    wanted.set_name(which->target);
    const auto target = (*controller)->GetTarget(wanted);
    if (!target.ok()) return target.status();
    app.printer.Ask(RenderTarget(app.printer.ErrLook(), target->target()));
    const auto sure = app.Confirm(
        absl::StrCat("Take the database and the cache that this agent sees now for ", name, "?"),
        "target rebind");
    if (!sure.ok()) return sure.status();
    if (!*sure) return contract::Error(v1::REASON_CANCELLED, "nothing was signed");
  }
  auto statement =
      SignAdmin(contract::RebindAction(which->environment, which->target), **controller, app);
  if (!statement.ok()) return statement.status();
  v1::RebindTargetRequest request;
  request.set_environment(which->environment);
  request.set_target(which->target);
  *request.mutable_admin_statement() = *std::move(statement);
  const auto response = (*controller)->RebindTarget(request);
  if (!response.ok()) return response.status();
  if (response->problems_size() > 0) {
    const std::vector<v1::Problem> problems(response->problems().begin(),
                                            response->problems().end());
    const std::string heading = absl::StrCat("Not bound: ", name);
    app.printer.Problems(problems.front().reason(), heading, problems,
                         RenderProblems(app.printer.ErrLook(), heading, problems));
    return ExitOf(problems);
  }
  app.printer.Json(*response);
  app.printer.Page(
      absl::StrCat("Bound.\n", RenderTarget(app.printer.OutLook(), response->target())));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

#include <optional>

#include "absl/strings/str_cat.h"
#include "client/commands/admin.h"
#include "client/commands/verbs.h"
#include "client/output/sanitize.h"
#include "client/output/times.h"
#include "proto/base/yaml_reader.h"

namespace resetctl::client {
namespace {

// '2026-12-01T08:00:00Z', or a span from now on: '4h', '2d'. Whole seconds: a statement has no others.
absl::StatusOr<absl::Time> ParseUntil(const std::string& text, absl::Time now) {
  if (text.empty()) return absl::InfiniteFuture();
  if (const std::optional<absl::Duration> span = base::ParseDuration(text)) {
    return absl::FromUnixSeconds(absl::ToUnixSeconds(now + *span));
  }
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error) && time != absl::InfiniteFuture() &&
      time != absl::InfinitePast()) {
    return absl::FromUnixSeconds(absl::ToUnixSeconds(time));
  }
  return contract::Error(v1::REASON_INVALID_ARGUMENT,
                         absl::StrCat("'", Clean(text), "' is no time"),
                         "write 2026-12-01T08:00:00Z, or how long: 4h, 2d");
}

}  // namespace

Outcome RunFreeze(const FreezeOptions& options, App& app) {
  const auto until = ParseUntil(options.until, app.clock.Now());
  if (!until.ok()) return until.status();
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  auto statement = SignAdmin(contract::FreezeAction(options.environment, *until, options.reason),
                             **controller, app);
  if (!statement.ok()) return statement.status();
  v1::FreezeEnvironmentRequest request;
  request.set_environment(options.environment);
  request.set_reason(options.reason);
  if (*until != absl::InfiniteFuture()) {
    request.mutable_until()->set_seconds(absl::ToUnixSeconds(*until));
  }
  *request.mutable_admin_statement() = *std::move(statement);
  const auto response = (*controller)->FreezeEnvironment(request);
  if (!response.ok()) return response.status();
  app.printer.Json(*response);
  app.printer.Page(absl::StrCat("Frozen: no run starts in ", Clean(options.environment),
                                *until == absl::InfiniteFuture()
                                    ? ""
                                    : absl::StrCat(" before ", When(app.printer.OutLook(), *until)),
                                ". What runs now goes on.\nNext:  resetctl unfreeze ",
                                Clean(options.environment), "\n"));
  return contract::ExitCode::kDone;
}

Outcome RunUnfreeze(const std::string& environment, App& app) {
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  auto statement = SignAdmin(contract::UnfreezeAction(environment), **controller, app);
  if (!statement.ok()) return statement.status();
  v1::UnfreezeEnvironmentRequest request;
  request.set_environment(environment);
  *request.mutable_admin_statement() = *std::move(statement);
  const auto response = (*controller)->UnfreezeEnvironment(request);
  if (!response.ok()) return response.status();
  app.printer.Json(*response);
  app.printer.Page(absl::StrCat(Clean(environment), " is not frozen any more.\n"));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/commands/admin.h"
#include "client/commands/make_plan.h"
#include "client/commands/verbs.h"
#include "client/output/exit_codes.h"
#include "client/output/policy_page.h"
#include "client/output/problems.h"
#include "client/output/sanitize.h"
#include "proto/base/file.h"
#include "proto/contract/policy_file.h"

namespace resetctl::client {
namespace {

constexpr size_t kMaxBytes = 4 << 20;

contract::ExitCode NotAPolicy(App& app, const std::string& file,
                              const std::vector<v1::Problem>& problems) {
  const std::string heading = absl::StrCat(
      "Not a policy: ", Counted(static_cast<int64_t>(problems.size()), "problem", "problems"),
      " in ", file);
  app.printer.Problems(v1::REASON_POLICY_INVALID, heading, problems,
                       RenderProblems(app.printer.ErrLook(), heading, problems));
  return ExitOf(problems);
}

Outcome Explain(const std::string& plan, App& app) {
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  const auto fetched = FetchPlan(**controller, plan);
  if (!fetched.ok()) return fetched.status();
  app.printer.Json(fetched->plan);
  app.printer.Page(RenderRuleAnswers(app.printer.OutLook(), fetched->plan));
  return contract::ExitCode::kDone;
}

absl::StatusOr<std::string> ReadPolicyFile(const std::string& file) {
  auto yaml = base::ReadFile(file, kMaxBytes);
  if (!yaml.ok()) return contract::Error(v1::REASON_INVALID_ARGUMENT, yaml.status().message());
  return yaml;
}

}  // namespace

Outcome RunPolicyShow(App& app) {
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  const auto response = (*controller)->GetPolicy();
  if (!response.ok()) return response.status();
  app.printer.Json(*response);
  app.printer.Progress(absl::StrCat("# ", Clean(response->digest()), "\n"));
  app.printer.Page(absl::StrCat(Clean(response->yaml(), true),
                                absl::EndsWith(response->yaml(), "\n") ? "" : "\n"));
  return contract::ExitCode::kDone;
}

// Offline, but for a plan: the same reader as the controller's.
Outcome RunPolicyCheck(const PolicyOptions& options, App& app) {
  if (options.file.empty() == options.plan.empty()) {
    return contract::Error(v1::REASON_INVALID_ARGUMENT,
                           "policy check takes a FILE, or a plan to explain",
                           "resetctl policy check policy.yaml, or --explain PLAN");
  }
  if (!options.plan.empty()) return Explain(options.plan, app);
  const auto yaml = ReadPolicyFile(options.file);
  if (!yaml.ok()) return yaml.status();
  const contract::PolicyReading reading = contract::ReadPolicy(*yaml, options.file);
  if (!reading.ok()) return NotAPolicy(app, options.file, reading.problems);
  v1::ApplyPolicyResponse answer;
  answer.set_digest(reading.policy.digest);
  app.printer.Json(answer);
  app.printer.Page(absl::StrCat(RenderPolicy(app.printer.OutLook(), reading.policy), "\n",
                                options.file, " is a good policy.\n"));
  return contract::ExitCode::kDone;
}

Outcome RunPolicyApply(const PolicyOptions& options, App& app) {
  const auto yaml = ReadPolicyFile(options.file);
  if (!yaml.ok()) return yaml.status();
  const contract::PolicyReading reading = contract::ReadPolicy(*yaml, options.file);
  if (!reading.ok()) return NotAPolicy(app, options.file, reading.problems);
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  if (!options.yes) {
    app.printer.Ask(absl::StrCat(RenderPolicy(app.printer.ErrLook(), reading.policy), "\n"));
    const auto sure = app.Confirm("Sign, and put this policy in force?", "policy apply");
    if (!sure.ok()) return sure.status();
    if (!*sure) return contract::Error(v1::REASON_CANCELLED, "nothing was signed");
  }
  auto statement = SignAdmin(contract::ApplyPolicyAction(*yaml), **controller, app);
  if (!statement.ok()) return statement.status();
  v1::ApplyPolicyRequest request;
  request.set_yaml(*yaml);
  *request.mutable_admin_statement() = *std::move(statement);
  const auto response = (*controller)->ApplyPolicy(request);
  if (!response.ok()) return response.status();
  if (response->problems_size() > 0) {
    std::vector<v1::Problem> problems(response->problems().begin(), response->problems().end());
    for (v1::Problem& problem : problems) {
      if (problem.line() > 0) problem.set_file(options.file);  // the controller knows no name of it
    }
    return NotAPolicy(app, options.file, problems);
  }
  app.printer.Json(*response);
  app.printer.Page(absl::StrCat("In force: ", Clean(response->digest()), "\n"));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "client/commands/verbs.h"
#include "client/output/exit_codes.h"
#include "client/output/problems.h"
#include "client/output/sanitize.h"
#include "proto/base/file.h"

namespace resetctl::client {

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

Outcome RunPolicyCheck(const std::string& file, App& app) {
  const auto yaml = base::ReadFile(file, 4 << 20);
  if (!yaml.ok()) return contract::Error(v1::REASON_INVALID_ARGUMENT, yaml.status().message());
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  v1::CheckPolicyRequest request;
  request.set_yaml(*yaml);
  const auto response = (*controller)->CheckPolicy(request);
  if (!response.ok()) return response.status();
  std::vector<v1::Problem> problems(response->problems().begin(), response->problems().end());
  if (problems.empty()) {
    app.printer.Json(*response);
    app.printer.Page(absl::StrCat(file, " is a good policy.\n"));
    return contract::ExitCode::kDone;
  }
  for (v1::Problem& problem : problems) {
    problem.set_file(file);  // the controller knows no name of it
  }
  const std::string heading = absl::StrCat(
      "Not a policy: ", Counted(response->problems_size(), "problem", "problems"), " in ", file);
  app.printer.Problems(v1::REASON_POLICY_INVALID, heading, problems,
                       RenderProblems(app.printer.ErrLook(), heading, problems));
  return ExitOf(problems);
}

}  // namespace resetctl::client

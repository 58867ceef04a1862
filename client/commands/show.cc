#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "client/commands/diff_plans.h"
#include "client/commands/make_plan.h"
#include "client/commands/verbs.h"
#include "client/output/plan_page.h"
#include "client/output/plan_sources.h"
#include "client/output/run_summary.h"
#include "proto/contract/blueprint.h"

namespace resetctl::client {
namespace {

Outcome ShowRun(const std::string& id, App& app) {
  const absl::Status valid = CheckId(id, 'r');
  if (!valid.ok()) return valid;
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  v1::GetRunRequest request;
  request.set_run_id(id);
  const auto response = (*controller)->GetRun(request);
  if (!response.ok()) return response.status();
  app.printer.Json(*response);
  app.printer.Page(RenderRunPage(app.printer.OutLook(), *response));
  return contract::ExitCode::kDone;
}

}  // namespace

Outcome RunShow(const ShowOptions& options, App& app) {
  if (absl::StartsWith(options.id, "r-")) {
    if (options.sql || options.tables || !options.diff.empty()) {
      return contract::Error(
          v1::REASON_INVALID_ARGUMENT,
          absl::StrCat(options.id, " is a run: --sql, --tables and --diff show a plan"),
          "give the id of its plan, as  resetctl list runs  shows it");
    }
    return ShowRun(options.id, app);
  }
  const absl::Status valid = CheckId(options.id, 'p');
  if (!valid.ok()) {
    return contract::Error(v1::REASON_INVALID_ARGUMENT,
                           absl::StrCat("'", options.id, "' is no id of a plan or a run"),
                           "ids begin with p- or r-, as resetctl list shows them");
  }
  if (!options.diff.empty()) return ShowPlanDiff(options.id, options.diff, app);
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  const auto fetched = FetchPlan(**controller, options.id);
  if (!fetched.ok()) return fetched.status();
  const Look look = app.printer.OutLook();
  std::string bundle_bytes;
  std::string sources;
  if (options.sql) {
    auto bundle = FetchBundle(fetched->checked, **controller);
    if (!bundle.ok()) return bundle.status();
    bundle_bytes = *std::move(bundle);
    const auto files = contract::UnpackBundle(bundle_bytes);
    if (!files.ok()) return files.status();
    sources = absl::StrCat(RenderSources(look, fetched->checked.document, *files,
                                         contract::ParseBlueprint(*files).blueprint),
                           RenderStatements(look, fetched->plan));
  }
  if (app.printer.json()) {
    v1::GetPlanResponse response;
    *response.mutable_plan() = WithDecoded(fetched->plan, fetched->checked.document);
    app.printer.Json(response);
    v1::Bundle bundle;
    if (options.sql && bundle.ParseFromString(bundle_bytes)) app.printer.Json(bundle);
  }
  const TableDetail detail = options.tables ? TableDetail::kStrategies : TableDetail::kNames;
  app.printer.Page(absl::StrCat(
      RenderPlanPage(look, fetched->plan, fetched->checked.document, detail), sources));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

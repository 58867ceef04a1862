#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "client/commands/make_plan.h"
#include "client/commands/verbs.h"
#include "client/output/plan_page.h"
#include "client/output/plan_sources.h"
#include "client/output/run_summary.h"
#include "proto/contract/blueprint.h"
#include "proto/contract/digest.h"

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

// The bundle, only if it is the one that the plan names.
absl::StatusOr<std::string> FetchBundle(const CheckedPlan& plan, Controller& controller) {
  v1::GetBundleRequest request;
  request.set_plan_id(plan.id);
  auto response = controller.GetBundle(request);
  if (!response.ok()) return response.status();
  if (contract::Digest(response->bundle()) != plan.document.bundle_digest()) {
    return contract::Error(v1::REASON_BUNDLE_DIGEST_MISMATCH,
                           "the controller's bundle is not the one that the plan names",
                           "sign nothing, and tell the controller's administrator");
  }
  return std::move(*response->mutable_bundle());
}

}  // namespace

Outcome RunShow(const ShowOptions& options, App& app) {
  if (absl::StartsWith(options.id, "r-")) return ShowRun(options.id, app);
  const absl::Status valid = CheckId(options.id, 'p');
  if (!valid.ok()) {
    return contract::Error(v1::REASON_INVALID_ARGUMENT,
                           absl::StrCat("'", options.id, "' is no id of a plan or a run"),
                           "ids begin with p- or r-, as resetctl list shows them");
  }
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
  app.printer.Page(
      absl::StrCat(RenderPlanPage(look, fetched->plan, fetched->checked.document), sources));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

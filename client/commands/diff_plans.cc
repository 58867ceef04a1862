#include "client/commands/diff_plans.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "client/commands/make_plan.h"
#include "client/output/plan_diff_page.h"
#include "client/output/times.h"
#include "proto/contract/bundle.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::client {
namespace {

absl::StatusOr<contract::BundleFiles> FilesOf(const CheckedPlan& plan, Controller& controller) {
  const auto bundle = FetchBundle(plan, controller);
  if (!bundle.ok()) return bundle.status();
  return contract::UnpackBundle(*bundle);
}

void AddFiles(const CheckedPlan& was, const CheckedPlan& now, Controller& controller,
              PlanDiff* diff) {
  if (was.document.bundle_digest() == now.document.bundle_digest()) return;
  const auto old_files = FilesOf(was, controller);
  const auto new_files = old_files.ok() ? FilesOf(now, controller) : old_files;
  if (!new_files.ok()) {
    diff->note = absl::StrCat("Which files differ is not known: ", new_files.status().message());
    return;
  }
  DiffSection files = CompareFiles(*old_files, *new_files);
  if (!files.differences.empty()) diff->sections.push_back(std::move(files));
}

}  // namespace

Outcome ShowPlanDiff(const std::string& id, const std::string& other, App& app) {
  for (const std::string& each : {id, other}) {
    absl::Status valid = CheckId(each, 'p');
    if (!valid.ok()) return valid;
  }
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  const auto first = FetchPlan(**controller, other);
  if (!first.ok()) return first.status();
  const auto second = FetchPlan(**controller, id);
  if (!second.ok()) return second.status();
  const CheckedPlan* was = &first->checked;
  const CheckedPlan* now = &second->checked;
  if (TimeOf(now->document.make_time()) < TimeOf(was->document.make_time())) std::swap(was, now);

  PlanDiff diff = {.was_id = was->id,
                   .now_id = now->id,
                   .sections = ComparePlans(was->document, now->document),
                   .note = ""};
  AddFiles(*was, *now, **controller, &diff);
  app.printer.JsonLine(PlanDiffJson(diff));
  app.printer.Page(RenderPlanDiff(app.printer.OutLook(), diff, was->document, now->document));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

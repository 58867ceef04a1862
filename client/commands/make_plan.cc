#include "client/commands/make_plan.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "client/commands/bundle_files.h"
#include "client/output/exit_codes.h"
#include "client/output/problems.h"
#include "client/output/sanitize.h"
#include "proto/contract/blueprint.h"
#include "proto/contract/digest.h"

namespace resetctl::client {
namespace {

using contract::Error;

// A statement names its target: the environment's only one, when the person named none.
absl::StatusOr<std::string> TargetOf(const PlanOptions& options, Controller& controller) {
  if (!options.target.empty()) return options.target;
  v1::GetEnvironmentRequest request;
  request.set_name(options.environment);
  const auto response = controller.GetEnvironment(request);
  if (!response.ok()) return response.status();
  const auto& targets = response->environment().targets();
  if (targets.size() == 1) return targets.Get(0);
  const std::string environment = Clean(options.environment);
  if (targets.empty()) {
    return Error(v1::REASON_NOT_FOUND, absl::StrCat(environment, " has no target yet"),
                 absl::StrCat("resetctl agent invite TARGET --env ", environment));
  }
  return Error(v1::REASON_INVALID_ARGUMENT,
               absl::StrCat(environment, " has ", targets.size(),
                            " targets: ", Clean(Listed({targets.begin(), targets.end()}))),
               "say which: --target T");
}

int64_t Size(const std::vector<v1::Problem>& problems) {
  return static_cast<int64_t>(problems.size());
}

MakePlanAnswer NoPlan(App& app, absl::string_view what, const std::vector<v1::Problem>& problems) {
  const contract::ExitCode exit = ExitOf(problems);
  const std::string message =
      absl::StrCat("No plan: ", Counted(Size(problems), "problem", "problems"), " with ", what);
  const std::string heading = absl::StrCat(message, "    (exit ", static_cast<int>(exit), ")");
  app.printer.Problems(v1::REASON_NO_PLAN, message, problems,
                       RenderProblems(app.printer.ErrLook(), heading, problems));
  return {.made = std::nullopt, .exit = exit};
}

absl::Status CheckAnswer(const CheckedPlan& plan, const PlanWish& wish, absl::string_view person) {
  const v1::PlanDocument& document = plan.document;
  const bool ours =
      document.environment() == wish.environment && document.target() == wish.target &&
      document.bundle_digest() == contract::Digest(wish.bundle) && document.author() == person;
  if (ours) return absl::OkStatus();
  return Error(v1::REASON_DIGEST_MISMATCH,
               absl::StrCat("the plan that came back, ", contract::ShortId(plan.id),
                            ", is not one of this blueprint, environment and target"),
               "use it for nothing, and tell the controller's administrator");
}

}  // namespace

absl::StatusOr<MakePlanAnswer> MakePlan(const PlanOptions& options, App& app) {
  const auto bundle = ReadBundleFiles(options.blueprint);
  if (!bundle.ok()) return bundle.status();
  const contract::ParsedBlueprint parsed = contract::ParseBlueprint(*bundle);
  if (!parsed.ok()) return NoPlan(app, options.blueprint, parsed.problems);
  const auto steps = contract::StepsWithSets(parsed.blueprint, options.sets);
  if (!steps.ok()) return steps.status();
  auto bytes = contract::PackBundle(*bundle);
  if (!bytes.ok()) return bytes.status();

  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  const auto target = TargetOf(options, **controller);
  if (!target.ok()) return target.status();

  const std::set<std::string> sets(options.sets.begin(), options.sets.end());
  const PlanWish wish = {.environment = options.environment,
                         .target = *target,
                         .bundle = *std::move(bytes),
                         .sets = {sets.begin(), sets.end()},
                         .reason = options.reason};
  Connection& connection = (*controller)->connection();
  const auto statement = PlanStatement(wish, connection.person(), app.clock.Now());
  if (!statement.ok()) return statement.status();
  auto signed_statement = connection.Sign(*statement);
  if (!signed_statement.ok()) return signed_statement.status();

  v1::CreatePlanRequest request;
  request.set_environment(wish.environment);
  request.set_target(wish.target);
  request.set_bundle(wish.bundle);
  for (const std::string& set : wish.sets) request.add_sets(set);
  *request.mutable_plan_statement() = *std::move(signed_statement);
  request.set_request_id(NewRequestId());

  const std::string where = absl::StrCat(wish.target, " on ", wish.environment);
  if (app.printer.screen().live) {
    app.printer.Progress(absl::StrCat("Looking at ", Clean(where), " …"));
  }
  auto response = (*controller)->CreatePlan(request);
  if (app.printer.screen().live) app.printer.Progress("\r\x1b[2K");
  if (!response.ok()) return response.status();
  if (response->problems_size() > 0) {
    return NoPlan(app, Clean(where), {response->problems().begin(), response->problems().end()});
  }
  auto checked = CheckPlan(response->plan(), "p-");
  if (!checked.ok()) return checked.status();
  const absl::Status ours = CheckAnswer(*checked, wish, connection.person());
  if (!ours.ok()) return ours;
  return MakePlanAnswer{.made = MadePlan{*std::move(response), *std::move(checked)}};
}

absl::Status CheckId(absl::string_view id, char kind) {
  const auto lower_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (id.size() > 2 && id[0] == kind && id[1] == '-' &&
      std::all_of(id.begin() + 2, id.end(), lower_hex)) {
    return absl::OkStatus();
  }
  return Error(v1::REASON_INVALID_ARGUMENT,
               absl::StrCat("'", Clean(id), "' is not a ", kind == 'p' ? "plan's" : "run's", " id"),
               kind == 'p' ? "an id is p- and hexadecimal digits, as resetctl list shows it"
                           : "an id is r- and hexadecimal digits, as resetctl list runs shows it");
}

absl::StatusOr<FetchedPlan> FetchPlan(Controller& controller, const std::string& id) {
  const absl::Status valid = CheckId(id, 'p');
  if (!valid.ok()) return valid;
  v1::GetPlanRequest request;
  request.set_plan_id(id);
  auto response = controller.GetPlan(request);
  if (!response.ok()) return response.status();
  auto checked = CheckPlan(response->plan(), id);
  if (!checked.ok()) return checked.status();
  return FetchedPlan{std::move(*response->mutable_plan()), *std::move(checked)};
}

absl::StatusOr<std::string> FetchBundle(const CheckedPlan& plan, Controller& controller) {
  v1::GetBundleRequest request;
  request.set_plan_id(plan.id);
  auto response = controller.GetBundle(request);
  if (!response.ok()) return response.status();
  if (contract::Digest(response->bundle()) != plan.document.bundle_digest()) {
    return Error(v1::REASON_BUNDLE_DIGEST_MISMATCH,
                 "the controller's bundle is not the one that the plan names",
                 "sign nothing, and tell the controller's administrator");
  }
  return std::move(*response->mutable_bundle());
}

v1::Plan WithDecoded(v1::Plan plan, const v1::PlanDocument& document) {
  *plan.mutable_decoded() = document;
  return plan;
}

}  // namespace resetctl::client

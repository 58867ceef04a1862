#include "client/commands/start_run.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "client/commands/follow_run.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"

namespace resetctl::client {
namespace {

// What stands between the plan and a run, as one error: the first one's reason, everybody's words.
absl::Status ObjectionsAsError(const v1::Plan& plan) {
  v1::Problem problem = contract::MakeProblem(plan.objections(0).reason(), "");
  std::string message, advice;
  for (const auto& objection : plan.objections()) {
    absl::StrAppend(&message, message.empty() ? "" : "; ", objection.message());
    if (objection.advice().empty()) continue;
    absl::StrAppend(&advice, advice.empty() ? "" : "\n", objection.advice());
  }
  problem.set_message(message);
  problem.set_advice(advice);
  return contract::ErrorFrom(problem);
}

absl::StatusOr<std::string> Phrase(const FetchedPlan& fetched, const StartOptions& options,
                                   App& app) {
  const std::string phrase = fetched.checked.Phrase();
  std::string typed = options.confirm;
  const bool in_the_way = !fetched.plan.objections().empty() && options.break_glass.empty();
  const bool ask = !phrase.empty() && typed.empty() && app.terminal.CanAsk() && !in_the_way;
  if (ask) {
    app.printer.Ask(absl::StrCat("\nTo start, type  ", phrase, "\n> "));
    const std::optional<std::string> line = app.terminal.ReadLine();
    if (!line.has_value()) app.printer.Ask("\n");
    typed = base::Str(absl::StripAsciiWhitespace(line.value_or("")));
  }
  const absl::Status right = CheckPhrase(fetched.checked, typed);
  if (right.ok()) return typed;
  return in_the_way ? ObjectionsAsError(fetched.plan) : right;
}

}  // namespace

Outcome StartRun(const FetchedPlan& fetched, const StartOptions& options, Controller& controller,
                 App& app) {
  const CheckedPlan& plan = fetched.checked;
  const auto typed = Phrase(fetched, options, app);
  if (!typed.ok()) return typed.status();
  Connection& connection = controller.connection();
  const auto statement =
      RunStatement(plan, *typed, options.break_glass, connection.person(), app.clock.Now());
  if (!statement.ok()) return statement.status();
  auto signed_statement = connection.Sign(*statement);
  if (!signed_statement.ok()) return signed_statement.status();

  v1::StartRunRequest request;
  request.set_plan_id(plan.id);
  *request.mutable_run_statement() = *std::move(signed_statement);
  request.set_detach(options.detach);
  request.set_request_id(NewRequestId());
  const InterruptScope interrupts;  // from before the order on: Ctrl+C must cancel, not vanish
  const auto response = controller.StartRun(request);
  if (!response.ok()) return response.status();
  if (options.detach) {
    const std::string id = contract::ShortId(response->run().id());
    app.printer.Json(*response);
    app.printer.Page(absl::StrCat("Started ", id, ".\nWatch it:  resetctl watch ", id, "\n"));
    return contract::ExitCode::kDone;
  }
  const v1::CachePlan& cache = plan.document.cache();
  return FollowRun(
      response->run(),
      {.started_here = true,
       .lines_are_result = false,
       .cache = cache.configured() && cache.skipped().empty() && cache.mode() != "none",
       .after = plan.document.after_size() > 0},
      interrupts, controller, app);
}

}  // namespace resetctl::client

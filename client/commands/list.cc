#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/app/controller.h"
#include "client/commands/verbs.h"
#include "client/output/lists.h"

namespace resetctl::client {
namespace {

// 'pending-approval', 'PENDING_APPROVAL' and 'pending approval' are one state.
template <typename State>
absl::StatusOr<State> ParseState(const std::string& text, absl::string_view prefix,
                                 const google::protobuf::EnumDescriptor* states) {
  if (text.empty()) return static_cast<State>(0);
  const std::string name =
      absl::AsciiStrToUpper(absl::StrReplaceAll(text, {{"-", "_"}, {" ", "_"}}));
  const auto* value = states->FindValueByName(absl::StrCat(prefix, name));
  if (value != nullptr && value->number() != 0) return static_cast<State>(value->number());
  std::vector<std::string> names;
  for (int i = 1; i < states->value_count(); ++i) {
    names.push_back(absl::AsciiStrToLower(states->value(i)->name().substr(prefix.size())));
  }
  return contract::Error(v1::REASON_INVALID_ARGUMENT,
                         absl::StrCat("there is no state '", text, "'"),
                         absl::StrCat("the states are ", Listed(names)));
}

}  // namespace

Outcome RunList(const ListOptions& options, App& app) {
  if (options.what == "runs") {
    const auto state =
        ParseState<v1::RunState>(options.state, "RUN_STATE_", v1::RunState_descriptor());
    if (!state.ok()) return state.status();
    auto controller = app.Connect();
    if (!controller.ok()) return controller.status();
    v1::ListRunsRequest request;
    request.set_environment(options.environment);
    request.set_state(*state);
    request.set_mine(options.mine);
    request.set_page_size(options.limit);
    request.set_page_token(options.page);
    const auto response = (*controller)->ListRuns(request);
    if (!response.ok()) return response.status();
    app.printer.Json(*response);
    app.printer.Page(RenderRuns(app.printer.OutLook(), *response));
    return contract::ExitCode::kDone;
  }
  const auto state =
      ParseState<v1::PlanState>(options.state, "PLAN_STATE_", v1::PlanState_descriptor());
  if (!state.ok()) return state.status();
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  v1::ListPlansRequest request;
  request.set_environment(options.environment);
  request.set_state(*state);
  request.set_mine(options.mine);
  request.set_page_size(options.limit);
  request.set_page_token(options.page);
  const auto response = (*controller)->ListPlans(request);
  if (!response.ok()) return response.status();
  app.printer.Json(*response);
  app.printer.Page(RenderPlans(app.printer.OutLook(), *response));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

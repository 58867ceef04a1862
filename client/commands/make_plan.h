#ifndef RESETCTL_CLIENT_COMMANDS_MAKE_PLAN_H_
#define RESETCTL_CLIENT_COMMANDS_MAKE_PLAN_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/app/app.h"
#include "client/app/statements.h"
#include "client/commands/verbs.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::client {

class Controller;

struct MadePlan {
  v1::CreatePlanResponse response;
  CheckedPlan checked;
};

// What `plan` and `reset` share: reads and checks the blueprint, signs the wish, has the plan made, and checks that it is
// the plan of exactly these bytes. Problems with the blueprint or the target are printed here: then `exit` is set and
// there is no plan.
struct MakePlanAnswer {
  std::optional<MadePlan> made;
  contract::ExitCode exit = contract::ExitCode::kDone;
};
absl::StatusOr<MakePlanAnswer> MakePlan(const PlanOptions& options, App& app);

// 'p-...' or 'r-...' and hexadecimal digits, whole or a prefix; INVALID_ARGUMENT otherwise. `kind` is 'p' or 'r'.
absl::Status CheckId(absl::string_view id, char kind);

struct FetchedPlan {
  v1::Plan plan;
  CheckedPlan checked;
};
// By id or prefix; its bytes hashed and compared.
absl::StatusOr<FetchedPlan> FetchPlan(Controller& controller, const std::string& id);

// The bundle of a plan: BUNDLE_DIGEST_MISMATCH unless it is the one that the plan names.
absl::StatusOr<std::string> FetchBundle(const CheckedPlan& plan, Controller& controller);

// The plan with its document decoded beside the bytes: for -o json only.
v1::Plan WithDecoded(v1::Plan plan, const v1::PlanDocument& document);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_COMMANDS_MAKE_PLAN_H_

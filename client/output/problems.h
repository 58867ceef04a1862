#ifndef RESETCTL_CLIENT_OUTPUT_PROBLEMS_H_
#define RESETCTL_CLIENT_OUTPUT_PROBLEMS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/output/text.h"
#include "resetctl/v1/reason.pb.h"

namespace resetctl::client {

// "resetctl: what is wrong", and below it what to do.
std::string RenderError(const Look& look, const absl::Status& status);

// "blueprint.yaml:31:18", "sql/admin.sql:12, statement 3"; empty when there is no place.
std::string PlaceOf(const v1::Problem& problem);

// The problem's objects that its message and its advice do not name: names in one flow; what changed in a stale target one
// line each, old and new, all of them up to a sensible number. `plan` is the id of the plan that is stale, when it is known.
std::string ObjectLines(const Look& look, const v1::Problem& problem, int indent,
                        absl::string_view plan = "");

// A heading, then each problem with its reason, place, names and advice.
std::string RenderProblems(const Look& look, absl::string_view heading,
                           const std::vector<v1::Problem>& problems);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_PROBLEMS_H_

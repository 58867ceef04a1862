#ifndef RESETCTL_CLIENT_OUTPUT_PLAN_DIFF_PARTS_H_
#define RESETCTL_CLIENT_OUTPUT_PLAN_DIFF_PARTS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/output/plan_diff.h"

namespace resetctl::client {

// The pieces of plan_diff.h; for its own sources only.

// What a plan says, in words, by the name of what it says it about.
using Texts = std::map<std::string, std::string>;
DiffSection CompareTexts(absl::string_view name, const Texts& was, const Texts& now);

// A table, a sequence: with its schema.
template <typename Relation>
std::string QualifiedName(const Relation& relation) {
  return absl::StrCat(relation.schema(), ".", relation.name());
}

// 'schema', 'tables' (which list each is in), 'how cleared', 'rows', 'sequences'.
std::vector<DiffSection> CompareTables(const v1::PlanDocument& was, const v1::PlanDocument& now);

// 'recreate', 'checks', 'parameters', 'cache', 'before', 'after', 'side effects'.
std::vector<DiffSection> CompareSteps(const v1::PlanDocument& was, const v1::PlanDocument& now);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_PLAN_DIFF_PARTS_H_

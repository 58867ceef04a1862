#include "client/output/policy_page.h"

#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/output/sanitize.h"
#include "client/output/table.h"
#include "proto/contract/digest.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::client {
namespace {

constexpr int kLabel = 11;

std::string NamesOf(const std::set<std::string>& names) {
  return names.empty() ? "nobody" : Clean(Listed({names.begin(), names.end()}));
}

std::string Members(const contract::Policy& policy, const std::vector<std::string>& groups) {
  std::set<std::string> names;
  for (const std::string& group : groups) {
    const auto found = policy.groups.find(group);
    if (found != policy.groups.end()) names.insert(found->second.begin(), found->second.end());
  }
  return NamesOf(names);
}

// Whose approval could count; the author's own is a matter of each plan.
std::string Approvers(const contract::Policy& policy, const contract::ApprovalRule& rule) {
  std::set<std::string> names;
  for (const auto& [name, person] : policy.people) {
    if (contract::MayApprove(rule, policy.groups, /*author=*/"", name, person.robot)) {
      names.insert(name);
    }
  }
  return NamesOf(names);
}

}  // namespace

std::string RenderPolicy(const Look& look, const contract::Policy& policy) {
  std::string out;
  for (const auto& [name, rules] : policy.environments) {
    absl::StrAppend(&out, Clean(name), "\n",
                    Field(look, "  Read", Members(policy, rules.read), kLabel),
                    Field(look, "  Plan", Members(policy, rules.plan), kLabel),
                    Field(look, "  Run", Members(policy, rules.run), kLabel));
    if (rules.approvals.required > 0) {
      absl::StrAppend(&out, Field(look, "  Approve", Approvers(policy, rules.approvals), kLabel));
    }
    absl::StrAppend(&out, Field(look, "  Rules", Clean(contract::Summarize(rules)), kLabel), "\n");
  }
  absl::StrAppend(&out, Field(look, "Admins", Members(policy, policy.admin_groups), kLabel));
  return out;
}

std::string RenderRuleAnswers(const Look& look, const v1::Plan& raw) {
  const v1::Plan plan = Cleaned(raw);
  Table table;
  table.Column("RULE").Column("NOW").Column("HOW").Wrapped();
  int objections = 0;
  for (const v1::RuleAnswer& answer : plan.rule_answers()) {
    if (!answer.holds()) ++objections;
    table.Row({answer.rule(), answer.holds() ? "yes" : "no", answer.how()});
  }
  return absl::StrCat(table.Render(look), "\n", contract::ShortId(plan.id()),
                      objections == 0 ? ": every rule holds now.\n"
                                      : absl::StrCat(": ", Counted(objections, "rule", "rules"),
                                                     " in the way of a run now.\n"));
}

}  // namespace resetctl::client

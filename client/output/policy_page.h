#ifndef RESETCTL_CLIENT_OUTPUT_POLICY_PAGE_H_
#define RESETCTL_CLIENT_OUTPUT_POLICY_PAGE_H_

#include <string>

#include "client/output/text.h"
#include "proto/contract/policy.h"

namespace resetctl::v1 {
class Plan;
}  // namespace resetctl::v1

namespace resetctl::client {

// What a policy means: per environment who may do what, by name, and its rules; who the admins are.
std::string RenderPolicy(const Look& look, const contract::Policy& policy);

// How each rule was decided for a plan, and whether it could run now.
std::string RenderRuleAnswers(const Look& look, const v1::Plan& plan);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_POLICY_PAGE_H_

#include "agent/service/plan_parameters.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {

void WritePlanParameters(const contract::Blueprint& blueprint, const ResolvedParameters& parameters,
                         const LocalKey& key, v1::PlanDocument* plan) {
  for (const contract::ParameterSpec& spec : blueprint.parameters) {
    if (!spec.bcrypt_of.empty()) {
      v1::PlanParameter* written = plan->add_parameters();
      written->set_name(spec.name);
      written->set_secret(true);
      written->set_source("bcrypt");
      continue;
    }
    const auto found = parameters.find(spec.name);
    if (found == parameters.end()) continue;  // optional, and not set
    v1::PlanParameter* written = plan->add_parameters();
    written->set_name(spec.name);
    written->set_secret(found->second.secret);
    written->set_source(found->second.source);
    if (found->second.secret) {
      written->set_mac(key.ParameterMac(spec.name, found->second.value));
    } else {
      written->set_value(found->second.value.Reveal());
    }
  }
}

absl::Status CheckPlanParameters(const contract::Blueprint& blueprint,
                                 const ResolvedParameters& parameters, const LocalKey& key,
                                 const v1::PlanDocument& plan) {
  v1::PlanDocument now;
  WritePlanParameters(blueprint, parameters, key, &now);
  std::map<std::string, const v1::PlanParameter*> planned;
  for (const v1::PlanParameter& parameter : plan.parameters()) {
    planned[parameter.name()] = &parameter;
  }
  std::string what;
  for (const v1::PlanParameter& parameter : now.parameters()) {
    const auto found = planned.find(parameter.name());
    if (found == planned.end()) {
      what = absl::StrCat("parameter ", parameter.name(), " was not set when the plan was made");
      break;
    }
    const v1::PlanParameter& old = *found->second;
    planned.erase(found);
    if (old.secret() != parameter.secret() || old.mac() != parameter.mac()) {
      what = absl::StrCat("the secret parameter ", parameter.name(),
                          " has changed since the plan was made");
      break;
    }
    if (old.value() != parameter.value()) {
      what = absl::StrCat("parameter ", parameter.name(), " was '", old.value(), "', it is '",
                          parameter.value(), "'");
      break;
    }
  }
  if (what.empty() && !planned.empty()) {
    what = absl::StrCat("parameter ", planned.begin()->first, " is not set any more");
  }
  if (what.empty()) return absl::OkStatus();
  return contract::Error(v1::REASON_STALE_PARAMETER, what,
                         "Make a new plan, or put the value back that the plan was made with.");
}

}  // namespace resetctl::agent

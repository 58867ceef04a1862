#include "agent/service/run_material.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/service/log_proof.h"
#include "agent/service/plan_parameters.h"
#include "proto/contract/digest.h"
#include "proto/contract/known_fields.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

using contract::Error;

absl::Status ReadBlueprint(const AgentParts& parts, RunMaterial* material) {
  absl::StatusOr<std::string> bytes = parts.plans.LoadBundle(material->plan_digest);
  if (!bytes.ok()) return bytes.status();
  if (contract::Digest(*bytes) != material->plan.bundle_digest()) {
    return Error(v1::REASON_BUNDLE_DIGEST_MISMATCH,
                 "the blueprint bundle kept by the agent is not the one of the plan",
                 "Make a new plan, and find out who changed the agent's state directory.");
  }
  absl::StatusOr<contract::BundleFiles> bundle = contract::UnpackBundle(*bytes);
  if (!bundle.ok()) return bundle.status();
  material->bundle = *std::move(bundle);
  contract::ParsedBlueprint parsed = contract::ParseBlueprint(material->bundle);
  if (!parsed.ok()) return contract::ErrorFrom(parsed.problems.front());
  material->blueprint = std::move(parsed.blueprint);
  const v1::PlanDocument& plan = material->plan;
  auto steps =
      contract::StepsWithSets(material->blueprint, {plan.sets().begin(), plan.sets().end()});
  if (!steps.ok()) return steps.status();
  for (auto& [set, spec] : *steps) material->steps.push_back(std::move(spec));
  return absl::OkStatus();
}

absl::Status ReadParameters(const AgentParts& parts, RunMaterial* material) {
  ParameterAnswer answer =
      ResolveParameters(material->blueprint, parts.parameters, parts.environment, /*derive=*/true);
  material->parameters = std::move(answer.parameters);
  material->scrubber = ScrubberFor(parts, material->parameters);
  if (answer.problems.empty()) return absl::OkStatus();
  return contract::ErrorFrom(answer.problems.front());
}

// The cache that was approved is the one that will be flushed, and it can be, as far as one can know before the commit.
absl::Status CheckCache(const AgentParts& parts, const RunMaterial& material) {
  const v1::CachePlan& old = material.plan.cache();
  const contract::RedisSpec& spec = material.blueprint.redis;
  if (spec.flush == contract::FlushMode::kNone) return absl::OkStatus();
  contract::RedisSpec who;
  who.flush = contract::FlushMode::kNone;
  const v1::CachePlan now = parts.cache.MakeSurvey(who);
  const auto stale = [](absl::string_view what) {
    return Error(v1::REASON_STALE_CACHE, what, "Make a new plan.");
  };
  if (old.configured() != now.configured()) {
    return stale(old.configured() ? "the plan flushes a cache, and none is configured any more"
                                  : "a cache is configured now, the plan knows none");
  }
  if (!old.configured() || !old.skipped().empty()) return absl::OkStatus();
  if (old.address() != now.address() || old.db() != now.db()) {
    return stale(absl::StrCat("the plan's cache is ", old.address(), " db ", old.db(),
                              ", the configured one is ", now.address(), " db ", now.db()));
  }
  absl::Status ready = parts.cache.CheckFlush(spec);
  if (contract::ReasonOf(ready) == v1::REASON_IDENTITY_CONFLICT) return ready;
  // Not required: tried all the same after the commit, and a warning then.
  if (!ready.ok()) return spec.required ? ready : absl::OkStatus();
  if (now.reachable() && old.run_id() != now.run_id()) {
    return stale(absl::StrCat("the cache server was ", old.run_id(), ", it is ", now.run_id(),
                              " (another server, or a restart)"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RunMaterial> PrepareRun(const AgentParts& parts, const v1::RunOffer& offer) {
  absl::StatusOr<Trust> trust = parts.trust.Load();
  if (!trust.ok()) return trust.status();
  absl::StatusOr<VerifiedOffer> verified =
      VerifyOffer(offer, parts.identity, parts.key, *trust, parts.clock.Now());
  if (!verified.ok()) return verified.status();
  absl::Status status = CheckMayWork(parts);
  if (!status.ok()) return status;
  if (const std::optional<v1::SeenLog> seen = parts.witness.Seen()) {
    status = CheckLogged(offer, parts.identity.environment, parts.identity.target, seen->log_key());
    if (!status.ok()) return status;
  }

  RunMaterial material;
  material.run_id = offer.run_id();
  material.plan_digest = verified->plan_digest;
  material.runner = verified->runner;
  material.nonce = verified->nonce;
  material.plan = std::move(verified->plan);
  material.rules = std::move(verified->rules);
  material.rules.blockers_action = Milder(material.rules.blockers_action, trust->floor.blockers);
  status = ReadBlueprint(parts, &material);
  if (status.ok()) status = ReadParameters(parts, &material);
  if (status.ok()) {
    status = CheckPlanParameters(material.blueprint, material.parameters, parts.key, material.plan);
  }
  if (status.ok()) status = CheckCache(parts, material);
  if (!status.ok()) return status;
  return material;
}

absl::StatusOr<RunMaterial> RebuildRun(const AgentParts& parts, const v1::RunOffer& offer) {
  RunMaterial material;
  if (!parts.key.IsOurPlan(offer.document(), offer.mac()) ||
      !material.plan.ParseFromString(offer.document())) {
    return Error(v1::REASON_PLAN_NOT_OURS, "the journal's plan is not one that this agent made",
                 "Find out who changed the agent's state directory.");
  }
  absl::Status known = contract::CheckAllKnown(material.plan, "the run's plan", "agent");
  if (!known.ok()) return known;
  material.run_id = offer.run_id();
  material.plan_digest = contract::Digest(offer.document());
  absl::StatusOr<contract::EnvironmentRules> rules =
      contract::ParseCanonicalJson(material.plan.rules());
  if (!rules.ok()) return rules.status();
  material.rules = *std::move(rules);
  absl::Status status = ReadBlueprint(parts, &material);
  if (status.ok()) status = ReadParameters(parts, &material);
  if (!status.ok()) return status;
  return material;
}

}  // namespace resetctl::agent

#include "agent/service/plan_maker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/service/plan_parameters.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/contract/bundle.h"
#include "proto/contract/csv_text.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "proto/contract/sql_splitter.h"

namespace resetctl::agent {
namespace {

using RecreateSteps = std::vector<std::pair<std::string, contract::RecreateStepSpec>>;

absl::Duration DurationOf(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

void AddProblem(const absl::Status& status, v1::PlanReply* reply) {
  *reply->add_problems() = contract::ProblemOf(status);
}

// What people see of the recreate steps. The database answered the resolved table names, in the same order.
void DescribeRecreate(const RecreateSteps& steps, const contract::BundleFiles& bundle,
                      v1::PlanDocument* plan) {
  std::vector<v1::RecreateStep> described(plan->recreate().begin(), plan->recreate().end());
  plan->clear_recreate();
  for (size_t i = 0; i < steps.size(); ++i) {
    const contract::RecreateStepSpec& spec = steps[i].second;
    v1::RecreateStep* step = plan->add_recreate();
    if (described.size() == steps.size()) *step = described[i];
    step->set_name(spec.name);
    step->set_set(steps[i].first);
    if (const auto* sql = std::get_if<contract::SqlStep>(&spec.what)) {
      step->set_kind("sql");
      step->set_file(sql->file);
      step->set_rows(-1);
      const auto file = bundle.files.find(sql->file);
      if (file != bundle.files.end()) {
        absl::StatusOr<std::vector<contract::SqlStatement>> split =
            contract::SplitSql(file->second);
        if (split.ok()) step->set_statements(static_cast<int32_t>(split->size()));
      }
    } else if (const auto* rows = std::get_if<contract::RowsStep>(&spec.what)) {
      step->set_kind("rows");
      if (step->table().empty()) step->set_table(rows->table.text);
      step->set_rows(static_cast<int64_t>(rows->rows.size()));
    } else if (const auto* csv = std::get_if<contract::CsvStep>(&spec.what)) {
      step->set_kind("csv");
      step->set_file(csv->file);
      const auto file = bundle.files.find(csv->file);
      if (file != bundle.files.end()) {
        step->set_rows(contract::OutlineCsv(file->second, csv->format).records);
      }
      if (step->table().empty()) step->set_table(csv->table.text);
    }
    step->clear_writes();
    for (const contract::TablePattern& table : spec.writes) step->add_writes(table.text);
  }
}

}  // namespace

v1::PlanReply PlanMaker::MakePlan(const v1::PlanOrder& order) {
  v1::PlanReply reply;
  reply.set_order_id(order.order_id());
  absl::StatusOr<Trust> trust = parts_.trust.Load();
  if (!trust.ok()) {
    AddProblem(trust.status(), &reply);
    return reply;
  }
  absl::StatusOr<VerifiedPlanOrder> verified =
      VerifyPlanOrder(order, parts_.identity, *trust, parts_.clock.Now());
  if (!verified.ok()) {
    AddProblem(verified.status(), &reply);
    base::Log(base::LogLevel::kWarning, "plan order refused",
              {{"order", order.order_id()}, {"why", reply.problems(0).message()}});
    return reply;
  }
  absl::StatusOr<contract::EnvironmentRules> rules = contract::ParseCanonicalJson(order.rules());
  if (!rules.ok()) {
    AddProblem(rules.status(), &reply);
    return reply;
  }
  Fill(order, *verified, *trust, *rules, &reply);
  base::Log(base::LogLevel::kInfo, reply.problems().empty() ? "plan made" : "no plan could be made",
            {{"order", order.order_id()},
             {"author", verified->author},
             {"plan", reply.document().empty() ? "" : contract::PlanId(reply.document())},
             {"problems", absl::StrCat(reply.problems_size())}});
  return reply;
}

void PlanMaker::Fill(const v1::PlanOrder& order, const VerifiedPlanOrder& verified,
                     const Trust& trust, const contract::EnvironmentRules& rules,
                     v1::PlanReply* reply) {
  absl::Status may_work = CheckMayWork(parts_);
  if (!may_work.ok()) return AddProblem(may_work, reply);
  absl::StatusOr<contract::BundleFiles> bundle = contract::UnpackBundle(order.bundle());
  if (!bundle.ok()) return AddProblem(bundle.status(), reply);
  const contract::ParsedBlueprint parsed = contract::ParseBlueprint(*bundle);
  for (const v1::Problem& problem : parsed.problems) *reply->add_problems() = problem;
  const contract::Blueprint& blueprint = parsed.blueprint;
  absl::StatusOr<RecreateSteps> steps =
      contract::StepsWithSets(blueprint, {order.sets().begin(), order.sets().end()});
  if (!steps.ok()) AddProblem(steps.status(), reply);
  if (!reply->problems().empty()) return;  // what a broken blueprint means for a database is noise

  const ParameterAnswer parameters =
      ResolveParameters(blueprint, parts_.parameters, parts_.environment, /*derive=*/false);
  for (const v1::Problem& problem : parameters.problems) *reply->add_problems() = problem;
  const Scrubber scrubber = ScrubberFor(parts_, parameters.parameters);

  v1::PlanDocument plan;
  std::vector<contract::RecreateStepSpec> specs;
  for (const auto& [set, spec] : *steps) specs.push_back(spec);
  absl::StatusOr<Survey> survey = parts_.database.MakeSurvey(blueprint, *bundle, specs);
  if (survey.ok()) {
    plan = std::move(survey->document);
    for (const v1::Problem& problem : survey->problems) *reply->add_problems() = problem;
  } else {
    AddProblem(survey.status(), reply);
  }
  SurveyCache(blueprint, &plan, reply);
  DescribeHooks(blueprint, parameters.parameters, &plan, reply);

  DescribeRecreate(*steps, *bundle, &plan);
  for (const contract::CheckSpec& check : blueprint.verify) {
    v1::CheckStep* step = plan.add_checks();
    step->set_name(check.name);
    step->set_sql(check.sql);
  }
  WritePlanParameters(blueprint, parameters.parameters, parts_.key, &plan);

  const absl::Time now = absl::FromUnixSeconds(absl::ToUnixSeconds(parts_.clock.Now()));
  absl::Duration lifetime = std::min(rules.plan_ttl, trust.floor.max_plan_age);
  if (order.has_plan_ttl() && DurationOf(order.plan_ttl()) > absl::ZeroDuration()) {
    lifetime = std::min(lifetime, DurationOf(order.plan_ttl()));
  }
  plan.set_format(1);
  plan.set_environment(parts_.identity.environment);
  plan.set_target(parts_.identity.target);
  plan.set_agent(absl::StrCat(parts_.identity.environment, "/", parts_.identity.target));
  plan.mutable_make_time()->set_seconds(absl::ToUnixSeconds(now));
  plan.mutable_expire_time()->set_seconds(absl::ToUnixSeconds(now + lifetime));
  plan.set_author(verified.author);
  plan.set_plan_statement_digest(verified.statement_digest);
  plan.set_reason(verified.reason);
  plan.set_bundle_digest(contract::Digest(order.bundle()));
  plan.set_blueprint_name(blueprint.name);
  plan.set_blueprint_description(blueprint.description);
  *plan.mutable_sets() = order.sets();
  plan.set_rules(order.rules());
  plan.set_policy_digest(contract::Digest(order.rules()));
  plan.set_floor_digest(trust.floor.digest);
  plan.set_floor_summary(trust.floor.summary);
  for (std::string& person : trust.floor.Approvers()) plan.add_floor_approvers(std::move(person));

  for (v1::Problem& problem : *reply->mutable_problems()) scrubber.Scrub(&problem);
  for (v1::Problem& warning : *plan.mutable_warnings()) scrubber.Scrub(&warning);
  if (!reply->problems().empty()) return;
  absl::Status saved = Finish(order, plan, reply);
  if (!saved.ok()) AddProblem(saved, reply);
}

void PlanMaker::SurveyCache(const contract::Blueprint& blueprint, v1::PlanDocument* plan,
                            v1::PlanReply* reply) {
  v1::CachePlan cache = parts_.cache.MakeSurvey(blueprint.redis);
  cache.set_required(blueprint.redis.required);
  const bool wanted = blueprint.redis.flush != contract::FlushMode::kNone;
  if (wanted && cache.configured()) {
    if (!cache.reachable() && cache.skipped().empty()) cache.set_skipped("unreachable");
    if (!cache.skipped().empty()) {
      v1::Problem problem = contract::MakeProblem(
          cache.reachable() ? v1::REASON_CACHE_ERROR : v1::REASON_CACHE_UNREACHABLE,
          absl::StrCat("the cache at ", cache.address(), " cannot be flushed: ", cache.skipped()),
          "Mend it or REDIS_URL; with `required: false` in the blueprint's redis section a plan "
          "can be made without it.");
      if (blueprint.redis.required) {
        *reply->add_problems() = problem;
      } else {
        problem.set_advice(
            "The cache will not be flushed by this plan; its old entries may outlive the reset.");
        *plan->add_warnings() = problem;
      }
    }
    absl::Status marker = cache.reachable() ? parts_.cache.CheckMarker() : absl::OkStatus();
    if (contract::ReasonOf(marker) == v1::REASON_IDENTITY_CONFLICT ||
        (!marker.ok() && cache.skipped().empty())) {
      AddProblem(marker, reply);
    }
  }
  if (wanted && !cache.configured() && cache.skipped().empty()) {
    cache.set_skipped("no cache configured");
  }
  *plan->mutable_cache() = std::move(cache);
}

void PlanMaker::DescribeHooks(const contract::Blueprint& blueprint,
                              const ResolvedParameters& parameters, v1::PlanDocument* plan,
                              v1::PlanReply* reply) {
  std::vector<v1::Problem> problems;
  std::vector<v1::Problem> warnings;
  for (const contract::HookSpec& hook : blueprint.before) {
    *plan->add_before() = parts_.hooks.Describe(hook, parameters, &problems, &warnings);
  }
  for (const contract::HookSpec& hook : blueprint.after) {
    *plan->add_after() = parts_.hooks.Describe(hook, parameters, &problems, &warnings);
  }
  for (const v1::Problem& problem : problems) *reply->add_problems() = problem;
  for (const v1::Problem& warning : warnings) *plan->add_warnings() = warning;
}

absl::Status PlanMaker::Finish(const v1::PlanOrder& order, const v1::PlanDocument& plan,
                               v1::PlanReply* reply) {
  const std::string document = plan.SerializeAsString();
  absl::Status saved = parts_.plans.Save(document, order.bundle());
  if (!saved.ok()) {
    return contract::Error(
        v1::REASON_JOURNAL_UNAVAILABLE,
        absl::StrCat("the agent cannot keep the plan: ", base::Str(saved.message())),
        "Check the agent's state directory: its owner and the space on its disk.");
  }
  reply->set_document(document);
  reply->set_mac(parts_.key.PlanMac(document));
  return absl::OkStatus();
}

}  // namespace resetctl::agent

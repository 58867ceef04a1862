#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_join.h"
#include "client/output/plan_diff_parts.h"
#include "client/output/text.h"
#include "client/output/times.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::client {
namespace {

// Two steps of one name are two: the second is 'Roles (2)'.
void AddStep(const std::string& name, std::string text, Texts* texts) {
  std::string key = name;
  for (int number = 2; texts->count(key) > 0; ++number) key = absl::StrCat(name, " (", number, ")");
  (*texts)[key] = std::move(text);
}

Texts RecreateSteps(const v1::PlanDocument& document) {
  Texts texts;
  std::vector<std::string> order;
  for (const auto& step : document.recreate()) {
    const bool sql = step.kind() == "sql";
    std::string text =
        sql ? absl::StrCat(step.file(), ", ", Counted(step.statements(), "statement", "statements"))
            : absl::StrCat(Counted(step.rows(), "row", "rows"), " into ", step.table(),
                           step.file().empty() ? "" : " from ", step.file());
    if (step.writes_size() > 0) {
      absl::StrAppend(&text, ", writes to kept ", absl::StrJoin(step.writes(), ", "));
    }
    if (!step.set().empty()) absl::StrAppend(&text, " (", step.set(), ")");
    AddStep(step.name(), std::move(text), &texts);
    order.push_back(step.name());
  }
  // Told only when the same steps stand in another order.
  texts["order"] = absl::StrJoin(order, ", ");
  return texts;
}

DiffSection CompareRecreate(const v1::PlanDocument& was, const v1::PlanDocument& now) {
  DiffSection section = CompareTexts("recreate", RecreateSteps(was), RecreateSteps(now));
  const bool came_or_went =
      std::any_of(section.differences.begin(), section.differences.end(),
                  [](const Difference& each) { return !each.was || !each.now; });
  if (came_or_went) {
    section.differences.erase(
        std::remove_if(section.differences.begin(), section.differences.end(),
                       [](const Difference& each) { return each.name == "order"; }),
        section.differences.end());
  }
  return section;
}

Texts Checks(const v1::PlanDocument& document) {
  Texts texts;
  for (const auto& check : document.checks()) AddStep(check.name(), check.sql(), &texts);
  return texts;
}

DiffSection CompareParameters(const v1::PlanDocument& was, const v1::PlanDocument& now) {
  const auto texts = [](const v1::PlanDocument& document) {
    Texts values;
    for (const auto& parameter : document.parameters()) {
      values[parameter.name()] =
          absl::StrCat(parameter.secret() ? "secret" : absl::StrCat("'", parameter.value(), "'"),
                       " from ", parameter.source());
    }
    return values;
  };
  DiffSection section = CompareTexts("parameters", texts(was), texts(now));
  std::map<std::string, const v1::PlanParameter*> before;
  for (const auto& parameter : was.parameters()) before[parameter.name()] = &parameter;
  const bool one_key = was.environment() == now.environment() && was.target() == now.target();
  bool uncompared = false;
  for (const auto& parameter : now.parameters()) {
    const auto other = before.find(parameter.name());
    if (other == before.end() || !parameter.secret() || !other->second->secret()) continue;
    uncompared = uncompared || !one_key;
    if (!one_key || parameter.mac() == other->second->mac()) continue;
    section.differences.push_back({parameter.name(), std::nullopt, std::nullopt});
  }
  if (uncompared) {
    section.differences.push_back(
        {"secrets", "of one agent", "of another: their values cannot be compared"});
  }
  return section;
}

Texts Cache(const v1::PlanDocument& document) {
  const v1::CachePlan& cache = document.cache();
  if (!cache.configured()) return {};
  Texts texts = {{"server", absl::StrCat(cache.address(), ", db ", cache.db())},
                 {"flush", cache.mode()},
                 {"a failure", cache.required() ? "needs attention" : "is only a warning"},
                 {"masters", absl::StrCat(cache.masters())},
                 {"queues", absl::StrCat(Count(cache.queue_entries()), " with ",
                                         Counted(cache.queue_jobs(), "job", "jobs"))}};
  if (!cache.skipped().empty()) texts["skipped"] = cache.skipped();
  for (const std::string& prefix : cache.prefixes()) texts[absl::StrCat("prefix ", prefix)] = "";
  for (const std::string& warning : cache.warnings()) texts[warning] = "";
  return texts;
}

// The number of keys is never the same: told when it differs by more than a quarter.
DiffSection CompareCache(const v1::PlanDocument& was, const v1::PlanDocument& now) {
  DiffSection section = CompareTexts("cache", Cache(was), Cache(now));
  const int64_t before = was.cache().keys(), after = now.cache().keys();
  if (was.cache().configured() && now.cache().configured() &&
      std::llabs(after - before) > before / 4) {
    section.differences.push_back({"keys", Count(before), Count(after)});
  }
  return section;
}

template <typename Hooks>
Texts HookTexts(const Hooks& hooks) {
  Texts texts;
  for (const auto& hook : hooks) {
    std::string text = hook.summary();
    if (!hook.undo_summary().empty()) absl::StrAppend(&text, ", undo: ", hook.undo_summary());
    absl::StrAppend(&text, hook.required() ? "" : ", optional");
    if (hook.has_timeout()) absl::StrAppend(&text, ", within ", Human(DurationOf(hook.timeout())));
    if (hook.retries() > 0) {
      absl::StrAppend(&text, ", ", Counted(hook.retries(), "retry", "retries"));
    }
    AddStep(hook.name(), std::move(text), &texts);
  }
  return texts;
}

Texts SideEffects(const v1::PlanDocument& document) {
  Texts texts;
  for (const auto& effect : document.side_effects()) {
    texts[effect.text()] = absl::StrJoin(effect.objects(), ", ");
  }
  for (const auto& warning : document.warnings()) texts[warning.message()] = "";
  return texts;
}

}  // namespace

std::vector<DiffSection> CompareSteps(const v1::PlanDocument& was, const v1::PlanDocument& now) {
  return {CompareRecreate(was, now),
          CompareTexts("checks", Checks(was), Checks(now)),
          CompareParameters(was, now),
          CompareCache(was, now),
          CompareTexts("before", HookTexts(was.before()), HookTexts(now.before())),
          CompareTexts("after", HookTexts(was.after()), HookTexts(now.after())),
          CompareTexts("side effects", SideEffects(was), SideEffects(now))};
}

}  // namespace resetctl::client

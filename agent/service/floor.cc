#include "agent/service/floor.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/base/closest.h"
#include "proto/base/text.h"
#include "proto/base/yaml_reader.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr char kAdvice[] =
    "Mend the floor file; deploy/config/trust/floor.yaml shows every key. Without a valid floor "
    "there "
    "are no plans and no runs.";

// A group that exists, or a problem at `key`.
void CheckGroups(const contract::Groups& groups, const std::vector<std::string>& names,
                 const base::YamlMap& map, absl::string_view key) {
  for (const std::string& name : names) {
    if (groups.count(name) > 0) continue;
    std::vector<std::string> known;
    for (const auto& [group, persons] : groups) known.push_back(group);
    map.FailAt(key, absl::StrCat("there is no group '", name, "' in groups. ",
                                 base::DidYouMean(name, known)));
  }
}

void CheckNoRepeats(const std::vector<std::string>& names, const base::YamlMap& map,
                    absl::string_view key) {
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (!seen.insert(name).second) map.FailAt(key, absl::StrCat("'", name, "' is there twice"));
  }
}

void ReadApprovals(base::YamlMap root, Floor* floor) {
  if (!root.Has("approvals")) {
    root.Fail("approvals is missing: say how many, e.g. approvals: {required: 2, groups: [dba]}");
    return;
  }
  base::YamlMap map = root.Map("approvals");
  if (!map.Has("required")) map.Fail("required is missing");
  contract::ApprovalRule& rule = floor->approvals;
  rule.required = static_cast<int>(map.Int("required", 0, 0, 100));
  rule.groups = map.Strings("groups");
  CheckGroups(floor->groups, rule.groups, map, "groups");
  CheckNoRepeats(rule.groups, map, "groups");
  rule.self = map.Bool("self", false);
  rule.distinct_groups = map.Bool("distinct_groups", false);
  rule.ttl = map.Duration("ttl", absl::InfiniteDuration());
  if (rule.required > 0 && rule.groups.empty()) {
    map.FailAt("groups", "approvals need groups that may give them");
  }
  if (rule.distinct_groups && static_cast<int>(rule.groups.size()) < rule.required) {
    map.FailAt("distinct_groups", "more approvals are required than there are groups");
  }
  map.Finish();
}

void ReadBreakGlass(base::YamlMap root, Floor* floor) {
  if (!root.Has("break_glass")) return;
  base::YamlMap map = root.Map("break_glass");
  contract::BreakGlass& rule = floor->break_glass.emplace();
  rule.groups = map.Strings("groups");
  rule.approvals = static_cast<int>(map.Int("approvals", 0, 0, 100));
  if (rule.groups.empty()) map.FailAt("groups", "break_glass names no group: leave it out");
  CheckGroups(floor->groups, rule.groups, map, "groups");
  CheckNoRepeats(rule.groups, map, "groups");
  map.Finish();
}

contract::BlockerAction ReadBlockers(base::YamlMap root) {
  const std::string action = root.String("blockers", "refuse");
  if (action == "terminate_idle") return contract::BlockerAction::kTerminateIdle;
  if (action == "terminate") return contract::BlockerAction::kTerminate;
  if (action != "refuse") {
    root.FailAt("blockers",
                absl::StrCat("'", action, "' is none of refuse, terminate_idle, terminate"));
  }
  return contract::BlockerAction::kRefuse;
}

std::string Summarize(const Floor& floor) {
  std::string text;
  const contract::ApprovalRule& rule = floor.approvals;
  if (rule.required == 0) {
    text = "no approvals";
  } else {
    absl::StrAppend(&text, rule.required,
                    rule.required == 1 ? " approval from " : " approvals from ",
                    absl::StrJoin(rule.groups, ", "));
    if (rule.distinct_groups) absl::StrAppend(&text, ", each from another group");
    if (rule.self) absl::StrAppend(&text, ", the author's own counts");
  }
  absl::StrAppend(&text, "; plan: ", absl::StrJoin(floor.plan, ", "),
                  "; run: ", absl::StrJoin(floor.run, ", "), "; plans live at most ",
                  absl::FormatDuration(floor.max_plan_age));
  if (floor.break_glass) {
    absl::StrAppend(&text, "; break-glass: ", absl::StrJoin(floor.break_glass->groups, ", "),
                    " with ", floor.break_glass->approvals,
                    floor.break_glass->approvals == 1 ? " approval" : " approvals");
  }
  return text;
}

}  // namespace

bool Floor::MayPlan(absl::string_view person) const {
  return contract::InAnyGroup(groups, plan, person);
}
bool Floor::MayRun(absl::string_view person) const {
  return contract::InAnyGroup(groups, run, person);
}
bool Floor::MayRebind(absl::string_view person) const {
  return contract::InAnyGroup(groups, rebind, person);
}

std::vector<std::string> Floor::Approvers() const {
  std::set<std::string> names;
  for (const auto& [group, persons] : groups) {
    for (const std::string& person : persons) {
      if (contract::MayApprove(approvals, groups, /*author=*/"", person, IsRobot(person))) {
        names.insert(person);
      }
    }
  }
  return {names.begin(), names.end()};
}

bool Floor::IsRobot(absl::string_view person) const { return robots.count(base::Str(person)) > 0; }

contract::BlockerAction Milder(contract::BlockerAction a, contract::BlockerAction b) {
  return std::min(a, b);
}

absl::StatusOr<Floor> ParseFloor(absl::string_view yaml) {
  std::vector<base::YamlProblem> problems;
  base::YamlMap root = base::YamlMap::Parse(yaml, &problems);
  Floor floor;
  base::YamlMap groups = root.Map("groups");
  for (const std::string& name : groups.Keys()) {
    const std::vector<std::string> persons = groups.Strings(name);
    CheckNoRepeats(persons, groups, name);
    if (name == "everyone") {
      groups.FailAt(name, "'everyone' is not a group of a floor: name the persons");
      continue;
    }
    floor.groups[name] = std::set<std::string>(persons.begin(), persons.end());
  }
  groups.Finish();
  const std::vector<std::string> robots = root.Strings("robots");
  floor.robots = std::set<std::string>(robots.begin(), robots.end());
  floor.plan = root.Strings("plan");
  floor.run = root.Strings("run");
  for (const char* key : {"plan", "run"}) {
    const std::vector<std::string>& names = key[0] == 'p' ? floor.plan : floor.run;
    if (names.empty()) root.FailAt(key, absl::StrCat(key, " names no group: nobody could ", key));
    CheckGroups(floor.groups, names, root, key);
  }
  ReadApprovals(root, &floor);
  ReadBreakGlass(root, &floor);
  floor.rebind = root.Has("rebind") ? root.Strings("rebind") : floor.run;
  if (root.Has("rebind")) CheckGroups(floor.groups, floor.rebind, root, "rebind");
  floor.max_plan_age = root.Duration("max_plan_age", absl::Hours(24));
  if (floor.max_plan_age <= absl::ZeroDuration()) root.FailAt("max_plan_age", "must be above zero");
  floor.blockers = ReadBlockers(root);
  const std::string backup = root.String("backup", "none");
  if (backup != "none" && backup != "required") {
    root.FailAt("backup", absl::StrCat("'", backup, "' is neither none nor required"));
  }
  root.Finish();
  if (!problems.empty()) {
    std::string text = "trust/floor.yaml is not a valid floor";
    for (const base::YamlProblem& problem : problems) {
      absl::StrAppend(&text, text.back() == 'r' ? ": " : "; ");
      if (problem.line > 0) absl::StrAppend(&text, "line ", problem.line, ": ");
      if (!problem.path.empty()) absl::StrAppend(&text, problem.path, ": ");
      absl::StrAppend(&text, problem.message);
    }
    return contract::Error(v1::REASON_TRUST_FILES_INVALID, text, kAdvice);
  }
  if (backup == "required") {
    return contract::Error(v1::REASON_BACKUP_UNSUPPORTED,
                           "The floor requires a backup, which this release cannot make",
                           "Set backup: none in the floor, and take backups by other means.");
  }
  floor.digest = contract::Digest(yaml);
  floor.summary = Summarize(floor);
  return floor;
}

}  // namespace resetctl::agent

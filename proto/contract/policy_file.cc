#include "proto/contract/policy_file.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/base/closest.h"
#include "proto/base/text.h"
#include "proto/base/yaml_reader.h"
#include "proto/contract/digest.h"
#include "proto/contract/maintenance_window.h"
#include "proto/contract/reasons.h"

namespace resetctl::contract {
namespace {

using base::YamlMap;
using base::YamlNode;

constexpr char kEveryone[] = "everyone";

// Rules of DESIGN §8 that wait for a later version. Each tightens or loosens who may do what, so
// none may be skipped.
constexpr const char* kLaterRules[] = {"backup"};

bool IsName(absl::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  for (const char c : text) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || c == '.' || c == '@';
    if (!good) return false;
  }
  return true;
}

class Reader {
 public:
  explicit Reader(absl::string_view yaml) : root_(YamlMap::Parse(yaml, &problems_)) {}

  Policy Read() {
    // A text that is no map has said what is wrong with it: that all keys are missing adds nothing.
    if (!problems_.empty() && root_.Keys().empty()) return policy_;
    ReadPeople();
    ReadEnvironments();
    YamlMap admin = root_.Map("admin");
    policy_.admin_groups = GroupsAt(&admin, "groups", root_.Has("admin"));
    if (!root_.Has("admin")) root_.Fail("`admin` is missing", "Write admin: {groups: [...]}.");
    admin.Finish();
    root_.Finish();
    return std::move(policy_);
  }

  std::vector<v1::Problem> Problems(absl::string_view file) const {
    std::vector<v1::Problem> result;
    for (size_t i = 0; i < problems_.size(); ++i) {
      const base::YamlProblem& from = problems_[i];
      v1::Problem problem = MakeProblem(
          unsupported_.count(i) != 0 ? v1::REASON_RULE_UNSUPPORTED : v1::REASON_POLICY_INVALID,
          absl::StrCat(from.path.empty() ? "the policy" : from.path, ": ", from.message),
          from.advice);
      problem.set_file(base::Str(file));
      problem.set_line(from.line);
      problem.set_column(from.column);
      if (!from.path.empty()) problem.add_objects(from.path);
      result.push_back(std::move(problem));
    }
    std::stable_sort(result.begin(), result.end(), [](const v1::Problem& a, const v1::Problem& b) {
      return std::pair(a.line(), a.column()) < std::pair(b.line(), b.column());
    });
    return result;
  }

 private:
  void ReadPeople() {
    YamlMap people = root_.Map("people");
    if (people.Keys().empty()) root_.Fail("`people` is missing or empty");
    policy_.groups[kEveryone];
    for (const std::string& name : people.Keys()) {
      if (!IsName(name)) {
        people.FailAt(name, "is no name", "Use letters, digits, '-', '_', '.' and '@' only.");
      }
      YamlMap map = people.Map(name);
      Person person;
      person.name = name;
      person.robot = map.Bool("robot", false);
      ReadKeys(&map, &person);
      for (const YamlNode& node : map.List("groups")) {
        const std::string group = node.AsString();
        if (group == kEveryone) {
          node.Fail("'everyone' is built in", "Everybody is in it: leave it out.");
        } else if (!IsName(group)) {
          node.Fail(absl::StrCat("'", group, "' is no name for a group"));
        } else if (!person.groups.insert(group).second) {
          node.Fail(absl::StrCat("'", group, "' is listed twice"));
        }
      }
      for (const std::string& group : person.groups) policy_.groups[group].insert(name);
      policy_.groups[kEveryone].insert(name);
      map.Finish();
      policy_.people[name] = std::move(person);
    }
    if (problems_.empty()) {
      std::map<std::string, std::vector<std::string>> keys;
      for (const auto& [name, person] : policy_.people) {
        for (const PublicKey& key : person.keys) keys[name].push_back(key.Line());
      }
      absl::StatusOr<AllowedSigners> signers = AllowedSigners::FromPeople(keys);
      if (signers.ok()) {
        policy_.signers = *std::move(signers);
      } else {
        people.Fail(ProblemOf(signers.status()).message());
      }
    }
  }

  void ReadKeys(YamlMap* map, Person* person) {
    const std::vector<YamlNode> nodes = map->List("keys");
    if (nodes.empty()) {
      map->Fail("has no keys", "List at least one SSH public key: keys: ['ssh-ed25519 AAAA...'].");
    }
    for (const YamlNode& node : nodes) {
      absl::StatusOr<PublicKey> key = ParsePublicKey(node.AsString());
      if (!key.ok()) {
        node.Fail(ProblemOf(key.status()).message());
        continue;
      }
      // One key under two people would let one person count as two.
      const auto [owner, is_new] = owner_of_key_.emplace(key->blob, person->name);
      if (!is_new) {
        node.Fail(owner->second == person->name
                      ? absl::StrCat("the key ", key->fingerprint, " is listed twice")
                      : absl::StrCat("the key ", key->fingerprint, " is also ", owner->second,
                                     "'s: one key is one person"));
        continue;
      }
      person->keys.push_back(*std::move(key));
    }
  }

  // A list of groups, each with somebody in it.
  std::vector<std::string> GroupsAt(YamlMap* map, absl::string_view key, bool required) {
    std::vector<std::string> names;
    if (required && !map->Has(key)) {
      map->Fail(absl::StrCat("`", key, "` is missing"),
                absl::StrCat("List the groups that may: ", key, ": [...]."));
    }
    for (const YamlNode& node : map->List(key)) {
      const std::string name = node.AsString();
      if (policy_.groups.count(name) == 0) {
        std::vector<std::string> known;
        for (const auto& [group, unused] : policy_.groups) known.push_back(group);
        const std::string near = base::DidYouMean(name, known);
        node.Fail(absl::StrCat("nobody is in the group '", name, "'"),
                  near.empty() ? "Put somebody into it, or leave it out." : near);
      } else if (std::find(names.begin(), names.end(), name) != names.end()) {
        node.Fail(absl::StrCat("'", name, "' is listed twice"));
      } else {
        names.push_back(name);
      }
    }
    return names;
  }

  void ReadEnvironments() {
    YamlMap environments = root_.Map("environments");
    if (environments.Keys().empty()) root_.Fail("`environments` is missing or empty");
    for (const std::string& name : environments.Keys()) {
      if (!IsName(name)) {
        environments.FailAt(name, "is no name", "Use letters, digits, '-', '_', '.' and '@' only.");
      }
      YamlMap map = environments.Map(name);
      policy_.environments[name] = ReadRules(&map);
      CheckRehearsal(name, environments.Keys(), &map);
      map.Finish();
    }
  }

  void CheckRehearsal(const std::string& name, const std::vector<std::string>& all, YamlMap* map) {
    const std::optional<Rehearsal>& rehearsal = policy_.environments[name].after_success_in;
    if (!rehearsal) return;
    if (rehearsal->environment == name) {
      map->FailAt("after_success_in", "an environment cannot be its own rehearsal");
    } else if (std::find(all.begin(), all.end(), rehearsal->environment) == all.end()) {
      map->FailAt("after_success_in",
                  absl::StrCat("there is no environment '", rehearsal->environment, "'"),
                  base::DidYouMean(rehearsal->environment, all));
    }
  }

  void ReadRehearsal(YamlMap* rules, EnvironmentRules* out) {
    if (!rules->Has("after_success_in")) return;
    YamlMap map = rules->Map("after_success_in");
    Rehearsal rehearsal{map.RequiredString("environment"), absl::ZeroDuration()};
    rehearsal.within = map.Duration("within", absl::ZeroDuration());
    if (rehearsal.within <= absl::ZeroDuration()) {
      map.Fail("`within` must be more than 0", "Say how old the success may be: within: 7d.");
    }
    map.Finish();
    out->after_success_in = rehearsal;
  }

  static void ReadWindows(YamlMap* rules, EnvironmentRules* out) {
    if (!rules->Has("windows")) return;
    const std::vector<YamlNode> nodes = rules->List("windows");
    if (nodes.empty()) {
      rules->FailAt("windows", "names no window: nothing could ever start",
                    "Leave it out when any time is good.");
    }
    for (const YamlNode& node : nodes) {
      const absl::StatusOr<MaintenanceWindow> window = MaintenanceWindow::Parse(node.AsString());
      if (window.ok()) {
        out->windows.push_back(window->text());
      } else {
        const v1::Problem problem = ProblemOf(window.status());
        node.Fail(problem.message(), problem.advice());
      }
    }
  }

  void ReadBreakGlass(YamlMap* rules, EnvironmentRules* out) {
    if (!rules->Has("break_glass")) return;
    YamlMap map = rules->Map("break_glass");
    BreakGlass rule;
    rule.groups = GroupsAt(&map, "groups", true);
    rule.approvals = static_cast<int>(map.Int("approvals", 0, 0, 100));
    map.Finish();
    out->break_glass = rule;
  }

  EnvironmentRules ReadRules(YamlMap* map) {
    EnvironmentRules rules;
    rules.read =
        map->Has("read") ? GroupsAt(map, "read", false) : std::vector<std::string>{kEveryone};
    rules.plan = GroupsAt(map, "plan", true);
    rules.run = GroupsAt(map, "run", true);
    rules.approvals = ReadApprovals(map);
    rules.plan_ttl = map->Duration("plan_ttl", rules.plan_ttl);
    if (rules.plan_ttl <= absl::ZeroDuration()) map->FailAt("plan_ttl", "must be more than 0");
    rules.confirm = map->String("confirm");
    if (map->Has("confirm") && rules.confirm.empty()) {
      map->FailAt("confirm", "must not be empty", "Leave it out when nothing is to be typed.");
    }
    rules.hold = map->Duration("hold", rules.hold);
    if (rules.hold > absl::Hours(1)) map->FailAt("hold", "must be at most 1h");

    YamlMap growth = map->Map("row_growth");
    constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
    rules.row_growth_percent = growth.Int("percent", rules.row_growth_percent, 0, 1000000);
    rules.row_growth_rows = growth.Int("rows", rules.row_growth_rows, 0, kMost);
    growth.Finish();

    YamlMap blockers = map->Map("blockers");
    rules.blockers_give_up_after = blockers.Duration("give_up_after", rules.blockers_give_up_after);
    const std::string action = blockers.String("action", "refuse");
    if (action == "terminate_idle") {
      rules.blockers_action = BlockerAction::kTerminateIdle;
    } else if (action == "terminate") {
      rules.blockers_action = BlockerAction::kTerminate;
    } else if (action != "refuse") {
      blockers.FailAt("action", absl::StrCat("'", action, "' is no action"),
                      "It is refuse, terminate_idle or terminate.");
    }
    blockers.Finish();

    ReadRehearsal(map, &rules);
    ReadWindows(map, &rules);
    ReadBreakGlass(map, &rules);
    for (const char* later : kLaterRules) {
      if (!map->Has(later)) continue;
      map->Node(later);  // seen: one problem is enough
      unsupported_.insert(problems_.size());
      map->FailAt(later, absl::StrCat("the rule '", later, "' is not supported by this version"),
                  "Remove it; a rule that cannot be kept is never ignored.");
    }
    return rules;
  }

  ApprovalRule ReadApprovals(YamlMap* rules) {
    ApprovalRule rule;
    if (!rules->Has("approvals")) {
      rules->Fail("`approvals` is missing", "Write approvals: {required: 0} if none are needed.");
      return rule;
    }
    YamlMap map = rules->Map("approvals");
    if (!map.Has("required")) {
      map.Fail("`required` is missing", "Say how many: required: 2.");
    }
    rule.required = static_cast<int>(map.Int("required", 0, 0, 100));
    rule.groups = GroupsAt(&map, "groups", false);
    rule.self = map.Bool("self", rule.self);
    rule.distinct_groups = map.Bool("distinct_groups", rule.distinct_groups);
    rule.ttl = map.Duration("ttl", rule.ttl);
    if (rule.ttl <= absl::ZeroDuration()) map.FailAt("ttl", "must be more than 0");
    map.Finish();
    CheckReachable(rule, map);
    return rule;
  }

  // A quorum that nobody could ever reach is a mistake, better found now than on the day of the
  // reset.
  void CheckReachable(const ApprovalRule& rule, const YamlMap& map) {
    if (rule.distinct_groups && rule.required > static_cast<int>(rule.groups.size())) {
      map.FailAt("required",
                 absl::StrCat(rule.required, " approvals from distinct groups cannot come from ",
                              rule.groups.size(), " group(s)"),
                 "Name more groups, or require fewer approvals.");
      return;
    }
    int able = 0;
    for (const auto& [name, person] : policy_.people) {
      if (MayApprove(rule, policy_.groups, /*author=*/"", name, person.robot)) ++able;
    }
    if (rule.required > able) {
      map.FailAt("required",
                 absl::StrCat(rule.required, " approvals are required, but only ", able,
                              able == 1 ? " person" : " people", " may approve"),
                 "Add people to the groups, or require fewer approvals.");
    }
  }

  std::vector<base::YamlProblem> problems_;
  std::set<size_t> unsupported_;                     // indexes into problems_
  std::map<std::string, std::string> owner_of_key_;  // by blob
  Policy policy_;
  YamlMap root_;
};

}  // namespace

PolicyReading ReadPolicy(absl::string_view yaml, absl::string_view file) {
  Reader reader(yaml);
  PolicyReading reading;
  reading.policy = reader.Read();
  reading.policy.yaml = base::Str(yaml);
  reading.policy.digest = Digest(yaml);
  reading.problems = reader.Problems(file);
  return reading;
}

absl::Status ToStatus(const PolicyReading& reading) {
  if (reading.ok()) return absl::OkStatus();
  v1::Problem problem = reading.problems.front();
  if (reading.problems.size() > 1) {
    problem.set_message(
        absl::StrCat(problem.message(), " (and ", reading.problems.size() - 1, " more problems)"));
  }
  return ErrorFrom(problem);
}

}  // namespace resetctl::contract

#include "proto/contract/environment_rules.h"

#include <limits>
#include <set>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/base/text.h"
#include "proto/base/utf8.h"
#include "proto/contract/reasons.h"

namespace resetctl::contract {
namespace {

using Json = nlohmann::json;  // a std::map inside: keys come out sorted

Json Milliseconds(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) return nullptr;
  return absl::ToInt64Milliseconds(duration);
}

const char* NameOf(BlockerAction action) {
  switch (action) {
    case BlockerAction::kRefuse:
      return "refuse";
    case BlockerAction::kTerminateIdle:
      return "terminate_idle";
    case BlockerAction::kTerminate:
      return "terminate";
  }
  return "refuse";
}

// Takes each key once; the first thing wrong stays in `status`.
class ObjectReader {
 public:
  ObjectReader(const Json& object, std::string path, absl::Status* status)
      : object_(object), path_(std::move(path)), status_(status) {
    if (!object.is_object()) Malformed("", "an object");
  }

  bool Has(const char* key) const { return object_.is_object() && object_.contains(key); }
  const Json* Take(const char* key) {
    static const Json kNothing;
    taken_.insert(key);
    if (!object_.is_object()) return &kNothing;
    const auto found = object_.find(key);
    if (found == object_.end()) {
      Malformed(key, "there");
      return &kNothing;
    }
    return &*found;
  }
  void Read(const char* key, std::vector<std::string>* out) {
    const Json* value = Take(key);
    if (!value->is_array()) return Malformed(key, "a list of names");
    for (const Json& item : *value) {
      if (!item.is_string()) return Malformed(key, "a list of names");
      out->push_back(item.get<std::string>());
    }
  }
  void Read(const char* key, std::string* out) {
    const Json* value = Take(key);
    if (!value->is_string()) return Malformed(key, "text");
    *out = value->get<std::string>();
  }
  void Read(const char* key, bool* out) {
    const Json* value = Take(key);
    if (!value->is_boolean()) return Malformed(key, "true or false");
    *out = value->get<bool>();
  }
  void Read(const char* key, int64_t* out) {
    const Json* value = Take(key);
    const bool whole = value->is_number_integer() &&
                       (!value->is_number_unsigned() ||
                        value->get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()});
    if (!whole || value->get<int64_t>() < 0) return Malformed(key, "a whole number, not negative");
    *out = value->get<int64_t>();
  }
  void Read(const char* key, int* out) {
    int64_t wide = 0;
    Read(key, &wide);
    if (wide > 1000) return Malformed(key, "at most 1000");
    *out = static_cast<int>(wide);
  }
  void Read(const char* key, absl::Duration* out) {
    if (object_.is_object() && object_.contains(key) && object_[key].is_null()) {
      taken_.insert(key);
      *out = absl::InfiniteDuration();
      return;
    }
    int64_t milliseconds = 0;
    Read(key, &milliseconds);
    *out = absl::Milliseconds(milliseconds);
  }
  void Finish() {
    if (!object_.is_object()) return;
    for (const auto& item : object_.items()) {
      if (taken_.count(item.key()) != 0) continue;
      // An unknown rule outweighs whatever else is wrong: it says that the other side is newer.
      *status_ = Error(v1::REASON_RULE_UNSUPPORTED,
                       absl::StrCat("The policy has the rule '", path_, item.key(),
                                    "', which this version does not implement."),
                       "Update the program that refuses, or take the rule out of the policy.");
      return;
    }
  }

 private:
  void Malformed(absl::string_view key, absl::string_view wanted) {
    if (!status_->ok()) return;
    *status_ = Error(v1::REASON_POLICY_INVALID,
                     absl::StrCat("The environment's rules are malformed: '", path_, key,
                                  "' must be ", wanted, "."),
                     "Make the plan again.");
  }

  const Json& object_;
  std::string path_;
  absl::Status* status_;
  std::set<std::string> taken_;
};

}  // namespace

std::string ToCanonicalJson(const EnvironmentRules& rules) {
  Json json = {
      {"approvals",
       {{"distinct_groups", rules.approvals.distinct_groups},
        {"groups", rules.approvals.groups},
        {"required", rules.approvals.required},
        {"self", rules.approvals.self},
        {"ttl_ms", Milliseconds(rules.approvals.ttl)}}},
      {"blockers",
       {{"action", NameOf(rules.blockers_action)},
        {"give_up_after_ms", Milliseconds(rules.blockers_give_up_after)}}},
      {"confirm", rules.confirm},
      {"hold_ms", Milliseconds(rules.hold)},
      {"plan", rules.plan},
      {"plan_ttl_ms", Milliseconds(rules.plan_ttl)},
      {"read", rules.read},
      {"row_growth", {{"percent", rules.row_growth_percent}, {"rows", rules.row_growth_rows}}},
      {"run", rules.run},
  };
  // Present only where they are used: what does not know them can serve environments that do without.
  if (!rules.windows.empty()) json["windows"] = rules.windows;
  if (rules.after_success_in) {
    json["after_success_in"] = {{"environment", rules.after_success_in->environment},
                                {"within_ms", Milliseconds(rules.after_success_in->within)}};
  }
  if (rules.break_glass) {
    json["break_glass"] = {{"approvals", rules.break_glass->approvals},
                           {"groups", rules.break_glass->groups}};
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<EnvironmentRules> ParseCanonicalJson(absl::string_view json) {
  absl::Status malformed =
      Error(v1::REASON_POLICY_INVALID, "The environment's rules are not canonical JSON.",
            "Make the plan again.");
  constexpr size_t kMaxBytes = 1 << 20;
  if (json.size() > kMaxBytes || !base::IsUtf8(json)) return malformed;
  // Deep nesting would exhaust the stack; the rules nest twice.
  int depth = 0;
  for (const char c : json) {
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (depth > 64) return malformed;
  }
  const Json root = Json::parse(json.begin(), json.end(), nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded()) return malformed;

  absl::Status status;
  EnvironmentRules rules;
  ObjectReader reader(root, "", &status);
  ObjectReader approvals(*reader.Take("approvals"), "approvals.", &status);
  approvals.Read("required", &rules.approvals.required);
  approvals.Read("groups", &rules.approvals.groups);
  approvals.Read("self", &rules.approvals.self);
  approvals.Read("distinct_groups", &rules.approvals.distinct_groups);
  approvals.Read("ttl_ms", &rules.approvals.ttl);
  ObjectReader blockers(*reader.Take("blockers"), "blockers.", &status);
  std::string action;
  blockers.Read("action", &action);
  blockers.Read("give_up_after_ms", &rules.blockers_give_up_after);
  ObjectReader growth(*reader.Take("row_growth"), "row_growth.", &status);
  growth.Read("percent", &rules.row_growth_percent);
  growth.Read("rows", &rules.row_growth_rows);
  reader.Read("confirm", &rules.confirm);
  reader.Read("hold_ms", &rules.hold);
  reader.Read("plan", &rules.plan);
  reader.Read("plan_ttl_ms", &rules.plan_ttl);
  reader.Read("read", &rules.read);
  reader.Read("run", &rules.run);
  if (reader.Has("windows")) reader.Read("windows", &rules.windows);
  if (reader.Has("after_success_in")) {
    ObjectReader map(*reader.Take("after_success_in"), "after_success_in.", &status);
    map.Read("environment", &rules.after_success_in.emplace().environment);
    map.Read("within_ms", &rules.after_success_in->within);
    map.Finish();
  }
  if (reader.Has("break_glass")) {
    ObjectReader map(*reader.Take("break_glass"), "break_glass.", &status);
    map.Read("groups", &rules.break_glass.emplace().groups);
    map.Read("approvals", &rules.break_glass->approvals);
    map.Finish();
  }
  for (ObjectReader* each : {&approvals, &blockers, &growth, &reader}) each->Finish();
  if (!status.ok()) return status;

  bool known = false;
  for (const BlockerAction each :
       {BlockerAction::kRefuse, BlockerAction::kTerminateIdle, BlockerAction::kTerminate}) {
    if (action != NameOf(each)) continue;
    rules.blockers_action = each;
    known = true;
  }
  if (!known) {
    return Error(v1::REASON_RULE_UNSUPPORTED,
                 "The policy's blockers.action is one that this version does not implement.",
                 "Use refuse, terminate_idle or terminate.");
  }
  // One text for one set of rules: also catches repeated keys, which the JSON parser does not.
  if (ToCanonicalJson(rules) != base::Str(json)) return malformed;
  return rules;
}

std::string Summarize(const EnvironmentRules& rules) {
  std::vector<std::string> parts;
  const ApprovalRule& approvals = rules.approvals;
  if (approvals.required == 0) {
    parts.push_back("no approvals");
  } else {
    std::string text =
        absl::StrCat(approvals.required, approvals.required == 1 ? " approval" : " approvals");
    if (!approvals.groups.empty()) {
      absl::StrAppend(&text, approvals.distinct_groups ? " from different groups of " : " from ",
                      absl::StrJoin(approvals.groups, ", "));
    }
    if (approvals.self) absl::StrAppend(&text, ", the author's own counts");
    if (approvals.ttl != absl::InfiniteDuration()) {
      absl::StrAppend(&text, ", good for ", absl::FormatDuration(approvals.ttl));
    }
    parts.push_back(std::move(text));
  }
  if (rules.after_success_in) {
    parts.push_back(absl::StrCat("after success in ", rules.after_success_in->environment,
                                 " within ", absl::FormatDuration(rules.after_success_in->within)));
  }
  if (!rules.windows.empty()) parts.push_back(absl::StrJoin(rules.windows, ", "));
  if (!rules.confirm.empty()) parts.push_back("phrase");
  if (rules.hold > absl::ZeroDuration()) {
    const double seconds = absl::ToDoubleSeconds(rules.hold);
    parts.push_back(absl::StrCat("hold ", seconds, " s"));
  }
  if (rules.break_glass) {
    parts.push_back(absl::StrCat("break-glass: ", absl::StrJoin(rules.break_glass->groups, ", ")));
  }
  return absl::StrJoin(parts, "; ");
}

}  // namespace resetctl::contract

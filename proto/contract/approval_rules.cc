#include "proto/contract/approval_rules.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/base/text.h"

namespace resetctl::contract {
namespace {

bool IsMember(const Groups& groups, const std::string& group, absl::string_view person) {
  const auto found = groups.find(group);
  return found != groups.end() && found->second.count(base::Str(person)) > 0;
}

// A maximum matching of persons to groups, one to one (Kuhn's augmenting paths): the groups are
// few.
class Matching {
 public:
  Matching(const Groups& groups, std::vector<std::string> names)
      : groups_(groups), names_(std::move(names)), person_of_(names_.size()) {}

  // True when one more person can be placed, moving others if need be.
  bool Add(const std::string& person) {
    std::vector<bool> seen(names_.size(), false);
    return Place(person, &seen);
  }

  // The groups of which one more member would raise the count.
  std::vector<std::string> Open() const {
    std::vector<std::string> open;
    for (const std::string& name : names_) {
      Groups with = groups_;
      const std::string newcomer(1, '\0');  // no person's name
      with[name].insert(newcomer);
      Matching trial(with, names_);
      trial.person_of_ = person_of_;
      if (trial.Add(newcomer)) open.push_back(name);
    }
    return open;
  }

  std::vector<std::string> Persons() const {
    std::vector<std::string> persons;
    for (const std::string& person : person_of_) {
      if (!person.empty()) persons.push_back(person);
    }
    std::sort(persons.begin(), persons.end());
    return persons;
  }

 private:
  bool Place(const std::string& person, std::vector<bool>* seen) {
    for (size_t i = 0; i < names_.size(); ++i) {
      if ((*seen)[i] || !IsMember(groups_, names_[i], person)) continue;
      (*seen)[i] = true;
      if (person_of_[i].empty() || Place(person_of_[i], seen)) {
        person_of_[i] = person;
        return true;
      }
    }
    return false;
  }

  const Groups& groups_;
  const std::vector<std::string> names_;
  std::vector<std::string> person_of_;  // by group; empty: free
};

std::vector<std::string> GroupNames(const ApprovalRule& rule, const Groups& groups) {
  std::set<std::string> names(rule.groups.begin(), rule.groups.end());
  if (names.empty()) {
    for (const auto& [name, persons] : groups) names.insert(name);
  }
  return {names.begin(), names.end()};
}

// Why an approval does not count by itself; empty when it does.
std::string WhyNot(const ApprovalRule& rule, const Groups& groups, absl::string_view author,
                   absl::string_view person, bool robot) {
  if (robot) return "a robot";
  if (!rule.self && person == author) return "is the author";
  if (!rule.groups.empty() && !InAnyGroup(groups, rule.groups, person)) {
    return absl::StrCat("is not in ", absl::StrJoin(rule.groups, " or "));
  }
  return "";
}

// The approvals that count by themselves: one a person, one a key.
std::vector<std::string> Countable(const ApprovalRule& rule, const Groups& groups,
                                   absl::string_view author, const std::vector<Approver>& approvals,
                                   absl::Time now, std::vector<std::string>* ignored) {
  std::set<std::string> persons;
  std::map<std::string, std::string> person_of_key;
  std::map<std::string, std::string> why;  // of persons, the last reason
  for (const Approver& approval : approvals) {
    std::string reason = WhyNot(rule, groups, author, approval.person, approval.robot);
    if (reason.empty() && approval.time + rule.ttl < now) reason = "has expired";
    if (reason.empty()) {
      const auto [owner, fresh] = person_of_key.emplace(approval.key_fingerprint, approval.person);
      if (!fresh && owner->second != approval.person) {
        reason = absl::StrCat("has the key of ", owner->second);
      }
    }
    if (reason.empty()) {
      persons.insert(approval.person);
    } else {
      why[approval.person] = reason;
    }
  }
  for (const auto& [person, reason] : why) {
    if (persons.count(person) == 0) ignored->push_back(absl::StrCat(person, ": ", reason));
  }
  return {persons.begin(), persons.end()};
}

std::string Missing(int count, bool different, const std::vector<std::string>& from) {
  std::string text = absl::StrCat(count, count == 1 ? " more approval" : " more approvals");
  if (from.empty()) return text;
  absl::StrAppend(&text, different && count > 1 ? " from different groups of " : " from ",
                  absl::StrJoin(from, different && count > 1 ? ", " : " or "));
  return text;
}

}  // namespace

bool InAnyGroup(const Groups& groups, const std::vector<std::string>& names,
                absl::string_view person) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return IsMember(groups, name, person); });
}

bool MayApprove(const ApprovalRule& rule, const Groups& groups, absl::string_view author,
                absl::string_view person, bool robot) {
  return WhyNot(rule, groups, author, person, robot).empty();
}

QuorumAnswer EvaluateQuorum(const ApprovalRule& rule, const Groups& groups,
                            absl::string_view author, const std::vector<Approver>& approvals,
                            absl::Time now) {
  QuorumAnswer answer;
  std::vector<std::string> persons =
      Countable(rule, groups, author, approvals, now, &answer.ignored);
  std::vector<std::string> open = rule.groups;
  if (rule.distinct_groups) {
    Matching matching(groups, GroupNames(rule, groups));
    for (const std::string& person : persons) {
      if (!matching.Add(person)) {
        answer.ignored.push_back(absl::StrCat(person, ": stands for no further group"));
      }
    }
    persons = matching.Persons();
    open = matching.Open();
  }
  answer.counted = static_cast<int>(persons.size());
  answer.counted_persons = std::move(persons);
  answer.satisfied = answer.counted >= rule.required;
  if (!answer.satisfied) {
    answer.missing = Missing(rule.required - answer.counted, rule.distinct_groups, open);
  }
  return answer;
}

}  // namespace resetctl::contract

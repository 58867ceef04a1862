#include "client/output/plan_diff.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/output/plan_diff_parts.h"
#include "client/output/text.h"
#include "proto/base/text.h"
#include "proto/contract/environment_rules.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::client {
namespace {

template <typename Strings>
std::string Joined(const Strings& strings) {
  return strings.empty() ? "none" : absl::StrJoin(strings, ", ");
}

std::string RulesText(const v1::PlanDocument& document) {
  const auto rules = contract::ParseCanonicalJson(document.rules());
  return absl::StrCat(rules.ok() ? absl::StrCat(contract::Summarize(*rules), "  ") : "",
                      document.policy_digest().substr(0, 19));
}

Texts Frame(const v1::PlanDocument& document) {
  const v1::DatabaseIdentity& database = document.database();
  return {{"environment", document.environment()},
          {"target", document.target()},
          {"agent", document.agent()},
          {"database", absl::StrCat(database.database_name(), " @ ", database.address())},
          {"server", database.server_version()},
          {"identity",
           absl::StrCat("system ", database.system_identifier(), ", oid ", database.database_oid(),
                        database.marker().empty() ? "" : ", marker ", database.marker())},
          {"timeline", absl::StrCat(database.timeline())},
          {"blueprint",
           absl::StrCat(document.blueprint_name(), "  ", document.bundle_digest().substr(0, 19))},
          {"sets", Joined(document.sets())},
          {"policy's rules", RulesText(document)},
          {"floor",
           absl::StrCat(document.floor_summary(), "  ", document.floor_digest().substr(0, 19))},
          {"schemas out of scope", Joined(document.out_of_scope_schemas())}};
}

std::string SizeText(const std::string& bytes) {
  return Counted(static_cast<int64_t>(bytes.size()), "byte", "bytes");
}

}  // namespace

DiffSection CompareTexts(absl::string_view name, const Texts& was, const Texts& now) {
  DiffSection section = {.name = base::Str(name), .differences = {}};
  Texts all = was;
  all.insert(now.begin(), now.end());
  for (const auto& [what, text] : all) {
    const auto before = was.find(what);
    const auto after = now.find(what);
    Difference difference = {.name = what, .was = std::nullopt, .now = std::nullopt};
    if (before != was.end()) difference.was = before->second;
    if (after != now.end()) difference.now = after->second;
    if (difference.was != difference.now) section.differences.push_back(std::move(difference));
  }
  return section;
}

std::vector<DiffSection> ComparePlans(const v1::PlanDocument& was, const v1::PlanDocument& now) {
  std::vector<DiffSection> sections = {CompareTexts("plan", Frame(was), Frame(now))};
  for (auto& parts : {CompareTables(was, now), CompareSteps(was, now)}) {
    sections.insert(sections.end(), parts.begin(), parts.end());
  }
  sections.erase(
      std::remove_if(sections.begin(), sections.end(),
                     [](const DiffSection& section) { return section.differences.empty(); }),
      sections.end());
  return sections;
}

DiffSection CompareFiles(const contract::BundleFiles& was, const contract::BundleFiles& now) {
  DiffSection section = {.name = "files", .differences = {}};
  std::map<std::string, std::string> all = was.files;
  all.insert(now.files.begin(), now.files.end());
  for (const auto& [path, bytes] : all) {
    const auto before = was.files.find(path);
    const auto after = now.files.find(path);
    Difference difference = {.name = path, .was = std::nullopt, .now = std::nullopt};
    if (before != was.files.end() && after != now.files.end()) {
      if (before->second == after->second) continue;
      if (before->second.size() == after->second.size()) {
        section.differences.push_back(std::move(difference));
        continue;
      }
    }
    if (before != was.files.end()) {
      difference.was = SizeText(before->second);
    }
    if (after != now.files.end()) {
      difference.now = SizeText(after->second);
    }
    section.differences.push_back(std::move(difference));
  }
  return section;
}

}  // namespace resetctl::client

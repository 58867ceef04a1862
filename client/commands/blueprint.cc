#include "proto/contract/blueprint.h"

#include "absl/strings/str_cat.h"
#include "client/commands/bundle_files.h"
#include "client/commands/verbs.h"
#include "client/output/exit_codes.h"
#include "client/output/json.h"
#include "client/output/problems.h"
#include "client/output/sanitize.h"
#include "proto/contract/digest.h"

namespace resetctl::client {
namespace {

std::string Summary(const Look& look, const std::string& file, const contract::BundleFiles& bundle,
                    const contract::Blueprint& blueprint, const std::string& bytes) {
  size_t tables = 0;
  for (const auto& group : blueprint.clear) tables += group.tables.size();
  std::vector<std::string> parameters;
  for (const auto& parameter : blueprint.parameters) parameters.push_back(Clean(parameter.name));
  std::vector<std::string> sets;
  for (const auto& [name, steps] : blueprint.sets) {
    sets.push_back(absl::StrCat(Clean(name), " (",
                                Counted(static_cast<int64_t>(steps.size()), "step", "steps"), ")"));
  }
  const auto count = [](size_t number) { return static_cast<int64_t>(number); };
  std::string out = absl::StrCat(
      file, " is a good blueprint.\n\n", Field(look, "Name", Clean(blueprint.name), 12),
      Field(look, "Clear",
            absl::StrCat(Counted(count(tables), "table or pattern", "tables and patterns"), " in ",
                         Counted(count(blueprint.clear.size()), "group", "groups")),
            12),
      Field(look, "Recreate", Counted(count(blueprint.recreate.size()), "step", "steps"), 12));
  if (!sets.empty()) absl::StrAppend(&out, Field(look, "Sets", Listed(sets), 12));
  absl::StrAppend(
      &out, Field(look, "Checks", Counted(count(blueprint.verify.size()), "check", "checks"), 12),
      Field(look, "Parameters", parameters.empty() ? "none" : Listed(parameters), 12),
      Field(look, "Bundle",
            absl::StrCat(Counted(count(bundle.files.size()), "file", "files"), ", ",
                         Bytes(count(bytes.size())), ", ", contract::Digest(bytes)),
            12),
      "\nWhether it fits a database says:  resetctl plan ", file, " --env E\n");
  return out;
}

}  // namespace

Outcome RunBlueprintCheck(const std::string& file, App& app) {
  const auto bundle = ReadBundleFiles(file);
  if (!bundle.ok()) return bundle.status();
  const contract::ParsedBlueprint parsed = contract::ParseBlueprint(*bundle);
  if (!parsed.ok()) {
    const std::string heading = absl::StrCat(
        Counted(static_cast<int64_t>(parsed.problems.size()), "problem", "problems"), " in ", file);
    app.printer.Problems(v1::REASON_BLUEPRINT_INVALID, heading, parsed.problems,
                         RenderProblems(app.printer.ErrLook(), heading, parsed.problems));
    return ExitOf(parsed.problems);
  }
  const auto bytes = contract::PackBundle(*bundle);
  if (!bytes.ok()) return bytes.status();
  app.printer.JsonLine(JsonObject({{"name", JsonText(parsed.blueprint.name)},
                                   {"bundleDigest", JsonText(contract::Digest(*bytes))},
                                   {"problems", "[]"}}));
  app.printer.Page(Summary(app.printer.OutLook(), file, *bundle, parsed.blueprint, *bytes));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

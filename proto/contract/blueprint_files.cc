#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/base/closest.h"
#include "proto/contract/blueprint_parts.h"
#include "proto/contract/sql_splitter.h"

namespace resetctl::contract::blueprint {
namespace {

using base::YamlNode;

// The file's content, the first time somebody names it; null afterwards, and after a problem.
const std::string* Open(Context& context, const YamlNode& node, const std::string& path) {
  if (path.empty()) return nullptr;
  if (absl::Status status = CheckBundlePath(path); !status.ok()) {
    node.Fail(absl::StrCat("'", path, "' is no path inside the blueprint's folder"),
              "Use a relative path with '/', like sql/admin.sql, without '.' and '..'.");
    return nullptr;
  }
  const auto found = context.bundle.files.find(path);
  if (found == context.bundle.files.end()) {
    std::vector<std::string> others;
    for (const auto& [name, content] : context.bundle.files) others.push_back(name);
    std::string advice = base::DidYouMean(path, others);
    if (advice.empty()) advice = "Paths are relative to the blueprint's folder.";
    node.Fail(absl::StrCat("there is no file '", path, "'"), advice);
    return nullptr;
  }
  return context.checked_files.insert(path).second ? &found->second : nullptr;
}

std::string ReachesOutside(const OutsideCall& call) {
  return absl::StrCat("'", call.function,
                      "' writes into another database, where no rollback of ours reaches");
}
constexpr char kStayInside[] = "Reset the other database with a blueprint of its own.";

}  // namespace

void CheckSqlFile(Context& context, const YamlNode& node, const std::string& path) {
  const std::string* sql = Open(context, node, path);
  if (sql == nullptr) return;
  std::vector<v1::Problem> problems;
  const std::vector<SqlStatement> statements = SplitSql(*sql, &problems);
  if (statements.empty() && problems.empty()) {
    Complain(context, {path, 1, 1}, "the file holds no SQL statement",
             "Write what the step shall do, or remove the step.");
  }
  for (v1::Problem& problem : problems) {
    problem.set_file(path);
    context.problems.push_back(std::move(problem));
  }
  for (SettingUse& use : SettingsUsedBy(*sql)) {
    context.uses.push_back(
        {std::move(use.name), /*setting=*/true, /*in_sql=*/true, {path, use.line, use.column}});
  }
  for (const OutsideCall& call : OutsideCallsOf(*sql)) {
    Complain(context, {path, call.line, call.column}, ReachesOutside(call), kStayInside);
  }
}

void CheckCsvFile(Context& context, const YamlNode& node, const std::string& path,
                  const CsvFormat& format) {
  const std::string* csv = Open(context, node, path);
  if (csv == nullptr) return;
  for (const CsvProblem& problem : OutlineCsv(*csv, format).problems) {
    Complain(context, {path, problem.line, problem.column}, problem.what, problem.advice);
  }
}

void CheckInlineSql(Context& context, const YamlNode& node, absl::string_view sql) {
  std::vector<v1::Problem> problems;
  const std::vector<SqlStatement> statements = SplitSql(sql, &problems);
  for (const v1::Problem& problem : problems) node.Fail(problem.message(), problem.advice());
  if (problems.empty() && statements.size() != 1) {
    node.Fail(absl::StrCat("must be exactly one SQL statement, not ", statements.size()),
              "It returns one row with one column, true or false.");
  }
  for (SettingUse& use : SettingsUsedBy(sql)) {
    context.uses.push_back(
        {std::move(use.name), /*setting=*/true, /*in_sql=*/true, context.At(node)});
  }
  for (const OutsideCall& call : OutsideCallsOf(sql)) node.Fail(ReachesOutside(call), kStayInside);
}

}  // namespace resetctl::contract::blueprint

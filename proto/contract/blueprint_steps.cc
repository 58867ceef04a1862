#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/base/utf8.h"
#include "proto/contract/blueprint_parts.h"

namespace resetctl::contract::blueprint {
namespace {

using base::YamlMap;
using base::YamlNode;

// The one table that a step writes to.
TablePattern ReadTarget(Context& context, YamlMap& map) {
  TablePattern table;
  const std::optional<YamlNode> node = map.Node("table");
  if (!node) {
    map.FailAt("table", "is missing");
  } else if (ReadTablePattern(context, *node, &table) && table.wildcard) {
    node->Fail("a step writes to one table, so '*' has no place here", "Write the table's name.");
  }
  return table;
}

RowsStep ReadRows(Context& context, const YamlNode& node) {
  RowsStep step;
  YamlMap map = node.AsMap();
  if (!node.IsMap()) return step;
  step.table = ReadTarget(context, map);
  for (const YamlNode& row_node : map.List("values")) {
    YamlMap row = row_node.AsMap();
    std::vector<std::pair<std::string, RowValue>> values;
    for (const std::string& column : row.Keys()) {
      const YamlNode value = *row.Node(column);
      RowValue cell;
      cell.null = value.IsNull();
      cell.line = value.line();
      cell.column = value.column();
      if (value.IsScalar()) {
        cell.text = value.AsString();
        NoteReferences(context, value, cell.text, /*in_sql=*/true);
      } else if (!cell.null) {
        value.Fail("a value is text, a number, true, false or null",
                   "Write arrays and JSON as quoted text, as PostgreSQL reads them.");
      }
      if (column.empty() || base::HasControlCharacters(column, /*lines=*/false)) {
        value.Fail("its column has no printable name");
      }
      values.emplace_back(column, std::move(cell));
    }
    if (row_node.IsMap() && values.empty()) row_node.Fail("the row has no column");
    step.rows.push_back(std::move(values));
    step.places.push_back(context.At(row_node));
  }
  step.lookups = ReadLookups(context, map);
  if (step.rows.empty()) map.FailAt("values", "holds no row", "Write a list of maps, one a row.");
  map.Finish();
  return step;
}

// `delimiter:` and `null:`, within what COPY allows.
CsvFormat ReadCsvFormat(YamlMap& map) {
  CsvFormat format;
  const std::string delimiter = map.String("delimiter", ",");
  const bool one = delimiter.size() == 1;
  if (!one || (!absl::ascii_ispunct(static_cast<unsigned char>(delimiter[0])) &&
               delimiter[0] != '\t' && delimiter[0] != ' ')) {
    map.FailAt("delimiter", "must be one ASCII character that is no letter, digit or line end",
               "Write ';', ',', '|' or, for a tab, \"\\t\" in double quotes.");
  } else if (delimiter == "\"" || delimiter == "\\") {
    map.FailAt("delimiter", "cannot be a quote or a backslash");
  } else {
    format.delimiter = delimiter[0];
  }
  const std::optional<YamlNode> null = map.Node("null");
  if (!null) return format;
  if (null->IsNull()) {
    null->Fail("is YAML's own null, not text", "Write it in quotes: null: 'NULL'.");
    return format;
  }
  format.null = null->AsString();
  if (!null->IsScalar()) return format;
  if (base::HasControlCharacters(format.null, /*lines=*/false) ||
      format.null.find_first_of("\"\n\t") != std::string::npos ||
      format.null.find(format.delimiter) != std::string::npos) {
    null->Fail("must hold neither quotes nor the delimiter nor control characters",
               "Write a text like '\\N' or 'NULL'.");
    format.null.clear();
  }
  return format;
}

CsvStep ReadCsv(Context& context, const YamlNode& node) {
  CsvStep step;
  YamlMap map = node.AsMap();
  if (!node.IsMap()) return step;
  step.table = ReadTarget(context, map);
  step.format = ReadCsvFormat(map);
  step.lookups = ReadLookups(context, map);
  step.file = map.RequiredString("file");
  if (const std::optional<YamlNode> file = map.Node("file")) {
    CheckCsvFile(context, *file, step.file, step.format);
  }
  map.Finish();
  return step;
}

RecreateStepSpec ReadStep(Context& context, const YamlNode& node, std::set<std::string>* names) {
  RecreateStepSpec step;
  YamlMap map = node.AsMap();
  step.location = context.At(node);
  if (!node.IsMap()) return step;
  step.name = ReadName(map, "name", names);
  std::vector<std::string> kinds;
  for (const char* kind : {"sql", "rows", "csv"}) {
    map.Node(kind);
    if (map.Has(kind)) kinds.push_back(kind);
  }
  if (kinds.size() != 1) {
    map.Fail(kinds.empty() ? "the step does nothing"
                           : absl::StrCat("the step has ", absl::StrJoin(kinds, " and ")),
             "A step has exactly one of sql, rows and csv.");
  }
  if (map.Has("rows")) step.what = ReadRows(context, *map.Node("rows"));
  if (map.Has("csv")) step.what = ReadCsv(context, *map.Node("csv"));
  if (map.Has("sql")) {
    const std::string file = map.RequiredString("sql");
    step.what = SqlStep{file};
    CheckSqlFile(context, *map.Node("sql"), file);
  }
  for (const YamlNode& table : map.List("writes")) {
    TablePattern pattern;
    if (ReadTablePattern(context, table, &pattern)) step.writes.push_back(std::move(pattern));
  }
  map.Finish();
  return step;
}

bool IsSetName(absl::string_view name) {
  return !name.empty() && name.size() <= 63 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

}  // namespace

void ReadRecreateSteps(Context& context, const std::vector<YamlNode>& nodes,
                       std::vector<RecreateStepSpec>* steps) {
  std::set<std::string> names;
  for (const YamlNode& node : nodes) steps->push_back(ReadStep(context, node, &names));
}

void ReadSets(Context& context, YamlMap& root) {
  YamlMap sets = root.Map("sets");
  for (const std::string& name : sets.Keys()) {
    if (!IsSetName(name)) {
      sets.FailAt(name, "is no set name", "Use letters, digits, '-' and '_', at most 63.");
    }
    const size_t problems = context.yaml_problems.size();
    std::vector<RecreateStepSpec>& steps = context.out.sets[name];
    ReadRecreateSteps(context, sets.List(name), &steps);
    if (steps.empty() && context.yaml_problems.size() == problems) {
      sets.FailAt(name, "the set has no step", "Add steps, or remove the set.");
    }
  }
}

void ReadChecks(Context& context, YamlMap& root) {
  std::set<std::string> names;
  for (const YamlNode& node : root.List("verify")) {
    YamlMap map = node.AsMap();
    if (!node.IsMap()) continue;
    CheckSpec check;
    check.name = ReadName(map, "name", &names);
    check.sql = map.RequiredString("sql");
    const std::optional<YamlNode> sql = map.Node("sql");
    check.location = sql ? context.At(*sql) : context.At(node);
    if (!check.sql.empty()) CheckInlineSql(context, *sql, check.sql);
    map.Finish();
    context.out.verify.push_back(std::move(check));
  }
}

}  // namespace resetctl::contract::blueprint

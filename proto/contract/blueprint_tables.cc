#include <algorithm>
#include <array>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/base/closest.h"
#include "proto/base/text.h"
#include "proto/base/utf8.h"
#include "proto/contract/blueprint_parts.h"

namespace resetctl::contract::blueprint {
namespace {

using base::YamlMap;
using base::YamlNode;

constexpr char kPatternAdvice[] =
    "Write table, schema.table, 'begin_*' or, for odd names, '\"a.b\".c'.";

// One part of a name, from the front of `rest`. A '*' outside quotes is a wildcard.
struct Part {
  std::string name;
  bool wildcard = false;
  bool quoted_star = false;
};

// Empty on success, otherwise what is wrong.
std::string TakePart(absl::string_view* rest, Part* part) {
  if (!rest->empty() && rest->front() == '"') {
    rest->remove_prefix(1);
    while (true) {
      if (rest->empty()) return "a quote is not closed";
      const char c = rest->front();
      rest->remove_prefix(1);
      if (c == '"') {
        if (rest->empty() || rest->front() != '"') break;
        rest->remove_prefix(1);
      }
      part->quoted_star = part->quoted_star || c == '*';
      part->name.push_back(c);
    }
  } else {
    size_t length = 0;
    for (; length < rest->size() && (*rest)[length] != '.'; ++length) {
      const char c = (*rest)[length];
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
      if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '$' && c != '*') {
        return "a name with such characters needs double quotes";
      }
      part->wildcard = part->wildcard || c == '*';
    }
    part->name = base::Str(rest->substr(0, length));
    rest->remove_prefix(length);
  }
  return part->name.empty() ? "a name is empty" : "";
}

// The parts of a dotted name; empty on success.
std::string TakeParts(absl::string_view text, std::vector<Part>* parts) {
  if (base::HasControlCharacters(text, /*lines=*/false)) return "a name holds control characters";
  absl::string_view rest = text;
  while (true) {
    Part part;
    std::string wrong = TakePart(&rest, &part);
    if (!wrong.empty()) return wrong;
    parts->push_back(std::move(part));
    if (rest.empty()) return "";
    if (rest.front() != '.') return "after a quoted name comes '.' or nothing";
    rest.remove_prefix(1);
  }
}

std::string ParsePattern(absl::string_view text, TablePattern* pattern) {
  pattern->text = base::Str(text);
  std::vector<Part> parts;
  std::string wrong = TakeParts(text, &parts);
  if (!wrong.empty()) return wrong;
  if (parts.size() > 2) return "a table has at most two names, schema.table";
  bool quoted_star = false;
  for (const Part& part : parts) {
    pattern->wildcard = pattern->wildcard || part.wildcard;
    quoted_star = quoted_star || part.quoted_star;
  }
  // One flag says whether '*' is a wildcard; a name that needs both meanings would be misread.
  if (pattern->wildcard && quoted_star) return "a '*' cannot be a wildcard and a letter at once";
  pattern->name = parts.back().name;
  if (parts.size() == 2) pattern->schema = parts.front().name;
  return "";
}

class PostgresReader {
 public:
  PostgresReader(Context& context, YamlMap map) : context_(context), map_(std::move(map)) {}

  void Read() {
    Blueprint& out = context_.out;
    out.schemas = Schemas("schemas", {"public"}, /*scope=*/true);
    out.search_path = Schemas("search_path", out.schemas, /*scope=*/false);
    const int unlisted = Choice("unlisted", {"refuse", "clear", "keep"});
    out.unlisted = std::array{Unlisted::kRefuse, Unlisted::kClear, Unlisted::kKeep}[unlisted];
    if (Choice("kept_references", {"refuse", "when_null"}) == 1) {
      out.kept_references = KeptReferences::kWhenNull;
    }
    if (Choice("shared_sequences", {"refuse", "leave"}) == 1) {
      out.shared_sequences = SharedSequences::kLeave;
    }
    ReadClear();
    for (const YamlNode& node : map_.List("keep")) {
      TablePattern pattern;
      if (ReadTable(node, /*optional=*/false, "keep", &pattern)) out.keep.push_back(pattern);
    }
    ReadLargeObjects();
    map_.Finish();
  }

 private:
  std::vector<std::string> Schemas(absl::string_view key, std::vector<std::string> fallback,
                                   bool scope) {
    std::vector<std::string> names;
    for (const YamlNode& node : map_.List(key)) {
      const std::string name = node.AsString();
      if (!node.IsScalar()) continue;
      if (name.empty() || base::HasControlCharacters(name, /*lines=*/false)) {
        node.Fail("is no schema name");
      } else if (std::find(names.begin(), names.end(), name) != names.end()) {
        node.Fail(absl::StrCat("'", name, "' is listed twice"), "Remove one of the two.");
      } else if (absl::StartsWith(name, "pg_temp")) {
        node.Fail("a temporary schema has no place here", "Remove it.");
      } else if (scope && (name == "resetctl" || name == "information_schema" ||
                           absl::StartsWith(name, "pg_"))) {
        node.Fail(absl::StrCat("the schema '", name, "' is never in scope"), "Remove it.");
      } else {
        names.push_back(name);
      }
    }
    if (!map_.Has(key)) return fallback;
    const std::optional<YamlNode> list = map_.Node(key);
    if (list->IsList() && list->AsList().empty()) {
      map_.FailAt(key, "names no schema", "Write [public], or remove the key.");
    }
    return names;
  }

  // Which of `words` stands at `key`; the first where there is none, or another word.
  int Choice(const char* key, const std::vector<std::string>& words) {
    const std::string word = map_.String(key, words.front());
    const auto found = std::find(words.begin(), words.end(), word);
    if (found != words.end()) return static_cast<int>(found - words.begin());
    const std::vector<std::string> but_last(words.begin(), words.end() - 1);
    map_.FailAt(key,
                absl::StrCat("must be ", absl::StrJoin(but_last, ", "), " or ", words.back(),
                             ", not '", word, "'"),
                base::DidYouMean(word, words));
    return 0;
  }

  void ReadLargeObjects() {
    for (const YamlNode& node : map_.List("large_objects")) {
      YamlMap map = node.AsMap();
      if (!node.IsMap()) continue;
      LargeObjectSpec spec;
      const std::optional<YamlNode> table = map.Node("table");
      if (!table) map.FailAt("table", "is missing", "Name the table.");
      const bool read = table && ReadTablePattern(context_, *table, &spec.table);
      spec.column = map.RequiredString("column");
      map.Finish();
      if (read) context_.out.large_objects.push_back(std::move(spec));
    }
  }

  void ReadClear() {
    std::set<std::string> names;
    for (const YamlNode& node : map_.List("clear")) {
      YamlMap group = node.AsMap();
      if (!node.IsMap()) continue;
      ClearGroupSpec spec;
      spec.name = ReadName(group, "group", &names);
      for (const bool optional : {false, true}) {
        for (const YamlNode& table : group.List(optional ? "optional" : "tables")) {
          TablePattern pattern;
          if (ReadTable(table, optional, "clear", &pattern)) spec.tables.push_back(pattern);
        }
      }
      if (!group.Has("tables") && !group.Has("optional")) {
        group.Fail("the group names no tables", "Write 'tables: [a, b]'.");
      }
      group.Finish();
      context_.out.clear.push_back(std::move(spec));
    }
    if (context_.out.clear.empty() && context_.out.unlisted != Unlisted::kClear) {
      map_.FailAt("clear", "names nothing to clear",
                  "List at least one group, or write 'unlisted: clear'.");
    }
  }

  bool ReadTable(const YamlNode& node, bool optional, const char* list, TablePattern* pattern) {
    if (!ReadTablePattern(context_, node, pattern)) return false;
    pattern->optional = optional;
    if (pattern->schema && pattern->schema->find('*') == std::string::npos) {
      const std::vector<std::string>& scope = context_.out.schemas;
      if (*pattern->schema == "resetctl") {
        node.Fail("the schema 'resetctl' is never touched", "Remove it.");
        return false;
      }
      if (std::find(scope.begin(), scope.end(), *pattern->schema) == scope.end()) {
        node.Fail(absl::StrCat("the schema '", *pattern->schema, "' is not in scope"),
                  "Add it to postgres.schemas, or remove the table.");
      }
    }
    const std::string key = absl::StrCat(pattern->schema.value_or(""), "\n", pattern->name, "\n",
                                         pattern->wildcard ? 1 : 0);
    const auto [first, fresh] = listed_.emplace(key, std::make_pair(list, node.line()));
    if (!fresh) {
      node.Fail(absl::StrCat("'", pattern->text, "' stands already under '", first->second.first,
                             "' in line ", first->second.second),
                "Each table is in exactly one list: remove one of the two.");
    }
    return true;
  }

  Context& context_;
  YamlMap map_;
  std::map<std::string, std::pair<std::string, int>> listed_;
};

}  // namespace

bool ReadTablePattern(Context& context, const YamlNode& node, TablePattern* pattern) {
  const std::string text = node.AsString();
  if (!node.IsScalar()) return false;
  pattern->location = context.At(node);
  const std::string wrong = ParsePattern(text, pattern);
  if (wrong.empty()) return true;
  node.Fail(absl::StrCat("'", text, "' is no table: ", wrong), kPatternAdvice);
  return false;
}

bool ReadTableColumn(Context& context, const YamlNode& node, TablePattern* table,
                     std::string* column) {
  const std::string text = node.AsString();
  if (!node.IsScalar()) return false;
  table->location = context.At(node);
  std::vector<Part> parts;
  std::string wrong = TakeParts(text, &parts);
  const auto wild = [](const Part& part) { return part.wildcard; };
  if (wrong.empty() && (parts.size() < 2 || parts.size() > 3)) {
    wrong = "it has a table's name and a column's, with '.' between them";
  } else if (wrong.empty() && std::any_of(parts.begin(), parts.end(), wild)) {
    wrong = "'*' has no place in it";
  }
  if (!wrong.empty()) {
    node.Fail(absl::StrCat("'", text, "' is no column of a table: ", wrong),
              "Write table.column, schema.table.column or, for odd names, '\"a.b\".c'.");
    return false;
  }
  *column = parts.back().name;
  table->name = parts[parts.size() - 2].name;
  if (parts.size() == 3) table->schema = parts[0].name;
  table->text = table->schema ? absl::StrCat(*table->schema, ".", table->name) : table->name;
  return true;
}

void ReadPostgres(Context& context, YamlMap& root) {
  if (!root.Has("postgres")) {
    root.Node("postgres");
    root.FailAt("postgres", "is missing", "Say what is cleared and what is kept.");
    return;
  }
  PostgresReader(context, root.Map("postgres")).Read();
}

}  // namespace resetctl::contract::blueprint

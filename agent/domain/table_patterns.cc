#include "agent/domain/table_patterns.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "agent/domain/clear_plan.h"
#include "agent/domain/names.h"
#include "proto/base/closest.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

const char* KindName(RelationKind kind) {
  switch (kind) {
    case RelationKind::kView:
      return "view";
    case RelationKind::kMaterializedView:
      return "materialized view";
    case RelationKind::kSequence:
      return "sequence";
    default:
      return "table";
  }
}

const char* WhyNotListed(RelationKind kind) {
  switch (kind) {
    case RelationKind::kView:
      return "Take it out of the blueprint: a view holds no rows.";
    case RelationKind::kMaterializedView:
      return "Take it out of the blueprint: it is refreshed when a table it reads is cleared.";
    default:
      return "Take it out of the blueprint: a sequence goes with the tables that use it.";
  }
}

bool SchemaMatches(const contract::TablePattern& pattern, const Relation& relation) {
  if (!pattern.schema.has_value()) return true;
  return pattern.wildcard ? GlobMatches(*pattern.schema, relation.schema)
                          : *pattern.schema == relation.schema;
}

v1::Problem NoSuchTable(const TableIndex& index, const contract::TablePattern& pattern) {
  if (pattern.schema.has_value() && !index.InScope(*pattern.schema) &&
      pattern.schema->find('*') == std::string::npos) {
    return ProblemAt(pattern.location, v1::REASON_NO_SUCH_TABLE,
                     absl::StrCat(pattern.text, " lies in schema ", BlueprintName(*pattern.schema),
                                  ", which is not in scope."),
                     "Add the schema to `schemas`, or take the table out of the blueprint.");
  }
  if (pattern.wildcard) {
    return ProblemAt(pattern.location, v1::REASON_NO_SUCH_TABLE,
                     absl::StrCat("No table matches ", pattern.text, "."),
                     "Mend the pattern; if nothing may match, put it under `optional`.");
  }
  std::vector<std::string> names;
  for (const Relation* table : index.tables()) names.push_back(table->name);
  const std::string hint = base::DidYouMean(pattern.name, names);
  return ProblemAt(
      pattern.location, v1::REASON_NO_SUCH_TABLE,
      absl::StrCat("There is no table ", pattern.text, " in the schemas in scope."),
      absl::StrCat(hint, hint.empty() ? "" : " ", "If it may be absent, put it under `optional`."));
}

}  // namespace

bool GlobMatches(absl::string_view pattern, absl::string_view text) {
  size_t p = 0, t = 0, star = absl::string_view::npos, from = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != absl::string_view::npos) {
      p = star + 1;
      t = ++from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

v1::Problem ProblemAt(const contract::Location& location, v1::Reason reason, absl::string_view what,
                      absl::string_view advice) {
  v1::Problem problem = contract::MakeProblem(reason, what, advice);
  problem.set_file(location.file);
  problem.set_line(location.line);
  problem.set_column(location.column);
  return problem;
}

std::vector<const Relation*> TablesNamedBy(const TableIndex& index,
                                           const contract::TablePattern& pattern,
                                           std::vector<v1::Problem>* problems) {
  std::vector<const Relation*> found;
  if (pattern.schema.has_value() && *pattern.schema == index.catalog().own_schema) {
    problems->push_back(
        ProblemAt(pattern.location, v1::REASON_UNSUPPORTED_RELATION,
                  absl::StrCat(pattern.text, " is in schema ", *pattern.schema,
                               ", which holds the record of all resets."),
                  "Take it out of the blueprint: that schema is never cleared and needs no line."));
    problems->back().add_objects(pattern.text);
    return found;
  }
  if (pattern.wildcard) {
    for (const Relation* table : index.tables()) {
      if (SchemaMatches(pattern, *table) && GlobMatches(pattern.name, table->name)) {
        found.push_back(table);
      }
    }
  } else {
    std::vector<const Relation*> others;
    for (const Relation* relation : index.Named(pattern.name)) {
      if (!SchemaMatches(pattern, *relation)) continue;
      (IsTable(*relation) ? found : others).push_back(relation);
    }
    if (found.size() > 1) {
      std::vector<std::string> names;
      for (const Relation* table : found) names.push_back(index.Name(*table));
      problems->push_back(ProblemAt(pattern.location, v1::REASON_AMBIGUOUS_TABLE,
                                    absl::StrCat(pattern.text, " can mean ", Join(names), "."),
                                    "Write it with its schema, one line for each that is meant."));
      for (const std::string& name : names) problems->back().add_objects(name);
      return {};
    }
    if (found.empty() && !others.empty()) {
      const Relation& other = *others[0];
      problems->push_back(
          ProblemAt(pattern.location, v1::REASON_UNSUPPORTED_RELATION,
                    absl::StrCat(pattern.text, " is a ", KindName(other.kind), ", not a table."),
                    WhyNotListed(other.kind)));
      problems->back().add_objects(index.Name(other));
      return {};
    }
  }
  if (found.empty() && !pattern.optional) {
    problems->push_back(NoSuchTable(index, pattern));
    problems->back().add_objects(pattern.text);
  }
  return found;
}

Oid ResolveTable(const Catalog& catalog, const contract::Blueprint& blueprint,
                 const contract::TablePattern& pattern, std::vector<v1::Problem>* problems) {
  const TableIndex index(catalog, blueprint);
  const std::vector<const Relation*> found = TablesNamedBy(index, pattern, problems);
  return found.size() == 1 ? found[0]->oid : 0;
}

v1::Problem ProblemAbout(v1::Reason reason, const std::string& object, absl::string_view what,
                         absl::string_view advice) {
  v1::Problem problem = contract::MakeProblem(reason, what, advice);
  problem.add_objects(object);
  return problem;
}

}  // namespace resetctl::agent

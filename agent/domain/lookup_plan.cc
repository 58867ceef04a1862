#include "agent/domain/lookup_plan.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "agent/domain/names.h"
#include "agent/domain/table_patterns.h"
#include "proto/base/closest.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

bool CanBeRead(const Relation& relation) {
  return IsTable(relation) || relation.kind == RelationKind::kView ||
         relation.kind == RelationKind::kMaterializedView;
}

bool Holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Planner {
 public:
  Planner(const TableIndex& index, const ColumnsByTable& columns, Oid table,
          const std::vector<contract::LookupSpec>& lookups, const std::vector<std::string>& fields,
          std::vector<v1::Problem>* problems)
      : index_(index), columns_(columns), table_(table), fields_(fields), problems_(problems) {
    for (const contract::LookupSpec& lookup : lookups) looked_up_.insert(lookup.column);
  }

  // False after a problem.
  bool Plan(const contract::LookupSpec& spec, PlannedLookup* lookup) {
    spec_ = &spec;
    lookup->column = spec.column;
    lookup->by = spec.by;
    lookup->table = TableLookedInto(index_, spec.table, problems_);
    if (lookup->table == 0) return false;
    lookup->own = lookup->table == table_ || lookup->table == index_.RootOf(table_);
    const auto there = columns_.find(lookup->table), here = columns_.find(table_);
    if (there == columns_.end() || here == columns_.end()) return false;
    const size_t before = problems_->size();
    CheckPrivilege(*lookup);
    Exists(table_, here->second, spec.column);
    CheckKeys(*lookup, there->second);
    if (problems_->size() == before) lookup->gives = Gives(*lookup, there->second);
    if (problems_->size() == before && lookup->own) CheckOwn(*lookup, there->second);
    return problems_->size() == before;
  }

 private:
  void Refuse(v1::Reason reason, absl::string_view what, absl::string_view advice) {
    problems_->push_back(ProblemAt(spec_->location, reason, what, advice));
    problems_->back().add_objects(
        absl::StrCat(index_.Name(table_), ".", BlueprintName(spec_->column)));
  }
  void Refuse(absl::string_view what, absl::string_view advice) {
    Refuse(v1::REASON_BLUEPRINT_INVALID, what, advice);
  }

  void CheckPrivilege(const PlannedLookup& lookup) {
    const Relation& relation = *index_.Find(lookup.table);
    if (relation.may_select && relation.schema_usage) return;
    const std::string role = QuoteForSql(index_.catalog().role);
    Refuse(v1::REASON_PRIVILEGE_MISSING,
           absl::StrCat("Role ", index_.catalog().role, " may not read ", index_.Name(relation),
                        ", where ", spec_->column, " is looked up."),
           absl::StrCat("As its owner: ",
                        relation.schema_usage
                            ? ""
                            : absl::StrCat("GRANT USAGE ON SCHEMA ", QuoteForSql(relation.schema),
                                           " TO ", role, "; "),
                        "GRANT SELECT ON ", relation.quoted, " TO ", role, ";"));
  }

  bool Exists(Oid table, const TableColumns& columns, const std::string& name) {
    if (columns.Find(name) != nullptr) return true;
    const std::string hint = base::DidYouMean(name, columns.Names());
    Refuse(absl::StrCat(index_.Name(table), " has no column ", BlueprintName(name), "."),
           hint.empty() ? absl::StrCat("It has ", Join(columns.Names()), ".") : hint);
    return false;
  }

  void CheckKeys(const PlannedLookup& lookup, const TableColumns& there) {
    bool own_field = false;
    for (const contract::LookupSpec::Key& key : lookup.by) {
      Exists(lookup.table, there, key.column);
      own_field = own_field || key.field == lookup.column;
      if (Holds(fields_, key.field)) continue;
      const std::string hint = base::DidYouMean(key.field, fields_);
      Refuse(absl::StrCat("The key ", index_.Name(lookup.table), ".", BlueprintName(key.column),
                          " is to stand in ", BlueprintName(key.field), ", which is not given."),
             hint.empty() ? "Add that column, or take the lookup out." : hint);
    }
    if (!own_field && Holds(fields_, lookup.column)) {
      Refuse(
          absl::StrCat(BlueprintName(lookup.column), " is given and looked up by other columns."),
          "Take one of the two out.");
    }
    if (!spec_->gives.empty()) Exists(lookup.table, there, spec_->gives);
  }

  std::string Gives(const PlannedLookup& lookup, const TableColumns& there) {
    if (!spec_->gives.empty()) return spec_->gives;
    std::string other;
    for (const ForeignKey& key : index_.catalog().foreign_keys) {
      if (key.from != table_ && key.from != index_.RootOf(table_)) continue;
      const auto at = std::find(key.from_columns.begin(), key.from_columns.end(), lookup.column);
      if (at == key.from_columns.end()) continue;
      const size_t number = static_cast<size_t>(at - key.from_columns.begin());
      if ((key.to == lookup.table || key.to == index_.RootOf(lookup.table)) &&
          number < key.to_columns.size()) {
        return key.to_columns[number];
      }
      other = index_.Name(key.to);
    }
    const std::string column = absl::StrCat(index_.Name(table_), ".", BlueprintName(lookup.column));
    if (!other.empty()) {
      Refuse(
          absl::StrCat(column, " refers to ", other, ", not to ", index_.Name(lookup.table), "."),
          absl::StrCat("Look it up in ", other,
                       ", or say with `gives` which column holds its value."));
    } else if (there.primary_key.size() != 1) {
      Refuse(absl::StrCat(column, " has no foreign key to ", index_.Name(lookup.table),
                          there.primary_key.empty() ? ", which has no primary key."
                                                    : ", whose primary key has several columns."),
             absl::StrCat("Say which column it takes: {table: ", index_.Name(lookup.table),
                          ", by: ", lookup.by[0].column, ", gives: ...}."));
    } else {
      return there.primary_key[0];
    }
    return "";
  }

  // What a row of the same file is found by, and what it gives, must be known before the row is inserted.
  void CheckOwn(const PlannedLookup& lookup, const TableColumns& there) {
    const std::string table = index_.Name(lookup.table);
    for (const contract::LookupSpec::Key& key : lookup.by) {
      if (Holds(fields_, key.column) && looked_up_.count(key.column) == 0) continue;
      Refuse(absl::StrCat("Rows of the file itself are to be found by ", table, ".",
                          BlueprintName(key.column),
                          ", which the file does not give as it is stored."),
             "Add that column, or look the value up by one that the file has.");
    }
    if (looked_up_.count(lookup.gives) > 0) {
      Refuse(absl::StrCat(table, ".", BlueprintName(lookup.gives),
                          " is looked up itself, so no row of the file can give it yet."),
             "Say with `gives` which column it takes.");
    } else if (!Holds(fields_, lookup.gives) && there.Find(lookup.gives)->fallback.empty()) {
      Refuse(absl::StrCat(table, ".", BlueprintName(lookup.gives),
                          " has no default, so rows of the file cannot refer to each other."),
             absl::StrCat("Add the column ", lookup.gives, " to the file, or give it a default."));
    }
  }

  const TableIndex& index_;
  const ColumnsByTable& columns_;
  const Oid table_;
  const std::vector<std::string>& fields_;
  std::vector<v1::Problem>* problems_;
  std::set<std::string> looked_up_;
  const contract::LookupSpec* spec_ = nullptr;
};

}  // namespace

Oid TableLookedInto(const TableIndex& index, const contract::TablePattern& pattern,
                    std::vector<v1::Problem>* problems) {
  std::vector<const Relation*> found;
  std::vector<std::string> names;
  for (const auto& [oid, relation] : index.catalog().relations) {
    if (!CanBeRead(relation)) continue;
    if (pattern.schema ? relation.schema != *pattern.schema : !index.InScope(relation.schema)) {
      continue;
    }
    names.push_back(relation.name);
    if (relation.name == pattern.name) found.push_back(&relation);
  }
  if (found.size() == 1) return found[0]->oid;
  if (found.empty()) {
    const std::string hint = base::DidYouMean(pattern.name, names);
    problems->push_back(
        ProblemAt(pattern.location, v1::REASON_NO_SUCH_TABLE,
                  absl::StrCat("There is no table ", pattern.text, " to look values up in."),
                  hint.empty() ? "Mend its name; outside the scope it needs its schema." : hint));
    problems->back().add_objects(pattern.text);
    return 0;
  }
  std::vector<std::string> choices;
  for (const Relation* relation : found) choices.push_back(index.Name(*relation));
  std::sort(choices.begin(), choices.end());
  problems->push_back(ProblemAt(pattern.location, v1::REASON_AMBIGUOUS_TABLE,
                                absl::StrCat(pattern.text, " can mean ", Join(choices), "."),
                                "Write it with its schema."));
  for (const std::string& choice : choices) problems->back().add_objects(choice);
  return 0;
}

std::vector<PlannedLookup> PlanLookups(const TableIndex& index, const ColumnsByTable& columns,
                                       Oid table, const std::vector<contract::LookupSpec>& lookups,
                                       const std::vector<std::string>& fields,
                                       std::vector<v1::Problem>* problems) {
  Planner planner(index, columns, table, lookups, fields, problems);
  std::vector<PlannedLookup> planned;
  for (const contract::LookupSpec& spec : lookups) {
    PlannedLookup lookup;
    if (planner.Plan(spec, &lookup)) planned.push_back(std::move(lookup));
  }
  return planned;
}

}  // namespace resetctl::agent

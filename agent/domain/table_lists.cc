#include "agent/domain/table_lists.h"

#include <algorithm>
#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "agent/domain/names.h"
#include "agent/domain/table_patterns.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr int kKeepList = -1;

// One entry of the blueprint that names a table of a unit.
struct Mention {
  const contract::TablePattern* pattern;
  int group;  // kKeepList, or the clear group's number
  const Relation* table;
  bool clear() const { return group != kKeepList; }
  bool exact() const { return !pattern->wildcard; }
};

struct Unit {
  const Relation* root = nullptr;
  std::vector<Mention> mentions;  // in the blueprint's order
};

enum class List { kNone, kClear, kKeep, kBroken };

struct Decision {
  List list = List::kNone;
  int group = kKeepList;
  std::string why;  // of a keep
};

std::string Entry(const contract::Blueprint& blueprint, const Mention& mention) {
  const std::string list =
      mention.clear() ? absl::StrCat("clear group '", blueprint.clear[mention.group].name, "'")
                      : std::string("keep");
  const std::string line = mention.pattern->location.line > 0
                               ? absl::StrCat(", line ", mention.pattern->location.line)
                               : "";
  return absl::StrCat(list, " (", mention.pattern->text, line, ")");
}

std::string DefaultKeep(const Relation& table) {
  if (IsMigrationHistory(table.name)) return "migration history";
  if (!table.extension.empty()) return absl::StrCat("belongs to extension ", table.extension);
  return "";
}

class Lister {
 public:
  Lister(const TableIndex& index, const contract::Blueprint& blueprint, const CountedRows& counted,
         ClearPlan* plan)
      : index_(index), blueprint_(blueprint), counted_(counted), plan_(plan) {}

  void Run() {
    for (const Relation* table : index_.tables()) {
      if (UnitOf(*table) == table->oid) units_[table->oid].root = table;
    }
    for (size_t group = 0; group < blueprint_.clear.size(); ++group) {
      for (const contract::TablePattern& pattern : blueprint_.clear[group].tables) {
        Note(pattern, static_cast<int>(group));
      }
    }
    for (const contract::TablePattern& pattern : blueprint_.keep) Note(pattern, kKeepList);

    groups_.resize(blueprint_.clear.size() + 1);
    for (size_t group = 0; group < blueprint_.clear.size(); ++group) {
      groups_[group].name = blueprint_.clear[group].name;
    }
    groups_.back().name = "Unlisted";
    for (const Relation* table : index_.tables()) {  // sorted by name, and so are all lists
      const auto unit = units_.find(table->oid);
      if (unit != units_.end()) Place(unit->second);
    }
    for (PlannedGroup& group : groups_) {
      if (!group.tables.empty()) plan_->groups.push_back(std::move(group));
    }
    if (!plan_->unlisted.empty()) RefuseUnlisted();
  }

 private:
  // A partition whose root is out of scope stands for itself, and can only be kept.
  Oid UnitOf(const Relation& table) const {
    const Oid root = index_.RootOf(table.oid);
    return index_.InScope(index_.Find(root)->schema) ? root : table.oid;
  }

  void Note(const contract::TablePattern& pattern, int group) {
    // Several schemas with the same migration table are no riddle: they are all kept anyway.
    if (group == kKeepList && !pattern.wildcard && !pattern.schema.has_value() &&
        IsMigrationHistory(pattern.name)) {
      std::vector<const Relation*> all;
      for (const Relation* relation : index_.Named(pattern.name)) {
        if (IsTable(*relation)) all.push_back(relation);
      }
      if (all.size() > 1) {
        for (const Relation* table : all) {
          units_[UnitOf(*table)].mentions.push_back({&pattern, group, table});
        }
        return;
      }
    }
    for (const Relation* table : TablesNamedBy(index_, pattern, &plan_->problems)) {
      // Rows of a foreign table are somebody else's: no pattern reaches them.
      if (table->kind == RelationKind::kForeign && pattern.wildcard && group != kKeepList) continue;
      units_[UnitOf(*table)].mentions.push_back({&pattern, group, table});
    }
  }

  void Refuse(v1::Reason reason, const Mention* at, const Relation& table, absl::string_view what,
              absl::string_view advice) {
    plan_->problems.push_back(ProblemAt(
        at == nullptr ? contract::Location() : at->pattern->location, reason, what, advice));
    plan_->problems.back().add_objects(index_.Name(table));
  }

  Decision RefuseTwice(const Unit& unit, const Mention& first, const Mention& second) {
    Refuse(v1::REASON_LISTED_TWICE, &second, *unit.root,
           absl::StrCat(index_.Name(*second.table), " is in two lists: ", Entry(blueprint_, first),
                        " and ", Entry(blueprint_, second), "."),
           first.exact() ? "Leave it in one of them."
                         : "Name it exactly, in the list where it belongs.");
    return {List::kBroken, kKeepList, ""};
  }

  Decision RefuseMixed(const Unit& unit, const Mention& mention) {
    Refuse(v1::REASON_UNSUPPORTED_RELATION, &mention, *mention.table,
           absl::StrCat(index_.Name(*mention.table), " is a partition of ", index_.Name(*unit.root),
                        ", and a partition tree is cleared or kept as a whole."),
           absl::StrCat("List ", index_.Name(*unit.root),
                        " alone: its partitions go with it; detach the ones that must not."));
    return {List::kBroken, kKeepList, ""};
  }

  // Exact beats pattern; explicit clear beats a default keep; a default keep beats patterns.
  Decision Decide(const Unit& unit) {
    const Mention* exact = nullptr;
    const Mention* clearing = nullptr;
    const Mention* keeping = nullptr;
    for (const Mention& mention : unit.mentions) {
      if (mention.table != unit.root) continue;
      if (mention.exact()) {
        if (exact != nullptr) return RefuseTwice(unit, *exact, mention);
        exact = &mention;
      } else {
        const Mention*& first = mention.clear() ? clearing : keeping;
        if (first == nullptr) first = &mention;
      }
    }
    const std::string by_default = DefaultKeep(*unit.root);
    const std::string why = by_default.empty() ? "kept by the blueprint" : by_default;
    Decision decision;
    if (exact != nullptr) {
      decision = exact->clear() ? Decision{List::kClear, exact->group, ""}
                                : Decision{List::kKeep, kKeepList, why};
    } else if (!by_default.empty()) {
      decision = {List::kKeep, kKeepList, why};
    } else if (clearing != nullptr && keeping != nullptr) {
      return RefuseTwice(unit, *clearing, *keeping);
    } else if (clearing != nullptr) {
      decision = {List::kClear, clearing->group, ""};
    } else if (keeping != nullptr) {
      decision = {List::kKeep, kKeepList, why};
    }
    // What the blueprint says of single partitions must agree. In doubt nothing is cleared.
    std::map<Oid, const Mention*> seen;
    for (const Mention& mention : unit.mentions) {
      if (mention.table == unit.root) continue;
      if (mention.exact()) {
        const Mention*& before = seen[mention.table->oid];
        if (before != nullptr) return RefuseTwice(unit, *before, mention);
        before = &mention;
      }
      const bool same = decision.list == (mention.clear() ? List::kClear : List::kKeep);
      const bool overruled = decision.list == List::kKeep && !mention.exact() &&
                             (exact != nullptr || !by_default.empty());
      if (!same && !overruled) return RefuseMixed(unit, mention);
    }
    if (decision.list == List::kNone) {
      if (blueprint_.unlisted == contract::Unlisted::kKeep) {
        decision = {List::kKeep, kKeepList, "in no list"};
      } else if (blueprint_.unlisted == contract::Unlisted::kClear) {
        decision = unit.root->kind == RelationKind::kForeign
                       ? Decision{List::kKeep, kKeepList, "foreign table"}
                       : Decision{List::kClear, static_cast<int>(blueprint_.clear.size()), ""};
      }
    }
    return decision;
  }

  void Place(const Unit& unit) {
    const Decision decision = Decide(unit);
    const Oid root = unit.root->oid;
    switch (decision.list) {
      case List::kBroken:
        return;
      case List::kNone:
        plan_->unlisted.push_back(root);
        return;
      case List::kKeep:
        plan_->kept.push_back({root, decision.why, false});
        return;
      case List::kClear:
        break;
    }
    if (!MayBeCleared(unit)) return;
    groups_[decision.group].tables.push_back(root);
    plan_->cleared_roots.push_back(root);
    for (const Oid member : index_.TreeOf(root)) plan_->cleared.insert(member);
  }

  bool MayBeCleared(const Unit& unit) {
    const Mention* at = unit.mentions.empty() ? nullptr : &unit.mentions[0];
    if (unit.root->kind == RelationKind::kForeign) {
      Refuse(v1::REASON_UNSUPPORTED_RELATION, at, *unit.root,
             absl::StrCat(index_.Name(*unit.root),
                          " is a foreign table: its rows are in another server, ",
                          "where no rollback of ours reaches."),
             "Put it under `keep`, and clear it where it lives.");
      return false;
    }
    const Oid tree = index_.RootOf(unit.root->oid);
    if (tree != unit.root->oid) {
      Refuse(v1::REASON_UNSUPPORTED_RELATION, at, *unit.root,
             absl::StrCat(index_.Name(*unit.root), " is a partition of ", index_.Name(tree),
                          ", which is out of scope, and a partition tree is cleared as a whole."),
             "Add that schema to `schemas`, or keep this table.");
      return false;
    }
    for (const Oid member : index_.TreeOf(tree)) {
      const Relation& partition = *index_.Find(member);
      if (partition.kind == RelationKind::kForeign) {
        Refuse(
            v1::REASON_UNSUPPORTED_RELATION, at, partition,
            absl::StrCat(index_.Name(*unit.root), " has the foreign partition ",
                         index_.Name(partition), ", and clearing it would empty the remote table."),
            absl::StrCat("Detach ", index_.Name(partition), " first, or keep ",
                         index_.Name(*unit.root), "."));
        return false;
      }
      if (!index_.InScope(partition.schema)) {
        Refuse(v1::REASON_UNSUPPORTED_RELATION, at, partition,
               absl::StrCat(index_.Name(*unit.root),
                            " has a partition in a schema that is out of scope: ",
                            index_.Name(partition), "."),
               "Add that schema to `schemas`.");
        return false;
      }
    }
    return true;
  }

  void RefuseUnlisted() {
    std::vector<std::string> names, said;
    std::string schema = index_.Find(plan_->unlisted[0])->schema;
    for (const Oid oid : plan_->unlisted) {
      names.push_back(index_.Name(oid));
      const auto rows = counted_.tables.find(oid);
      said.push_back(rows == counted_.tables.end()
                         ? names.back()
                         : absl::StrCat(names.back(), " (", rows->second.estimated ? "≈" : "",
                                        RowsText(rows->second.rows), ")"));
      if (index_.Find(oid)->schema != schema) schema.clear();
    }
    const std::string where =
        schema.empty() ? "the schemas in scope" : absl::StrCat("schema ", BlueprintName(schema));
    v1::Problem problem = contract::MakeProblem(
        v1::REASON_UNLISTED_TABLES,
        absl::StrCat(names.size(), names.size() == 1 ? " table of " : " tables of ", where,
                     names.size() == 1 ? " is in no list: " : " are in no list: ", Join(said), "."),
        absl::StrCat(
            "Add ", names.size() == 1 ? "it" : "them",
            " to `clear` or `keep`, or set `unlisted: clear`:\n  - group: Unsorted\n    tables: ",
            YamlList(names)));
    for (const std::string& name : names) problem.add_objects(name);
    plan_->problems.push_back(std::move(problem));
  }

  const TableIndex& index_;
  const contract::Blueprint& blueprint_;
  const CountedRows& counted_;
  ClearPlan* plan_;
  std::map<Oid, Unit> units_;
  std::vector<PlannedGroup> groups_;
};

}  // namespace

void ListTables(const TableIndex& index, const contract::Blueprint& blueprint,
                const CountedRows& counted, ClearPlan* plan) {
  Lister(index, blueprint, counted, plan).Run();
}

}  // namespace resetctl::agent

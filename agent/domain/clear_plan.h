#ifndef RESETCTL_AGENT_DOMAIN_CLEAR_PLAN_H_
#define RESETCTL_AGENT_DOMAIN_CLEAR_PLAN_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/domain/catalog.h"
#include "agent/domain/clear_strategy.h"
#include "proto/contract/blueprint.h"
#include "resetctl/v1/reason.pb.h"

namespace resetctl::agent {

struct PlannedGroup {
  std::string name;
  std::vector<Oid> tables;  // partition roots stand for their trees; sorted by name
};

struct PlannedKeep {
  Oid table = 0;
  std::string why;  // 'kept by the blueprint', 'migration history', 'belongs to extension postgis'
  bool writes_declared = false;
};

// What a recreate step writes to, resolved; one for each step, in the same order.
struct PlannedStep {
  Oid table = 0;            // of rows and csv steps
  std::vector<Oid> writes;  // declared kept tables
};

struct PlannedSideEffect {
  std::string text;
  std::vector<std::string> objects;
};

// What a blueprint means for one catalog: each table of each schema in scope in exactly one list (P4), or problems.
struct ClearPlan {
  std::vector<PlannedGroup>
      groups;  // in the blueprint's order; 'Unlisted' last where `unlisted: clear`
  std::vector<PlannedKeep> kept;            // sorted by name
  std::set<Oid> cleared;                    // every heap that will be empty, partitions included
  std::vector<Oid> cleared_roots;           // the units of `cleared`, sorted by name
  std::map<Oid, TableStrategy> strategies;  // one for each of cleared_roots
  std::vector<Oid> restarted_sequences;     // sorted by name
  std::vector<Oid> shared_sequences;  // kept tables use them too: left, as the blueprint chose
  std::vector<LargeObjectColumn> large_objects;  // of cleared tables; sorted by table and column
  std::vector<LargeObjectColumn> kept_large_objects;  // of all others, as far as known
  std::vector<Oid> refreshed_views;                   // in dependency order
  std::vector<std::string> out_of_scope;              // schemas
  std::vector<PlannedStep> steps;
  std::vector<PlannedSideEffect> side_effects;
  std::vector<Oid> unlisted;  // tables in no list, where `unlisted: refuse`; sorted by name
  std::vector<Oid>
      kept_references;  // foreign keys (their OIDs) from a kept table into a cleared one
  std::vector<Oid> null_references;  // those that the blueprint allows while they are all NULL
  std::vector<v1::Problem> warnings;
  std::vector<v1::Problem> problems;  // not empty: no plan

  bool IsCleared(Oid table) const { return cleared.count(table) > 0; }
};

// Numbers that a survey has, for strategies and the texts of problems. PlanClear answers the same lists with and without.
struct CountedRows {
  std::map<Oid, RowCount> tables;     // rows of a table
  std::map<Oid, int64_t> references;  // by foreign key: kept rows that point into the cleared table
};

// How the lists are read: exact beats pattern; an explicit clear beats a default keep (migration history, extensions); a
// default keep beats patterns and `unlisted: clear`. A table that patterns of two clear groups match belongs to the first.
// TRUNCATE names partitioned roots plainly and every other table with ONLY: each child of plain inheritance is its own line.
//
// Pure and deterministic: the same answer for a shuffled catalog. No recursion: chains of thousands of foreign keys are fine.
// `steps` are the recreate steps with the chosen sets (tables that they write are resolved and checked too).
// Sources of the rules: POSTGRES.md "Which tables, which order".
ClearPlan PlanClear(const Catalog& catalog, const contract::Blueprint& blueprint,
                    const std::vector<contract::RecreateStepSpec>& steps,
                    const CountedRows& counted = {});

// The one relation that an exact pattern names among the schemas in scope, or 0 with a problem appended.
Oid ResolveTable(const Catalog& catalog, const contract::Blueprint& blueprint,
                 const contract::TablePattern& pattern, std::vector<v1::Problem>* problems);

// The fingerprint's lines for a plan: catalog.objects of the schemas in scope.
std::vector<CatalogObject> FingerprintObjects(const Catalog& catalog,
                                              const contract::Blueprint& blueprint);
// "sha256:<hex>" over them.
std::string Fingerprint(const std::vector<CatalogObject>& objects);
// One line a difference: 'public.items column note: added (text)', '... removed', '... was X, now Y'.
std::vector<std::string> DescribeDrift(const std::vector<CatalogObject>& old_objects,
                                       const std::vector<CatalogObject>& new_objects);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_DOMAIN_CLEAR_PLAN_H_

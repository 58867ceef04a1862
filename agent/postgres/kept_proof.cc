#include "agent/postgres/kept_proof.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/postgres/transaction_sql.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {

KeptProof::KeptProof(const RunContext& run) {
  std::set<Oid> ours(run.clear.cleared.begin(), run.clear.cleared.end());
  ours.insert(run.clear.cleared_roots.begin(), run.clear.cleared_roots.end());
  ours.insert(run.clear.refreshed_views.begin(), run.clear.refreshed_views.end());
  ours.insert(run.clear.restarted_sequences.begin(), run.clear.restarted_sequences.end());
  // Roots of a cleared partition tree, intermediate ones too: they hold nothing themselves.
  for (Oid oid : run.clear.cleared) {
    for (auto found = run.catalog.relations.find(oid); found != run.catalog.relations.end();
         found = run.catalog.relations.find(found->second.partition_parent)) {
      ours.insert(found->first);
    }
  }
  for (const auto& [oid, relation] : run.catalog.relations) {
    // Our own schema is compared by content around each step; its ledger is written by us.
    if (relation.schema == run.catalog.own_schema) continue;
    if (ours.count(oid) == 0) kept_.insert(oid);
  }
  for (const Sequence& sequence : run.catalog.sequences) {
    std::set<Oid>& users = sequence_users_[sequence.oid];
    users.insert(sequence.used_by.begin(), sequence.used_by.end());
    if (sequence.owner_table != 0) users.insert(sequence.owner_table);
  }
}

bool KeptProof::IsDeclared(const RunContext& run, Oid relation, const std::set<Oid>& by) const {
  const auto sequence = sequence_users_.find(relation);
  if (sequence != sequence_users_.end()) {
    for (const Oid user : sequence->second) {
      // nextval() of a sequence that a cleared table uses too belongs to writing that table.
      if (run.clear.IsCleared(user) || by.count(user) > 0) return true;
    }
    return false;
  }
  for (auto found = run.catalog.relations.find(relation); found != run.catalog.relations.end();
       found = run.catalog.relations.find(found->second.partition_parent)) {
    if (by.count(found->first) > 0) return true;
  }
  return false;
}

absl::Status KeptProof::Check(RunContext& run, absl::string_view step,
                              const std::set<Oid>& declared) {
  declared_.insert(declared.begin(), declared.end());
  absl::StatusOr<Rows> touched = run.session.Query(sql::kTouchedRelations, {OidArray(kept_)});
  if (!touched.ok()) return touched.status();
  std::vector<std::string> names;
  for (int row = 0; row < touched->size(); ++row) {
    const Relation& relation = run.At(static_cast<Oid>(touched->Int(row, 0)));
    // Rows written through a view are seen on its tables.
    if (relation.kind == RelationKind::kView && !touched->Bool(row, 4)) continue;
    const State now = {touched->Int(row, 1), touched->Int(row, 2), touched->Bool(row, 4)};
    const bool counted = touched->Bool(row, 3);
    const auto found = states_.find(relation.oid);
    const State before = found == states_.end()
                             ? State{0, static_cast<int64_t>(relation.file_node), false}
                             : found->second;
    if (counted && now == before) continue;
    // Declared by an earlier step and written by this one: the counters tell, where there are any.
    const bool allowed = IsDeclared(run, relation.oid, declared) ||
                         (!counted && IsDeclared(run, relation.oid, declared_));
    if (allowed) {
      states_[relation.oid] = now;
    } else {
      names.push_back(relation.quoted);
    }
  }
  if (names.empty()) return absl::OkStatus();
  v1::Problem problem;
  problem.set_reason(v1::REASON_KEPT_TABLE_TOUCHED);
  problem.set_message(absl::StrCat("'", step, "' has written to or redefined ",
                                   absl::StrJoin(names, ", "), ", which the plan keeps."));
  problem.set_advice(
      "Look for a trigger or a foreign key's action; a recreate step that should write there says "
      "`writes: [...]`.");
  for (const std::string& name : names) problem.add_objects(name);
  return contract::ErrorFrom(problem);
}

}  // namespace resetctl::agent

#include "agent/domain/clear_strategy.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/domain/clear_plan.h"
#include "agent/domain/components.h"
#include "agent/domain/names.h"
#include "agent/domain/table_index.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

// Measured (POSTGRES.md, "How to clear"): 1M deleted rows wrote 111 MB of WAL, of which half were full pages of the heap;
// one TRUNCATE wrote 21 kB.
constexpr int64_t kWalOfDeletedRow = 60;
constexpr int64_t kWalOfTruncate = 21 << 10;

class Chooser {
 public:
  Chooser(const TableIndex& index, const CountedRows& counted, ClearPlan* plan)
      : index_(index), counted_(counted), plan_(plan) {}

  void Choose() {
    for (const Oid root : plan_->cleared_roots) {
      for (const Oid member : index_.TreeOf(root)) root_of_[member] = root;
    }
    for (const ForeignKey& key : index_.catalog().foreign_keys) {
      const auto from = root_of_.find(key.from);
      const auto to = root_of_.find(key.to);
      if (from == root_of_.end() || to == root_of_.end()) continue;
      if (!key.supporting_index) scanned_for_[to->second].push_back(from->second);
      if (from->second == to->second) continue;
      references_[from->second].push_back(to->second);
      referenced_by_[to->second].push_back(from->second);
    }
    for (const Trigger& trigger : index_.catalog().triggers) {
      const bool fires = trigger.enabled == 'O' || trigger.enabled == 'A';
      if (fires && trigger.on_delete) triggers_.emplace(trigger.table, trigger.name);
    }
    FindPinned();
    for (const Oid root : plan_->cleared_roots) {
      const std::string must = MustTruncate(root);
      if (pinned_.count(root) > 0) {
        if (!must.empty()) RefusePinned(root, must);
        continue;
      }
      const std::string why = must.empty() ? ShouldTruncate(root) : must;
      if (!why.empty()) Truncate(root, why);
    }
    Close();
    for (const Oid root : plan_->cleared_roots) {
      if (plan_->strategies.count(root) > 0) continue;
      if (HeapBytesOf(root) == 0) {
        plan_->strategies[root] = {ClearStrategy::kUntouched, "empty"};
      } else {
        const auto pin = pinned_.find(root);
        plan_->strategies[root] = {ClearStrategy::kDelete,
                                   pin == pinned_.end() ? "small" : pin->second};
      }
    }
  }

 private:
  // TRUNCATE refuses a table that a kept one references, by NULL or not; so does it what the closure would have to include.
  void FindPinned() {
    const std::set<Oid> null(plan_->null_references.begin(), plan_->null_references.end());
    std::vector<Oid> work;
    for (const ForeignKey& key : index_.catalog().foreign_keys) {
      if (null.count(key.oid) == 0) continue;
      const auto to = root_of_.find(key.to);
      if (to == root_of_.end()) continue;
      const std::string why =
          absl::StrCat("kept ", index_.Name(index_.RootOf(key.from)), " references it");
      if (pinned_.emplace(to->second, why).second) work.push_back(to->second);
    }
    while (!work.empty()) {
      const Oid root = work.back();
      work.pop_back();
      for (const Oid to : references_[root]) {
        const std::string why =
            absl::StrCat("referenced by ", index_.Name(root), ", which cannot be truncated");
        if (pinned_.emplace(to, why).second) work.push_back(to);
      }
    }
  }

  int64_t HeapBytesOf(Oid root) const {
    int64_t bytes = 0;
    for (const Oid member : index_.TreeOf(root)) bytes += index_.Find(member)->heap_bytes;
    return bytes;
  }

  int64_t BytesOf(Oid root) const {
    int64_t bytes = 0;
    for (const Oid member : index_.TreeOf(root)) bytes += index_.Find(member)->bytes;
    return bytes;
  }

  int64_t RowsOf(Oid root) const {
    const auto found = counted_.tables.find(root);
    return found == counted_.tables.end() ? 0 : found->second.rows;
  }

  // Where DELETE fails, does something else, or cannot be believed.
  std::string MustTruncate(Oid root) const {
    const std::vector<Oid> tree = index_.TreeOf(root);
    const bool published = std::any_of(
        tree.begin(), tree.end(), [this](Oid member) { return index_.Find(member)->published; });
    for (const Oid member : tree) {
      const Relation& table = *index_.Find(member);
      if (table.row_security_hides) return "row security hides its rows";
      // Rows lie in the partitions: theirs is the identity that DELETE asks for, whichever of the tree is published.
      if (published && !table.has_replica_identity && table.kind != RelationKind::kPartitioned) {
        return "published without a replica identity";
      }
      if (table.delete_rule) return "a rule rewrites DELETE";
      const auto trigger = triggers_.find(member);
      if (trigger != triggers_.end()) {
        return absl::StrCat("trigger ", BlueprintName(trigger->second), " fires on DELETE");
      }
    }
    if (!index_.Find(root)->may_delete) return "DELETE is not granted";
    return "";
  }

  // Where DELETE would be slower.
  std::string ShouldTruncate(Oid root) const {
    if (!index_.Find(root)->may_truncate) return "";
    if (HeapBytesOf(root) > kLargeHeapBytes) return "large";
    if (BytesOf(root) > kLargeTotalBytes) return "large with what is stored beside it";
    const auto scanned = scanned_for_.find(root);
    if (RowsOf(root) <= kManyRows || scanned == scanned_for_.end()) return "";
    for (const Oid from : scanned->second) {
      if (HeapBytesOf(from) > 0) {
        return absl::StrCat("referenced by ", index_.Name(from), " without an index");
      }
    }
    return "";
  }

  void Truncate(Oid root, std::string why) {
    if (!plan_->strategies.emplace(root, TableStrategy{ClearStrategy::kTruncate, std::move(why)})
             .second) {
      return;
    }
    work_.push_back(root);
  }

  void Close() {
    for (size_t i = 0; i < work_.size(); ++i) {
      const Oid root = work_[i];
      for (const Oid from : referenced_by_[root]) {
        Truncate(from, absl::StrCat("references ", index_.Name(root), ", which is truncated"));
      }
    }
  }

  void RefusePinned(Oid root, const std::string& must) {
    const std::string name = index_.Name(root);
    v1::Problem problem =
        contract::MakeProblem(v1::REASON_KEPT_REFERENCES_CLEARED,
                              absl::StrCat(name, " can neither be truncated (", pinned_.at(root),
                                           ") nor deleted from (", must, ")."),
                              absl::StrCat("Clear the referencing table too, or keep ", name, "."));
    problem.add_objects(name);
    plan_->problems.push_back(std::move(problem));
  }

  const TableIndex& index_;
  const CountedRows& counted_;
  ClearPlan* const plan_;
  std::map<Oid, Oid> root_of_;  // of every cleared table
  std::map<Oid, std::vector<Oid>> references_, referenced_by_;
  std::map<Oid, std::vector<Oid>> scanned_for_;  // referenced_by_, where no index finds the rows
  std::map<Oid, std::string> pinned_;            // not to be truncated, and why
  std::map<Oid, std::string> triggers_;          // table -> a trigger that fires on DELETE
  std::vector<Oid> work_;
};

}  // namespace

void ChooseStrategies(const TableIndex& index, const CountedRows& counted, ClearPlan* plan) {
  Chooser(index, counted, plan).Choose();
}

void SettleStrategies(const TableIndex& index, const std::vector<Oid>& roots,
                      std::map<Oid, ClearStrategy>* strategies) {
  std::map<Oid, Oid> truncated;  // table -> root
  std::vector<Oid> work;         // truncated for the sake of their rows
  std::set<Oid> stays;
  for (const Oid root : roots) {
    const std::vector<Oid> tree = index.TreeOf(root);
    const bool empty = std::all_of(tree.begin(), tree.end(), [&index](Oid member) {
      return index.Find(member)->heap_bytes == 0;
    });
    ClearStrategy& strategy = (*strategies)[root];
    if (strategy != ClearStrategy::kTruncate) {
      strategy = empty ? ClearStrategy::kUntouched : ClearStrategy::kDelete;
      continue;
    }
    for (const Oid member : tree) truncated[member] = root;
    if (!empty && stays.insert(root).second) work.push_back(root);
  }
  std::map<Oid, std::vector<Oid>> referenced_by;
  for (const ForeignKey& key : index.catalog().foreign_keys) {
    const auto from = truncated.find(key.from);
    const auto to = truncated.find(key.to);
    if (from != truncated.end() && to != truncated.end()) {
      referenced_by[to->second].push_back(from->second);
    }
  }
  for (size_t i = 0; i < work.size(); ++i) {
    for (const Oid from : referenced_by[work[i]]) {
      if (stays.insert(from).second) work.push_back(from);
    }
  }
  for (const auto& [member, root] : truncated) {
    if (stays.count(root) == 0) (*strategies)[root] = ClearStrategy::kUntouched;
  }
}

ClearOrder OrderClear(const TableIndex& index, const ClearPlan& plan,
                      const std::map<Oid, ClearStrategy>& strategies) {
  ClearOrder order;
  std::vector<Oid> deleted;     // cleared_roots are sorted by name, and so are these
  std::map<Oid, int> node_of_;  // every table of a deleted tree
  for (const Oid root : plan.cleared_roots) {
    const auto found = strategies.find(root);
    const ClearStrategy strategy =
        found == strategies.end() ? ClearStrategy::kTruncate : found->second;
    if (strategy == ClearStrategy::kTruncate) order.truncated.push_back(root);
    if (strategy != ClearStrategy::kDelete) continue;
    for (const Oid member : index.TreeOf(root)) {
      node_of_[member] = static_cast<int>(deleted.size());
    }
    deleted.push_back(root);
  }
  std::vector<std::pair<int, int>> edges;
  for (const ForeignKey& key : index.catalog().foreign_keys) {
    const auto from = node_of_.find(key.from);
    const auto to = node_of_.find(key.to);
    if (from != node_of_.end() && to != node_of_.end())
      edges.emplace_back(from->second, to->second);
  }
  for (const std::vector<int>& component :
       OrderedComponents(static_cast<int>(deleted.size()), edges)) {
    std::vector<Oid> tables;
    for (const int node : component) tables.push_back(deleted[static_cast<size_t>(node)]);
    order.deleted.push_back(std::move(tables));
  }
  return order;
}

ClearCost ForecastCost(const TableIndex& index, const ClearPlan& plan, const CountedRows& counted) {
  ClearCost cost;
  for (const auto& [root, strategy] : plan.strategies) {
    const auto rows = counted.tables.find(root);
    for (const Oid member : index.TreeOf(root)) {
      const Relation& table = *index.Find(member);
      // A truncated table locks itself, its indexes, its toast table with its index, and the sequence;
      // a deleted one itself and, as they are planned with, its indexes.
      if (strategy.strategy == ClearStrategy::kTruncate) {
        cost.wal_bytes += kWalOfTruncate;
        cost.lock_entries += 4 + 2 * table.indexes;
        continue;
      }
      cost.lock_entries += 1;
      if (strategy.strategy == ClearStrategy::kDelete) {
        cost.lock_entries += table.indexes;
        cost.wal_bytes += table.heap_bytes;  // full pages, at the most
        cost.dead_bytes += table.bytes;
      }
    }
    if (strategy.strategy == ClearStrategy::kDelete && rows != counted.tables.end()) {
      cost.wal_bytes += rows->second.rows * kWalOfDeletedRow;
    }
  }
  cost.lock_entries += static_cast<int64_t>(plan.restarted_sequences.size());
  return cost;
}

}  // namespace resetctl::agent

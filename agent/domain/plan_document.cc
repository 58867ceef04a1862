#include "agent/domain/plan_document.h"

#include <algorithm>
#include <string>
#include <vector>

namespace resetctl::agent {
namespace {

v1::ClearStrategy ToProto(ClearStrategy strategy) {
  switch (strategy) {
    case ClearStrategy::kUntouched:
      return v1::CLEAR_STRATEGY_UNTOUCHED;
    case ClearStrategy::kTruncate:
      return v1::CLEAR_STRATEGY_TRUNCATE;
    case ClearStrategy::kDelete:
      return v1::CLEAR_STRATEGY_DELETE;
  }
  return v1::CLEAR_STRATEGY_UNSPECIFIED;
}

class Describer {
 public:
  Describer(const TableIndex& index, const ClearPlan& plan, const CountedRows& counted,
            v1::PlanDocument* document)
      : index_(index), plan_(plan), counted_(counted), document_(*document) {}

  void Fingerprint(const contract::Blueprint& blueprint) {
    const std::vector<CatalogObject> objects = FingerprintObjects(index_.catalog(), blueprint);
    document_.set_schema_fingerprint(agent::Fingerprint(objects));
    for (const CatalogObject& object : objects) {
      v1::SchemaObject* line = document_.add_schema_objects();
      line->set_name(object.name);
      line->set_definition(object.definition);
    }
  }

  void Cleared() {
    int64_t rows_total = 0, bytes_total = 0;
    v1::ClearForecast& forecast = *document_.mutable_forecast();
    for (const PlannedGroup& group : plan_.groups) {
      v1::ClearGroup* lines = document_.add_groups();
      lines->set_name(group.name);
      for (const Oid oid : group.tables) {
        v1::ClearTable* line = lines->add_tables();
        line->set_schema(index_.Find(oid)->schema);
        line->set_name(index_.Find(oid)->name);
        line->set_oid(oid);
        line->set_bytes(BytesOf(oid));
        const TableStrategy& chosen = plan_.strategies.at(oid);
        line->set_strategy(ToProto(chosen.strategy));
        line->set_strategy_reason(chosen.reason);
        const auto rows = counted_.tables.find(oid);
        line->set_uncountable(rows == counted_.tables.end());
        if (rows != counted_.tables.end()) {
          line->set_rows(rows->second.rows);
          line->set_estimated(rows->second.estimated);
        }
        rows_total += line->rows();
        bytes_total += line->bytes();
        forecast.set_untouched(forecast.untouched() +
                               (chosen.strategy == ClearStrategy::kUntouched));
        forecast.set_truncated(forecast.truncated() +
                               (chosen.strategy == ClearStrategy::kTruncate));
        forecast.set_deleted(forecast.deleted() + (chosen.strategy == ClearStrategy::kDelete));
      }
    }
    document_.set_rows_total(rows_total);
    document_.set_bytes_total(bytes_total);
    const ClearCost cost = ForecastCost(index_, plan_, counted_);
    forecast.set_wal_bytes(cost.wal_bytes);
    forecast.set_dead_bytes(cost.dead_bytes);
    forecast.set_lock_entries(cost.lock_entries);
  }

  void Kept() {
    for (const PlannedKeep& keep : plan_.kept) {
      v1::KeptTable* line = document_.add_kept();
      line->set_schema(index_.Find(keep.table)->schema);
      line->set_name(index_.Find(keep.table)->name);
      line->set_oid(keep.table);
      line->set_bytes(BytesOf(keep.table));
      line->set_why(keep.why);
      line->set_writes_declared(keep.writes_declared);
      const auto rows = counted_.tables.find(keep.table);
      line->set_estimated(rows == counted_.tables.end() || rows->second.estimated);
      line->set_rows(rows == counted_.tables.end() ? StatisticsOf(keep.table) : rows->second.rows);
    }
  }

  void Rest() {
    for (const std::string& schema : plan_.out_of_scope) {
      document_.add_out_of_scope_schemas(schema);
    }
    for (const Sequence& sequence : index_.catalog().sequences) {
      owners_[sequence.oid] = sequence.owner_table;
    }
    for (const Oid oid : plan_.restarted_sequences) Describe(oid, document_.add_sequences());
    for (const Oid oid : plan_.shared_sequences) Describe(oid, document_.add_shared_sequences());
    for (const Oid view : plan_.refreshed_views) {
      document_.add_materialized_views(index_.Find(view)->quoted);
    }
    for (const PlannedSideEffect& effect : plan_.side_effects) {
      v1::SideEffect* line = document_.add_side_effects();
      line->set_text(effect.text);
      line->mutable_objects()->Assign(effect.objects.begin(), effect.objects.end());
    }
    const std::vector<std::string>& schemas = index_.catalog().schemas;
    const std::string& own = index_.catalog().own_schema;
    document_.set_creates_resetctl_schema(!std::binary_search(schemas.begin(), schemas.end(), own));
    if (own != kOwnSchema) document_.set_own_schema(own);
  }

 private:
  int64_t BytesOf(Oid table) const {
    int64_t bytes = 0;
    for (const Oid member : index_.TreeOf(table)) bytes += index_.Find(member)->bytes;
    return bytes;
  }

  // What the server believes; of tables that we may not count.
  int64_t StatisticsOf(Oid table) const {
    double estimate = 0;
    for (const Oid member : index_.TreeOf(table)) {
      if (index_.Find(member)->kind == RelationKind::kPartitioned) continue;
      estimate += std::max(0.0, index_.Find(member)->estimated_rows);
    }
    return static_cast<int64_t>(estimate);
  }

  void Describe(Oid sequence, v1::SequencePlan* line) {
    line->set_schema(index_.Find(sequence)->schema);
    line->set_name(index_.Find(sequence)->name);
    if (owners_[sequence] != 0) line->set_owner_table(index_.Name(owners_[sequence]));
  }

  const TableIndex& index_;
  const ClearPlan& plan_;
  const CountedRows& counted_;
  v1::PlanDocument& document_;
  std::map<Oid, Oid> owners_;  // of sequences
};

}  // namespace

void DescribeClearPlan(const TableIndex& index, const contract::Blueprint& blueprint,
                       const ClearPlan& plan, const CountedRows& counted,
                       v1::PlanDocument* document) {
  Describer describer(index, plan, counted, document);
  describer.Fingerprint(blueprint);
  describer.Cleared();
  describer.Kept();
  describer.Rest();
}

std::map<Oid, ClearStrategy> PlannedStrategies(const v1::PlanDocument& plan) {
  std::map<Oid, ClearStrategy> strategies;
  for (const v1::ClearGroup& group : plan.groups()) {
    for (const v1::ClearTable& table : group.tables()) {
      ClearStrategy& strategy = strategies[table.oid()];
      strategy = ClearStrategy::kTruncate;
      if (table.strategy() == v1::CLEAR_STRATEGY_UNTOUCHED) strategy = ClearStrategy::kUntouched;
      if (table.strategy() == v1::CLEAR_STRATEGY_DELETE) strategy = ClearStrategy::kDelete;
    }
  }
  return strategies;
}

}  // namespace resetctl::agent

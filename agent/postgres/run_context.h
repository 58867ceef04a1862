#ifndef RESETCTL_AGENT_POSTGRES_RUN_CONTEXT_H_
#define RESETCTL_AGENT_POSTGRES_RUN_CONTEXT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "agent/domain/catalog.h"
#include "agent/domain/clear_plan.h"
#include "agent/domain/table_index.h"
#include "agent/postgres/catalog_reader.h"
#include "agent/postgres/run_control.h"
#include "agent/postgres/session.h"
#include "agent/service/ports.h"

namespace resetctl::agent {

// One step's notes: started at construction; ended by exactly one of Succeed and Fail. A named step is a part of its kind.
class StepNotes {
 public:
  StepNotes(StepObserver& observer, v1::StepKind step, absl::string_view name, int64_t total,
            absl::string_view unit);

  void Progress(int64_t done, absl::string_view detail = "");
  void Succeed(int64_t done, absl::string_view detail = "");
  // Passes `status` through.
  absl::Status Fail(absl::Status status);
  void SetTotal(int64_t total) { note_.total = total; }

 private:
  void Send(v1::EventKind kind, int64_t done, absl::string_view detail);

  StepObserver& observer_;
  StepNote note_;
  const absl::Duration started_;
};

// What the parts of one run share. Lives on Reset()'s stack; one thread.
struct RunContext {
  Session& session;
  const ResetOrder& order;
  StepObserver& observer;
  RunControl& control;

  // As read last: before the locks, then under them.
  Catalog catalog;
  ClearPlan clear;
  CatalogState catalog_state = {};        // of `catalog`
  std::map<Oid, RowCount> rows = {};      // of clear.cleared_roots; uncountable ones are absent
  std::vector<Oid> moved_sequences = {};  // of clear.restarted_sequences, before the locks
  // As approved; under the locks a table that the plan does not truncate is untouched if it is empty, else deleted from.
  std::map<Oid, ClearStrategy> strategies = {};
  ClearOrder clear_order = {};    // of `strategies`
  absl::Duration locked_at = {};  // by the steady clock
  v1::RunResult result = {};

  const Relation& At(Oid oid) const { return catalog.relations.at(oid); }
  TableIndex Index() const { return TableIndex(catalog, *order.blueprint); }
  int64_t RowsInAll() const;
  // User triggers on cleared tables: somebody else's code, of which everything can be expected.
  bool ClearFiresTriggers() const;
  // Neither those nor recreate steps: what holds right after the clear holds until the commit. (Checks are rolled back.)
  bool OnlyOwnStatementsRun() const;
};

// 'only "public"."items"', or the bare name of a partitioned root, whose partitions belong to it.
std::string Alone(const Relation& table);
// '1,204,310'.
std::string Thousands(int64_t number);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_RUN_CONTEXT_H_

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
  absl::Time started_;
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
  std::map<Oid, int64_t> rows = {};  // of the tables of clear.groups; uncountable ones are absent
  absl::Time locked_at = absl::InfinitePast();
  v1::RunResult result = {};

  const Relation& At(Oid oid) const { return catalog.relations.at(oid); }
};

// 'only "public"."items"', or the bare name of a partitioned root, whose partitions belong to it.
std::string Alone(const Relation& table);
// '{1,2,3}', to be bound as oid[].
template <typename Oids>
std::string OidArray(const Oids& oids) {
  std::string text = "{";
  for (const Oid oid : oids) text += (text.size() > 1 ? "," : "") + std::to_string(oid);
  return text + "}";
}

// Exact rows of `tables`, many to a query; partitioned roots with their partitions, tables of plain inheritance alone.
absl::StatusOr<std::map<Oid, int64_t>> CountRows(RunContext& run, const std::vector<Oid>& tables);

// '1,204,310'.
std::string Thousands(int64_t number);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_RUN_CONTEXT_H_

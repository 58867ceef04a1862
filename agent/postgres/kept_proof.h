#ifndef RESETCTL_AGENT_POSTGRES_KEPT_PROOF_H_
#define RESETCTL_AGENT_POSTGRES_KEPT_PROOF_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "agent/postgres/run_context.h"

namespace resetctl::agent {

// Proves that this transaction changed no kept relation but the declared ones (P4). Made when the catalog has been read
// under the locks; asked after each step. Kept is every table, foreign table, view and sequence of any schema
// that the plan neither clears nor refreshes nor restarts. A sequence is as declared as a table that owns or uses it.
class KeptProof {
 public:
  explicit KeptProof(const RunContext& run);

  // `declared`: the kept tables that the step may write to. KEPT_TABLE_TOUCHED names step and tables; a relation with a
  // strong lock is forgiven when its counters have not moved, its file is the same one, and the lock is not one of DDL.
  absl::Status Check(RunContext& run, absl::string_view step, const std::set<Oid>& declared);

 private:
  struct State {
    int64_t changes;    // rows
    int64_t file_node;  // TRUNCATE gives a new one
    bool redefining;    // we hold a lock that only DDL takes
    bool operator==(const State&) const = default;
  };

  bool IsDeclared(const RunContext& run, Oid relation, const std::set<Oid>& by) const;

  std::set<Oid> kept_;
  std::map<Oid, std::set<Oid>> sequence_users_;
  std::set<Oid> declared_;       // by the steps so far
  std::map<Oid, State> states_;  // of declared tables, after the step that declared them
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_KEPT_PROOF_H_

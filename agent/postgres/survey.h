#ifndef RESETCTL_AGENT_POSTGRES_SURVEY_H_
#define RESETCTL_AGENT_POSTGRES_SURVEY_H_

#include <vector>

#include "absl/status/statusor.h"
#include "agent/postgres/catalog_memory.h"
#include "agent/postgres/row_counter.h"
#include "agent/postgres/session.h"
#include "agent/service/ports.h"

namespace resetctl::agent {

// What a blueprint means for this database right now, read in one read-only REPEATABLE READ transaction that is over when
// this returns. The session must have none open; `url` is for the connections that help to count. `memory` takes the catalog.
//
// Fills the document's database, schema_*, groups, kept, out_of_scope_schemas, sequences, recreate (without `set`),
// side_effects, warnings, totals, materialized_views, creates_resetctl_schema, forecast, residue and large_objects. A table that cannot be counted is never
// 0: a count that fails fails the survey, row security that hides rows from us makes the table `uncountable`.
// Problems, all at once: those of PlanClear, DATABASE_READ_ONLY, PRIVILEGE_MISSING, LOCKS_INSUFFICIENT. An error only where the server fails.
absl::StatusOr<Survey> MakeDatabaseSurvey(Session& session, const contract::Blueprint& blueprint,
                                          const contract::BundleFiles& bundle,
                                          const std::vector<contract::RecreateStepSpec>& steps,
                                          const base::Secret& url, const CountOptions& counting,
                                          CatalogMemory& memory);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_SURVEY_H_

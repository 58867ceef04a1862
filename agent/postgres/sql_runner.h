#ifndef RESETCTL_AGENT_POSTGRES_SQL_RUNNER_H_
#define RESETCTL_AGENT_POSTGRES_SQL_RUNNER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "agent/postgres/run_context.h"

namespace resetctl::agent {

// Runs a SQL file of the blueprint statement by statement, each inside a server-side DO ... EXECUTE, so that PostgreSQL
// itself refuses COMMIT and its friends, however they are spelled. SQL_FAILED with file, line, statement and sqlstate.
// `file` names the text in errors.
absl::Status RunSqlFile(RunContext& run, const std::string& file, absl::string_view text);

// 'do $tag1$ begin execute $tag2$ ... $tag2$; end $tag1$' with tags that do not occur in the statement.
std::string Enclose(absl::string_view statement);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_SQL_RUNNER_H_

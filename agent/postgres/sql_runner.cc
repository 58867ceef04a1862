#include "agent/postgres/sql_runner.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"
#include "proto/contract/sql_splitter.h"

namespace resetctl::agent {
namespace {

// The line of character `position` (from 1, in characters and not bytes) of a text that begins at `first_line`.
int LineAt(absl::string_view text, int position, int first_line) {
  int line = first_line;
  int character = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80 && ++character >= position) break;
    if (c == '\n') ++line;
  }
  return line;
}

absl::Status Placed(RunContext& run, const absl::Status& status, const std::string& file,
                    const contract::SqlStatement& statement) {
  v1::Problem problem = contract::ProblemOf(status);
  const ServerError& error = run.session.last_error();
  // What the server says about the user's own SQL is about that SQL; only the run's own troubles stay what they are.
  if (problem.reason() == v1::REASON_PRIVILEGE_MISSING ||
      problem.reason() == v1::REASON_DATABASE_READ_ONLY) {
    problem.set_reason(v1::REASON_SQL_FAILED);
  }
  problem.set_file(file);
  problem.set_statement(statement.number);
  const bool known = error.internal_position > 0 && error.internal_query == statement.text;
  problem.set_line(known ? LineAt(statement.text, error.internal_position, statement.line)
                         : statement.line);
  if (!error.table.empty()) problem.add_objects(absl::StrCat(error.schema, ".", error.table));
  if (problem.advice().empty() && !error.constraint.empty()) {
    problem.set_advice(absl::StrCat("See the constraint ", error.constraint, "."));
  }
  return contract::ErrorFrom(problem);
}

}  // namespace

std::string Enclose(absl::string_view statement) {
  std::string tag = "resetctl";
  while (absl::StrContains(statement, tag)) tag += "_";
  return absl::StrCat("do $", tag, "_block$ begin execute $", tag, "_statement$", statement, "$",
                      tag, "_statement$; end $", tag, "_block$");
}

absl::Status RunSqlFile(RunContext& run, const std::string& file, absl::string_view text) {
  const absl::StatusOr<std::vector<contract::SqlStatement>> statements = contract::SplitSql(text);
  if (!statements.ok()) {
    v1::Problem problem = contract::ProblemOf(statements.status());
    problem.set_file(file);
    return contract::ErrorFrom(problem);
  }
  if (statements->empty()) {
    v1::Problem problem = contract::MakeProblem(
        v1::REASON_BLUEPRINT_INVALID, absl::StrCat("The file ", file, " holds no statement."),
        "Fill the file, or take the step out.");
    problem.set_file(file);
    return contract::ErrorFrom(problem);
  }
  for (const contract::SqlStatement& statement : *statements) {
    const absl::Status going = run.control.Check();
    if (!going.ok()) return going;
    const absl::Status done = run.session.Execute(Enclose(statement.text));
    if (!done.ok()) return Placed(run, done, file, statement);
    if (!run.session.in_transaction()) {
      // Cannot happen while DO refuses it; if it ever does, nothing more is done and nothing is called a success.
      return contract::Error(v1::REASON_LEDGER_DISAGREES,
                             absl::StrCat("A statement of ", file, " has ended the transaction."),
                             "Look at the data before anything else.");
    }
  }
  return absl::OkStatus();
}

}  // namespace resetctl::agent

#ifndef RESETCTL_PROTO_CONTRACT_SQL_SPLITTER_H_
#define RESETCTL_PROTO_CONTRACT_SQL_SPLITTER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "resetctl/v1/reason.pb.h"

namespace resetctl::contract {

struct SqlStatement {
  std::string text;  // without the final ';', leading blanks and comments dropped
  int line = 1;      // of its first character, from 1
  int number = 1;    // from 1
};

// Splits a SQL file lexically as PostgreSQL's lexer does: '...' with doubled quotes, E'..' with
// backslashes, "...", $tag$...$tag$, -- comments, nested /* */ comments. Refuses unterminated
// quotes and psql '\' commands (INVALID_ARGUMENT, with the line), and COPY ... FROM STDIN. An empty
// file gives an empty list: the caller says what that means. BEGIN, COMMIT, ROLLBACK, SAVEPOINT,
// ... as a statement's first word are refused here too, for an early error; the server refuses them
// again (each statement runs inside DO ... EXECUTE).
absl::StatusOr<std::vector<SqlStatement>> SplitSql(absl::string_view sql);

// The same, with every problem (BLUEPRINT_INVALID; line, column and statement set, file not); the
// statements that are well-formed are returned all the same.
std::vector<SqlStatement> SplitSql(absl::string_view sql, std::vector<v1::Problem>* problems);

// A use of current_setting('resetctl.<name>'), inside dollar-quoted bodies too.
struct SettingUse {
  std::string name;  // lower case, without 'resetctl.'
  int line = 1;
  int column = 1;
};
std::vector<SettingUse> SettingsUsedBy(absl::string_view sql);

// A call of one of dblink's functions, inside dollar-quoted bodies too: what it does in another database stays when our
// transaction is rolled back (TRUST.md §5).
struct OutsideCall {
  std::string function;  // as written, without quotes
  int line = 1;
  int column = 1;
};
std::vector<OutsideCall> OutsideCallsOf(absl::string_view sql);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_SQL_SPLITTER_H_

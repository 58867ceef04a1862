#ifndef RESETCTL_TESTS_AGENT_POSTGRES_LOADER_FIXTURE_H_
#define RESETCTL_TESTS_AGENT_POSTGRES_LOADER_FIXTURE_H_

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"

namespace resetctl::agent {

// A scenario in which tables are filled from CSV files and rows, and what becomes of it.
class LoaderFixture : public ::testing::Test {
 protected:
  // More tables to clear, as 'create table' SQL and as their names.
  void Tables(const std::string& sql, const std::string& names) {
    it.db.Execute(sql);
    it.Clear(absl::StrCat("[users, orders, ", names, "]"));
  }
  // A csv step 'Load <table>' with its file <table>.csv.
  void Csv(const std::string& table, const std::string& content, const std::string& more = "") {
    it.Recreate(absl::StrCat("{name: Load ", table, ", csv: {table: ", table, ", file: ", table,
                             ".csv", more.empty() ? "" : ", ", more, "}}"))
        .File(absl::StrCat(table, ".csv"), content);
  }
  void Rows(const std::string& table, const std::string& values, const std::string& more = "") {
    it.Recreate(absl::StrCat("{name: Rows, rows: {table: ", table, ", values: [", values, "]",
                             more.empty() ? "" : ", ", more, "}}"));
  }
  ResetOutcome ExpectCommitted() {
    ResetOutcome outcome = it.ExpectCommitted();
    EXPECT_EQ(it.db.Scalar("select count(*) from pg_class where relname like 'resetctl_r%'"), "0");
    return outcome;
  }
  // 'REASON file:line:column message', and nothing has changed.
  std::string ExpectRolledBack() {
    it.Plan();
    const auto before = it.Checksums();
    const ResetOutcome outcome = it.Run();
    EXPECT_EQ(outcome.end, ResetEnd::kRolledBack);
    EXPECT_EQ(it.Checksums(), before);
    problem = outcome.problem;
    return absl::StrCat(contract::NameOf(problem.reason()), " ", problem.file(), ":",
                        problem.line(), ":", problem.column(), " ", problem.message());
  }

  ResetScenario it;
  v1::Problem problem;  // of the last rollback
};

}  // namespace resetctl::agent

#endif  // RESETCTL_TESTS_AGENT_POSTGRES_LOADER_FIXTURE_H_

#include "tests/agent/postgres/random_schema.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/agent/postgres/reset_scenario.h"

namespace resetctl::agent {
namespace {

// Ten tests of ten rounds; RESETCTL_ROUNDS=100 makes it a thousand. The seed of a failure is in its message, and RESETCTL_SEED=n
// runs that one alone.
unsigned Setting(const char* variable, unsigned fallback) {
  const char* text = std::getenv(variable);
  return text == nullptr ? fallback : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

class RandomSchemaTest : public ::testing::TestWithParam<unsigned> {
 protected:
  void Round(unsigned seed) {
    SCOPED_TRACE(absl::StrCat("RESETCTL_SEED=", seed));
    const RandomSchema schema = MakeRandomSchema(seed);
    it_.db.Execute(
        "drop schema if exists resetctl cascade; drop schema public cascade; create schema public");
    it_.db.Execute(schema.sql);
    it_.Clear(absl::StrCat("[", absl::StrJoin(schema.cleared, ", "), "]"))
        .Keep(absl::StrCat("[", absl::StrJoin(schema.kept, ", "), "]"))
        .Postgres(schema.null_references_allowed ? "kept_references: when_null" : "");
    const auto before = it_.Checksums();
    const std::string states = TriggerStates();
    const std::vector<std::string> problems = it_.Problems();
    if (!problems.empty()) {
      ++refused_;
      for (const std::string& problem : problems) {
        EXPECT_TRUE(absl::StartsWith(problem, "KEPT_REFERENCES_CLEARED")) << problem;
      }
      EXPECT_EQ(it_.Checksums(), before);
      return;
    }
    it_.Plan();
    const ResetOutcome outcome = it_.Run();
    ASSERT_EQ(outcome.end, ResetEnd::kCommitted) << outcome.problem.ShortDebugString() << "\n"
                                                 << schema.sql;
    ++committed_;
    for (const std::string& table : schema.cleared) {
      EXPECT_EQ(it_.db.Scalar("select count(*) from " + table), "0") << table;
      EXPECT_EQ(it_.db.Scalar("select nextval('" + table + "_id_seq')"), "1") << table;
    }
    const auto after = it_.Checksums();
    for (const std::string& table : schema.kept) {
      for (const auto& [name, sum] : before) {
        if (!absl::StartsWith(name, "public." + table)) continue;
        EXPECT_EQ(after.at(name), sum) << name;
      }
    }
    EXPECT_EQ(TriggerStates(), states);
  }

  std::string TriggerStates() {
    return it_.db.Scalar(
        "select string_agg(c.relname || ' ' || t.tgname || ' ' || t.tgenabled::text, ', ' order by "
        "c.relname, t.tgname) from pg_trigger t join pg_class c on c.oid = t.tgrelid");
  }

  ResetScenario it_;
  int committed_ = 0, refused_ = 0;
};

TEST_P(RandomSchemaTest, IsRefusedWithAReasonOrClearedAsPlanned) {
  if (std::getenv("RESETCTL_SEED") != nullptr) return Round(Setting("RESETCTL_SEED", 0));
  const unsigned rounds = Setting("RESETCTL_ROUNDS", 10);
  for (unsigned i = 0; i < rounds && !HasFatalFailure(); ++i) Round(GetParam() * rounds + i);
  // Neither answer is the only one.
  EXPECT_GT(committed_, 0);
  EXPECT_GT(refused_, 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomSchemaTest, ::testing::Range(0u, 10u));

}  // namespace
}  // namespace resetctl::agent

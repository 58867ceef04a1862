#include "controller/domain/run_evidence.h"

#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "controller/domain/audit_fields.h"

namespace resetctl::controller {
namespace {

using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

// 38 tables cleared, of which seven have rows again.
RunRecord Committed() {
  RunRecord run;
  run.state = v1::RUN_STATE_SUCCEEDED;
  run.plan_id = "p-7f3a";
  run.fence = 12;
  v1::RunResult& result = run.result.emplace();
  result.set_xid("90211");
  result.set_timeline(3);
  result.set_wal_lsn_before("0/1A2B3C00");
  result.set_wal_lsn("0/1A2B3D00");
  result.set_wal_lsn_after("0/1A2B3E00");
  result.set_rows_cleared(1000);
  result.set_tables_cleared(38);
  result.set_rows_recreated(258);
  result.set_rows_refilled(250);
  result.set_tables_refilled(7);
  for (int i = 0; i < 5; ++i) {
    auto* cleared = result.add_largest();
    cleared->set_table(absl::StrCat("public.t", i));
    cleared->set_rows(100 - i);
    auto* refilled = result.add_refilled();
    refilled->set_table(absl::StrCat("public.r", i));
    refilled->set_rows(40);
  }
  for (const bool passed : {true, true}) result.add_checks()->set_passed(passed);
  result.set_kept_proved(true);
  result.set_cache_done(true);
  result.set_cache_keys_removed(58112);
  result.mutable_took()->set_seconds(4);
  result.mutable_took()->set_nanos(123456789);
  result.mutable_writers_waited()->set_nanos(250000000);
  return run;
}

std::map<std::string, std::string> EvidenceOf(const RunRecord& run) {
  v1::AuditEntry entry;
  AddRunEvidence(run, &entry);
  EXPECT_THAT(UnclassifiedKeys(entry), IsEmpty());
  return {entry.evidence().begin(), entry.evidence().end()};
}

TEST(RunEvidenceTest, KeepsWhatTheAgentProved) {
  EXPECT_THAT(EvidenceOf(Committed()),
              UnorderedElementsAre(
                  Pair("state", "SUCCEEDED"), Pair("plan", "p-7f3a"), Pair("fence", "12"),
                  Pair("xid", "90211"), Pair("timeline", "3"), Pair("wal_before", "0/1A2B3C00"),
                  Pair("wal_lsn", "0/1A2B3D00"), Pair("wal_after", "0/1A2B3E00"),
                  Pair("rows_cleared", "1000"), Pair("tables_cleared", "38"),
                  Pair("cleared:public.t0", "100"), Pair("cleared:public.t1", "99"),
                  Pair("cleared:public.t2", "98"), Pair("cleared:public.t3", "97"),
                  Pair("cleared:public.t4", "96"), Pair("cleared_other_rows", "510"),
                  Pair("cleared_other_tables", "33"), Pair("rows_recreated", "258"),
                  Pair("recreated:public.r0", "40"), Pair("recreated:public.r1", "40"),
                  Pair("recreated:public.r2", "40"), Pair("recreated:public.r3", "40"),
                  Pair("recreated:public.r4", "40"), Pair("recreated_other_rows", "50"),
                  Pair("recreated_other_tables", "2"), Pair("checks", "2 of 2"),
                  Pair("kept_tables", "untouched"), Pair("cache_keys", "58112"),
                  Pair("took", "4.123s"), Pair("writers_waited", "250ms")));
}

TEST(RunEvidenceTest, NamesAllTablesWhenThereAreFew) {
  RunRecord run = Committed();
  run.result->set_tables_cleared(5);
  run.result->set_tables_refilled(5);
  const auto evidence = EvidenceOf(run);
  EXPECT_EQ(evidence.count("cleared_other_rows"), 0u);
  EXPECT_EQ(evidence.count("recreated_other_tables"), 0u);
}

TEST(RunEvidenceTest, SaysWhatIsAnEstimateAndWhatIsNotKnown) {
  RunRecord run = Committed();
  run.result->set_rows_estimated(true);
  run.result->mutable_largest(0)->set_estimated(true);
  run.result->clear_wal_lsn_after();  // the answer to the COMMIT was lost
  run.result->set_cache_done(false);
  run.result->mutable_checks(1)->set_passed(false);
  auto evidence = EvidenceOf(run);
  EXPECT_EQ(evidence["rows_cleared"], "≈1000");
  EXPECT_EQ(evidence["cleared:public.t0"], "≈100");
  EXPECT_EQ(evidence["cleared:public.t1"], "99");
  EXPECT_EQ(evidence["cleared_other_rows"], "≈510");
  EXPECT_EQ(evidence["checks"], "1 of 2");
  EXPECT_EQ(evidence.count("wal_after"), 0u);
  EXPECT_EQ(evidence.count("cache_keys"), 0u);
}

TEST(RunEvidenceTest, ARunThatChangedNothingProvesNothing) {
  RunRecord run = Committed();
  run.state = v1::RUN_STATE_ROLLED_BACK;
  run.result.emplace().add_warnings()->set_message("an undo failed");
  EXPECT_THAT(EvidenceOf(run), UnorderedElementsAre(Pair("state", "ROLLED_BACK"),
                                                    Pair("plan", "p-7f3a"), Pair("fence", "12")));
}

}  // namespace
}  // namespace resetctl::controller

#include "client/audit/run_entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/contract/reasons.h"
#include "tests/client/fixtures.h"

namespace resetctl::client {
namespace {

using ::testing::HasSubstr;

class RunEntryTest : public testing::Test {
 protected:
  RunEntryTest() : run_(ARun(APlan(ADocument()), v1::RUN_STATE_SUCCEEDED)) {
    run_.set_fence(12);
    run_.mutable_result()->set_wal_lsn("0/1A2B3C4D");
    record_.set_index(4811);
    record_.mutable_decoded()->set_subject(run_.id());
    auto& evidence = *record_.mutable_decoded()->mutable_evidence();
    evidence["state"] = "SUCCEEDED";
    evidence["plan"] = run_.plan_id();
    evidence["fence"] = "12";
    evidence["xid"] = "90211";
    evidence["wal_lsn"] = "0/1A2B3C4D";
    evidence["rows_cleared"] = "1240243";
    evidence["cleared:public.transaction_lines"] = "1229039";
  }
  absl::Status Check() { return CheckRunEntry(run_, record_); }

  v1::Run run_;
  v1::AuditRecord record_;
};

TEST_F(RunEntryTest, TheLogSaysTheSame) { EXPECT_TRUE(Check().ok()) << Check(); }

TEST_F(RunEntryTest, WhateverDiffersIsFound) {
  const v1::AuditRecord good = record_;
  for (const auto& [key, value] : good.decoded().evidence()) {
    (*record_.mutable_decoded()->mutable_evidence())[key] = "7";
    EXPECT_EQ(contract::ReasonOf(Check()), v1::REASON_LOG_TAMPERED) << key;
    EXPECT_THAT(std::string(Check().message()), HasSubstr(key));
    record_ = good;
  }
}

TEST_F(RunEntryTest, AnotherRunsEntryProvesNothing) {
  record_.mutable_decoded()->set_subject("r-00000000000000a1");
  EXPECT_EQ(contract::ReasonOf(Check()), v1::REASON_LOG_TAMPERED);
}

// Entries of an older controller hold less, and do not say what is an estimate.
TEST_F(RunEntryTest, AnEntryMayHoldLess) {
  run_.mutable_result()->set_rows_estimated(true);
  EXPECT_TRUE(Check().ok()) << Check();
  (*record_.mutable_decoded()->mutable_evidence())["rows_cleared"] = "≈1240243";
  EXPECT_TRUE(Check().ok()) << Check();
  record_.mutable_decoded()->clear_evidence();
  EXPECT_TRUE(Check().ok()) << Check();
}

}  // namespace
}  // namespace resetctl::client

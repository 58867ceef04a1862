#include "proto/contract/reasons.h"

#include <gtest/gtest.h>

#include "google/protobuf/descriptor.h"

namespace resetctl::contract {
namespace {

std::vector<v1::Reason> AllReasons() {
  std::vector<v1::Reason> reasons;
  const auto* type = v1::Reason_descriptor();
  for (int i = 0; i < type->value_count(); ++i) {
    reasons.push_back(static_cast<v1::Reason>(type->value(i)->number()));
  }
  return reasons;
}

// The groups of reason.proto, by number.
ExitCode ExitOfNumber(int number) {
  if (number < 10) return ExitCode::kInternal;
  if (number < 30) return ExitCode::kUsage;
  if (number < 80) return ExitCode::kNotAllowed;
  if (number < 100) return ExitCode::kStale;
  if (number < 150) return ExitCode::kFailedUnchanged;
  if (number < 160) return ExitCode::kNeedsAttention;
  if (number < 170) return ExitCode::kUnknown;
  if (number < 180) return ExitCode::kCancelled;
  return ExitCode::kUnreachable;
}

TEST(ReasonsTest, EveryReasonHasARowOfItsOwn) {
  for (const v1::Reason reason : AllReasons()) {
    EXPECT_EQ(RowOf(reason).reason, reason) << v1::Reason_Name(reason) << " has no row";
    EXPECT_NE(RowOf(reason).code, absl::StatusCode::kOk);
  }
}

TEST(ReasonsTest, ExitCodesFollowTheGroupsOfTheEnum) {
  for (const v1::Reason reason : AllReasons()) {
    EXPECT_EQ(RowOf(reason).exit, ExitOfNumber(reason)) << v1::Reason_Name(reason);
  }
}

TEST(ReasonsTest, DoubtIsNeverRetriedBlindly) {
  for (const v1::Reason reason : AllReasons()) {
    const ReasonRow& row = RowOf(reason);
    if (row.code == absl::StatusCode::kUnknown || row.exit == ExitCode::kNeedsAttention) {
      EXPECT_FALSE(row.retryable) << v1::Reason_Name(reason);
    }
    if (row.code == absl::StatusCode::kUnavailable) {
      EXPECT_TRUE(row.retryable) << v1::Reason_Name(reason);
    }
  }
}

TEST(ReasonsTest, AReasonOfANewerProgramIsAnInternalError) {
  EXPECT_EQ(RowOf(static_cast<v1::Reason>(9999)).exit, ExitCode::kInternal);
  EXPECT_EQ(NameOf(static_cast<v1::Reason>(9999)), "REASON_9999");
}

TEST(ReasonsTest, NamesComeBack) {
  EXPECT_EQ(NameOf(v1::REASON_APPROVALS_MISSING), "APPROVALS_MISSING");
  for (const v1::Reason reason : AllReasons()) {
    EXPECT_EQ(ReasonFromName(NameOf(reason)), reason);
  }
  EXPECT_EQ(ReasonFromName("NO_SUCH"), v1::REASON_UNSPECIFIED);
}

TEST(ReasonsTest, AnErrorCarriesReasonMessageAndAdvice) {
  const absl::Status status = Error(v1::REASON_FROZEN, "production is frozen", "Unfreeze it.");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "production is frozen");
  EXPECT_EQ(ReasonOf(status), v1::REASON_FROZEN);
  EXPECT_EQ(ProblemOf(status).advice(), "Unfreeze it.");
}

TEST(ReasonsTest, ErrorFromKeepsEveryDetail) {
  v1::Problem problem = MakeProblem(v1::REASON_SQL_FAILED, "syntax error", "Mend it.");
  problem.set_file("sql/admin.sql");
  problem.set_line(12);
  problem.set_sqlstate("42601");
  problem.add_objects("public.users");
  EXPECT_EQ(ProblemOf(ErrorFrom(problem)).SerializeAsString(), problem.SerializeAsString());
}

TEST(ReasonsTest, PlainStatusesGetAReason) {
  EXPECT_EQ(ReasonOf(absl::UnavailableError("x")), v1::REASON_CONTROLLER_UNREACHABLE);
  EXPECT_EQ(ReasonOf(absl::DeadlineExceededError("x")), v1::REASON_DEADLINE);
  EXPECT_EQ(ReasonOf(absl::NotFoundError("x")), v1::REASON_NOT_FOUND);
  EXPECT_EQ(ReasonOf(absl::InternalError("x")), v1::REASON_INTERNAL);
  EXPECT_EQ(ProblemOf(absl::InternalError("x")).message(), "x");
  // A call that was cut off says nothing about the target.
  EXPECT_EQ(ReasonOf(absl::CancelledError("x")), v1::REASON_OUTCOME_UNKNOWN);
  EXPECT_EQ(ReasonOf(absl::OkStatus()), v1::REASON_UNSPECIFIED);
}

TEST(ReasonsTest, BytesThatAreNotUtf8DoNotLoseTheProblem) {
  EXPECT_EQ(ProblemOf(Error(v1::REASON_SQL_FAILED, "caf\xE9")).message(), "caf?");
}

}  // namespace
}  // namespace resetctl::contract

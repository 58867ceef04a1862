#include "proto/transport/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/protobuf/descriptor.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "proto/contract/reasons.h"

namespace resetctl::transport {
namespace {

using contract::Error;
using contract::ProblemOf;
using testing::EndsWith;

TEST(StatusTest, EveryReasonComesBackWhole) {
  const auto* type = v1::Reason_descriptor();
  for (int i = 1; i < type->value_count(); ++i) {
    const auto reason = static_cast<v1::Reason>(type->value(i)->number());
    v1::Problem problem = contract::MakeProblem(reason, "what is wrong", "what to do");
    problem.set_file("sql/admin.sql");
    problem.set_line(7);
    problem.add_objects("public.users");
    const absl::Status sent = contract::ErrorFrom(problem);
    const absl::Status received = FromGrpc(ToGrpc(sent));
    EXPECT_EQ(received.code(), sent.code());
    EXPECT_EQ(received.message(), sent.message());
    EXPECT_EQ(ProblemOf(received).SerializeAsString(), problem.SerializeAsString());
  }
}

TEST(StatusTest, OkIsOk) {
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
}

TEST(StatusTest, CarriesErrorInfoForOtherTools) {
  const grpc::Status sent = ToGrpc(Error(v1::REASON_FROZEN, "frozen"));
  EXPECT_EQ(sent.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(sent.error_details()));
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "FROZEN");
  EXPECT_EQ(info.domain(), "resetctl");
}

TEST(StatusTest, PlainStatusesKeepCodeAndMessage) {
  const absl::Status received =
      FromGrpc(grpc::Status(grpc::StatusCode::UNAVAILABLE, "failed to connect"));
  EXPECT_EQ(received.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(received.message(), "failed to connect");
  EXPECT_EQ(contract::ReasonOf(received), v1::REASON_CONTROLLER_UNREACHABLE);
  EXPECT_EQ(FromGrpc(ToGrpc(absl::AbortedError("x"))).code(), absl::StatusCode::kAborted);
}

TEST(StatusTest, DetailsOfSomebodyElseAreNotBelieved) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  info.set_reason("CANCELLED");
  info.set_domain("proxy.example.org");
  details.add_details()->PackFrom(info);
  details.add_details()->PackFrom(contract::MakeProblem(v1::REASON_CANCELLED, "nothing changed"));
  const absl::Status received =
      FromGrpc(grpc::Status(grpc::StatusCode::INTERNAL, "oops", details.SerializeAsString()));
  EXPECT_EQ(contract::ReasonOf(received), v1::REASON_INTERNAL);
  EXPECT_EQ(received.message(), "oops");
  EXPECT_EQ(FromGrpc(grpc::Status(grpc::StatusCode::INTERNAL, "oops", "garbage")).message(),
            "oops");
}

TEST(StatusTest, AReasonOfANewerPeerKeepsItsCode) {
  v1::Problem problem;
  problem.set_reason(static_cast<v1::Reason>(9999));
  problem.set_message("of the future");
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  info.set_domain("resetctl");
  details.add_details()->PackFrom(info);
  details.add_details()->PackFrom(problem);
  const absl::Status received = FromGrpc(grpc::Status(
      grpc::StatusCode::FAILED_PRECONDITION, "of the future", details.SerializeAsString()));
  EXPECT_EQ(received.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ProblemOf(received).message(), "of the future");
}

TEST(StatusTest, AHugeErrorIsCutNotLost) {
  v1::Problem problem = contract::MakeProblem(v1::REASON_UNLISTED_TABLES, std::string(9000, 'w'),
                                              std::string(9000, 'a'));
  for (int i = 0; i < 5000; ++i) problem.add_objects("public.some_table_" + std::to_string(i));
  const grpc::Status sent = ToGrpc(contract::ErrorFrom(problem));
  EXPECT_LT(sent.error_details().size() + sent.error_message().size(), 16u << 10);
  const v1::Problem received = ProblemOf(FromGrpc(sent));
  EXPECT_EQ(received.reason(), v1::REASON_UNLISTED_TABLES);
  EXPECT_EQ(received.objects(0), "public.some_table_0");
  EXPECT_THAT(received.objects(received.objects_size() - 1), EndsWith(" more"));
}

}  // namespace
}  // namespace resetctl::transport

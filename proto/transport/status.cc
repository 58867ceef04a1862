#include "proto/transport/status.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::transport {
namespace {

constexpr char kDomain[] = "resetctl";
// Errors travel in HTTP/2 trailers, which a peer refuses above its metadata limit (tls.h): a cut
// error beats a lost one.
constexpr size_t kMaxMessage = 2 << 10;
constexpr size_t kMaxProblem = 8 << 10;

std::string Cut(const std::string& text, size_t max) {
  if (text.size() <= max) return text;
  size_t end = max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

v1::Problem Shortened(v1::Problem problem) {
  problem.set_message(Cut(problem.message(), kMaxMessage));
  problem.set_advice(Cut(problem.advice(), kMaxMessage));
  int dropped = 0;
  while (problem.ByteSizeLong() > kMaxProblem && problem.objects_size() > 0) {
    problem.mutable_objects()->RemoveLast();
    ++dropped;
  }
  if (dropped > 0) problem.add_objects(absl::StrCat("... and ", dropped, " more"));
  return problem;
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto code = static_cast<grpc::StatusCode>(status.code());
  const v1::Problem problem = Shortened(contract::ProblemOf(status));

  google::rpc::ErrorInfo info;
  info.set_reason(contract::NameOf(problem.reason()));
  info.set_domain(kDomain);
  google::rpc::Status details;
  details.set_code(static_cast<int>(code));
  details.set_message(problem.message());
  details.add_details()->PackFrom(info);
  details.add_details()->PackFrom(problem);
  return grpc::Status(code, problem.message(), details.SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  google::rpc::Status details;
  if (!status.error_details().empty() && details.ParseFromString(status.error_details())) {
    bool ours = false;
    v1::Problem problem;
    for (const google::protobuf::Any& detail : details.details()) {
      google::rpc::ErrorInfo info;
      if (detail.Is<google::rpc::ErrorInfo>() && detail.UnpackTo(&info)) {
        ours = ours || info.domain() == kDomain;
      } else if (detail.Is<v1::Problem>()) {
        if (!detail.UnpackTo(&problem)) problem.Clear();
      }
    }
    if (ours && problem.reason() != v1::REASON_UNSPECIFIED) {
      absl::Status error = contract::ErrorFrom(problem);
      if (static_cast<int>(error.code()) == static_cast<int>(status.error_code())) return error;
      // The code on the wire stands: a newer peer may know a reason that our table does not.
      absl::Status received(static_cast<absl::StatusCode>(status.error_code()), error.message());
      error.ForEachPayload([&received](absl::string_view url, const absl::Cord& bytes) {
        received.SetPayload(url, bytes);
      });
      return received;
    }
  }
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                      base::ToValidUtf8(status.error_message()));
}

}  // namespace resetctl::transport

#ifndef RESETCTL_PROTO_TRANSPORT_STATUS_H_
#define RESETCTL_PROTO_TRANSPORT_STATUS_H_

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace resetctl::transport {

// absl::Status <-> gRPC status. The reason rides along as google.rpc.ErrorInfo (domain "resetctl")
// and the whole v1::Problem as a second detail of google.rpc.Status, so that nothing is parsed out
// of messages.
grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace resetctl::transport

#endif  // RESETCTL_PROTO_TRANSPORT_STATUS_H_

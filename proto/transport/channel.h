#ifndef RESETCTL_PROTO_TRANSPORT_CHANNEL_H_
#define RESETCTL_PROTO_TRANSPORT_CHANNEL_H_

#include <memory>
#include <string>

#include "grpcpp/channel.h"
#include "grpcpp/security/credentials.h"

namespace resetctl::transport {

// A channel for a few calls, for who would rather hear at once that there is no way to `address` than wait: connected when this
// returns, or still trying after two seconds, or its first try has failed, and its first call makes the second. Shares its connection with no other channel.
//
// gRPC 1.51 looks at connect()'s errno after other calls (tcp_client_posix.cc), among them ones that take a lock and allocate. The
// first lock that is waited for has Abseil read the processor's frequency from /sys/devices/system/cpu/cpu0/tsc_freq_khz, which few
// machines have; glibc counts the processors in /sys, which a chroot may not have. Then a connection that is being made passes for
// one that failed with "No such file or directory": once in some thousand processes. Hence the second try.
std::shared_ptr<grpc::Channel> Connect(
    const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials);

}  // namespace resetctl::transport

#endif  // RESETCTL_PROTO_TRANSPORT_CHANNEL_H_

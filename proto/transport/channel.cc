#include "proto/transport/channel.h"

#include <chrono>

#include "grpcpp/create_channel.h"
#include "proto/transport/tls.h"

namespace resetctl::transport {
namespace {

constexpr std::chrono::seconds kPatience(2);

}  // namespace

std::shared_ptr<grpc::Channel> Connect(
    const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  const auto make = [&] {
    grpc::ChannelArguments arguments = ClientArguments();
    // A shared connection that has failed is not tried again for a second.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(address, credentials, arguments);
  };
  std::shared_ptr<grpc::Channel> channel = make();
  const auto until = std::chrono::system_clock::now() + kPatience;
  grpc_connectivity_state state = channel->GetState(/*try_to_connect=*/true);
  while (state == GRPC_CHANNEL_IDLE || state == GRPC_CHANNEL_CONNECTING) {
    if (!channel->WaitForStateChange(state, until)) return channel;
    state = channel->GetState(true);
  }
  return state == GRPC_CHANNEL_READY ? channel : make();
}

}  // namespace resetctl::transport

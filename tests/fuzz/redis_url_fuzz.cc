#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "agent/redis/redis_url.h"

// Whatever is accepted names a server that can be connected to, in one way.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto address = resetctl::agent::ParseRedisUrl(resetctl::base::Secret(text));
  if (!address.ok()) return 0;
  if (address->host.empty() == address->socket.empty()) abort();
  if (address->port < 1 || address->port > 65535 || address->db < 0) abort();
  return 0;
}

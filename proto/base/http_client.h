#ifndef RESETCTL_PROTO_BASE_HTTP_CLIENT_H_
#define RESETCTL_PROTO_BASE_HTTP_CLIENT_H_

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace resetctl::base {

// It may hold secrets, so it is never printed.
struct HttpRequest {
  std::string url;
  std::string method;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string json;  // empty: no body
  absl::Duration timeout;
};

struct HttpAnswer {
  int status = 0;     // 0: no answer
  std::string error;  // why there is none, without the URL
  absl::Duration took;
};

// One try. No redirects are followed, no proxy of the environment is used, the answer's body is
// dropped.
HttpAnswer SendHttp(const HttpRequest& request, const std::atomic<bool>& cancelled);

}  // namespace resetctl::base

#endif  // RESETCTL_PROTO_BASE_HTTP_CLIENT_H_

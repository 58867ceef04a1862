#ifndef RESETCTL_CLIENT_OUTPUT_VERIFIED_LOG_H_
#define RESETCTL_CLIENT_OUTPUT_VERIFIED_LOG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "client/output/text.h"

namespace resetctl::client {

// What a verification of the audit log came to: nothing that was looked at was wrong.
struct VerifiedLog {
  // One thing that can be proved of a log, and whether it was.
  struct Claim {
    std::string name;  // 'tree', 'log-key', 'memory', 'witnesses', 'agents', 'persons'
    bool proved = false;
    std::string text;  // how; or what would prove it
  };

  std::string origin;
  uint64_t size = 0;
  std::string root;  // 32 bytes
  std::vector<Claim> claims;
};

// Says of each claim whether it was proved.
std::string RenderVerified(const Look& look, const VerifiedLog& log);
// {"origin":..,"size":"4812","root":"<base64>","proved":["tree",..],"notProved":["witnesses"]}
std::string VerifiedJson(const VerifiedLog& log);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_VERIFIED_LOG_H_

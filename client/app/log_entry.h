#ifndef RESETCTL_CLIENT_APP_LOG_ENTRY_H_
#define RESETCTL_CLIENT_APP_LOG_ENTRY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/app/log_memory.h"
#include "resetctl/v1/audit.pb.h"

namespace resetctl::client {

class Controller;

// Has the controller prove that the record's bytes are that entry of the log that `now`'s checkpoint signs, and verifies it. The
// proof: RFC 6962 §2.1.1. LOG_TAMPERED when it proves nothing.
absl::StatusOr<std::vector<std::string>> ProveEntry(Controller& controller, const LogNow& now,
                                                    const v1::AuditRecord& record);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_APP_LOG_ENTRY_H_

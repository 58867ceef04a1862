#ifndef RESETCTL_CLIENT_COMMANDS_AUDIT_REQUEST_H_
#define RESETCTL_CLIENT_COMMANDS_AUDIT_REQUEST_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/commands/verbs.h"
#include "resetctl/v1/audit.pb.h"

namespace resetctl::client {

// The request of `audit list` and `audit tail`. INVALID_ARGUMENT for an id or a time that is none.
absl::StatusOr<v1::ListEntriesRequest> RequestOf(const AuditOptions& options, App& app);

// '2026-12-01T08:00:00Z', '2026-12-01' (that day's beginning in `zone`), or how long ago: '4h', '2d'.
absl::StatusOr<absl::Time> ParsePast(const std::string& text, absl::Time now, absl::TimeZone zone);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_COMMANDS_AUDIT_REQUEST_H_

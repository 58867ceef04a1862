#include "client/commands/audit_request.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "client/commands/make_plan.h"
#include "client/output/sanitize.h"
#include "client/output/times.h"
#include "proto/base/yaml_reader.h"

namespace resetctl::client {

absl::StatusOr<absl::Time> ParsePast(const std::string& text, absl::Time now, absl::TimeZone zone) {
  if (const std::optional<absl::Duration> span = base::ParseDuration(text)) return now - *span;
  absl::Time time;
  if ((absl::ParseTime(absl::RFC3339_full, text, &time, nullptr) ||
       absl::ParseTime("%Y-%m-%d", text, zone, &time, nullptr)) &&
      time != absl::InfiniteFuture() && time != absl::InfinitePast()) {
    return time;
  }
  return contract::Error(v1::REASON_INVALID_ARGUMENT,
                         absl::StrCat("'", Clean(text), "' is no time"),
                         "write 2026-12-01, 2026-12-01T08:00:00Z, or how long ago: 4h, 2d");
}

absl::StatusOr<v1::ListEntriesRequest> RequestOf(const AuditOptions& options, App& app) {
  v1::ListEntriesRequest request;
  request.set_person(options.person);
  request.set_environment(options.environment);
  request.set_subject(options.subject);
  request.set_action(options.action);
  for (const auto& [id, kind] : {std::pair{&options.run, 'r'}, std::pair{&options.plan, 'p'}}) {
    if (id->empty()) continue;
    absl::Status valid = CheckId(*id, kind);
    if (!valid.ok()) return valid;
  }
  request.set_run_id(options.run);
  request.set_plan_id(options.plan);
  const absl::TimeZone zone = app.printer.screen().zone;
  if (!options.since.empty()) {
    const auto since = ParsePast(options.since, app.clock.Now(), zone);
    if (!since.ok()) return since.status();
    *request.mutable_since() = ToProto(*since);
  }
  if (!options.until.empty()) {
    const auto until = ParsePast(options.until, app.clock.Now(), zone);
    if (!until.ok()) return until.status();
    *request.mutable_until() = ToProto(*until);
  }
  // The steps of runs outnumber all else; a script gets what is in the log.
  request.set_without_events(!options.events && options.action.empty() && !app.printer.json());
  request.set_page_size(options.limit);
  request.set_page_token(options.page);
  return request;
}

}  // namespace resetctl::client

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/time/clock.h"
#include "client/app/controller.h"
#include "client/app/interrupts.h"
#include "client/app/log_memory.h"
#include "client/commands/audit_request.h"
#include "client/commands/verbs.h"
#include "client/output/lists.h"

namespace resetctl::client {
namespace {

constexpr absl::Duration kPause = absl::Seconds(1);
constexpr absl::Duration kTick = absl::Milliseconds(50);
constexpr int kFirst = 10;

// Entries from index `from` on that fit, oldest first; the newest `kFirst` of them when `from` is not set.
absl::StatusOr<std::vector<v1::AuditRecord>> Fetch(Controller& controller,
                                                   v1::ListEntriesRequest request,
                                                   std::optional<uint64_t> from) {
  std::vector<v1::AuditRecord> records;
  if (!from) request.set_page_size(kFirst);
  while (true) {
    const auto page = controller.ListEntries(request);
    if (!page.ok()) return page.status();
    for (const v1::AuditRecord& record : page->records()) {
      if (from && record.index() < *from) {
        std::reverse(records.begin(), records.end());
        return records;
      }
      records.push_back(record);
    }
    if (!from || page->next_page_token().empty()) break;
    request.set_page_token(page->next_page_token());
  }
  std::reverse(records.begin(), records.end());
  return records;
}

}  // namespace

Outcome RunAuditTail(const AuditOptions& options, App& app) {
  auto request = RequestOf(options, app);
  if (!request.ok()) return request.status();
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  const auto log = CheckLog(**controller);
  if (!log.ok()) return log.status();
  const InterruptScope interrupts;
  std::optional<uint64_t> from;
  while (true) {
    const auto records = Fetch(**controller, *request, from);
    if (!records.ok()) return records.status();
    for (const v1::AuditRecord& record : *records) {
      app.printer.Json(record);
      app.printer.Page(RenderEntryLine(app.printer.OutLook(), record));
      from = record.index() + 1;
    }
    // An empty log: whatever comes is new.
    if (!from) from = 0;
    for (absl::Time until = absl::Now() + kPause; absl::Now() < until; absl::SleepFor(kTick)) {
      if (interrupts.count() > 0) return contract::ExitCode::kDone;
    }
  }
}

}  // namespace resetctl::client

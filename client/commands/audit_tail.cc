#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "client/app/interrupts.h"
#include "client/app/log_memory.h"
#include "client/commands/audit_request.h"
#include "client/commands/verbs.h"
#include "client/output/lists.h"

namespace resetctl::client {
namespace {

constexpr absl::Duration kPause = absl::Seconds(1);
constexpr int kFirst = 10;

// Entries that fit, oldest first, and where to go on.
struct Fetched {
  std::vector<v1::AuditRecord> records;
  uint64_t next = 0;
};

// From `request`'s first index on; without one, the newest `kFirst` entries that fit.
absl::StatusOr<Fetched> Fetch(Controller& controller, v1::ListEntriesRequest request) {
  const bool everything = request.first_index() > 0;
  if (!everything) request.set_page_size(kFirst);
  Fetched fetched;
  do {
    const auto page = controller.ListEntries(request);
    if (!page.ok()) return page.status();
    // The first page knows what there was when it was asked for; what came after that is asked for next time.
    if (request.page_token().empty()) fetched.next = page->size();
    fetched.records.insert(fetched.records.end(), page->records().begin(), page->records().end());
    request.set_page_token(page->next_page_token());
  } while (everything && !request.page_token().empty());
  // Whatever arrived between the log's size and its entries is among them.
  if (!fetched.records.empty()) {
    fetched.next = std::max(fetched.next, fetched.records.front().index() + 1);
  }
  std::reverse(fetched.records.begin(), fetched.records.end());
  return fetched;
}

// Shows what comes, until somebody interrupts. A controller that is out of reach is waited for.
class Tail {
 public:
  Tail(const v1::ListEntriesRequest& request, Controller& controller, App& app)
      : request_(request), controller_(controller), app_(app) {}

  Outcome Follow() {
    do {
      absl::Status status = Look();
      if (status.ok() && out_of_reach_) {
        out_of_reach_ = false;
        Say("The controller is back.");
      } else if (MayPass(status)) {
        if (!out_of_reach_) Say("The controller is out of reach; waiting for it.");
        out_of_reach_ = true;
      } else if (!status.ok()) {
        return status;
      }
    } while (!interrupts_.Wait(kPause));
    return contract::ExitCode::kDone;
  }

 private:
  absl::Status Look() {
    if (out_of_reach_) {
      // Whoever was away may come back with another log.
      const auto log = CheckLog(controller_);
      if (!log.ok()) return log.status();
    }
    const auto fetched = Fetch(controller_, request_);
    if (!fetched.ok()) return fetched.status();
    for (const v1::AuditRecord& record : fetched->records) {
      app_.printer.Json(record);
      app_.printer.Page(RenderEntryLine(app_.printer.OutLook(), record));
    }
    request_.set_first_index(fetched->next);
    return absl::OkStatus();
  }

  // Beside the entries, also where a program reads those.
  void Say(absl::string_view what) { app_.printer.Ask(absl::StrCat("resetctl: ", what, "\n")); }

  v1::ListEntriesRequest request_;
  Controller& controller_;
  App& app_;
  const InterruptScope interrupts_;
  bool out_of_reach_ = false;
};

}  // namespace

Outcome RunAuditTail(const AuditOptions& options, App& app) {
  const auto request = RequestOf(options, app);
  if (!request.ok()) return request.status();
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  const auto log = CheckLog(**controller);
  if (!log.ok()) return log.status();
  return Tail(*request, **controller, app).Follow();
}

}  // namespace resetctl::client

#include "client/app/log_download.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {
namespace {

constexpr uint64_t kPage = 2000;

}  // namespace

absl::Status DownloadLog(Controller& controller, const LogNow& now, LogVerifier* verifier,
                         const EntrySink& sink, const std::function<bool()>& keep_going) {
  const uint64_t size = now.checkpoint.size;
  while (verifier->size() < size) {
    v1::ExportEntriesRequest request;
    request.set_first(verifier->size());
    request.set_page_size(static_cast<int32_t>(std::min(kPage, size - verifier->size())));
    const auto page = controller.ExportEntries(request);
    if (!page.ok()) return page.status();
    if (page->records().empty()) {
      return contract::Error(v1::REASON_LOG_TAMPERED,
                             absl::StrCat("The controller gives ", verifier->size(), " of the ",
                                          size, " entries that its checkpoint signs."),
                             "Believe nothing that it says, and tell its administrators.");
    }
    for (const v1::AuditRecord& record : page->records()) {
      if (verifier->size() == size) break;
      absl::Status status = verifier->TakeEntry(record.index(), record.entry());
      if (status.ok() && sink) status = sink(record.index(), record.entry());
      if (!status.ok()) return status;
    }
    if (!keep_going()) return contract::Error(v1::REASON_CANCELLED, "interrupted");
  }
  return verifier->TakeCheckpoint(now.note);
}

}  // namespace resetctl::client

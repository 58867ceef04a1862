#ifndef RESETCTL_CLIENT_APP_LOG_DOWNLOAD_H_
#define RESETCTL_CLIENT_APP_LOG_DOWNLOAD_H_

#include <functional>

#include "absl/status/status.h"
#include "client/app/log_memory.h"
#include "client/audit/export_reader.h"
#include "client/audit/log_verifier.h"

namespace resetctl::client {

class Controller;

// Fetches the entries that the verifier has not taken yet, up to `now`'s checkpoint, and then has it take that: what comes
// back without an error is the log that the checkpoint signs. `sink` gets each entry; `keep_going` is asked after each page
// (some hundred entries), and CANCELLED is the answer when it says no.
// ROLE_MISSING for a person who may not read every environment. LOG_TAMPERED when the entries are not the checkpoint's.
absl::Status DownloadLog(Controller& controller, const LogNow& now, LogVerifier* verifier,
                         const EntrySink& sink, const std::function<bool()>& keep_going);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_APP_LOG_DOWNLOAD_H_

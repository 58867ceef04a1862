#ifndef RESETCTL_CLIENT_COMMANDS_REPORT_FACTS_H_
#define RESETCTL_CLIENT_COMMANDS_REPORT_FACTS_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/output/report.h"
#include "proto/contract/allowed_signers.h"

namespace resetctl::client {

class Controller;

// Everything about a run, by id or prefix, and verified: the plan's bytes are those that its id names; the log goes on from
// what was seen of it here; each entry is in it; the one of the run's end says what the controller says of the run; and where
// `signers` are given, each statement in the entries is signed by whom its entry names.
// DIGEST_MISMATCH, and the reasons of log_memory.h, log_entry.h, audit/run_entry.h and audit/said.h.
absl::StatusOr<ReportFacts> FetchReport(const std::string& run_id,
                                        const contract::AllowedSigners* signers,
                                        Controller& controller);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_COMMANDS_REPORT_FACTS_H_

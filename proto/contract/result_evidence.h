#ifndef RESETCTL_PROTO_CONTRACT_RESULT_EVIDENCE_H_
#define RESETCTL_PROTO_CONTRACT_RESULT_EVIDENCE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/map.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::contract {

using Evidence = google::protobuf::Map<std::string, std::string>;

// What an agent proved of a committed run, as an audit entry's evidence: the controller writes it down, and whoever verifies the log
// compares it with what the agent signed. The keys are explained in controller/domain/audit_fields.cc. Of the tables the five
// largest have their names, the others are a sum and a number. Nothing for a run that changed nothing: it can have a result too,
// the warnings of its undo.
// What it writes of a result is what stands in logs: it may only ever say more of what a result newly holds.
void AddResultEvidence(const v1::RunResult& result, Evidence* evidence);
// Whether an evidence key is one of those.
bool IsResultEvidence(absl::string_view key);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_RESULT_EVIDENCE_H_

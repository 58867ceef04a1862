#include "controller/domain/run_evidence.h"

#include "absl/strings/str_cat.h"
#include "controller/domain/run_state.h"
#include "proto/base/text.h"
#include "proto/contract/result_evidence.h"

namespace resetctl::controller {

void AddRunEvidence(const RunRecord& run, v1::AuditEntry* entry) {
  contract::Evidence& evidence = *entry->mutable_evidence();
  evidence["state"] = base::Str(NameOf(run.state));
  evidence["plan"] = run.plan_id;
  if (run.fence != 0) evidence["fence"] = absl::StrCat(run.fence);
  if (run.result) contract::AddResultEvidence(*run.result, &evidence);
}

}  // namespace resetctl::controller

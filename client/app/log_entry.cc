#include "client/app/log_entry.h"

#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "proto/contract/merkle.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {

absl::StatusOr<std::vector<std::string>> ProveEntry(Controller& controller, const LogNow& now,
                                                    const v1::AuditRecord& record) {
  v1::GetInclusionProofRequest request;
  request.set_index(record.index());
  request.set_size(now.checkpoint.size);
  const auto response = controller.GetInclusionProof(request);
  if (!response.ok()) return response.status();
  std::vector<std::string> hashes(response->hashes().begin(), response->hashes().end());
  if (contract::VerifyInclusion(contract::LeafHash(record.entry()), record.index(),
                                now.checkpoint.size, hashes, now.checkpoint.root)) {
    return hashes;
  }
  return contract::Error(v1::REASON_LOG_TAMPERED,
                         absl::StrCat("The controller shows an entry ", record.index(),
                                      " that is not the one in the log of ", now.checkpoint.size,
                                      " entries that it signs."),
                         "Believe nothing that it says, and tell its administrators.");
}

}  // namespace resetctl::client

#include "controller/domain/decision.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {

absl::Status Decision::ToStatus() const {
  if (allowed()) return absl::OkStatus();
  const Objection& first = objections.front();
  std::string advice = first.advice;
  for (size_t i = 1; i < objections.size(); ++i) {
    absl::StrAppend(&advice, advice.empty() ? "" : " ", i == 1 ? "Also: " : "",
                    objections[i].message);
  }
  return contract::Error(first.reason, first.message, advice);
}

}  // namespace resetctl::controller

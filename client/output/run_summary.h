#ifndef RESETCTL_CLIENT_OUTPUT_RUN_SUMMARY_H_
#define RESETCTL_CLIENT_OUTPUT_RUN_SUMMARY_H_

#include <optional>
#include <string>

#include "client/output/text.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::client {

// Of the events that failed, the one that tells where: call it with each event, in order.
std::optional<v1::RunEvent> FailedPart(const std::optional<v1::RunEvent>& before,
                                       const v1::RunEvent& event);

// How a run ended: state, exit status, what was done group by group, what was proved, what to do
// now. Says nothing that the agent has not reported. `failed` names the step that failed.
std::string RenderRunSummary(const Look& look, const v1::Run& run,
                             const std::optional<v1::RunEvent>& failed = std::nullopt);

// `resetctl show RUN`: who, when, each step, then the summary.
std::string RenderRunPage(const Look& look, const v1::GetRunResponse& response);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_RUN_SUMMARY_H_

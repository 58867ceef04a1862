#ifndef RESETCTL_CLIENT_OUTPUT_RUN_SUMMARY_H_
#define RESETCTL_CLIENT_OUTPUT_RUN_SUMMARY_H_

#include <string>

#include "client/output/text.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::client {

// How a run ended: state, what was done group by group, what was proved, what to do now, the exit
// status. Says nothing that the agent has not reported.
std::string RenderRunSummary(const Look& look, const v1::Run& run);

// `resetctl show RUN`: who, when, each step, then the summary.
std::string RenderRunPage(const Look& look, const v1::GetRunResponse& response);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_RUN_SUMMARY_H_

#ifndef RESETCTL_CLIENT_OUTPUT_RUN_RESULT_H_
#define RESETCTL_CLIENT_OUTPUT_RUN_RESULT_H_

#include <string>

#include "client/output/text.h"

namespace resetctl::v1 {
class Run;
class RunResult;
}  // namespace resetctl::v1

namespace resetctl::client {

// Parts of a run's summary (run_summary.h). Strings are clean already.

// "writers waited 2.2 s, readers of 3 tables 0.4 s"; "..., readers not at all" when nothing was truncated. Empty when the agent
// has not said.
std::string WaitedText(const v1::RunResult& result);

// What a committed run did and proved: cleared, recreated, checks, cache, after-steps, what it left, the proof. Says nothing
// that the agent has not reported.
std::string ResultLines(const Look& look, const v1::Run& run);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_RUN_RESULT_H_

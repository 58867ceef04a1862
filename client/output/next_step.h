#ifndef RESETCTL_CLIENT_OUTPUT_NEXT_STEP_H_
#define RESETCTL_CLIENT_OUTPUT_NEXT_STEP_H_

#include <optional>
#include <string>

#include "client/output/text.h"
#include "resetctl/v1/reason.pb.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::client {

// ", last seen today 18:40 CET (2 min ago)"; empty when that is not known.
std::string LastSeen(const Look& look, const google::protobuf::Timestamp& time);

// What can be done about a run, in every state: lines for the end of its page, each with a command.
std::string NextLines(const Look& look, const v1::Run& run);

// What somebody has to know of or to do: the run's agent is away, its outcome is not known, it needs attention or a review. With the
// way out as its advice. Nothing of a run that goes on by itself or has ended well.
std::optional<v1::Problem> TroubleOf(const Look& look, const v1::Run& run);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_NEXT_STEP_H_

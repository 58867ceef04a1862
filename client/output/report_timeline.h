#ifndef RESETCTL_CLIENT_OUTPUT_REPORT_TIMELINE_H_
#define RESETCTL_CLIENT_OUTPUT_REPORT_TIMELINE_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "resetctl/v1/event.pb.h"

namespace resetctl::client {

// A step of a run, or a part of one, from its start to its end.
struct StepSpan {
  v1::StepKind step = v1::STEP_KIND_UNSPECIFIED;
  std::string name = {};                           // of a part; empty for the step as a whole
  v1::EventKind end = v1::EVENT_KIND_UNSPECIFIED;  // UNSPECIFIED: it has not ended
  absl::Time from = absl::InfinitePast();
  absl::Time to = absl::InfinitePast();
  v1::RunEvent last = {};  // of its events
};

// Steps in the order of their starts. A step that is begun again after it has ended begins another attempt: a resume, hours
// later perhaps, has a scale of its own.
using Attempt = std::vector<StepSpan>;
std::vector<Attempt> AttemptsOf(const std::vector<v1::RunEvent>& events);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_REPORT_TIMELINE_H_

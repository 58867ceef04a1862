#ifndef RESETCTL_CLIENT_OUTPUT_RUN_LINES_H_
#define RESETCTL_CLIENT_OUTPUT_RUN_LINES_H_

#include <string>

#include "absl/time/time.h"
#include "client/output/text.h"
#include "resetctl/v1/event.pb.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::client {

// "verify", "re-check", "recreate", ...
const char* StepLabel(v1::StepKind step);

// What a step did, for people: "14,200 of 20,000 rows", "46 tables, 7 sequences restarted".
std::string WhatItDid(const v1::RunEvent& event);

// A run through a pipe: one line an event, made to be grepped.
//   2026-11-24T09:12:44+01:00 clear succeeded rows=1240243 took=0.9s
//   2026-11-24T09:12:45+01:00 recreate "Admin user" failed reason=SQL_FAILED message="..."
class EventLines {
 public:
  // With the line end. Empty for the start of a part of a step (its end has a line), and for
  // progress of steps that are over in seconds; of longer ones it is told now and then.
  std::string Of(const Look& look, const v1::RunEvent& event);
  // A state that the run is in now; empty when it was said already.
  std::string Of(const Look& look, const v1::Run& run);

 private:
  v1::RunState said_ = v1::RUN_STATE_UNSPECIFIED;
  bool IsNoise(const v1::RunEvent& event, absl::Time time);
  absl::Time started_ = absl::InfinitePast();   // the latest step or part
  absl::Time progress_ = absl::InfinitePast();  // its latest progress that was told
  std::string problem_said_;
};

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_RUN_LINES_H_

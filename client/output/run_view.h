#ifndef RESETCTL_CLIENT_OUTPUT_RUN_VIEW_H_
#define RESETCTL_CLIENT_OUTPUT_RUN_VIEW_H_

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/output/text.h"
#include "resetctl/v1/event.pb.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::client {

// A run on a terminal: one line a step, rewritten in place. Pure: events in, lines out; the caller
// moves the cursor.
class RunView {
 public:
  // Which of the steps that a plan may leave out are shown before anything is known about them.
  explicit RunView(bool cache = true, bool after = true);

  void Apply(const v1::RunEvent& event);
  void Apply(const v1::Run& run);
  // Said in the heading until the next message: "connection lost, trying again".
  void SetNote(absl::string_view note) { note_ = std::string(note.data(), note.size()); }

  // Each at most look.width columns. `frame` turns the spinner. `now` of the look moves the
  // countdown.
  std::vector<std::string> Lines(const Look& look, int frame) const;

 private:
  struct Step {
    v1::StepKind kind;
    v1::EventKind state = v1::EVENT_KIND_UNSPECIFIED;
    std::string text = {};  // what it did
    std::string part = {};  // the recreate step, check or hook that is under way
    int parts_done = 0;
    int64_t parts_total = 0;
    int64_t done = 0;
    int64_t total = 0;
    std::string unit = {};
    absl::Duration took = absl::ZeroDuration();
    absl::Duration parts_took = absl::ZeroDuration();
    absl::Time start = absl::InfinitePast();
    std::vector<std::string> warnings = {};
  };

  Step& Of(v1::StepKind kind);
  std::string Heading(const Look& look) const;
  std::string Line(const Look& look, const Step& step, int frame) const;

  std::vector<Step> steps_;
  v1::Run run_;
  std::string note_;
};

// "███████░░░░"
std::string Bar(int64_t done, int64_t total, int width);

// What to write so that `lines` replace the `shown` lines above the cursor.
std::string Redraw(int shown, const std::vector<std::string>& lines);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_RUN_VIEW_H_

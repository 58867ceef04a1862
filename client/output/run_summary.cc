#include "client/output/run_summary.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/output/exit_codes.h"
#include "client/output/next_step.h"
#include "client/output/problems.h"
#include "client/output/run_lines.h"
#include "client/output/run_result.h"
#include "client/output/run_view.h"
#include "client/output/sanitize.h"
#include "client/output/times.h"
#include "proto/contract/digest.h"

namespace resetctl::client {
namespace {

constexpr int kHeadWidth = 80;  // the exit status stays in sight on a wide terminal

absl::Duration Took(const v1::Run& run) {
  if (run.has_result() && run.result().has_took()) return DurationOf(run.result().took());
  if (!run.has_end_time()) return absl::ZeroDuration();
  const absl::Time start = TimeOf(run.has_start_time() ? run.start_time() : run.create_time());
  return TimeOf(run.end_time()) - start;
}

// "recreate · Brands    csv/brands-duplicate.csv:22", then what was wrong there.
std::string ProblemLines(const Look& look, const v1::Run& run,
                         const std::optional<v1::RunEvent>& failed) {
  const v1::Problem& problem = run.problem();
  std::string where;
  if (failed.has_value()) {
    where = StepLabel(failed->step());
    if (!failed->name().empty()) absl::StrAppend(&where, " · ", failed->name());
  }
  const std::string place = PlaceOf(problem);
  if (!place.empty()) absl::StrAppend(&where, where.empty() ? "" : "    ", place);
  std::string out;
  const auto line = [&](absl::string_view text) {
    if (!text.empty()) absl::StrAppend(&out, "  ", Wrap(text, look.width, 2), "\n");
  };
  line(where);
  line(problem.message());
  absl::StrAppend(&out, ObjectLines(look, problem, 2, contract::ShortId(run.plan_id())));
  // What to do about a cancelled run is said below.
  if (run.state() != v1::RUN_STATE_CANCELLED) line(problem.advice());
  return out;
}

Tone ToneOf(v1::RunState state) {
  switch (state) {
    case v1::RUN_STATE_SUCCEEDED:
      return Tone::kGood;
    case v1::RUN_STATE_REFUSED:
    case v1::RUN_STATE_ROLLED_BACK:
    case v1::RUN_STATE_NEEDS_ATTENTION:
      return Tone::kBad;
    default:
      return Tone::kWarn;
  }
}

// "SUCCEEDED  r-19c04e77  in 4.1 s                                       (exit 0)"
std::string Headline(const Look& look, const v1::Run& run) {
  const EndState& state = EndStateOf(run.state());
  const std::string exit = absl::StrCat("(exit ", static_cast<int>(ExitOf(run)), ")");
  const int width = std::min(look.width, kHeadWidth);
  const std::string head = absl::StrCat(state.title, "  ", contract::ShortId(run.id()));
  const absl::Duration took = Took(run);
  std::string time;
  if (took > absl::ZeroDuration()) {
    time = absl::StrCat(run.state() == v1::RUN_STATE_SUCCEEDED ? "  in " : "  after ", Human(took));
  }
  const std::string meaning = state.meaning;
  const std::string all = absl::StrCat(head, time, meaning.empty() ? "" : ": ", meaning);
  if (Width(all) + 2 + Width(exit) <= width) return Spread(all, exit, width);
  // What it means goes to a line of its own rather than being broken in the middle.
  const std::string timed = absl::StrCat(head, time);
  const bool beside = Width(timed) + 2 + Width(exit) <= width;
  return absl::StrCat(beside ? Spread(timed, exit, width) : absl::StrCat(head, "  ", exit), "\n  ",
                      Wrap(meaning, look.width, 2));
}

}  // namespace

std::optional<v1::RunEvent> FailedPart(const std::optional<v1::RunEvent>& before,
                                       const v1::RunEvent& event) {
  if (event.kind() != v1::EVENT_KIND_FAILED) return before;
  // The step as a whole fails after its part: the part says more.
  const bool said = before.has_value() && before->step() == event.step() && event.name().empty();
  return said ? before : Cleaned(event);
}

std::string RenderRunSummary(const Look& look, const v1::Run& raw,
                             const std::optional<v1::RunEvent>& failed) {
  const v1::Run run = Cleaned(raw);
  std::string out;
  for (absl::string_view line : absl::StrSplit(Headline(look, run), '\n')) {
    absl::StrAppend(&out, Paint(look, ToneOf(run.state()), line), "\n");
  }
  std::string where = absl::StrCat(run.environment(), " / ", run.target());
  const std::string waited = run.has_result() ? WaitedText(run.result()) : "";
  // On a line of its own rather than broken in the middle.
  const bool beside = 2 + Width(where) + 4 + Width(waited) <= look.width;
  if (!waited.empty()) absl::StrAppend(&where, beside ? "    " : "\n", waited);
  absl::StrAppend(&out, "  ", Wrap(where, look.width, 2), "\n\n");

  const bool committed = run.state() == v1::RUN_STATE_SUCCEEDED ||
                         run.state() == v1::RUN_STATE_NEEDS_ATTENTION ||
                         run.state() == v1::RUN_STATE_COMMITTED;
  if (run.has_problem() && run.problem().reason() != v1::REASON_UNSPECIFIED) {
    absl::StrAppend(&out, ProblemLines(look, run, failed), "\n");
  }
  if (committed && run.has_result()) absl::StrAppend(&out, ResultLines(look, run));
  const std::string next = NextLines(look, run);
  if (!next.empty()) absl::StrAppend(&out, committed && run.has_result() ? "\n" : "", next);
  return out;
}

std::string RenderRunPage(const Look& look, const v1::GetRunResponse& response) {
  const v1::Run run = Cleaned(response.run());
  std::string out = absl::StrCat(
      Paint(look, Tone::kBold, absl::StrCat("Run ", contract::ShortId(run.id()))), "  ",
      run.environment(), " / ", run.target(), "\n",
      Field(look, "Plan", contract::ShortId(run.plan_id())),
      Field(look, "By",
            absl::StrCat(run.runner(), ", ordered ", When(look, TimeOf(run.create_time())))));
  if (!run.break_glass().empty()) {
    absl::StrAppend(&out, Field(look, "Glass", absl::StrCat("broken: ", run.break_glass())),
                    Field(look, "Reviewed",
                          run.reviewer().empty() ? absl::StrCat("not yet:  resetctl audit review ",
                                                                contract::ShortId(run.id()))
                                                 : absl::StrCat("by ", run.reviewer())));
  }
  if (run.has_start_time()) {
    absl::StrAppend(&out, Field(look, "Offered", When(look, TimeOf(run.start_time()))));
  }
  if (run.has_end_time()) {
    absl::StrAppend(&out, Field(look, "Ended", When(look, TimeOf(run.end_time()))));
  }
  if (!EndStateOf(run.state()).ended) {
    std::string agent = run.agent_online() ? "online" : "away";
    if (run.has_agent_seen_time()) {
      absl::StrAppend(&agent, LastSeen(look, run.agent_seen_time()));
    }
    absl::StrAppend(&out, Field(look, "Agent", agent));
  }
  absl::StrAppend(&out, "\n");
  if (response.events_size() > 0) {
    RunView view(false, false);
    for (const auto& event : response.events()) view.Apply(event);
    view.Apply(response.run());
    const std::vector<std::string> lines = view.Lines(look, 0);
    for (size_t i = 1; i < lines.size(); ++i) absl::StrAppend(&out, lines[i], "\n");
    absl::StrAppend(&out, "\n");
  }
  std::optional<v1::RunEvent> failed;
  for (const auto& event : response.events()) failed = FailedPart(failed, event);
  absl::StrAppend(&out, RenderRunSummary(look, run, failed));
  return out;
}

}  // namespace resetctl::client

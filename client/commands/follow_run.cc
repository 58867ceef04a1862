#include "client/commands/follow_run.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "client/app/run_watch.h"
#include "client/output/exit_codes.h"
#include "client/output/run_lines.h"
#include "client/output/run_summary.h"
#include "client/output/run_view.h"
#include "proto/contract/digest.h"

namespace resetctl::client {
namespace {

constexpr absl::Duration kFrame = absl::Milliseconds(100);

// What is on the screen while a run goes on: the live view, plain lines or JSON lines.
class Display {
 public:
  Display(const FollowOptions& options, Printer& printer)
      : printer_(printer),
        live_(printer.screen().live && !printer.json()),
        result_(options.lines_are_result && !printer.screen().out_is_terminal),
        view_(options.cache, options.after) {}

  void Show(const v1::Run& run) {
    view_.Apply(run);
    if (!live_) Line(lines_.Of(printer_.ErrLook(), run));
  }
  void Show(const v1::RunEvent& event) {
    view_.Apply(event);
    failed_ = FailedPart(failed_, event);
    if (!live_) Line(lines_.Of(printer_.ErrLook(), event));
  }
  void Note(const std::string& note) {
    view_.SetNote(note);
    if (!live_ && note != noted_) printer_.Progress(absl::StrCat(note, "\n"));
    noted_ = note;
  }
  void Draw() {
    if (!live_) return;
    const std::vector<std::string> lines = view_.Lines(printer_.ErrLook(), frame_++);
    printer_.Progress(Redraw(shown_, lines));
    shown_ = static_cast<int>(lines.size());
  }
  const std::optional<v1::RunEvent>& failed() const { return failed_; }
  void End() {
    Draw();
    if (live_) printer_.Progress("\n");
  }

 private:
  void Line(const std::string& line) {
    if (result_) {
      printer_.Page(line);
    } else {
      printer_.Progress(line);
    }
  }

  Printer& printer_;
  const bool live_;
  const bool result_;
  RunView view_;
  EventLines lines_;
  std::string noted_;
  std::optional<v1::RunEvent> failed_;
  int frame_ = 0;
  int shown_ = 0;
};

// What becomes of a run that nobody here watches any more. A run that has not begun is cancelled by the controller once
// its starter is gone: "goes on" would not be true of it.
absl::Status Left(const v1::Run& run, bool started_here, absl::string_view why) {
  const std::string id = contract::ShortId(run.id());
  const bool held = started_here && run.state() == v1::RUN_STATE_HELD;
  return contract::Error(
      v1::REASON_OUTCOME_UNKNOWN,
      held ? absl::StrCat(why, "; unless it has begun by then, the controller cancels ", id)
           : absl::StrCat(why, "; ", id, " goes on without you"),
      absl::StrCat("what becomes of it:  resetctl watch ", id));
}

}  // namespace

Outcome FollowRun(const v1::Run& run, const FollowOptions& options,
                  const InterruptScope& interrupts, Controller& controller, App& app) {
  Display display(options, app.printer);
  v1::Run latest = run;
  display.Show(latest);
  RunWatch watch(controller, run.id());
  int handled = 0;
  while (true) {
    display.Draw();
    const auto news = watch.Next(kFrame);
    if (news.has_value() && news->message.has_value()) {
      app.printer.Json(*news->message);
      if (news->message->has_event()) display.Show(news->message->event());
      if (news->message->has_run()) {
        latest = news->message->run();
        display.Show(latest);
      }
    } else if (news.has_value() && news->reconnecting) {
      display.Note("connection lost, trying again");
    } else if (news.has_value() && news->end.has_value()) {
      display.End();
      if (news->end->ok()) break;
      const v1::Reason reason = contract::ReasonOf(*news->end);
      const bool refused = contract::RowOf(reason).exit != contract::ExitCode::kUnreachable;
      if (refused) return *news->end;
      return Left(latest, options.started_here, "the controller is out of reach");
    }

    if (interrupts.count() <= handled) continue;
    const bool again = handled > 0;
    handled = interrupts.count();
    if (!options.started_here || latest.state() != v1::RUN_STATE_HELD || again) {
      display.End();
      return Left(latest, options.started_here, "stopped watching");
    }
    v1::CancelRunRequest request;
    request.set_run_id(run.id());
    request.set_request_id(NewRequestId());
    const auto response = controller.CancelRun(request);
    if (!response.ok()) {
      display.Note("could not cancel: " + std::string(response.status().message()));
      continue;
    }
    latest = response->run();
    display.Show(latest);
    if (latest.state() == v1::RUN_STATE_CANCELLED) {
      v1::WatchRunResponse last;
      *last.mutable_run() = latest;
      app.printer.Json(last);
      display.End();
      break;
    }
    display.Note("too late to cancel at once; the agent is asked to, Ctrl+C again leaves it");
  }
  app.printer.Page(RenderRunSummary(app.printer.OutLook(), latest, display.failed()));
  return ExitOf(latest);
}

}  // namespace resetctl::client

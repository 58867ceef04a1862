#include "client/output/next_step.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/output/exit_codes.h"
#include "client/output/times.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {
namespace {

constexpr char kAway[] =
    "Do not reset by other means. Start its reset-agent beside the database, or mend its way to "
    "the "
    "controller; it then says by itself what is true:";
constexpr char kNotKnown[] =
    "The agent asks the database until the answer is certain; see that it can reach it";

// What the agent advises, who knows why it cannot be certain.
std::string HowToKnow(const v1::Run& run) {
  const std::string& advice = run.problem().advice();
  return absl::StrCat("Do not reset by other means. ", advice.empty() ? kNotKnown : advice,
                      absl::EndsWith(advice, ".") ? "" : ".", " Watch it:");
}

// Before it is offered nothing depends on the agent.
bool IsAway(const v1::Run& run) {
  return !EndStateOf(run.state()).ended && run.state() != v1::RUN_STATE_HELD && !run.agent_online();
}

}  // namespace

std::string LastSeen(const Look& look, const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return "";
  return absl::StrCat(", last seen ", When(look, TimeOf(time)), " (", Ago(TimeOf(time), look.now),
                      ")");
}

std::string NextLines(const Look& look, const v1::Run& run) {
  const std::string plan = contract::ShortId(run.plan_id());
  const std::string id = contract::ShortId(run.id());
  const bool stale = ExitOf(run) == contract::ExitCode::kStale;
  switch (run.state()) {
    case v1::RUN_STATE_REFUSED:
    case v1::RUN_STATE_ROLLED_BACK:
      if (stale) {
        return absl::StrCat(
            "The target is no longer what was approved: make a new plan. What differs:\n"
            "  resetctl show NEW_PLAN --diff ",
            plan, "\n");
      }
      return absl::StrCat(Wrap("The approvals stand. Mend the blueprint and make a new plan, or "
                               "run it again while the plan is valid:",
                               look.width, 0),
                          "\n  resetctl run ", plan, "\n");
    case v1::RUN_STATE_CANCELLED:
      return absl::StrCat("To run it after all:  resetctl run ", plan, "\n");
    case v1::RUN_STATE_NEEDS_ATTENTION:
      if (run.problem().reason() == v1::REASON_COMMIT_LOST) {
        // Nothing is left that a resume could repeat.
        return absl::StrCat("Look at the data, then:  resetctl target rebind ", run.target(),
                            " --env ", run.environment(), "\n");
      }
      return absl::StrCat("Mend it, then:  resetctl resume ", id,
                          "    (repeats only what is left)\n");
    case v1::RUN_STATE_SUCCEEDED:
      return absl::StrCat("Report:  resetctl report ", id, " -o run.html\n");
    default:
      break;
  }
  if (IsAway(run)) return absl::StrCat(Wrap(kAway, look.width, 0), "\n  resetctl watch ", id, "\n");
  if (run.state() == v1::RUN_STATE_UNKNOWN) {
    return absl::StrCat(Wrap(HowToKnow(run), look.width, 0), "\n  resetctl watch ", id, "\n");
  }
  return absl::StrCat("Watch it:  resetctl watch ", id, "\n");
}

std::optional<v1::Problem> TroubleOf(const Look& look, const v1::Run& run) {
  const EndState& state = EndStateOf(run.state());
  const std::string id = contract::ShortId(run.id());
  const std::string is =
      absl::StrCat(id, " of ", run.environment(), " / ", run.target(), ": ", state.title);
  const auto trouble = [](v1::Reason reason, absl::string_view what, absl::string_view way_out,
                          absl::string_view command) {
    return contract::MakeProblem(reason, what, absl::StrCat(way_out, " ", command));
  };
  if (IsAway(run)) {
    return trouble(
        v1::REASON_AGENT_OFFLINE,
        absl::StrCat(is, ", and its agent is away", LastSeen(look, run.agent_seen_time())), kAway,
        absl::StrCat("resetctl watch ", id));
  }
  if (run.state() == v1::RUN_STATE_UNKNOWN) {
    return trouble(
        v1::REASON_OUTCOME_UNKNOWN,
        absl::StrCat(is, ", ", run.has_problem() ? run.problem().message() : state.meaning),
        HowToKnow(run), absl::StrCat("resetctl watch ", id));
  }
  if (run.state() == v1::RUN_STATE_NEEDS_ATTENTION) {
    const bool lost = run.problem().reason() == v1::REASON_COMMIT_LOST;
    return trouble(
        run.problem().reason(), absl::StrCat(is, ", ", run.problem().message()),
        lost ? "Look at the data, then:" : "Mend it, then:",
        lost ? absl::StrCat("resetctl target rebind ", run.target(), " --env ", run.environment())
             : absl::StrCat("resetctl resume ", id));
  }
  // What changed nothing needs no review.
  if (run.state() == v1::RUN_STATE_SUCCEEDED && !run.break_glass().empty() &&
      run.reviewer().empty()) {
    return trouble(v1::REASON_REVIEW_MISSING,
                   absl::StrCat(is, ", the glass was broken for it and nobody has reviewed it"),
                   "Somebody else looks at it:", absl::StrCat("resetctl audit review ", id));
  }
  return std::nullopt;
}

}  // namespace resetctl::client

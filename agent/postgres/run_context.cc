#include "agent/postgres/run_context.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/base/clock.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {

StepNotes::StepNotes(StepObserver& observer, v1::StepKind step, absl::string_view name,
                     int64_t total, absl::string_view unit)
    : observer_(observer), started_(base::RealClock().Steady()) {
  note_.step = step;
  note_.name = base::Str(name);
  note_.total = total;
  note_.unit = base::Str(unit);
  Send(v1::EVENT_KIND_STARTED, 0, "");
}

void StepNotes::Send(v1::EventKind kind, int64_t done, absl::string_view detail) {
  note_.kind = kind;
  note_.done = done;
  note_.detail = base::Str(detail);
  note_.took = base::RealClock().Steady() - started_;
  observer_.OnStep(note_);
}

void StepNotes::Progress(int64_t done, absl::string_view detail) {
  Send(v1::EVENT_KIND_PROGRESS, done, detail);
}

void StepNotes::Succeed(int64_t done, absl::string_view detail) {
  Send(v1::EVENT_KIND_SUCCEEDED, done, detail);
}

absl::Status StepNotes::Fail(absl::Status status) {
  note_.problem = contract::ProblemOf(status);
  Send(v1::EVENT_KIND_FAILED, 0, "");
  return status;
}

std::string Alone(const Relation& table) {
  return table.kind == RelationKind::kPartitioned ? table.quoted
                                                  : absl::StrCat("only ", table.quoted);
}

int64_t RunContext::RowsInAll() const {
  int64_t all = 0;
  for (const auto& [oid, count] : rows) all += count.rows;
  return all;
}

bool RunContext::ClearFiresTriggers() const {
  return std::any_of(
      catalog.triggers.begin(), catalog.triggers.end(), [this](const Trigger& trigger) {
        return (trigger.on_delete || trigger.on_truncate) && clear.IsCleared(trigger.table);
      });
}

bool RunContext::OnlyOwnStatementsRun() const {
  return order.steps.empty() && !ClearFiresTriggers();
}

std::string Thousands(int64_t number) {
  std::string digits = absl::StrCat(number);
  for (int at = static_cast<int>(digits.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3) {
    digits.insert(static_cast<size_t>(at), ",");
  }
  return digits;
}

}  // namespace resetctl::agent

#include "tests/bench/load_people.h"

#include <chrono>
#include <optional>
#include <utility>

#include "client/app/run_watch.h"
#include "client/app/statements.h"
#include "client/commands/decide.h"
#include "client/commands/make_plan.h"
#include "proto/base/clock.h"
#include "proto/contract/reasons.h"
#include "tests/support/must.h"

namespace resetctl::bench {
namespace {

absl::Time Now() { return base::RealClock().Now(); }

}  // namespace

void Tally::Count(const std::string& what) {
  base::MutexLock lock(mutex_);
  ++counts_[what];
}

void Tally::Count(const std::string& what, const absl::Status& error) {
  const v1::Reason reason = contract::ReasonOf(error);
  Count(what + ": " +
        (reason == v1::REASON_UNSPECIFIED ? absl::StatusCodeToString(error.code())
                                          : std::string(contract::NameOf(reason))));
}

std::map<std::string, int64_t> Tally::Counts() const {
  base::MutexLock lock(mutex_);
  return counts_;
}

Person::Person(const client::Settings& settings)
    : connection(support::Must(client::Connection::Open(settings, base::RealClock()))),
      controller(*connection) {}

Team::Team(Settings settings, Tally& tally)
    : settings_(std::move(settings)),
      tally_(tally),
      random_(settings_.seed),
      author_(settings_.of(settings_.author)) {
  for (const std::string& person : settings_.approvers) {
    approvers_.push_back(std::make_unique<Person>(settings_.of(person)));
  }
  thread_ = std::thread([this] { Work(); });
}

Team::~Team() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

bool Team::stopping() {
  base::MutexLock lock(mutex_);
  return stopping_;
}

void Team::Work() {
  while (!stopping()) {
    const Target& target = settings_.targets[random_() % settings_.targets.size()];
    const absl::Status status = Round(target);
    if (!status.ok()) tally_.Count("given up", status);
    const absl::Duration pause =
        settings_.longest_pause * std::uniform_real_distribution<double>(0, 1)(random_);
    const absl::Duration until = base::RealClock().Steady() + pause;
    base::MutexLock lock(mutex_);
    for (absl::Duration left = pause; !stopping_ && left > absl::ZeroDuration();
         left = until - base::RealClock().Steady()) {
      changed_.WaitFor(mutex_, std::chrono::milliseconds(absl::ToInt64Milliseconds(left) + 1));
    }
  }
}

absl::StatusOr<client::CheckedPlan> Team::Plan(const Target& target) {
  const client::PlanWish wish = {.environment = target.environment,
                                 .target = target.name,
                                 .bundle = target.bundle,
                                 .sets = {},
                                 .reason = "load"};
  const auto statement = client::PlanStatement(wish, settings_.author, Now());
  if (!statement.ok()) return statement.status();
  auto signed_statement = author_.connection->Sign(*statement);
  if (!signed_statement.ok()) return signed_statement.status();
  v1::CreatePlanRequest request;
  request.set_environment(wish.environment);
  request.set_target(wish.target);
  request.set_bundle(wish.bundle);
  *request.mutable_plan_statement() = *std::move(signed_statement);
  request.set_request_id(client::NewRequestId());
  const auto response = author_.controller.CreatePlan(request);
  if (!response.ok()) return response.status();
  if (response->problems_size() > 0) return contract::ErrorFrom(response->problems(0));
  return client::CheckPlan(response->plan(), "p-");
}

absl::StatusOr<std::string> Team::Start(const client::CheckedPlan& plan) {
  const auto statement = client::RunStatement(plan, plan.Phrase(), "", settings_.author, Now());
  if (!statement.ok()) return statement.status();
  auto signed_statement = author_.connection->Sign(*statement);
  if (!signed_statement.ok()) return signed_statement.status();
  v1::StartRunRequest request;
  request.set_plan_id(plan.id);
  *request.mutable_run_statement() = *std::move(signed_statement);
  request.set_detach(true);
  request.set_request_id(client::NewRequestId());
  const auto response = author_.controller.StartRun(request);
  if (!response.ok()) return response.status();
  return response->run().id();
}

absl::Status Team::Round(const Target& target) {
  if (target.fill) target.fill();
  const auto plan = Plan(target);
  if (!plan.ok()) return plan.status();
  tally_.Count("plans");
  for (const std::unique_ptr<Person>& approver : approvers_) {
    const auto fetched = client::FetchPlan(approver->controller, plan->id);
    if (!fetched.ok()) return fetched.status();
    const auto decided = client::Decide(approver->controller, *fetched, "approve", "load", Now());
    if (!decided.ok()) return decided.status();
    tally_.Count("approvals");
  }
  const auto run_id = Start(*plan);
  if (!run_id.ok()) return run_id.status();
  tally_.Count("runs started");
  if (Chance(20)) {
    v1::CancelRunRequest cancel;
    cancel.set_run_id(*run_id);
    cancel.set_request_id(client::NewRequestId());
    const auto cancelled = author_.controller.CancelRun(cancel);
    if (!cancelled.ok()) return cancelled.status();
    tally_.Count("cancels asked for");
  }
  if (settings_.watches_all || Chance(3)) Watch(*run_id);
  return absl::OkStatus();
}

void Team::Watch(const std::string& run_id) {
  client::RunWatch watch(author_.controller, run_id);
  while (!stopping()) {
    const std::optional<client::RunWatch::News> news = watch.Next(absl::Milliseconds(500));
    if (!news) continue;
    if (news->reconnecting) tally_.Count("watches taken up again");
    if (!news->end) continue;
    if (news->end->ok()) {
      tally_.Count("runs watched to their end");
    } else {
      tally_.Count("watch given up", *news->end);
    }
    return;
  }
}

}  // namespace resetctl::bench

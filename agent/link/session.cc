#include "agent/link/session.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/base/failpoint.h"
#include "proto/base/log.h"

namespace resetctl::agent {

void LinkSession::Start(MessageSink* sink, const base::Moment& now) {
  sink_ = sink;
  welcomed_ = false;
  sent_ = 0;
  last_heard_ = now.steady;
  next_heartbeat_ = absl::InfiniteDuration();
  v1::AttachRequest message;
  v1::AgentHello& hello = *message.mutable_hello();
  hello = work_.MakeHello();
  for (v1::RunReport& report : book_.HelloReports()) *hello.add_open_runs() = std::move(report);
  sink_->Send(std::move(message));
  base::Failpoint("agent.hello.sent");
}

void LinkSession::End() {
  sink_ = nullptr;
  welcomed_ = false;
}

void LinkSession::Receive(v1::AttachResponse message, const base::Moment& now) {
  if (sink_ == nullptr) return;
  last_heard_ = now.steady;
  if (message.has_welcome()) return Welcome(message.welcome(), now);
  if (!welcomed_) {
    // A controller that speaks before it has read our hello is not one that we understand.
    base::Log(base::LogLevel::kWarning, "message before the welcome; closing the stream");
    sink_->Close();
    return;
  }
  switch (message.message_case()) {
    case v1::AttachResponse::kPlanOrder:
      work_.TakePlanOrder(std::move(*message.mutable_plan_order()));
      break;
    case v1::AttachResponse::kLogProof:
      TakeLogProof(&message.log_proof());
      break;
    case v1::AttachResponse::kOffer:
      if (message.offer().has_log_proof()) TakeLogProof(&message.offer().log_proof());
      work_.TakeOffer(std::move(*message.mutable_offer()));
      break;
    case v1::AttachResponse::kResume:
      work_.TakeResume(std::move(*message.mutable_resume()));
      break;
    case v1::AttachResponse::kRebind:
      work_.TakeRebind(std::move(*message.mutable_rebind()));
      break;
    case v1::AttachResponse::kTwin:
      work_.TakeTwin(std::move(*message.mutable_twin()));
      break;
    case v1::AttachResponse::kCancel:
      work_.Cancel(message.cancel().run_id());
      break;
    case v1::AttachResponse::kEventAck:
      book_.AcknowledgeEvents(message.event_ack().run_id(), message.event_ack().seq());
      Pump();
      break;
    case v1::AttachResponse::kReportAck:
      book_.AcknowledgeReport(message.report_ack().run_id(), message.report_ack().state());
      Pump();
      break;
    case v1::AttachResponse::kDrain:
      base::Log(base::LogLevel::kInfo, "the controller is about to stop");
      sink_->Close();
      break;
    case v1::AttachResponse::kHeartbeatAck:
    case v1::AttachResponse::kWelcome:
    case v1::AttachResponse::MESSAGE_NOT_SET:
      break;
  }
}

void LinkSession::Welcome(const v1::AgentWelcome& welcome, const base::Moment& now) {
  if (welcomed_) return;
  welcomed_ = true;
  const absl::Duration lease =
      absl::Seconds(welcome.lease().seconds()) + absl::Nanoseconds(welcome.lease().nanos());
  lease_ = std::max(lease, absl::Milliseconds(100));
  next_heartbeat_ = now.steady + lease_ / 3;
  const absl::Duration skew =
      absl::AbsDuration(absl::FromUnixSeconds(welcome.time().seconds()) - now.wall);
  if (welcome.has_time() && skew > absl::Minutes(1)) {
    base::Log(base::LogLevel::kWarning, "the controller's clock differs",
              {{"by", absl::FormatDuration(absl::Trunc(skew, absl::Seconds(1)))}});
  }
  base::Log(base::LogLevel::kInfo, "attached to the controller");
  base::Failpoint("agent.welcomed");
  TakeLogProof(welcome.has_log_proof() ? &welcome.log_proof() : nullptr);
  if (work_.Draining()) Beat();
  for (const std::string& run_id : welcome.expected_runs()) work_.AnswerExpected(run_id);
  Pump();
}

void LinkSession::TakeLogProof(const v1::LogProof* proof) {
  std::optional<v1::AttachRequest> answer = work_.TakeLogProof(proof);
  if (answer) sink_->Send(*std::move(answer));
}

void LinkSession::Pump() {
  if (sink_ == nullptr || !welcomed_) return;
  const size_t waiting = book_.Waiting(sent_);
  if (waiting >= kWindow) return;
  for (RunBook::Item& item : book_.After(sent_, kWindow - waiting)) {
    sent_ = item.position;
    sink_->Send(std::move(item.message));
    base::Failpoint("agent.message.sent");
  }
}

void LinkSession::Reply(v1::AttachRequest message) {
  if (sink_ == nullptr || !welcomed_) return;
  sink_->Send(std::move(message));
}

void LinkSession::OnTime(absl::Duration now) {
  if (sink_ == nullptr) return;
  if (now >= last_heard_ + lease_ * 2) {
    base::Log(base::LogLevel::kWarning, "the controller is silent; closing the stream");
    sink_->Close();
    return;
  }
  if (now < next_heartbeat_) return;
  next_heartbeat_ = now + lease_ / 3;
  book_.CatchUp();
  if (work_.WantsNewStream()) {
    base::Log(base::LogLevel::kInfo, "there is something new to say in a hello; attaching anew");
    sink_->Close();
    return;
  }
  Beat();
}

void LinkSession::Beat() {
  if (sink_ == nullptr || !welcomed_) return;
  v1::AttachRequest message;
  message.mutable_heartbeat()->set_active_run_id(work_.ActiveRun());
  message.mutable_heartbeat()->set_draining(work_.Draining());
  sink_->Send(std::move(message));
}

absl::Duration LinkSession::NextTime() const {
  if (sink_ == nullptr) return absl::InfiniteDuration();
  return std::min(next_heartbeat_, last_heard_ + lease_ * 2);
}

}  // namespace resetctl::agent

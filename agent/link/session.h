#ifndef RESETCTL_AGENT_LINK_SESSION_H_
#define RESETCTL_AGENT_LINK_SESSION_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "agent/service/run_book.h"
#include "proto/base/clock.h"
#include "resetctl/v1/agent_link.pb.h"

namespace resetctl::agent {

// What the link asks of the agent. No call blocks: work goes to the agent's own threads, and its answers come back through
// Link::Reply().
class LinkWork {
 public:
  virtual ~LinkWork() = default;
  virtual v1::AgentHello MakeHello() = 0;  // without open_runs
  virtual void TakePlanOrder(v1::PlanOrder order) = 0;
  virtual void TakeOffer(v1::RunOffer offer) = 0;
  virtual void TakeResume(v1::ResumeOffer offer) = 0;
  virtual void TakeRebind(v1::RebindOrder order) = 0;
  virtual void TakeTwin(v1::TwinOrder order) = 0;
  virtual void Cancel(const std::string& run_id) = 0;
  virtual void AnswerExpected(const std::string& run_id) = 0;
  virtual std::string ActiveRun() = 0;
  // Takes no new orders: the agent is about to stop.
  virtual bool Draining() = 0;
  // What the controller shows of its audit log; null: a welcome that shows nothing. In the order of arrival, before what comes
  // with it. The answer, if any.
  virtual std::optional<v1::AttachRequest> TakeLogProof(const v1::LogProof* proof) = 0;
  // A hello would say something else now than it did.
  virtual bool WantsNewStream() = 0;
};

// Where messages go: a stream, or a test's list.
class MessageSink {
 public:
  virtual ~MessageSink() = default;
  virtual void Send(v1::AttachRequest message) = 0;
  virtual void Close() = 0;
};

// The conversation with the controller, on decoded messages: hello and welcome, heartbeats, orders to the agent's work, events
// and reports until they are acknowledged. Knows no gRPC and no threads; belongs to the link's thread.
class LinkSession {
 public:
  LinkSession(LinkWork& work, RunBook& book) : work_(work), book_(book) {}

  // A new stream: hello first. `sink` stays until End().
  void Start(MessageSink* sink, const base::Moment& now);
  void Receive(v1::AttachResponse message, const base::Moment& now);
  void End();

  // Something new is in the book.
  void Pump();
  // A worker's answer. Dropped without a stream: plan orders end with the caller's deadline, and the next hello tells the truth
  // about runs.
  void Reply(v1::AttachRequest message);

  // A heartbeat out of turn: the agent has begun to drain.
  void Beat();

  // Heartbeats come at a third of the lease; a controller that was silent for two leases is given up. Both by the steady
  // clock. A stream whose hello is old ends at the next heartbeat.
  void OnTime(absl::Duration now);
  absl::Duration NextTime() const;

  bool welcomed() const { return welcomed_; }

 private:
  void Welcome(const v1::AgentWelcome& welcome, const base::Moment& now);
  void TakeLogProof(const v1::LogProof* proof);

  // Enough to keep a fast link busy; the controller acknowledges in batches.
  static constexpr size_t kWindow = 256;

  LinkWork& work_;
  RunBook& book_;
  MessageSink* sink_ = nullptr;
  bool welcomed_ = false;
  uint64_t sent_ = 0;  // position in the book
  absl::Duration lease_ = absl::Seconds(15);
  // By the steady clock: a date that is set changes nothing.
  absl::Duration next_heartbeat_ = absl::InfiniteDuration();
  absl::Duration last_heard_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_LINK_SESSION_H_

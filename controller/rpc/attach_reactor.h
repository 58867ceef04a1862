#ifndef RESETCTL_CONTROLLER_RPC_ATTACH_REACTOR_H_
#define RESETCTL_CONTROLLER_RPC_ATTACH_REACTOR_H_

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "controller/rpc/unary.h"
#include "controller/service/agent_desk.h"
#include "controller/service/agent_hub.h"
#include "controller/service/scheduler.h"
#include "grpcpp/support/server_callback.h"
#include "proto/base/mutex.h"
#include "resetctl/v1/agent_link.pb.h"

namespace resetctl::controller {

// One Attach stream: authenticates, moves messages through bounded queues, ends once. Owns itself until OnDone; services
// hold it as an AgentChannel and may outlive the stream.
//
//   Pump()  on the executor, one thread at a time: the only caller of StartRead, StartWrite and Finish. One read and one
//           write in flight; no lock held.
//   Work()  on the executor, one thread at a time: authorises, then hands messages to the AgentDesk in order. When it falls
//           behind, reading stops: the agent waits.
class AttachReactor : public grpc::ServerBidiReactor<v1::AttachRequest, v1::AttachResponse>,
                      public AgentChannel,
                      public std::enable_shared_from_this<AttachReactor> {
 public:
  using Stream = grpc::ServerBidiReactor<v1::AttachRequest, v1::AttachResponse>;
  static Stream* Start(Gateway& gateway, AgentDesk& desk, Scheduler& scheduler,
                       grpc::CallbackServerContext* context);

  // AgentChannel.
  void Send(v1::AttachResponse message) override;
  void Close(const absl::Status& reason) override;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  AttachReactor(Gateway& gateway, AgentDesk& desk, Scheduler& scheduler,
                grpc::CallbackServerContext* context)
      : gateway_(gateway), desk_(desk), scheduler_(scheduler), context_(context) {}

  void SchedulePump();
  void Pump();
  void ScheduleWork();
  void Work();
  bool Authorize();
  void Handle(std::vector<v1::AttachRequest> messages);
  // Closes the stream at `date`, unless it has ended.
  Scheduler::Id CloseAt(absl::Time date, const absl::Status& reason);

  Gateway& gateway_;
  AgentDesk& desk_;
  Scheduler& scheduler_;
  grpc::CallbackServerContext* const context_;
  std::shared_ptr<AttachReactor> self_;

  // Used by Work() only.
  AgentIdentity who_;
  bool authorized_ = false;
  bool refused_ = false;
  std::optional<uint64_t> session_;
  Scheduler::Id hello_timer_ = 0;
  Scheduler::Id expiry_timer_ = 0;

  // Used by Pump() and, while a write or read is in flight, by gRPC.
  v1::AttachRequest incoming_;
  v1::AttachResponse outgoing_;

  base::Mutex mutex_;
  std::deque<v1::AttachRequest> inbox_ ABSL_GUARDED_BY(mutex_);
  std::deque<v1::AttachResponse> outbox_ ABSL_GUARDED_BY(mutex_);
  bool authorizing_ ABSL_GUARDED_BY(mutex_) = true;
  bool may_read_ ABSL_GUARDED_BY(mutex_) = false;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  bool gone_told_ ABSL_GUARDED_BY(mutex_) = false;
  bool pumping_ ABSL_GUARDED_BY(mutex_) = false;
  bool pump_again_ ABSL_GUARDED_BY(mutex_) = false;
  bool working_ ABSL_GUARDED_BY(mutex_) = false;
  bool work_again_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> close_reason_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_RPC_ATTACH_REACTOR_H_

#ifndef RESETCTL_AGENT_LINK_LINK_H_
#define RESETCTL_AGENT_LINK_LINK_H_

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "agent/link/attach_stream.h"
#include "agent/link/identity_file.h"
#include "agent/link/renewal.h"
#include "agent/link/session.h"
#include "proto/base/backoff.h"
#include "proto/base/clock.h"
#include "proto/base/mutex.h"

namespace resetctl::agent {

struct LinkSettings {
  std::string controller;  // host:port
  std::string state_dir;   // where a renewed identity goes
  absl::Duration reconnect_min = absl::Seconds(1);
  absl::Duration reconnect_max = absl::Seconds(64);
};

// Keeps one Attach stream to the controller alive: connects, reconnects with jitter, beats, renews the certificate at half its
// life. One thread; gRPC's threads and the agent's workers only leave things in its inbox. Calls end on that thread too: each
// leaves its own hold there (see AttachStream::Handlers::on_end), and Stop() waits for them.
class Link {
 public:
  Link(LinkSettings settings, Identity identity, LinkWork& work, RunBook& book,
       const base::Clock& clock);
  ~Link();  // Stop()
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void Start();
  // Ends the stream, a renewal that is on its way, and the thread.
  void Stop();
  // From any thread: welcomed, and the stream has not ended.
  bool attached() const { return attached_; }
  // Tells the controller at once that the agent drains.
  void TellDraining();
  // A worker's answer to a plan order or an offer.
  void Reply(v1::AttachRequest message);

 private:
  using Task = std::function<void()>;
  // Outlives the link where somebody who posts still holds it.
  struct Inbox {
    base::Mutex mutex;
    base::CondVar changed;
    std::deque<Task> tasks ABSL_GUARDED_BY(mutex);
    bool closed ABSL_GUARDED_BY(mutex) = false;  // takes no more tasks
    void Post(Task task) ABSL_LOCKS_EXCLUDED(mutex);
    // What was posted; waits for it, for `timeout` at most.
    std::deque<Task> Take(absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mutex);
    void Close() ABSL_LOCKS_EXCLUDED(mutex);
  };

  void Loop();
  void RunTasks(absl::Duration timeout);
  void Connect();
  void Ended(const absl::Status& status);
  void MaybeRenew(absl::Time now);
  void Renewed(absl::StatusOr<Identity> renewed);
  // From now on: until something is to be done.
  absl::Duration Wait() const;
  // The certificate: it can still be renewed, but opens no stream.
  bool Expired() const { return identity_.not_after <= clock_.Now(); }

  const LinkSettings settings_;
  LinkWork& work_;
  RunBook& book_;
  const base::Clock& clock_;
  const std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();

  // The thread's own.
  Identity identity_;
  LinkSession session_;
  // Only a Welcome resets it.
  base::Backoff backoff_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::AgentLinkService::Stub> stub_;
  std::shared_ptr<AttachStream> stream_;  // null: it has ended
  bool welcomed_ = false;
  absl::Duration connect_at_ = absl::ZeroDuration();  // by the steady clock
  absl::Time renew_at_;                               // a date, as the certificate's end is one
  std::shared_ptr<Renewal> renewal_;                  // null: none is on its way
  bool stopping_ = false;
  bool changing_ = false;  // the stream ends because the next one has another certificate
  std::string last_complaint_;

  std::atomic<bool> attached_ = false;  // written by the thread, read by others

  std::thread thread_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_LINK_LINK_H_

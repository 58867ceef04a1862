#ifndef RESETCTL_TESTS_E2E_ROGUE_CONTROLLER_H_
#define RESETCTL_TESTS_E2E_ROGUE_CONTROLLER_H_

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "proto/base/mutex.h"
#include "proto/transport/tls.h"
#include "resetctl/v1/agent_link.pb.h"

namespace grpc {
class Server;
}

namespace resetctl::support {

// A controller in the wrong hands: a real gRPC server with real TLS and a CA of its own, to which a real agent is enrolled and
// attached, and that says whatever a test wants. What the agent says is acknowledged and kept until somebody waits for it.
// Everything that waits throws std::runtime_error after a minute.
class RogueController {
 public:
  // Whom Enroll makes a certificate for, whatever the token is.
  RogueController(std::string environment, std::string target);
  ~RogueController();

  const std::string& address() const { return address_; }
  const std::string& ca_pin() const { return ca_pin_; }

  // Whether a hello is answered by a welcome, and by which.
  void Greet(bool greet) ABSL_LOCKS_EXCLUDED(mutex_);
  void GreetWith(v1::AgentWelcome welcome) ABSL_LOCKS_EXCLUDED(mutex_);
  // How many streams there have been.
  int hellos() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Until stream number `hellos` + 1 (or a later one) is there.
  void AwaitHelloAfter(int hellos) ABSL_LOCKS_EXCLUDED(mutex_);
  // Ends the stream; the agent comes back.
  void HangUp();

  // From now on it speaks as one of the next minor version would: unknown fields in each message, an unknown message before each.
  void SpeakAsNextMinor() { next_minor_ = true; }
  // To the agent, if there is one now.
  void Say(const v1::AttachResponse& message);
  // As one message of the stream, whatever the bytes are.
  void SayBytes(const std::string& bytes);

  // What the agent has answered to an order that is said now.
  v1::PlanReply Order(const v1::PlanOrder& order);
  v1::OfferReply Offer(const v1::RunOffer& offer);
  v1::OfferReply Resume(const v1::ResumeOffer& offer);
  v1::RebindReply Rebind(const v1::RebindOrder& order);
  v1::TwinReply Twin(const v1::TwinOrder& order);
  // The next answer to an offer or a resume of the run.
  v1::OfferReply AwaitOfferReply(const std::string& run_id);
  // The next report of the run with an end state.
  v1::RunReport AwaitEnd(const std::string& run_id);
  // The agent has said in a heartbeat that it is about to stop.
  void AwaitDraining();
  // The agent reads what it is told, on this stream or, if what it was told has ended it, on the next one.
  void AwaitAttention();

 private:
  class Service;
  using Wanted = std::function<bool(const v1::AttachRequest&)>;

  void Hear(const v1::AttachRequest& message) ABSL_LOCKS_EXCLUDED(mutex_);
  // The first message that fits, which is forgotten then.
  v1::AttachRequest AwaitMessage(const std::string& what, const Wanted& wanted)
      ABSL_LOCKS_EXCLUDED(mutex_);

  const std::string environment_;
  const std::string target_;
  transport::KeyAndCertificate ca_;
  std::string ca_pin_;
  std::string address_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;

  std::atomic<bool> next_minor_ = false;

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  bool greet_ ABSL_GUARDED_BY(mutex_) = true;
  v1::AgentWelcome welcome_ ABSL_GUARDED_BY(mutex_);
  int hellos_ ABSL_GUARDED_BY(mutex_) = 0;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  int probes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<v1::AttachRequest> heard_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace resetctl::support

#endif  // RESETCTL_TESTS_E2E_ROGUE_CONTROLLER_H_

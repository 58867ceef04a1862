#include "tests/e2e/rogue_controller.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/support/method_handler.h>
#include <grpcpp/support/sync_stream.h>

#include "absl/status/statusor.h"
#include "proto/base/clock.h"
#include "tests/support/await.h"
#include "tests/support/next_minor.h"

namespace resetctl::support {
namespace {

constexpr std::chrono::minutes kPatience(1);

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) throw std::runtime_error(value.status().ToString());
  return *std::move(value);
}

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace

// Attach carries bytes instead of messages, so that they need not be messages. Registered as generated services register theirs.
class RogueController::Service : public grpc::Service {
 public:
  using Stream = grpc::ServerReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>;
  using Method = grpc::internal::RpcMethod;

  explicit Service(RogueController& rogue) : rogue_(rogue) {
    AddMethod(new grpc::internal::RpcServiceMethod(
        "/resetctl.v1.AgentLinkService/Enroll", Method::NORMAL_RPC,
        new grpc::internal::RpcMethodHandler<Service, v1::EnrollRequest, v1::EnrollResponse,
                                             grpc::protobuf::MessageLite,
                                             grpc::protobuf::MessageLite>(
            [](Service* self, grpc::ServerContext*, const v1::EnrollRequest* request,
               v1::EnrollResponse* response) { return self->Enroll(*request, response); },
            this)));
    AddMethod(new grpc::internal::RpcServiceMethod(
        "/resetctl.v1.AgentLinkService/Attach", Method::BIDI_STREAMING,
        new grpc::internal::BidiStreamingHandler<Service, grpc::ByteBuffer, grpc::ByteBuffer>(
            [](Service* self, grpc::ServerContext* context, Stream* stream) {
              return self->Attach(context, stream);
            },
            this)));
  }

  void Write(const std::string& bytes) ABSL_LOCKS_EXCLUDED(mutex_) {
    base::MutexLock lock(mutex_);
    if (stream_ != nullptr) stream_->Write(BufferOf(bytes));
  }
  void Cancel() ABSL_LOCKS_EXCLUDED(mutex_) {
    base::MutexLock lock(mutex_);
    if (context_ != nullptr) context_->TryCancel();
  }

 private:
  grpc::Status Enroll(const v1::EnrollRequest& request, v1::EnrollResponse* response) {
    const auto certificate =
        transport::IssueAgentCertificate(rogue_.ca_, request.csr(), rogue_.environment_,
                                         rogue_.target_, base::RealClock().Now(), absl::Hours(24));
    if (!certificate.ok()) return {grpc::StatusCode::INVALID_ARGUMENT, "no certificate"};
    response->set_certificate(*certificate);
    response->set_ca(rogue_.ca_.certificate_pem);
    response->set_environment(rogue_.environment_);
    response->set_target(rogue_.target_);
    return grpc::Status::OK;
  }

  grpc::Status Attach(grpc::ServerContext* context, Stream* stream) {
    grpc::ByteBuffer buffer;
    if (!stream->Read(&buffer)) return grpc::Status::OK;
    {
      base::MutexLock lock(mutex_);
      context_ = context;
      stream_ = stream;
    }
    v1::AttachResponse welcome;
    bool greet = false;
    {
      base::MutexLock lock(rogue_.mutex_);
      greet = rogue_.greet_;
      *welcome.mutable_welcome() = rogue_.welcome_;
    }
    if (greet) rogue_.Say(welcome);
    {
      base::MutexLock lock(rogue_.mutex_);
      ++rogue_.hellos_;
      rogue_.changed_.SignalAll();
    }
    while (stream->Read(&buffer)) {
      v1::AttachRequest message;
      if (message.ParseFromString(BytesOf(buffer))) rogue_.Hear(message);
    }
    base::MutexLock lock(mutex_);
    if (stream_ == stream) {
      stream_ = nullptr;
      context_ = nullptr;
    }
    return grpc::Status::OK;
  }

  RogueController& rogue_;

  // The newest stream; a write holds the mutex.
  base::Mutex mutex_;
  grpc::ServerContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;
  Stream* stream_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

RogueController::RogueController(std::string environment, std::string target)
    : environment_(std::move(environment)), target_(std::move(target)) {
  const absl::Time now = base::RealClock().Now();
  ca_ = Must(transport::MakeCa("rogue", now, absl::Hours(24)));
  ca_pin_ = Must(transport::CertificatePin(ca_.certificate_pem));
  const transport::KeyAndCertificate server =
      Must(transport::IssueServerCertificate(ca_, {"127.0.0.1"}, now, absl::Hours(24)));
  welcome_.mutable_lease()->set_seconds(15);
  welcome_.mutable_time()->set_seconds(absl::ToUnixSeconds(now));
  service_ = std::make_unique<Service>(*this);
  grpc::ServerBuilder builder;
  transport::ConfigureServer(&builder);
  int port = 0;
  builder.AddListeningPort(
      "127.0.0.1:0",
      transport::ControllerCredentials(
          ca_.certificate_pem, server.certificate_pem + ca_.certificate_pem, server.key_pem),
      &port);
  builder.RegisterService(service_.get());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port == 0) throw std::runtime_error("the rogue cannot listen");
  address_ = "127.0.0.1:" + std::to_string(port);
}

RogueController::~RogueController() { server_->Shutdown(std::chrono::system_clock::now()); }

void RogueController::Greet(bool greet) {
  base::MutexLock lock(mutex_);
  greet_ = greet;
}

void RogueController::GreetWith(v1::AgentWelcome welcome) {
  base::MutexLock lock(mutex_);
  welcome_ = std::move(welcome);
}

int RogueController::hellos() const {
  base::MutexLock lock(mutex_);
  return hellos_;
}

void RogueController::AwaitHelloAfter(int hellos) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  base::MutexLock lock(mutex_);
  while (hellos_ <= hellos) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("no agent attached");
    changed_.WaitFor(mutex_, std::chrono::seconds(1));
  }
}

void RogueController::HangUp() { service_->Cancel(); }

void RogueController::Say(const v1::AttachResponse& message) {
  if (!next_minor_) return SayBytes(message.SerializeAsString());
  v1::AttachResponse said = message;
  test::SpeakNextMinor(&said);
  // Nothing comes before a welcome.
  if (!said.has_welcome()) SayBytes(test::OfANewKind<v1::AttachResponse>().SerializeAsString());
  SayBytes(said.SerializeAsString());
}

void RogueController::SayBytes(const std::string& bytes) { service_->Write(bytes); }

void RogueController::Hear(const v1::AttachRequest& message) {
  v1::AttachResponse answer;
  if (message.has_heartbeat()) {
    answer.mutable_heartbeat_ack();
  } else if (message.has_event()) {
    answer.mutable_event_ack()->set_run_id(message.event().run_id());
    answer.mutable_event_ack()->set_seq(message.event().seq());
  } else if (message.has_report()) {
    answer.mutable_report_ack()->set_run_id(message.report().run_id());
    answer.mutable_report_ack()->set_state(message.report().state());
  }
  if (answer.message_case() != v1::AttachResponse::MESSAGE_NOT_SET) Say(answer);
  if (message.has_event()) return;
  base::MutexLock lock(mutex_);
  if (message.has_heartbeat()) {
    draining_ = message.heartbeat().draining();
    changed_.SignalAll();
    return;
  }
  heard_.push_back(message);
  changed_.SignalAll();
}

v1::AttachRequest RogueController::AwaitMessage(const std::string& what, const Wanted& wanted) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  base::MutexLock lock(mutex_);
  for (;;) {
    const auto found = std::find_if(heard_.begin(), heard_.end(), wanted);
    if (found != heard_.end()) {
      v1::AttachRequest message = std::move(*found);
      heard_.erase(found);
      return message;
    }
    if (std::chrono::steady_clock::now() > end) {
      throw std::runtime_error(what + ": the agent did not say so within a minute");
    }
    changed_.WaitFor(mutex_, std::chrono::seconds(1));
  }
}

v1::PlanReply RogueController::Order(const v1::PlanOrder& order) {
  v1::AttachResponse message;
  *message.mutable_plan_order() = order;
  Say(message);
  return AwaitMessage("an answer to plan order " + order.order_id(),
                      [&](const v1::AttachRequest& heard) {
                        return heard.has_plan_reply() &&
                               heard.plan_reply().order_id() == order.order_id();
                      })
      .plan_reply();
}

v1::OfferReply RogueController::AwaitOfferReply(const std::string& run_id) {
  return AwaitMessage("an answer to the offer of run " + run_id,
                      [&](const v1::AttachRequest& heard) {
                        return heard.has_offer_reply() && heard.offer_reply().run_id() == run_id;
                      })
      .offer_reply();
}

v1::OfferReply RogueController::Offer(const v1::RunOffer& offer) {
  v1::AttachResponse message;
  *message.mutable_offer() = offer;
  Say(message);
  return AwaitOfferReply(offer.run_id());
}

v1::OfferReply RogueController::Resume(const v1::ResumeOffer& offer) {
  v1::AttachResponse message;
  *message.mutable_resume() = offer;
  Say(message);
  return AwaitOfferReply(offer.run_id());
}

v1::RebindReply RogueController::Rebind(const v1::RebindOrder& order) {
  v1::AttachResponse message;
  *message.mutable_rebind() = order;
  Say(message);
  return AwaitMessage("an answer to rebind order " + order.order_id(),
                      [&](const v1::AttachRequest& heard) {
                        return heard.has_rebind_reply() &&
                               heard.rebind_reply().order_id() == order.order_id();
                      })
      .rebind_reply();
}

v1::TwinReply RogueController::Twin(const v1::TwinOrder& order) {
  v1::AttachResponse message;
  *message.mutable_twin() = order;
  Say(message);
  return AwaitMessage("an answer to twin order " + order.order_id(),
                      [&](const v1::AttachRequest& heard) {
                        return heard.has_twin_reply() &&
                               heard.twin_reply().order_id() == order.order_id();
                      })
      .twin_reply();
}

v1::RunReport RogueController::AwaitEnd(const std::string& run_id) {
  return AwaitMessage("the end of run " + run_id,
                      [&](const v1::AttachRequest& heard) {
                        return heard.has_report() && heard.report().run_id() == run_id &&
                               heard.report().state() != v1::RUN_STATE_RUNNING &&
                               heard.report().state() != v1::RUN_STATE_COMMITTED &&
                               heard.report().state() != v1::RUN_STATE_UNKNOWN;
                      })
      .report();
}

void RogueController::AwaitDraining() {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  base::MutexLock lock(mutex_);
  while (!draining_) {
    if (std::chrono::steady_clock::now() > end)
      throw std::runtime_error("the agent does not drain");
    changed_.WaitFor(mutex_, std::chrono::seconds(1));
  }
}

void RogueController::AwaitAttention() {
  v1::AttachResponse probe;
  {
    base::MutexLock lock(mutex_);
    probe.mutable_plan_order()->set_order_id("probe-" + std::to_string(++probes_));
  }
  const auto answered = [&] {
    base::MutexLock lock(mutex_);
    return std::any_of(heard_.begin(), heard_.end(), [&](const v1::AttachRequest& heard) {
      return heard.plan_reply().order_id() == probe.plan_order().order_id();
    });
  };
  int asked = -1;  // the stream that was asked last; its end takes the answer with it
  Await("the agent's attention", [&] {
    const int stream = hellos();
    if (stream != asked) Say(probe);
    asked = stream;
    return answered();
  });
}

}  // namespace resetctl::support

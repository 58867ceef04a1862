// Agents and people who have a certificate or a session, and talk nonsense: the controller stays, and nothing is decided by it.
#include "tests/support/nonsense.h"

#include <random>

#include <google/protobuf/descriptor.h>
#include <grpcpp/generic/generic_stub.h>

#include "resetctl/v1/audit.grpc.pb.h"
#include "tests/controller/rpc/served_controller.h"

namespace resetctl::controller {
namespace {

class NonsenseTest : public ServedControllerTest {
 protected:
  // What was decided, by all that the controller has written down: refusals are written down as well.
  std::vector<std::string> Decisions(const std::string& token) {
    v1::ListEntriesRequest list;
    list.set_page_size(1000);
    v1::ListEntriesResponse entries;
    const grpc::Status status =
        v1::AuditService::NewStub(channel_)->ListEntries(Call(token), list, &entries);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::vector<std::string> actions;
    for (const auto& record : entries.records()) {
      if (record.decoded().outcome() == "ok") actions.push_back(record.decoded().action());
    }
    return actions;
  }
  // The hello of the agent that is enrolled.
  static v1::AttachRequest Hello() {
    v1::AttachRequest message;
    message.mutable_hello()->set_environment("production");
    message.mutable_hello()->set_target("shop");
    return message;
  }

  std::mt19937 random_{20261126};
};

TEST_F(NonsenseTest, SurvivesAnAgentsNonsense) {
  const std::string alice = Login("alice");
  Enroll(alice);
  const auto stub = v1::AgentLinkService::NewStub(Connect(
      controller_->address(), transport::AgentCredentials(ca_, agent_certificate_, agent_key_)));
  const auto* const kinds = v1::AttachRequest::descriptor();
  for (int round = 0; round < 20; ++round) {
    for (int kind = 0; kind < kinds->field_count(); ++kind) {
      grpc::ClientContext context;
      const auto stream = stub->Attach(&context);
      v1::AttachResponse answer;
      // In some rounds it is the first word, in others it follows a proper hello.
      if (round % 2 == 0) {
        stream->Write(Hello());
        ASSERT_TRUE(stream->Read(&answer));
        ASSERT_TRUE(answer.has_welcome());
      }
      v1::AttachRequest message;
      test::FillWithNonsense(random_,
                             message.GetReflection()->MutableMessage(&message, kinds->field(kind)));
      stream->Write(message);
      stream->Write(message);
      stream->WritesDone();
      while (stream->Read(&answer)) {
      }
      stream->Finish();
    }
  }
  grpc::ClientContext context;
  const auto stream = stub->Attach(&context);
  stream->Write(Hello());
  v1::AttachResponse welcome;
  EXPECT_TRUE(stream->Read(&welcome) && welcome.has_welcome());
  EXPECT_EQ(welcome.welcome().expected_runs_size(), 0);
  context.TryCancel();
  stream->Finish();
}

TEST_F(NonsenseTest, DecidesNothingByAPersonsNonsense) {
  const std::string alice = Login("alice");
  const std::vector<std::string> before = Decisions(alice);
  grpc::GenericStub stub(channel_);
  grpc::CompletionQueue queue;
  const auto* const pool = google::protobuf::DescriptorPool::generated_pool();
  for (const char* service : {"PlanService", "ApprovalService", "RunService", "TargetService",
                              "EnvironmentService", "AuditService", "LoginService"}) {
    const auto* const descriptor = pool->FindServiceByName(absl::StrCat("resetctl.v1.", service));
    ASSERT_NE(descriptor, nullptr) << service;
    for (int round = 0; round < 10; ++round) {
      for (int i = 0; i < descriptor->method_count(); ++i) {
        const auto* const method = descriptor->method(i);
        if (method->server_streaming() || method->name() == "Logout") continue;
        SCOPED_TRACE(method->full_name());
        const std::unique_ptr<google::protobuf::Message> request(
            google::protobuf::MessageFactory::generated_factory()
                ->GetPrototype(method->input_type())
                ->New());
        test::FillWithNonsense(random_, request.get());
        const grpc::Slice bytes(request->SerializeAsString());
        Call call(round % 2 == 0 ? alice : "rst-forged");
        const auto pending =
            stub.PrepareUnaryCall(call, absl::StrCat("/resetctl.v1.", service, "/", method->name()),
                                  grpc::ByteBuffer(&bytes, 1), &queue);
        pending->StartCall();
        grpc::ByteBuffer response;
        grpc::Status status;
        pending->Finish(&response, &status, nullptr);
        void* tag = nullptr;
        bool ok = false;
        ASSERT_TRUE(queue.Next(&tag, &ok));
        EXPECT_NE(status.error_code(), grpc::StatusCode::UNKNOWN) << status.error_message();
        EXPECT_NE(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << status.error_message();
      }
    }
  }
  EXPECT_EQ(Decisions(alice), before);
}

}  // namespace
}  // namespace resetctl::controller

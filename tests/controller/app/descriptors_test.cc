// The controller has no descriptors left for connections: it says so, what is connected and the store go on, and it takes
// connections again by itself.
#include <chrono>
#include <memory>
#include <poll.h>
#include <string>
#include <unistd.h>
#include <vector>

#include <arpa/inet.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "absl/strings/numbers.h"
#include "proto/base/file.h"
#include "proto/base/subprocess.h"
#include "proto/transport/tls.h"
#include "resetctl/v1/login.grpc.pb.h"
#include "tests/support/await.h"
#include "tests/support/daemon.h"
#include "tests/support/temp_folder.h"

namespace resetctl {
namespace {

constexpr char kProgram[] = RESETCTL_CONTROLLER;
constexpr rlim_t kLimit = 120;

class Connection {
 public:
  explicit Connection(int port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      ADD_FAILURE() << "the kernel takes no connection";
    }
  }
  ~Connection() { close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  // The other side has closed it.
  bool Closed() const {
    pollfd waiting{socket_, POLLIN | POLLRDHUP, 0};
    return poll(&waiting, 1, 0) > 0 && (waiting.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
  }

 private:
  const int socket_;
};

class DescriptorsTest : public testing::Test {
 protected:
  void SetUp() override {
    base::SubprocessOptions init;
    init.argv = {kProgram, "init", "--dir", Folder()};
    const auto made = base::RunSubprocess(init);
    ASSERT_TRUE(made.ok() && made->exit_code == 0) << made.status();
    const size_t pin = made->standard_output.find("sha256:");
    pin_ = made->standard_output.substr(pin, 7 + 64);
    std::string config = *base::ReadFile(Folder() + "/controller.yaml");
    const size_t listen = config.find("listen:");
    config.replace(listen, config.find('\n', listen) - listen, "listen: 127.0.0.1:0");
    ASSERT_TRUE(base::WriteFileDurably(Folder() + "/controller.yaml", config, 0600).ok());
    WritePolicy();
    const std::string file = folder_.File("address");
    controller_ = std::make_unique<support::Daemon>(
        std::vector<std::string>{kProgram, "serve", "--config", Folder() + "/controller.yaml",
                                 "--listen-file", file},
        std::vector<std::string>{}, folder_.File("log"));
    support::Await("the controller", [&] {
      address_ = base::ReadFile(file).value_or("");
      return !address_.empty() || !controller_->Running();
    });
    ASSERT_FALSE(address_.empty()) << Log();
    address_.pop_back();
    ASSERT_TRUE(absl::SimpleAtoi(address_.substr(address_.rfind(':') + 1), &port_));
    const rlimit limit{kLimit, kLimit};
    ASSERT_EQ(prlimit(controller_->pid(), RLIMIT_NOFILE, &limit, nullptr), 0);
  }

  // Somebody must be in it; nobody logs in.
  void WritePolicy() {
    base::SubprocessOptions make;
    make.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder_.File("key")};
    ASSERT_TRUE(base::RunSubprocess(make).ok());
    std::string key = *base::ReadFile(folder_.File("key.pub"));
    key.pop_back();
    ASSERT_TRUE(base::WriteFileDurably(
                    Folder() + "/policy.yaml",
                    "people:\n  alice: {keys: ['" + key +
                        "'], groups: [dba]}\nenvironments:\n  staging: {plan: [dba], run: [dba], "
                        "approvals: {required: 0}}\nadmin: {groups: [dba]}\n",
                    0644)
                    .ok());
  }
  std::string Folder() const { return folder_.File("controller"); }
  std::string Log() { return base::ReadFile(folder_.File("log")).value_or(""); }
  std::shared_ptr<grpc::Channel> Connect() {
    const auto ca = transport::FetchPinnedCa(address_, pin_);
    EXPECT_TRUE(ca.ok()) << ca.status();
    return grpc::CreateCustomChannel(address_, transport::PersonCredentials(ca.value_or("")),
                                     transport::ClientArguments());
  }
  // A challenge is written into the store.
  static grpc::Status AskForChallenge(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    v1::CreateChallengeRequest request;
    request.set_person("alice");
    v1::CreateChallengeResponse response;
    return v1::LoginService::NewStub(channel)->CreateChallenge(&context, request, &response);
  }

  test::TempFolder folder_;
  std::string pin_, address_;
  int port_ = 0;
  std::unique_ptr<support::Daemon> controller_;
};

TEST_F(DescriptorsTest, WhatIsConnectedGoesOnAndConnectionsAreTakenAgain) {
  const std::shared_ptr<grpc::Channel> channel = Connect();
  ASSERT_TRUE(AskForChallenge(channel).ok());
  std::vector<std::unique_ptr<Connection>> crowd;
  for (rlim_t i = 0; i < 2 * kLimit; ++i) crowd.push_back(std::make_unique<Connection>(port_));
  support::Await("connections to be refused", [&] { return crowd.back()->Closed(); });
  EXPECT_FALSE(crowd.front()->Closed()) << "those that came first stay";
  EXPECT_NE(Log().find("connections are refused: too many files are open"), std::string::npos);
  for (int i = 0; i < 10; ++i) {
    const grpc::Status answer = AskForChallenge(channel);
    EXPECT_TRUE(answer.ok()) << answer.error_message();
  }

  crowd.clear();
  support::Await("a connection to be taken",
                 [&] { return transport::FetchPinnedCa(address_, pin_).ok(); });
  const grpc::Status answer = AskForChallenge(Connect());
  EXPECT_TRUE(answer.ok()) << answer.error_message();
  EXPECT_NE(Log().find("connections are taken again"), std::string::npos);
  EXPECT_EQ(controller_->Stop(), 0) << Log();
}

// None are left at all, not even the reserve: connections wait in the kernel's queue, and are served when there are some again.
TEST_F(DescriptorsTest, WithoutAnyDescriptorConnectionsWait) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP()
      << "UBSan opens a pipe to look at an object's vptr, and takes it for a wrong one without";
#endif
  const std::shared_ptr<grpc::Channel> channel = Connect();
  ASSERT_TRUE(AskForChallenge(channel).ok());
  const rlimit none{4, kLimit};
  ASSERT_EQ(prlimit(controller_->pid(), RLIMIT_NOFILE, &none, nullptr), 0);
  const Connection waiting(port_);
  support::Await("the log to say so",
                 [&] { return Log().find("connections are refused") != std::string::npos; });
  EXPECT_FALSE(waiting.Closed());
  const rlimit enough{kLimit, kLimit};
  ASSERT_EQ(prlimit(controller_->pid(), RLIMIT_NOFILE, &enough, nullptr), 0);
  const grpc::Status answer = AskForChallenge(Connect());
  EXPECT_TRUE(answer.ok()) << answer.error_message();
}

}  // namespace
}  // namespace resetctl

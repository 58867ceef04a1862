#include "controller/rpc/access.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/controller/rpc/wire.h"

namespace resetctl::controller {
namespace {

TEST(AccessTest, NamesEveryRpcOnce) {
  std::multiset<std::string> named;
  for (const RpcRule& rule : kRpcRules) named.insert(std::string(rule.method));
  std::multiset<std::string> defined;
  for (const google::protobuf::FileDescriptor* file : WireFiles()) {
    for (int s = 0; s < file->service_count(); ++s) {
      const google::protobuf::ServiceDescriptor* service = file->service(s);
      for (int m = 0; m < service->method_count(); ++m) {
        defined.insert(service->name() + "/" + service->method(m)->name());
      }
    }
  }
  EXPECT_EQ(named, defined);
}

TEST(AccessTest, LetsNobodyInWithoutProofButWhereTheProofIsInTheRequest) {
  std::set<std::string> open;
  for (const RpcRule& rule : kRpcRules) {
    if (rule.who == Who::kAnybody) open.insert(std::string(rule.method));
  }
  EXPECT_THAT(open, testing::ElementsAre("AgentLinkService/Enroll", "AgentLinkService/RenewExpired",
                                         "LoginService/CreateChallenge", "LoginService/Login"));
}

TEST(AccessTest, TakesThePortOffAnAddress) {
  EXPECT_EQ(AddressOfPeer("ipv4:127.0.0.1:40312"), "127.0.0.1");
  EXPECT_EQ(AddressOfPeer("ipv6:%5B::1%5D:40312"), "%5B::1%5D");
  EXPECT_EQ(AddressOfPeer("unix:"), "unix:");
}

}  // namespace
}  // namespace resetctl::controller

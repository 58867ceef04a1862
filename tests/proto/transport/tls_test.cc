#include "proto/transport/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proto/transport/tls_fixture.h"

namespace resetctl::transport {
namespace {

using grpc::StatusCode;

class TlsTest : public testing::Test {
 protected:
  const KeyAndCertificate ca_ = FreshCa("ours");
  const KeyAndCertificate server_key_ = ServerOf(ca_);
  TlsServer server_{
      ControllerCredentials(ca_.certificate_pem, server_key_.certificate_pem, server_key_.key_pem)};

  std::shared_ptr<grpc::ChannelCredentials> Agent(const KeyAndCertificate& ca,
                                                  absl::Time now) const {
    const std::string key = MakeKey().value();
    const auto certificate =
        IssueAgentCertificate(ca, MakeCsr(key).value(), "staging", "shop", now, absl::Minutes(30));
    return AgentCredentials(ca_.certificate_pem, certificate.value(), key);
  }
};

TEST_F(TlsTest, APersonNeedsNoCertificate) {
  ASSERT_TRUE(server_.running());
  const grpc::Status status = Call(server_.address(), PersonCredentials(ca_.certificate_pem));
  EXPECT_EQ(status.error_message(), "caller:");
  EXPECT_EQ(status.error_code(), StatusCode::ALREADY_EXISTS);
}

TEST_F(TlsTest, AnAgentIsKnownByItsUri) {
  EXPECT_EQ(Call(server_.address(), Agent(ca_, absl::Now())).error_message(),
            "caller:" + AgentUri("staging", "shop"));
}

TEST_F(TlsTest, AnAgentOfAnotherCaIsTurnedAway) {
  EXPECT_EQ(Call(server_.address(), Agent(FreshCa("theirs"), absl::Now())).error_code(),
            StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, AnExpiredAgentIsTurnedAway) {
  EXPECT_EQ(Call(server_.address(), Agent(ca_, absl::Now() - absl::Minutes(40))).error_code(),
            StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, AServerOfAnotherCaIsNotBelieved) {
  EXPECT_EQ(
      Call(server_.address(), PersonCredentials(FreshCa("theirs").certificate_pem)).error_code(),
      StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, AServerUnderAnotherNameIsNotBelieved) {
  const KeyAndCertificate elsewhere = ServerOf(ca_, {"elsewhere.example.org"});
  const TlsServer server(
      ControllerCredentials(ca_.certificate_pem, elsewhere.certificate_pem, elsewhere.key_pem));
  EXPECT_EQ(Call(server.address(), PersonCredentials(ca_.certificate_pem)).error_code(),
            StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, AnAgentCannotServe) {
  const std::string key = MakeKey().value();
  const auto certificate = IssueAgentCertificate(ca_, MakeCsr(key).value(), "staging", "shop",
                                                 absl::Now(), absl::Minutes(30));
  const TlsServer impostor(ControllerCredentials(ca_.certificate_pem, certificate.value(), key));
  ASSERT_TRUE(impostor.running());
  EXPECT_EQ(Call(impostor.address(), PersonCredentials(ca_.certificate_pem)).error_code(),
            StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace resetctl::transport

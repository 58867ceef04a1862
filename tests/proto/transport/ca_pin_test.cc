#include <thread>
#include <unistd.h>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <sys/socket.h>

#include "proto/contract/reasons.h"
#include "proto/transport/openssl_ptr.h"
#include "proto/transport/tls.h"
#include "tests/proto/transport/tls_fixture.h"

namespace resetctl::transport {
namespace {

// A socket that listens on a free port of the loopback.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(any);
    bind(fd_, reinterpret_cast<sockaddr*>(&any), size);
    listen(fd_, 4);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&any), &size);
    port_ = ntohs(any.sin_port);
  }
  ~Listener() { Close(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  int Accept() const { return accept(fd_, nullptr, nullptr); }
  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

 private:
  int fd_;
  int port_ = 0;
};

std::string Pin(const KeyAndCertificate& ca) { return CertificatePin(ca.certificate_pem).value(); }

TEST(CaPinTest, FindsTheControllersCa) {
  const KeyAndCertificate ca = FreshCa("ours");
  const KeyAndCertificate key = ServerOf(ca);
  const TlsServer server(
      ControllerCredentials(ca.certificate_pem, key.certificate_pem, key.key_pem));
  const auto fetched = FetchPinnedCa(server.address(), Pin(ca));
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(*fetched, ca.certificate_pem);
  EXPECT_EQ(Call(server.address(), PersonCredentials(*fetched)).error_message(), "caller:");
}

TEST(CaPinTest, RefusesAServerWithoutThePinnedCertificate) {
  const KeyAndCertificate theirs = FreshCa("theirs");
  const KeyAndCertificate key = ServerOf(theirs);
  const TlsServer server(
      ControllerCredentials(theirs.certificate_pem, key.certificate_pem, key.key_pem));
  EXPECT_EQ(contract::ReasonOf(FetchPinnedCa(server.address(), Pin(FreshCa("ours"))).status()),
            v1::REASON_CA_PIN_MISMATCH);
  EXPECT_EQ(contract::ReasonOf(FetchPinnedCa(server.address(), "").status()),
            v1::REASON_CA_PIN_MISMATCH);
}

// The CA's certificate is public: whoever sits in between can append it to a chain of his own. So the pin only finds the
// root; the second connection, with that root alone, is what proves the server.
TEST(CaPinTest, AManInTheMiddleWhoAppendsTheCaIsRefused) {
  const KeyAndCertificate ours = FreshCa("ours");
  const KeyAndCertificate theirs = FreshCa("theirs");
  const KeyAndCertificate key = ServerOf(theirs);
  const TlsServer middle(ControllerCredentials(
      theirs.certificate_pem, key.certificate_pem + theirs.certificate_pem + ours.certificate_pem,
      key.key_pem));
  ASSERT_TRUE(middle.running());
  const auto fetched = FetchPinnedCa(middle.address(), Pin(ours));
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(*fetched, ours.certificate_pem);
  EXPECT_EQ(Call(middle.address(), PersonCredentials(*fetched)).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  // He is a working server for those who believe him, so it is the verification that refused.
  EXPECT_EQ(Call(middle.address(), PersonCredentials(theirs.certificate_pem)).error_message(),
            "caller:");
}

// The same with our CA's name on his: nothing but the key tells them apart.
TEST(CaPinTest, AManInTheMiddleWithACaOfTheSameNameIsRefused) {
  const KeyAndCertificate ours = FreshCa("resetctl CA");
  const KeyAndCertificate theirs = FreshCa("resetctl CA");
  const KeyAndCertificate key = ServerOf(theirs);
  const TlsServer middle(ControllerCredentials(
      theirs.certificate_pem, key.certificate_pem + ours.certificate_pem, key.key_pem));
  const auto fetched = FetchPinnedCa(middle.address(), Pin(ours));
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(Call(middle.address(), PersonCredentials(*fetched)).error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST(CaPinTest, SaysNothingToTheServer) {
  const KeyAndCertificate ca = FreshCa("ours");
  const KeyAndCertificate key = ServerOf(ca);
  Listener listener;
  int heard = -1;
  std::thread server([&] {
    const Owned<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
    const Owned<X509> leaf = ParseCertificate(key.certificate_pem).value();
    SSL_CTX_use_certificate(context.get(), leaf.get());
    SSL_CTX_add_extra_chain_cert(context.get(),
                                 ParseCertificate(ca.certificate_pem).value().release());
    const Owned<BIO> bio(BIO_new_mem_buf(key.key_pem.data(), static_cast<int>(key.key_pem.size())));
    const Owned<EVP_PKEY> private_key(
        PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    SSL_CTX_use_PrivateKey(context.get(), private_key.get());
    SSL_CTX_set_num_tickets(context.get(), 0);  // so that we write nothing to somebody who left
    const int fd = listener.Accept();
    const Owned<SSL> ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), fd);
    if (SSL_accept(ssl.get()) == 1) {
      char byte;
      heard = std::max(0, SSL_read(ssl.get(), &byte, 1));
    }
    close(fd);
  });
  const auto fetched = FetchPinnedCa(listener.address(), Pin(ca));
  server.join();
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(heard, 0);
}

TEST(CaPinTest, SaysThatNobodyIsThere) {
  Listener listener;
  const std::string address = listener.address();
  listener.Close();
  EXPECT_EQ(contract::ReasonOf(FetchPinnedCa(address, "sha256:00").status()),
            v1::REASON_CONTROLLER_UNREACHABLE);
}

TEST(CaPinTest, DoesNotWaitForeverForASilentServer) {
  const Listener listener;  // accepts, in the kernel, and says nothing
  EXPECT_EQ(contract::ReasonOf(
                FetchPinnedCa(listener.address(), "sha256:00", absl::Milliseconds(100)).status()),
            v1::REASON_CONTROLLER_UNREACHABLE);
}

TEST(CaPinTest, SaysThatAPeerDoesNotSpeakTls) {
  const Listener listener;
  std::thread server([&] {
    const int fd = listener.Accept();
    const char text[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL);
    close(fd);
  });
  const auto fetched = FetchPinnedCa(listener.address(), "sha256:00");
  server.join();
  EXPECT_EQ(contract::ReasonOf(fetched.status()), v1::REASON_CONTROLLER_UNREACHABLE);
}

TEST(CaPinTest, NeedsHostAndPort) {
  for (const char* address : {"", "host", ":443", "host:"}) {
    EXPECT_EQ(contract::ReasonOf(FetchPinnedCa(address, "sha256:00").status()),
              v1::REASON_INVALID_ARGUMENT)
        << address;
  }
}

}  // namespace
}  // namespace resetctl::transport

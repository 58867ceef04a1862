#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/base/file.h"
#include "proto/base/subprocess.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "proto/transport/openssl_ptr.h"
#include "proto/transport/tls.h"
#include "tests/support/temp_folder.h"

namespace resetctl::transport {
namespace {

using testing::HasSubstr;
using testing::Not;

const absl::Time kNow = absl::FromUnixSeconds(1'795'000'000);
constexpr absl::Duration kYear = absl::Hours(24 * 365);

KeyAndCertificate Ca() { return MakeCa("resetctl test CA", kNow, 10 * kYear).value(); }

std::string AgentCertificate(const KeyAndCertificate& ca, absl::string_view key,
                             absl::Duration lifetime = absl::Hours(24)) {
  return IssueAgentCertificate(ca, MakeCsr(key).value(), "production", "rental-manager", kNow,
                               lifetime)
      .value();
}

// What the openssl program says: another reader than the code under test.
std::string OpensslSays(const std::vector<std::string>& arguments, const std::string& pem) {
  base::SubprocessOptions options;
  options.argv = {"openssl"};
  options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
  options.standard_input = pem;
  const auto result = base::RunSubprocess(options);
  return result.ok() ? result->standard_output + result->standard_error : "";
}

std::string Verify(const KeyAndCertificate& ca, const std::string& purpose,
                   const std::string& certificate) {
  base::SubprocessOptions options;
  options.argv = {
      "openssl",  "verify", "-x509_strict", "-attime",    std::to_string(absl::ToUnixSeconds(kNow)),
      "-purpose", purpose,  "-CAfile",      "{memory:0}", "{memory:1}"};
  options.memory_files = {ca.certificate_pem, certificate};
  const auto result = base::RunSubprocess(options);
  return result.ok() ? result->standard_output + result->standard_error : "";
}

TEST(CertificatesTest, AnAgentsCertificateSaysWhoItIs) {
  const auto key = MakeKey().value();
  const auto facts = ReadCertificate(AgentCertificate(Ca(), key));
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->environment, "production");
  EXPECT_EQ(facts->target, "rental-manager");
  EXPECT_EQ(facts->not_after, kNow + absl::Hours(24));
  EXPECT_LE(facts->not_before, kNow);
  EXPECT_GE(facts->serial.size(), 20u);
  EXPECT_EQ(AgentUri("production", "rental-manager"), "resetctl://agent/production/rental-manager");
}

TEST(CertificatesTest, SerialNumbersDiffer) {
  const KeyAndCertificate ca = Ca();
  const auto key = MakeKey().value();
  EXPECT_NE(ReadCertificate(AgentCertificate(ca, key))->serial,
            ReadCertificate(AgentCertificate(ca, key))->serial);
}

TEST(CertificatesTest, AnAgentMayNotPretendToBeTheController) {
  const KeyAndCertificate ca = Ca();
  const std::string agent = AgentCertificate(ca, MakeKey().value());
  EXPECT_THAT(Verify(ca, "sslclient", agent), HasSubstr(": OK"));
  EXPECT_THAT(Verify(ca, "sslserver", agent), HasSubstr("unsuitable certificate purpose"));
}

TEST(CertificatesTest, TheControllerIsNoAgent) {
  const KeyAndCertificate ca = Ca();
  const auto server = IssueServerCertificate(ca, {"localhost"}, kNow, kYear).value();
  EXPECT_THAT(Verify(ca, "sslserver", server.certificate_pem), HasSubstr(": OK"));
  EXPECT_THAT(Verify(ca, "sslclient", server.certificate_pem),
              HasSubstr("unsuitable certificate purpose"));
  EXPECT_EQ(ReadCertificate(server.certificate_pem)->environment, "");
}

TEST(CertificatesTest, AnotherCaIsNotBelieved) {
  const std::string agent = AgentCertificate(Ca(), MakeKey().value());
  EXPECT_THAT(Verify(Ca(), "sslclient", agent), Not(HasSubstr(": OK")));
}

TEST(CertificatesTest, ALeafCannotIssue) {
  const KeyAndCertificate ca = Ca();
  const auto server = IssueServerCertificate(ca, {"localhost"}, kNow, kYear).value();
  const std::string text = OpensslSays({"x509", "-noout", "-text"}, server.certificate_pem);
  EXPECT_THAT(text, HasSubstr("CA:FALSE"));
  EXPECT_THAT(text, HasSubstr("TLS Web Server Authentication"));
  EXPECT_THAT(text, Not(HasSubstr("Certificate Sign")));
  EXPECT_THAT(OpensslSays({"x509", "-noout", "-text"}, ca.certificate_pem),
              HasSubstr("CA:TRUE, pathlen:0"));
}

TEST(CertificatesTest, NamesAreHostNamesOrAddresses) {
  const KeyAndCertificate ca = Ca();
  const auto server =
      IssueServerCertificate(ca, {"controller.example.org", "127.0.0.1", "::1"}, kNow, kYear);
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string text =
      OpensslSays({"x509", "-noout", "-ext", "subjectAltName"}, server->certificate_pem);
  EXPECT_THAT(text, HasSubstr("DNS:controller.example.org, IP Address:127.0.0.1, "
                              "IP Address:0:0:0:0:0:0:0:1"));
  EXPECT_FALSE(IssueServerCertificate(ca, {}, kNow, kYear).ok());
  EXPECT_FALSE(IssueServerCertificate(ca, {"a,DNS:b"}, kNow, kYear).ok());
  EXPECT_FALSE(IssueServerCertificate(ca, {"a b"}, kNow, kYear).ok());
}

TEST(CertificatesTest, NothingOutlivesTheCa) {
  const KeyAndCertificate ca = MakeCa("short", kNow, absl::Hours(1)).value();
  EXPECT_EQ(ReadCertificate(AgentCertificate(ca, MakeKey().value(), kYear))->not_after,
            kNow + absl::Hours(1));
}

TEST(CertificatesTest, ACertificateBeyond2050IsReadBack) {
  const KeyAndCertificate ca = MakeCa("long", kNow, 40 * kYear).value();
  EXPECT_EQ(ReadCertificate(ca.certificate_pem)->not_after, kNow + 40 * kYear);
}

TEST(CertificatesTest, ARequestDecidesNothingButItsKey) {
  // A request that asks to be a CA with another target's name.
  const test::TempFolder folder;
  const std::string key = MakeKey().value();
  ASSERT_TRUE(base::WriteFileDurably(folder.File("key"), key, 0600).ok());
  const std::string csr =
      OpensslSays({"req", "-new", "-key", folder.File("key"), "-subj", "/CN=root", "-addext",
                   "basicConstraints=critical,CA:TRUE", "-addext",
                   "subjectAltName=URI:resetctl://agent/production/other"},
                  "");
  ASSERT_THAT(csr, HasSubstr("BEGIN CERTIFICATE REQUEST"));
  const auto issued = IssueAgentCertificate(Ca(), csr, "staging", "mine", kNow, kYear);
  ASSERT_TRUE(issued.ok()) << issued.status();
  EXPECT_EQ(ReadCertificate(*issued)->environment, "staging");
  EXPECT_EQ(ReadCertificate(*issued)->target, "mine");
  const std::string text = OpensslSays({"x509", "-noout", "-text"}, *issued);
  EXPECT_THAT(text, Not(HasSubstr("CA:TRUE")));
  EXPECT_THAT(text, Not(HasSubstr("root")));
}

TEST(CertificatesTest, RefusesRequestsThatItCannotTrust) {
  const KeyAndCertificate ca = Ca();
  const std::string csr = MakeCsr(MakeKey().value()).value();
  const auto refused = [&](const std::string& request, absl::string_view environment,
                           absl::string_view target) {
    return !IssueAgentCertificate(ca, request, environment, target, kNow, kYear).ok();
  };
  EXPECT_FALSE(refused(csr, "staging", "t"));
  EXPECT_TRUE(refused(csr, "staging/other", "t"));
  EXPECT_TRUE(refused(csr, "", "t"));
  EXPECT_TRUE(refused(csr, "staging", "t\nx"));
  EXPECT_TRUE(refused("", "staging", "t"));
  EXPECT_TRUE(refused(ca.certificate_pem, "staging", "t"));
  const std::string rsa = OpensslSays(
      {"req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=x"},
      "");
  ASSERT_THAT(rsa, HasSubstr("BEGIN CERTIFICATE REQUEST"));
  EXPECT_TRUE(refused(rsa.substr(rsa.find("-----BEGIN CERTIFICATE REQUEST")), "staging", "t"));
}

TEST(CertificatesTest, ACaNeedsItsOwnKey) {
  KeyAndCertificate mixed = Ca();
  mixed.key_pem = MakeKey().value();
  EXPECT_FALSE(IssueServerCertificate(mixed, {"localhost"}, kNow, kYear).ok());
}

TEST(CertificatesTest, ThePinIsTheDigestOfTheDer) {
  const KeyAndCertificate ca = Ca();
  const std::string said =
      OpensslSays({"x509", "-noout", "-fingerprint", "-sha256"}, ca.certificate_pem);
  std::string hex = "sha256:";
  for (const char c : said.substr(said.find('=') + 1)) {
    if (c != ':' && c != '\n') hex += static_cast<char>(std::tolower(c));
  }
  EXPECT_EQ(CertificatePin(ca.certificate_pem).value(), hex);
  EXPECT_TRUE(contract::IsDigest(hex));
  EXPECT_FALSE(CertificatePin("no certificate").ok());
  EXPECT_FALSE(ReadCertificate("").ok());
}

}  // namespace
}  // namespace resetctl::transport

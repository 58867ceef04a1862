#include "agent/link/identity_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "proto/base/file.h"
#include "proto/contract/reasons.h"
#include "proto/transport/tls.h"
#include "tests/support/temp_folder.h"

namespace resetctl::agent {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1795510800);

Identity MakeIdentity() {
  const transport::KeyAndCertificate ca = *transport::MakeCa("test", kStart, absl::Hours(1000));
  Identity identity;
  const std::string key = *transport::MakeKey();
  identity.certificate_pem = *transport::IssueAgentCertificate(
      ca, *transport::MakeCsr(key), "production", "shop", kStart, absl::Hours(100));
  identity.key_pem = base::Secret(key);
  identity.ca_pem = ca.certificate_pem;
  return identity;
}

TEST(IdentityFileTest, ComesBackAsItWasWithTheCertificatesFacts) {
  test::TempFolder folder;
  const Identity identity = MakeIdentity();
  ASSERT_TRUE(SaveIdentity(folder.path(), identity).ok());
  absl::StatusOr<Identity> loaded = LoadIdentity(folder.path());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->key_pem.Reveal(), identity.key_pem.Reveal());
  EXPECT_EQ(loaded->certificate_pem, identity.certificate_pem);
  EXPECT_EQ(loaded->ca_pem, identity.ca_pem);
  EXPECT_EQ(loaded->environment, "production");
  EXPECT_EQ(loaded->target, "shop");
  EXPECT_EQ(loaded->HalfLife(), loaded->not_before + (loaded->not_after - loaded->not_before) / 2);
}

TEST(IdentityFileTest, IsWrittenForItsOwnerOnly) {
  test::TempFolder folder;
  ASSERT_TRUE(SaveIdentity(folder.path(), MakeIdentity()).ok());
  struct stat facts;
  ASSERT_EQ(stat(folder.File("identity.pem").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST(IdentityFileTest, IsRefusedWhenOthersMayReadIt) {
  test::TempFolder folder;
  ASSERT_TRUE(SaveIdentity(folder.path(), MakeIdentity()).ok());
  ASSERT_EQ(chmod(folder.File("identity.pem").c_str(), 0644), 0);
  EXPECT_EQ(contract::ReasonOf(LoadIdentity(folder.path()).status()), v1::REASON_CONFIG_INVALID);
}

TEST(IdentityFileTest, IsNotFoundBeforeEnrolment) {
  test::TempFolder folder;
  EXPECT_TRUE(absl::IsNotFound(LoadIdentity(folder.path()).status()));
}

TEST(IdentityFileTest, IsNotReplacedBySomethingThatIsNoIdentity) {
  test::TempFolder folder;
  ASSERT_TRUE(SaveIdentity(folder.path(), MakeIdentity()).ok());
  Identity broken = MakeIdentity();
  broken.certificate_pem = broken.ca_pem;  // names no environment and target
  EXPECT_FALSE(SaveIdentity(folder.path(), broken).ok());
  EXPECT_TRUE(LoadIdentity(folder.path()).ok());
}

}  // namespace
}  // namespace resetctl::agent

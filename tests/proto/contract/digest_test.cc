#include "proto/contract/digest.h"

#include <gtest/gtest.h>

#include "proto/base/text.h"

namespace resetctl::contract {
namespace {

constexpr char kOfAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(DigestTest, IsSha256) {
  EXPECT_EQ(base::ToHex(Sha256("abc")), kOfAbc);  // FIPS 180-4
  EXPECT_EQ(Digest("abc"), std::string("sha256:") + kOfAbc);
}

TEST(DigestTest, MacsAsRfc4231Says) {
  EXPECT_EQ(base::ToHex(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(HmacSha256("", "").size(), 32u);
}

TEST(DigestTest, PlanIdsAndDigestsAreTheSameThing) {
  const std::string id = PlanId("abc");
  EXPECT_EQ(id, std::string("p-") + kOfAbc);
  EXPECT_EQ(DigestOfPlanId(id), Digest("abc"));
  EXPECT_EQ(PlanIdOfDigest(Digest("abc")), id);
  EXPECT_EQ(ShortId(id), "p-ba7816bf");
  EXPECT_EQ(ShortId("r-01"), "r-01");
}

TEST(DigestTest, RefusesWhatIsNoDigest) {
  const std::string good = Digest("abc");
  EXPECT_TRUE(IsDigest(good));
  for (std::string bad : {good.substr(1), good + "0", good.substr(0, 70), std::string("sha256:"),
                          std::string(), "SHA256:" + good.substr(7), "p-" + good.substr(7)}) {
    EXPECT_FALSE(IsDigest(bad)) << bad;
    EXPECT_EQ(PlanIdOfDigest(bad), "") << bad;
  }
  std::string upper = good;
  upper[7] = 'B';
  EXPECT_FALSE(IsDigest(upper));
  EXPECT_EQ(DigestOfPlanId("p-ba7816bf"), "");
  EXPECT_EQ(DigestOfPlanId(good), "");
}

}  // namespace
}  // namespace resetctl::contract

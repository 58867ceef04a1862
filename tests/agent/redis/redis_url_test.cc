#include "agent/redis/redis_url.h"

#include <gtest/gtest.h>

#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

absl::StatusOr<RedisAddress> Parse(const std::string& url) {
  return ParseRedisUrl(base::Secret(url));
}

TEST(RedisUrlTest, ReadsHostPortAndDb) {
  auto address = Parse("redis://cache.internal:6380/3");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(address->host, "cache.internal");
  EXPECT_EQ(address->port, 6380);
  EXPECT_EQ(address->db, 3);
  EXPECT_EQ(address->Label(), "cache.internal:6380");
}

TEST(RedisUrlTest, DefaultsToPort6379AndDb0) {
  auto address = Parse("redis://cache");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->port, 6379);
  EXPECT_EQ(address->db, 0);
}

TEST(RedisUrlTest, DecodesUserAndPassword) {
  auto address = Parse("redis://app:p%40ss%2Fword@cache:6379");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->user, "app");
  EXPECT_EQ(address->password.Reveal(), "p@ss/word");
}

TEST(RedisUrlTest, TakesAPasswordAlone) {
  auto address = Parse("redis://:secret@cache");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->user, "");
  EXPECT_EQ(address->password.Reveal(), "secret");
}

TEST(RedisUrlTest, ReadsSocketsAndIpv6) {
  auto socket = Parse("unix:///run/redis.sock?db=2");
  ASSERT_TRUE(socket.ok()) << socket.status();
  EXPECT_EQ(socket->socket, "/run/redis.sock");
  EXPECT_EQ(socket->db, 2);
  auto ipv6 = Parse("redis://[::1]:7000/1");
  ASSERT_TRUE(ipv6.ok());
  EXPECT_EQ(ipv6->host, "::1");
  EXPECT_EQ(ipv6->Label(), "[::1]:7000");
}

TEST(RedisUrlTest, RefusesTlsWithItsReason) {
  auto address = Parse("rediss://cache:6379");
  EXPECT_EQ(contract::ReasonOf(address.status()), v1::REASON_CACHE_URL_INVALID);
  EXPECT_NE(address.status().message().find("TLS"), absl::string_view::npos);
}

TEST(RedisUrlTest, RefusesWhatItDoesNotUnderstandWithoutQuotingIt) {
  for (const std::string url :
       {"", "hunter2", "http://hunter2@cache", "redis://", "redis://hunter2@cache",
        "redis://:hunter2@cache:port", "redis://:hunter2@cache/x", "redis://:hunter2@cache:99999",
        "redis://:hunter2@cache?tls=1", "redis://:hunter2%zz@cache", "redis://:hunter2@[::1",
        "unix://hunter2"}) {
    auto address = Parse(url);
    EXPECT_EQ(contract::ReasonOf(address.status()), v1::REASON_CACHE_URL_INVALID) << url;
    EXPECT_EQ(address.status().ToString().find("hunter2"), std::string::npos) << address.status();
  }
}

}  // namespace
}  // namespace resetctl::agent

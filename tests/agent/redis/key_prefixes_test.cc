#include "agent/redis/key_prefixes.h"

#include <gtest/gtest.h>

#include "tests/support/redis_server.h"

namespace resetctl::agent {
namespace {

TEST(KeyPrefixesTest, AKeyCountsOnceForTheFirstPrefixThatItHas) {
  const KeyPrefixes prefixes({"cache:", "cache:user:", "session:"});
  EXPECT_EQ(prefixes.Match("cache:user:1"), 0);
  EXPECT_EQ(prefixes.Match("session:"), 2);
  EXPECT_EQ(prefixes.Match("cach"), -1);
  EXPECT_EQ(prefixes.Match(""), -1);
}

TEST(KeyPrefixesTest, OurMarkerHasNoPrefix) {
  EXPECT_EQ(KeyPrefixes({"resetctl:"}).Match(kRedisMarkerKey), -1);
  EXPECT_EQ(KeyPrefixes({"resetctl:"}).Match("resetctl:targets"), 0);
}

TEST(KeyPrefixesTest, TheServerFiltersByWhatAllOfThemBeginWith) {
  EXPECT_EQ(KeyPrefixes({"cache:"}).Glob(), "cache:*");
  EXPECT_EQ(KeyPrefixes({"app:cache:", "app:session:"}).Glob(), "app:*");
  EXPECT_EQ(KeyPrefixes({"app:", "app:session:"}).Glob(), "app:*");
  EXPECT_EQ(KeyPrefixes({"cache:", "session:"}).Glob(), "");
  EXPECT_EQ(KeyPrefixes(std::vector<std::string>{}).Glob(), "");
}

// Every byte, before and after every other kind of byte.
TEST(KeyPrefixesTest, AGlobOfAnyBytesMatchesWhatStartsWithThemAndNothingElse) {
  support::RedisServer redis;
  for (int byte = 0; byte < 256; ++byte) {
    for (const std::string& prefix :
         {std::string(1, static_cast<char>(byte)), std::string("a") + static_cast<char>(byte) + "b",
          std::string("[") + static_cast<char>(byte) + "]",
          std::string("\\") + static_cast<char>(byte)}) {
      redis.Call({"FLUSHDB"});
      redis.Call({"SET", prefix, "x"});
      redis.Call({"SET", prefix + std::string("\0*?[]", 5), "x"});
      redis.Call({"SET", "z" + prefix, "x"});
      const std::string found =
          redis.Call({"EVAL", "return #redis.call('SCAN', 0, 'MATCH', ARGV[1])[2]", "0",
                      KeyPrefixes({prefix}).Glob()});
      const int expected = prefix[0] == 'z' ? 3 : 2;
      EXPECT_EQ(found, std::to_string(expected)) << byte;
    }
  }
}

}  // namespace
}  // namespace resetctl::agent

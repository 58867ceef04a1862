#include "proto/base/text.h"

#include <set>

#include <gtest/gtest.h>

namespace resetctl::base {
namespace {

TEST(TextTest, WritesHexInLowerCase) {
  EXPECT_EQ(ToHex(absl::string_view("\x00\xAB\xff", 3)), "00abff");
}

TEST(TextTest, Base64ComesBack) {
  for (int size = 0; size < 70; ++size) {
    const std::string bytes = RandomBytes(size);
    std::string back;
    ASSERT_TRUE(FromBase64(ToBase64(bytes), &back));
    EXPECT_EQ(back, bytes);
  }
  EXPECT_EQ(ToBase64("a"), "YQ==");
}

TEST(TextTest, OneValueHasOneBase64Text) {
  std::string bytes;
  EXPECT_FALSE(FromBase64("YQ", &bytes));      // no padding
  EXPECT_FALSE(FromBase64("YR==", &bytes));    // stray bits
  EXPECT_FALSE(FromBase64("Y Q==", &bytes));   // a blank
  EXPECT_FALSE(FromBase64("YQ==\n", &bytes));  // a line end
  EXPECT_FALSE(FromBase64("Y-_=", &bytes));    // the other alphabet
  EXPECT_TRUE(FromBase64("", &bytes));
}

TEST(TextTest, RandomBytesDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(RandomBytes(16));
  EXPECT_EQ(seen.size(), 100u);
}

TEST(TextTest, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(ToValidUtf8("caf\xE9!"), "caf?!");
  EXPECT_EQ(ToValidUtf8("caf\xC3\xA9"), "caf\xC3\xA9");
  EXPECT_EQ(ToValidUtf8("\xED\xA0\x80"), "???");  // a surrogate
  EXPECT_EQ(ToValidUtf8("\xC3"), "?");
  EXPECT_EQ(ToValidUtf8(""), "");
}

TEST(TextTest, ComparesInConstantTime) {
  EXPECT_TRUE(EqualInConstantTime("", ""));
  EXPECT_TRUE(EqualInConstantTime("abc", "abc"));
  EXPECT_FALSE(EqualInConstantTime("abc", "abd"));
  EXPECT_FALSE(EqualInConstantTime("abc", "abcd"));
}

}  // namespace
}  // namespace resetctl::base

#include "proto/base/closest.h"

#include <string>

#include <gtest/gtest.h>

#include "proto/base/utf8.h"

namespace resetctl::base {
namespace {

TEST(ClosestTest, FindsTheWordThatWasMeant) {
  const std::vector<std::string> tables = {"rental_lifecycles", "rentals", "users", "Companies"};
  EXPECT_EQ(Closest("rental_lifecycle", tables), "rental_lifecycles");
  EXPECT_EQ(Closest("retnals", tables), "rentals");
  EXPECT_EQ(Closest("companies", tables), "Companies");
  EXPECT_EQ(Closest("usrs", tables), "users");
}

TEST(ClosestTest, IsSilentWhenNothingIsNear) {
  EXPECT_EQ(Closest("invoices", {"users", "rentals"}), "");
  EXPECT_EQ(Closest("a", {"b"}), "");
  EXPECT_EQ(Closest("", {"b"}), "");
  EXPECT_EQ(Closest("x", {}), "");
  EXPECT_EQ(DidYouMean("invoices", {"users"}), "");
  EXPECT_EQ(DidYouMean("user", {"users"}), "Did you mean 'users'?");
}

TEST(Utf8Test, AcceptsWellFormedTextOnly) {
  EXPECT_TRUE(IsUtf8("plain, \xC3\xA9, \xE2\x82\xAC, \xF0\x9F\x98\x80"));
  for (const char* bad : {"\x80", "\xC3", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80",
                          "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xE2\x82"}) {
    EXPECT_FALSE(IsUtf8(bad));
  }
  EXPECT_EQ(FindBadUtf8("ab\xFFz"), 2u);
}

TEST(Utf8Test, FindsWhatCouldRepaintATerminal) {
  EXPECT_TRUE(HasControlCharacters("a\x1B[2J", true));
  EXPECT_TRUE(HasControlCharacters("a\nb", false));
  EXPECT_FALSE(HasControlCharacters("a\n\tb", true));
  EXPECT_TRUE(
      HasControlCharacters("\xC2\x9B"
                           "2J",
                           true));
  EXPECT_FALSE(HasControlCharacters("\xC2\xA0\xC3\xA9", false));
}

}  // namespace
}  // namespace resetctl::base

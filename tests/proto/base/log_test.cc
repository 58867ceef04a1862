#include "proto/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace resetctl::base {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Logged(LogLevel least, absl::string_view value) {
  testing::internal::CaptureStderr();
  InitLogging("test-program", least);
  Log(LogLevel::kInfo, "run finished", {{"run", "r-1"}, {"detail", value}});
  return testing::internal::GetCapturedStderr();
}

TEST(LogTest, WritesOneLineOfFactsToStderr) {
  const std::string text = Logged(LogLevel::kInfo, "plain");
  EXPECT_THAT(text, HasSubstr("Z info test-program run finished run=r-1 detail=plain\n"));
}

TEST(LogTest, AValueCannotPretendToBeALineOrAFact) {
  const std::string text = Logged(LogLevel::kInfo, "x\nstate=SUCCEEDED \"y\" {}");
  EXPECT_THAT(text, HasSubstr(R"(detail="x\nstate=SUCCEEDED \"y\" {}")"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST(LogTest, SaysThatAValueIsEmpty) {
  EXPECT_THAT(Logged(LogLevel::kInfo, ""), HasSubstr("detail=\"\""));
}

TEST(LogTest, KeepsQuietBelowItsLevel) {
  EXPECT_THAT(Logged(LogLevel::kWarning, "x"), Not(HasSubstr("finished")));
}

}  // namespace
}  // namespace resetctl::base

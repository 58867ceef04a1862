#include "agent/service/scrubber.h"

#include <gtest/gtest.h>

#include "proto/base/text.h"

namespace resetctl::agent {
namespace {

constexpr char kSecret[] = "p@ss/w\"ord's 9";

TEST(ScrubberTest, RedactsTheValueAndItsObviousEncodings) {
  Scrubber scrubber;
  scrubber.Add(base::Secret(kSecret));
  for (const std::string& form :
       {std::string(kSecret), std::string("p%40ss%2Fw%22ord%27s%209"),
        std::string("p%40ss%2fw%22ord%27s%209"), base::ToBase64(kSecret), base::ToHex(kSecret),
        std::string("p@ss/w\\\"ord's 9"), std::string("p@ss/w\"ord''s 9")}) {
    EXPECT_EQ(scrubber.Scrub("before " + form + " after"), "before [redacted] after") << form;
  }
}

TEST(ScrubberTest, RedactsAUrlAndItsPasswordInEveryForm) {
  for (const std::string url :
       {"postgresql+asyncpg://app:hunter2%21@db:5432/shop", "redis://:hunter2!@cache/0",
        "host=db password=hunter2! dbname=shop", "host=db password='hunter2!' dbname=shop",
        "postgres://app@db/shop?password=hunter2%21"}) {
    Scrubber scrubber;
    scrubber.AddUrl(base::Secret(url));
    EXPECT_EQ(scrubber.Scrub("auth failed for hunter2! on db"), "auth failed for [redacted] on db")
        << url;
    EXPECT_EQ(scrubber.Scrub("cannot open " + url), "cannot open [redacted]");
  }
}

TEST(ScrubberTest, FindsAPasswordWhoseSlashNobodyEncoded) {
  Scrubber scrubber;
  scrubber.AddUrl(base::Secret("redis://:hunt/er?2@cache:6379/0"));
  EXPECT_EQ(scrubber.Scrub("args beginning with: 'hunt/er?2'"),
            "args beginning with: '[redacted]'");
}

TEST(ScrubberTest, LeavesOtherTextAlone) {
  Scrubber scrubber;
  scrubber.Add(base::Secret("ab"));
  scrubber.Add(base::Secret(""));
  EXPECT_EQ(scrubber.Scrub("about a table"), "about a table");
}

TEST(ScrubberTest, RedactsEveryTextOfAProblem) {
  Scrubber scrubber;
  scrubber.Add(base::Secret("hunter2"));
  v1::Problem problem;
  problem.set_message("hunter2 is wrong");
  problem.set_advice("not hunter2");
  problem.add_objects("key hunter2");
  scrubber.Scrub(&problem);
  EXPECT_EQ(problem.ShortDebugString().find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace resetctl::agent

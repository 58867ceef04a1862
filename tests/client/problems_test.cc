#include "client/output/problems.h"

#include "absl/strings/str_cat.h"
#include "client/output/json.h"
#include "gtest/gtest.h"
#include "proto/contract/reasons.h"
#include "tests/client/fixtures.h"

namespace resetctl::client {
namespace {

std::vector<v1::Problem> TwoProblems() {
  v1::Problem unlisted =
      contract::MakeProblem(v1::REASON_UNLISTED_TABLES, "2 tables of schema public are in no list",
                            "add them to `clear` or `keep`:\n  - group: Unsorted\n    tables: "
                            "[booking_headers, ip_whitelist]");
  unlisted.add_objects("booking_headers (1,204 rows)");
  unlisted.add_objects("ip_whitelist (7 rows)");
  v1::Problem missing =
      contract::MakeProblem(v1::REASON_NO_SUCH_TABLE, "there is no table rental_lifecycle",
                            "did you mean rental_lifecycles?");
  missing.set_file("blueprint.yaml");
  missing.set_line(31);
  missing.set_column(18);
  return {unlisted, missing};
}

TEST(ProblemsTest, ShowsReasonPlaceNamesAndAFragmentToPaste) {
  EXPECT_EQ(RenderProblems(ALook(), "No plan: 2 problems with rental-manager", TwoProblems()),
            "No plan: 2 problems with rental-manager\n"
            "\n"
            "  UNLISTED_TABLES  2 tables of schema public are in no list\n"
            "      booking_headers (1,204 rows), ip_whitelist (7 rows)\n"
            "      add them to `clear` or `keep`:\n"
            "        - group: Unsorted\n"
            "          tables: [booking_headers, ip_whitelist]\n"
            "\n"
            "  NO_SUCH_TABLE    there is no table rental_lifecycle\n"
            "      at blueprint.yaml:31:18\n"
            "      did you mean rental_lifecycles?\n");
}

v1::Problem Stale(int differences) {
  v1::Problem stale = contract::MakeProblem(
      v1::REASON_STALE_SCHEMA,
      "The schema has changed since the plan: public.t0 column a: added (text), and more.",
      "Look at what changed, then make a new plan.");
  for (int i = 0; i < differences; ++i) {
    stale.add_objects(absl::StrCat("public.t", i, " column a: added (text)"));
  }
  return stale;
}

TEST(ProblemsTest, WhatChangedInAStaleTargetIsAList) {
  EXPECT_EQ(RenderError(ALook(), contract::ErrorFrom(Stale(3))),
            "resetctl: The schema has changed since the plan: public.t0 column a: added\n"
            "          (text), and more.\n"
            "          public.t1 column a: added (text)\n"
            "          public.t2 column a: added (text)\n"
            "          Look at what changed, then make a new plan.\n");
}

TEST(ProblemsTest, ALongListEndsWithTheWayToSeeAllOfIt) {
  const std::string text = ObjectLines(ALook(), Stale(40), 2, "p-7f3a91c2");
  EXPECT_NE(text.find("  public.t12 column a: added (text)\n"
                      "  and 27 more: make a new plan, then  resetctl show NEW_PLAN --diff "
                      "p-7f3a91c2\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("public.t13 "), std::string::npos);
}

TEST(ProblemsTest, AnErrorIsWhatIsWrongAndWhatToDo) {
  EXPECT_EQ(RenderError(ALook(), contract::Error(v1::REASON_APPROVALS_MISSING,
                                                 "production needs 2 approvals, p-7f3a91c2 has 1",
                                                 "ask bob: resetctl approve p-7f3a91c2")),
            "resetctl: production needs 2 approvals, p-7f3a91c2 has 1\n"
            "          ask bob: resetctl approve p-7f3a91c2\n");
}

TEST(ProblemsTest, AnErrorForScriptsHasReasonAndRetryable) {
  const std::string json =
      ErrorJson(contract::Error(v1::REASON_AGENT_OFFLINE, "the agent is \"offline\"", "wait"));
  EXPECT_NE(json.find(R"("error":{"reason":"AGENT_OFFLINE","message":"the agent is \"offline\"")"),
            std::string::npos)
      << json;
  EXPECT_NE(json.find(R"("retryable":true)"), std::string::npos) << json;
  EXPECT_EQ(json.find('\n'), std::string::npos);
}

TEST(ProblemsTest, SeveralProblemsKeepTheirOwnReasons) {
  const std::string json = ErrorJson(v1::REASON_NO_PLAN, "no plan", TwoProblems());
  EXPECT_NE(json.find(R"("reason":"NO_PLAN")"), std::string::npos) << json;
  EXPECT_NE(json.find("REASON_NO_SUCH_TABLE"), std::string::npos) << json;
}

}  // namespace
}  // namespace resetctl::client

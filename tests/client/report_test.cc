#include "client/output/report.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/output/report_css.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "tests/client/fixtures.h"
#include "tests/client/report_fixture.h"

namespace resetctl::client {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr v1::RunState kStates[] = {
    v1::RUN_STATE_HELD,        v1::RUN_STATE_OFFERED,   v1::RUN_STATE_RUNNING,
    v1::RUN_STATE_COMMITTED,   v1::RUN_STATE_SUCCEEDED, v1::RUN_STATE_REFUSED,
    v1::RUN_STATE_ROLLED_BACK, v1::RUN_STATE_CANCELLED, v1::RUN_STATE_NEEDS_ATTENTION,
    v1::RUN_STATE_UNKNOWN};

std::string Page(const ReportFacts& facts) { return RenderReport(ALook(), facts); }
std::string PageOf(v1::RunState state) { return Page(AReport(state)); }

std::vector<std::string> All(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it) {
    found.push_back((*it)[1]);
  }
  return found;
}

// The page without its head, whose only open element is <meta>.
std::string BodyOf(const std::string& page) { return page.substr(page.find("<body>")); }

// What people read: tags are left out.
std::string TextOf(const std::string& page) {
  static const auto& tags = *new std::regex("<[^>]*>");
  return std::regex_replace(BodyOf(page), tags, "");
}

TEST(ReportTest, SaysWhoPlannedApprovedAndRan) {
  const std::string text = TextOf(PageOf(v1::RUN_STATE_SUCCEEDED));
  EXPECT_THAT(text, HasSubstr("carol planned it, 2026-11-24 08:32:34"));
  EXPECT_THAT(text, HasSubstr("clean start for the March opening"));
  EXPECT_THAT(text, HasSubstr("bob approved the plan"));
  EXPECT_THAT(text, HasSubstr("agreed with sales"));
  EXPECT_THAT(text, HasSubstr("dana approved the plan"));
  EXPECT_THAT(text, HasSubstr("carol ordered the run"));
  EXPECT_THAT(text, HasSubstr("SHA256:lCchCQvGZ2UrJpT5b3xGQpYq0bU5WHn0m8WcXo2gq1A"));
}

TEST(ReportTest, SaysWhatWasDoneAndProved) {
  const std::string text = TextOf(PageOf(v1::RUN_STATE_SUCCEEDED));
  for (const char* part :
       {"SUCCEEDED", "1,240,243", "transaction_lines truncated", "Admin can be found",
        "kept tables are untouched", "58,112 keys removed", "Restart backend", "90211",
        "0/1A2B3C00", "0/1A2B3D00", "0/1A2B3E00", "alembic_version", "migration history",
        "sql/admin.sql, 3 statements", "20 rows into brands", "4,811", "resetctl audit export",
        "resetctl audit verify"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(text, HasSubstr("the log goes on from the 4,800 entries"));
  EXPECT_THAT(text, HasSubstr(base::ToHex(contract::Sha256("leaf"))));
  EXPECT_THAT(text, HasSubstr(base::ToHex(contract::Sha256("c"))));
}

TEST(ReportTest, BarsAreAsLongAsTheirNumbers) {
  const std::string page = PageOf(v1::RUN_STATE_SUCCEEDED);
  // 11,204 of 1,229,039; the same again for the largest tables, of which there is one.
  EXPECT_THAT(All(page, "class=\"cleared\" x=\"0.00\" y=\"0\" width=\"([0-9.]+)\""),
              ElementsAre("0.91", "100.00", "100.00"));
  EXPECT_THAT(All(page, "class=\"recreated\" x=\"0.00\" y=\"0\" width=\"([0-9.]+)\""),
              ElementsAre("5.00", "100.00"));
}

TEST(ReportTest, OneIsNotMany) {
  const std::string text = TextOf(PageOf(v1::RUN_STATE_SUCCEEDED));
  EXPECT_THAT(text, HasSubstr("1 row"));
  EXPECT_THAT(text, Not(ContainsRegex("[^0-9]1 rows")));
  EXPECT_THAT(text, Not(ContainsRegex("[^0-9]1 checks")));
}

TEST(ReportTest, TheTimelineIsDrawnToScale) {
  const std::string page = PageOf(v1::RUN_STATE_SUCCEEDED);
  EXPECT_THAT(TextOf(page), HasSubstr("3.9 s from left to right"));
  // Clear: from 0.16 s to 1.8 s after the first step, of 3.9 s.
  EXPECT_THAT(page, HasSubstr("class=\"worked\" x=\"4.10\" y=\"0\" width=\"42.05\""));
}

// Each state has a sentence of its own, and only a committed run has numbers.
TEST(ReportTest, EveryStateIsToldAsItIs) {
  const std::map<v1::RunState, std::string> verdicts = {
      {v1::RUN_STATE_HELD, "the run had not begun: it was held"},
      {v1::RUN_STATE_OFFERED, "its agent had not answered yet"},
      {v1::RUN_STATE_RUNNING, "still running: nothing was committed yet"},
      {v1::RUN_STATE_COMMITTED, "later steps were still running"},
      {v1::RUN_STATE_SUCCEEDED, "every step after it is done"},
      {v1::RUN_STATE_REFUSED, "before it touched anything: nothing was changed"},
      {v1::RUN_STATE_ROLLED_BACK, "rolled back: nothing was changed"},
      {v1::RUN_STATE_CANCELLED, "cancelled: nothing was changed"},
      {v1::RUN_STATE_NEEDS_ATTENTION, "A step after the commit failed"},
      {v1::RUN_STATE_UNKNOWN, "it was not known whether the reset had been committed"}};
  for (const v1::RunState state : kStates) {
    const std::string text = TextOf(PageOf(state));
    for (const auto& [of, verdict] : verdicts) {
      EXPECT_EQ(absl::StrContains(text, verdict), of == state)
          << v1::RunState_Name(state) << ": " << verdict;
    }
    const bool committed =
        state == v1::RUN_STATE_SUCCEEDED || state == v1::RUN_STATE_NEEDS_ATTENTION;
    EXPECT_EQ(absl::StrContains(text, "Rows cleared"), committed) << v1::RunState_Name(state);
    EXPECT_EQ(absl::StrContains(text, "records the end of this run"),
              AReport(state).run.has_end_time());
    EXPECT_EQ(absl::StrContains(text, ", not ended"), !AReport(state).run.has_end_time());
  }
}

TEST(ReportTest, AFailureIsToldWithItsPlaceAndWhatToDo) {
  ReportFacts facts = AReport(v1::RUN_STATE_ROLLED_BACK);
  v1::Problem* problem = facts.run.mutable_problem();
  problem->set_reason(v1::REASON_SQL_FAILED);
  problem->set_message("duplicate key value violates unique constraint \"users_email_key\"");
  problem->set_advice("Mend the blueprint.");
  problem->set_file("sql/admin.sql");
  problem->set_line(12);
  v1::RunEvent failed = AnEvent(v1::STEP_KIND_RECREATE, v1::EVENT_KIND_FAILED, 1);
  failed.set_name("Admin user");
  facts.events.push_back(failed);
  facts.run.mutable_result()->add_warnings()->set_message("maintenance mode is still on");
  const std::string text = TextOf(Page(facts));
  EXPECT_THAT(text, HasSubstr("SQL_FAILED at recreate · Admin user, sql/admin.sql:12"));
  EXPECT_THAT(text, HasSubstr("duplicate key value"));
  EXPECT_THAT(text, HasSubstr("Mend the blueprint."));
  EXPECT_THAT(text, HasSubstr("maintenance mode is still on"));
  EXPECT_THAT(text, HasSubstr("nothing in the database was changed. Steps outside of it"));
  EXPECT_THAT(text, HasSubstr("was undone with the transaction"));
}

TEST(ReportTest, ALostCommitIsNoSuccess) {
  ReportFacts facts = AReport(v1::RUN_STATE_NEEDS_ATTENTION);
  facts.run.mutable_problem()->set_reason(v1::REASON_COMMIT_LOST);
  EXPECT_THAT(TextOf(Page(facts)), AllOf(HasSubstr("the database has lost it since"),
                                         HasSubstr("before the database lost the commit")));
  // Lost before anything was reported: no zeros where nothing is known.
  facts.run.mutable_result()->Clear();
  EXPECT_THAT(TextOf(Page(facts)), AllOf(Not(HasSubstr("Rows cleared")), HasSubstr("Not known:")));
}

TEST(ReportTest, ALogThatWasNeverSeenBeforeIsCalledSo) {
  ReportFacts facts = AReport(v1::RUN_STATE_SUCCEEDED);
  facts.proof.seen_before.reset();
  EXPECT_THAT(TextOf(Page(facts)), HasSubstr("not proved: that the log is the one of before"));
}

TEST(ReportTest, BrokenGlassIsSaid) {
  ReportFacts facts = AReport(v1::RUN_STATE_SUCCEEDED);
  for (v1::AuditRecord& record : facts.entries) {
    std::string* text = record.mutable_decoded()->mutable_statement()->mutable_text();
    const size_t at = text->find("person: carol\nstart-before");
    if (at != std::string::npos) text->insert(at, "break-glass: the shop is down\n");
  }
  const std::string text = TextOf(Page(facts));
  EXPECT_THAT(text, AllOf(HasSubstr("the glass was broken"), HasSubstr("the shop is down")));
}

TEST(ReportTest, NothingThatComesFromElsewhereIsMoreThanText) {
  static constexpr char kEvil[] = "<script>alert(\"1\")</script><img src=x onerror='y'>";
  ReportFacts facts = AReport(v1::RUN_STATE_NEEDS_ATTENTION);
  facts.run.set_environment(kEvil);
  facts.run.mutable_problem()->set_reason(v1::REASON_SQL_FAILED);
  facts.run.mutable_problem()->set_message(kEvil);
  facts.run.mutable_problem()->add_objects(kEvil);
  facts.run.mutable_result()->mutable_largest(0)->set_table(absl::StrCat("public.", kEvil));
  facts.run.mutable_result()->mutable_cleared(0)->set_name(kEvil);
  facts.run.mutable_result()->mutable_recreated(0)->set_name(kEvil);
  facts.run.mutable_result()->mutable_checks(0)->set_name(kEvil);
  facts.run.mutable_result()->mutable_after(0)->set_detail(kEvil);
  facts.run.mutable_result()->add_warnings()->set_message(kEvil);
  facts.document.mutable_groups(0)->set_name(kEvil);
  facts.document.mutable_groups(0)->mutable_tables(0)->set_name(kEvil);
  facts.document.mutable_kept(0)->set_why(kEvil);
  facts.document.mutable_recreate(0)->set_file(kEvil);
  facts.document.mutable_side_effects(0)->set_text(kEvil);
  facts.document.set_reason(kEvil);
  facts.events[0].set_name(kEvil);
  facts.events[0].set_detail(kEvil);
  for (v1::AuditRecord& record : facts.entries) {
    record.mutable_decoded()->set_detail(kEvil);
    record.mutable_decoded()->set_peer(kEvil);
    record.mutable_decoded()->set_outcome(kEvil);
  }
  facts.proof.note = kEvil;
  facts.controller = kEvil;
  const std::string page = Page(facts);
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;"));
}

TEST(ReportTest, LoadsNothingAndRunsNothing) {
  for (const v1::RunState state : kStates) {
    const std::string page = PageOf(state);
    for (const char* no : {"<script", "<link", "<img", "<iframe", "http://", "https://",
                           " src=", " style=", " onclick", "@import", "url("}) {
      EXPECT_THAT(page, Not(HasSubstr(no))) << v1::RunState_Name(state);
    }
    for (const std::string& target : All(page, "href=\"([^\"]*)\"")) EXPECT_EQ(target[0], '#');
  }
  EXPECT_THAT(std::string(css::kReport), Not(HasSubstr("</")));
}

// Every element is closed in the right order; what names an element of the page finds it.
TEST(ReportTest, IsWellFormed) {
  for (const v1::RunState state : kStates) {
    const std::string body = BodyOf(PageOf(state));
    std::vector<std::string> open = {"html"};
    static const auto& tag = *new std::regex("<(/?)([a-z0-9]+)[^>]*>");
    for (std::sregex_iterator it(body.begin(), body.end(), tag), end; it != end; ++it) {
      if ((*it)[1].length() == 0) {
        open.push_back((*it)[2]);
        continue;
      }
      ASSERT_FALSE(open.empty());
      ASSERT_EQ(open.back(), (*it)[2]) << v1::RunState_Name(state);
      open.pop_back();
    }
    EXPECT_THAT(open, IsEmpty());
    const std::vector<std::string> ids = All(body, " id=\"([^\"]*)\"");
    const std::set<std::string> once(ids.begin(), ids.end());
    EXPECT_EQ(once.size(), ids.size());
    for (const char* reference : {"href=\"#([^\"]*)\"", "aria-labelledby=\"([^\"]*)\""}) {
      for (const std::string& id : All(body, reference)) EXPECT_EQ(once.count(id), 1u) << id;
    }
  }
}

// ---- the style sheet

double Channel(int value) {
  const double share = value / 255.0;
  return share <= 0.03928 ? share / 12.92 : std::pow((share + 0.055) / 1.055, 2.4);
}

// WCAG 2.1, relative luminance; "#1c2127".
double Luminance(const std::string& color) {
  const auto part = [&color](int at) { return std::stoi(color.substr(at, 2), nullptr, 16); };
  return 0.2126 * Channel(part(1)) + 0.7152 * Channel(part(3)) + 0.0722 * Channel(part(5));
}

double Contrast(const std::string& a, const std::string& b) {
  const auto [dark, light] = std::minmax({Luminance(a), Luminance(b)});
  return (light + 0.05) / (dark + 0.05);
}

// The values of `:root` in its three places: light, dark, print.
std::vector<std::map<std::string, std::string>> Palettes() {
  std::vector<std::map<std::string, std::string>> palettes;
  const std::string sheet = css::kReport;
  for (const std::string& block : All(sheet, ":root \\{([^}]*)\\}")) {
    static const auto& color = *new std::regex("--([a-z]+): (#[0-9a-f]{6});");
    auto& palette = palettes.emplace_back();
    for (std::sregex_iterator it(block.begin(), block.end(), color), end; it != end; ++it) {
      palette[(*it)[1]] = (*it)[2];
    }
  }
  return palettes;
}

TEST(ReportStyleTest, ColoursHaveTheContrastOfWcagAa) {
  const auto palettes = Palettes();
  ASSERT_EQ(palettes.size(), 3u);
  for (auto palette : palettes) {
    for (const char* ground : {"ground", "raised"}) {
      for (const char* ink : {"text", "dim", "good", "warn", "bad", "link"}) {
        EXPECT_GE(Contrast(palette[ink], palette[ground]), 4.5) << ink << " on " << ground;
      }
    }
    for (const char* bar : {"cleared", "recreated", "bad"}) {
      EXPECT_GE(Contrast(palette[bar], palette["ground"]), 3) << bar;
      EXPECT_GE(Contrast(palette[bar], palette["track"]), 3) << bar;
    }
  }
}

TEST(ReportStyleTest, KnowsTheClassesThatThePageHas) {
  const std::string sheet = css::kReport;
  std::set<std::string> classes;
  for (const v1::RunState state : kStates) {
    for (const std::string& names : All(PageOf(state), " class=\"([^\"]*)\"")) {
      for (const std::string& name : All(names, "([a-z]+)")) classes.insert(name);
    }
  }
  for (const std::string& name : classes) EXPECT_THAT(sheet, HasSubstr("." + name)) << name;
}

TEST(ReportJsonTest, HasTheSameFacts) {
  const std::string json = ReportJson(ALook(), AReport(v1::RUN_STATE_SUCCEEDED));
  EXPECT_THAT(json, HasSubstr("{\"run\":{\"id\":\"r-19c04e7719c04e77\""));
  EXPECT_THAT(json, HasSubstr("\"walLsnAfter\":\"0/1A2B3E00\""));
  EXPECT_THAT(json, HasSubstr("\"decoded\":{\"format\":1"));
  EXPECT_THAT(json, HasSubstr("\"entries\":[{\"index\":\"4700\""));
  EXPECT_THAT(json,
              HasSubstr("\"proof\":{\"origin\":\"resetctl.controller/main\",\"size\":\"4900\""));
  EXPECT_THAT(json, HasSubstr("\"seenBefore\":\"4800\",\"signedBy\":null,\"index\":\"4811\""));
}

}  // namespace
}  // namespace resetctl::client

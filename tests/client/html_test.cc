#include "client/output/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/base/text.h"
#include "proto/contract/digest.h"

namespace resetctl::client {
namespace {

using ::testing::HasSubstr;

TEST(HtmlTest, NestsWhatIsOpenAndClosesIt) {
  Html page;
  {
    const auto table = page.In("table", {{"class", "rows"}, {"id", "t"}});
    const auto row = page.In("tr");
    page.Leaf("td", "1");
    page.Leaf("td", "2", {{"class", "number"}});
  }
  page.Text("after");
  EXPECT_EQ(page.text(),
            "<table class=\"rows\" id=\"t\"><tr><td>1</td><td class=\"number\">2</td></tr></table>"
            "after");
}

TEST(HtmlTest, NothingThatComesFromElsewhereIsMoreThanText) {
  const std::string evil = "<script>alert('x')</script>\" onload=\"y\" &amp; <!--";
  Html page;
  page.Leaf("p", evil, {{"title", evil}});
  page.LinkTo(evil, evil);
  const std::string escaped =
      "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot; onload=&quot;y&quot; &amp;amp; "
      "&lt;!--";
  EXPECT_EQ(page.text(), "<p title=\"" + escaped + "\">" + escaped + "</p><a href=\"#" + escaped +
                             "\">" + escaped + "</a>");
}

TEST(HtmlTest, CharactersThatHideOthersAreReplaced) {
  EXPECT_EQ(EscapeHtml("a\x1b[31m\x07z"), "a?[31m?z");
  EXPECT_EQ(EscapeHtml("users\u202Elqs"), "users\uFFFDlqs");
  EXPECT_EQ(EscapeHtml("\u2066x\u2069"), "\uFFFDx\uFFFD");
  EXPECT_EQ(EscapeHtml("two\nlines"), "two\nlines");
  EXPECT_EQ(EscapeHtml("bad \xff utf-8"), "bad ? utf-8");
  EXPECT_EQ(EscapeHtml("Größe ≈ 1"), "Größe ≈ 1");
}

// The browser runs no script, loads nothing, and takes no other style sheet than this one.
TEST(HtmlTest, ThePolicyAllowsTheStyleSheetAlone) {
  Html page;
  page.Head("a <title>", "p { color: red; }");
  EXPECT_THAT(page.text(), HasSubstr("<title>a &lt;title&gt;</title>"));
  EXPECT_THAT(page.text(), HasSubstr("content=\"default-src 'none'; style-src 'sha256-" +
                                     base::ToBase64(contract::Sha256("p { color: red; }")) +
                                     "'; base-uri 'none'; form-action 'none'\">"));
  EXPECT_THAT(page.text(), HasSubstr("<style>p { color: red; }</style>"));
}

}  // namespace
}  // namespace resetctl::client

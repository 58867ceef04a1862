#include "proto/base/yaml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace resetctl::base {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// 'line:column path: message', for literals in tests.
std::vector<std::string> Lines(const std::vector<YamlProblem>& problems) {
  std::vector<std::string> lines;
  for (const YamlProblem& problem : problems) {
    lines.push_back(absl::StrCat(problem.line, ":", problem.column, " ", Describe(problem)));
  }
  return lines;
}

class YamlReaderTest : public ::testing::Test {
 protected:
  YamlMap Parse(absl::string_view text) { return YamlMap::Parse(text, &problems_); }
  std::vector<std::string> problems() const { return Lines(problems_); }
  std::vector<YamlProblem> problems_;
};

TEST_F(YamlReaderTest, ReadsEveryKindOfValue) {
  YamlMap root = Parse(
      "text: hello\nquoted: \"12\"\nnumber: -12\nflag: true\nwait: 15s\n"
      "words: [a, 'b', 3]\nmap: {inner: yes}\n");
  EXPECT_EQ(root.RequiredString("text"), "hello");
  EXPECT_EQ(root.String("quoted"), "12");
  EXPECT_EQ(root.Int("number", 0, -100, 100), -12);
  EXPECT_TRUE(root.Bool("flag", false));
  EXPECT_EQ(root.Duration("wait", absl::ZeroDuration()), absl::Seconds(15));
  EXPECT_THAT(root.Strings("words"), ElementsAre("a", "b", "3"));
  EXPECT_EQ(root.Map("map").String("inner"), "yes");
  root.Finish();
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(YamlReaderTest, FallsBackWhenAKeyIsAbsent) {
  YamlMap root = Parse("a: 1\n");
  EXPECT_EQ(root.String("x", "fallback"), "fallback");
  EXPECT_EQ(root.Int("x", 7, 0, 9), 7);
  EXPECT_TRUE(root.Bool("x", true));
  EXPECT_EQ(root.Duration("x", absl::Hours(1)), absl::Hours(1));
  EXPECT_THAT(root.Strings("x"), IsEmpty());
  EXPECT_FALSE(root.Map("x").Has("anything"));
  EXPECT_FALSE(root.Node("x").has_value());
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(YamlReaderTest, NamesKeysInTheFilesOrder) {
  EXPECT_THAT(Parse("z: 1\na: 2\nm: 3\n").Keys(), ElementsAre("z", "a", "m"));
}

TEST_F(YamlReaderTest, RefusesUnknownKeysAndSuggestsTheNearest) {
  YamlMap root = Parse("listen: x\nsub:\n  requird: 2\n  colour: red\n");
  root.String("listen");
  YamlMap sub = root.Map("sub");
  sub.Int("required", 0, 0, 9);
  sub.Finish();
  root.Finish();
  EXPECT_THAT(problems(),
              ElementsAre("3:3 sub.requird: unknown key", "4:3 sub.colour: unknown key"));
  EXPECT_EQ(problems_[0].advice, "Did you mean 'required'?");
  EXPECT_EQ(problems_[1].advice, "Remove it, or correct its spelling.");
}

TEST_F(YamlReaderTest, RefusesDuplicateKeysAndKeepsTheFirst) {
  YamlMap root = Parse("a: 1\nb:\n  c: 2\n  'c': 3\na: 4\n");
  EXPECT_THAT(problems(), ElementsAre("4:3 b.c: duplicate key, first in line 3",
                                      "5:1 a: duplicate key, first in line 1"));
  EXPECT_EQ(root.Int("a", 0, 0, 9), 1);
}

TEST_F(YamlReaderTest, FindsDuplicatesWhereNobodyReads) {
  Parse("deep:\n  - {list: [{x: 1, y: {z: 1, z: 2}}]}\n");
  EXPECT_THAT(problems(), ElementsAre("2:30 deep[0].list[0].y.z: duplicate key, first in line 2"));
}

TEST_F(YamlReaderTest, RefusesAnchorsAliasesTagsAndOddKeys) {
  Parse("a: &x 1\nb: *x\nc: !!str 3\n[d, e]: 4\n~: 5\n");
  EXPECT_THAT(
      problems(),
      ElementsAre(HasSubstr("a: anchors are not allowed"), HasSubstr("b: aliases are not allowed"),
                  HasSubstr("c: tags are not allowed"), HasSubstr("a key must be text"),
                  HasSubstr("a key must be text")));
  EXPECT_EQ(problems_[0].line, 1);
  EXPECT_EQ(problems_[1].line, 2);
  EXPECT_EQ(problems_[2].line, 3);
  EXPECT_EQ(problems_[3].line, 4);
}

TEST_F(YamlReaderTest, RefusesWrongTypesAtTheirPlaceAndReadsOn) {
  YamlMap root = Parse(
      "number: twelve\nquoted: '12'\nflag: yes\nwait: 15\nlist: x\n"
      "map: [1]\ntext: {a: 1}\nempty:\nbig: 11\n");
  EXPECT_EQ(root.Int("number", 5, 0, 9), 5);
  EXPECT_EQ(root.Int("quoted", 5, 0, 99), 5);
  EXPECT_TRUE(root.Bool("flag", true));
  EXPECT_EQ(root.Duration("wait", absl::Seconds(3)), absl::Seconds(3));
  EXPECT_THAT(root.Strings("list"), IsEmpty());
  EXPECT_FALSE(root.Map("map").Has("a"));
  EXPECT_EQ(root.String("text", "fallback"), "fallback");
  EXPECT_EQ(root.String("empty", "fallback"), "fallback");
  EXPECT_EQ(root.Int("big", 5, 0, 10), 5);
  EXPECT_EQ(root.RequiredString("missing"), "");
  EXPECT_THAT(
      problems(),
      ElementsAre("1:9 number: must be a whole number, not 'twelve'",
                  "2:9 quoted: must be a whole number, not quoted text",
                  "3:7 flag: must be true or false, not 'yes'",
                  "4:7 wait: must be a duration, not '15'",
                  "5:7 list: must be a list, not one value", "6:1 map: must be a map, not a list",
                  "7:1 text: must be text, not a map", "8:1 empty: has no value",
                  "9:6 big: must be between 0 and 10", "1:1 missing: is missing"));
}

TEST_F(YamlReaderTest, RequiredStringsAreNotEmpty) {
  EXPECT_EQ(Parse("a: ''\n").RequiredString("a"), "");
  EXPECT_THAT(problems(), ElementsAre("1:4 a: must not be empty"));
}

TEST_F(YamlReaderTest, TellsPlainFromQuotedScalars) {
  YamlMap root = Parse("list: [true, 'true', \"1\", 1, ~, null]\n");
  std::vector<YamlNode> nodes = root.List("list");
  ASSERT_EQ(nodes.size(), 6u);
  EXPECT_TRUE(nodes[0].IsPlain());
  EXPECT_FALSE(nodes[1].IsPlain());
  EXPECT_FALSE(nodes[2].IsPlain());
  EXPECT_TRUE(nodes[3].IsPlain());
  EXPECT_TRUE(nodes[4].IsNull());
  EXPECT_TRUE(nodes[5].IsNull());
}

TEST_F(YamlReaderTest, NodesComplainWithTheirPath) {
  YamlMap root = Parse("clear:\n  - tables: [a, {b: 1}]\n");
  YamlMap group = root.List("clear")[0].AsMap();
  EXPECT_THAT(group.Strings("tables"), ElementsAre("a"));
  group.List("tables")[0].Fail("is no table", "Write another.");
  group.FailAt("tables", "too few");
  group.FailAt("group", "is missing");
  EXPECT_THAT(problems(),
              ElementsAre("2:17 clear[0].tables[1]: must be text, not a map",
                          "2:14 clear[0].tables[0]: is no table", "2:5 clear[0].tables: too few",
                          "2:5 clear[0].group: is missing"));
  EXPECT_EQ(problems_[1].advice, "Write another.");
}

TEST_F(YamlReaderTest, ReportsSyntaxErrorsWithLineAndColumn) {
  Parse("a: 1\nb: [1, 2\nc: }\n");
  ASSERT_EQ(problems_.size(), 1u);
  EXPECT_THAT(problems_[0].message, HasSubstr("not valid YAML"));
  EXPECT_GE(problems_[0].line, 2);
  EXPECT_GE(problems_[0].column, 1);
}

TEST_F(YamlReaderTest, RefusesWhatIsNoMap) {
  for (const char* text : {"", "# only a comment\n", "- a\n- b\n", "just text", "~"}) {
    problems_.clear();
    Parse(text);
    EXPECT_THAT(problems(), ElementsAre(HasSubstr("must be a map of keys and values"))) << text;
  }
}

TEST_F(YamlReaderTest, RefusesASecondDocument) {
  Parse("a: 1\n---\nb: 2\n");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("3:1 only one YAML document")));
}

TEST_F(YamlReaderTest, RefusesBytesThatAreNotText) {
  Parse("a: 1\nb: \xff\n");
  Parse(absl::string_view("a: \0\n", 5));
  EXPECT_THAT(problems(),
              ElementsAre("2:4 this byte is not UTF-8", "1:4 a NUL byte is not allowed"));
}

TEST_F(YamlReaderTest, SurvivesDeepNesting) {
  Parse(absl::StrCat("a: ", std::string(100000, '[')));
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("nested too deeply")));
}

TEST_F(YamlReaderTest, AskingTwiceForAMapReportsItsUnknownKeysOnlyByFinish) {
  YamlMap root = Parse("tls: {key: a, cert: b}\n");
  root.Map("tls").String("key");
  YamlMap again = root.Map("tls");
  again.String("cert");
  again.Finish();
  EXPECT_THAT(problems(), IsEmpty());
}

TEST(ParseDurationTest, TakesWholeNumbersWithAUnit) {
  EXPECT_EQ(ParseDuration("500ms"), absl::Milliseconds(500));
  EXPECT_EQ(ParseDuration("15s"), absl::Seconds(15));
  EXPECT_EQ(ParseDuration("10m"), absl::Minutes(10));
  EXPECT_EQ(ParseDuration("4h"), absl::Hours(4));
  EXPECT_EQ(ParseDuration("7d"), absl::Hours(7 * 24));
  EXPECT_EQ(ParseDuration("0s"), absl::ZeroDuration());
  for (const char* bad :
       {"", "s", "15", "-1s", "+1s", "1.5h", " 1s", "1 s", "1h30m", "9999999999d"}) {
    EXPECT_FALSE(ParseDuration(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace resetctl::base

// `lookup:` of rows and csv steps, and how a CSV file is written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proto/contract_b/blueprint_for_test.h"

namespace resetctl::contract {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kItems[] = "brand_id,sku\nx,1\n";

CsvStep Step(const std::string& more) {
  const ParsedBlueprint parsed = ParseText(
      absl::StrCat(kHead, "recreate: [{name: A, csv: {table: items, file: a.csv, ", more, "}}]\n"),
      {{"a.csv", kItems}});
  EXPECT_THAT(Lines(parsed), IsEmpty());
  return std::get<CsvStep>(parsed.blueprint.recreate.at(0).what);
}

// Of a csv step that says `more`; its own line is the third.
std::vector<std::string> Wrong(const std::string& more) {
  std::vector<std::string> lines =
      ProblemsOf("recreate:\n  - name: A\n    csv:\n      table: items\n      file: a.csv\n      " +
                     more + "\n",
                 {{"a.csv", kItems}});
  return lines;
}

TEST(BlueprintLookupTest, AReferenceIsWrittenAsTableAndColumn) {
  const CsvStep step =
      Step("lookup: {brand_id: brands.code, owner: audit.people.name, odd: '\"a.b\".\"c d\"'}");
  ASSERT_EQ(step.lookups.size(), 3u);
  EXPECT_EQ(step.lookups[0].column, "brand_id");
  EXPECT_EQ(step.lookups[0].table.name, "brands");
  EXPECT_EQ(step.lookups[0].table.text, "brands");
  ASSERT_EQ(step.lookups[0].by.size(), 1u);
  EXPECT_EQ(step.lookups[0].by[0].column, "code");
  EXPECT_EQ(step.lookups[0].by[0].field, "brand_id");
  EXPECT_EQ(step.lookups[0].gives, "");
  EXPECT_EQ(step.lookups[0].location.line, 7);
  EXPECT_EQ(*step.lookups[1].table.schema, "audit");
  EXPECT_EQ(step.lookups[1].table.text, "audit.people");
  EXPECT_EQ(step.lookups[2].table.name, "a.b");
  EXPECT_EQ(step.lookups[2].by[0].column, "c d");
}

TEST(BlueprintLookupTest, KeysOfSeveralColumnsStandInColumnsOfTheirOwn) {
  const CsvStep step = Step(
      "lookup: {brand_id: {table: brands, by: {code: brand_code, country: brand_country}, "
      "gives: uuid}}");
  ASSERT_EQ(step.lookups.size(), 1u);
  ASSERT_EQ(step.lookups[0].by.size(), 2u);
  EXPECT_EQ(step.lookups[0].by[1].column, "country");
  EXPECT_EQ(step.lookups[0].by[1].field, "brand_country");
  EXPECT_EQ(step.lookups[0].gives, "uuid");
  EXPECT_EQ(Step("lookup: {brand_id: {table: brands, by: code}}").lookups[0].by[0].field,
            "brand_id");
}

TEST(BlueprintLookupTest, RowsLookUpToo) {
  const ParsedBlueprint parsed = ParseText(absl::StrCat(
      kHead, "recreate:\n  - name: A\n    rows:\n      table: items\n",
      "      lookup: {brand_id: brands.code}\n      values:\n        - {brand_id: x}\n",
      "        - {brand_id: y,\n           sku: 2}\n"));
  EXPECT_THAT(Lines(parsed), IsEmpty());
  const RowsStep& step = std::get<RowsStep>(parsed.blueprint.recreate.at(0).what);
  EXPECT_EQ(step.lookups.size(), 1u);
  ASSERT_EQ(step.places.size(), 2u);
  EXPECT_EQ(step.places[1].line, 14);
  EXPECT_EQ(step.rows[1][1].second.line, 15);
  EXPECT_EQ(step.rows[1][1].second.column, 17);
}

TEST(BlueprintLookupTest, SaysWhatIsWrongAndWhere) {
  EXPECT_THAT(Wrong("lookup: {brand_id: brands}"),
              ElementsAre(HasSubstr("b.yaml:12:26 recreate[0].csv.lookup.brand_id: 'brands' is no "
                                    "column of a table")));
  EXPECT_THAT(Wrong("lookup: {brand_id: 'br*.code'}"), ElementsAre(HasSubstr("'*' has no place")));
  EXPECT_THAT(Wrong("lookup: {brand_id: a.b.c.d}"), ElementsAre(HasSubstr("is no column")));
  EXPECT_THAT(Wrong("lookup: {brand_id: [brands.code]}"),
              ElementsAre(HasSubstr("must say where its value is looked up")));
  EXPECT_THAT(Wrong("lookup: {}"), ElementsAre(HasSubstr("lookup: names no column")));
  EXPECT_THAT(Wrong("lookup: brands.code"), ElementsAre(HasSubstr("must be a map")));
  EXPECT_THAT(Wrong("lookup: {brand_id: {table: brands, by: code, give: id}}"),
              ElementsAre(HasSubstr("brand_id.give: unknown key")));
  EXPECT_THAT(Wrong("lookup: {brand_id: {by: code}}"),
              ElementsAre(HasSubstr("brand_id.table: is missing")));
  EXPECT_THAT(Wrong("lookup: {brand_id: {table: 'b*', by: code}}"),
              ElementsAre(HasSubstr("a lookup reads one table")));
  EXPECT_THAT(Wrong("lookup: {brand_id: {table: brands}}"),
              ElementsAre(HasSubstr("brand_id.by: is missing")));
  EXPECT_THAT(Wrong("lookup: {brand_id: {table: brands, by: [code, country]}}"),
              ElementsAre(HasSubstr("must be a column, or a map of columns")));
  EXPECT_THAT(Wrong("lookup: {brand_id: {table: brands, by: {}}}"),
              ElementsAre(HasSubstr("by: names no column")));
  EXPECT_THAT(Wrong("lookup: {a: x.y, brand_id: {table: brands, by: {code: a, country: b}}}"),
              ElementsAre(HasSubstr("brand_id: its key a is looked up itself")));
  EXPECT_THAT(Wrong("lookups: {brand_id: brands.code}"),
              ElementsAre(HasSubstr("csv.lookups: unknown key")));
}

TEST(BlueprintLookupTest, CsvFormats) {
  EXPECT_EQ(Step("null: '\\N'").format.null, "\\N");
  EXPECT_EQ(Step("\"null\": NIL").format.null, "NIL");
  EXPECT_EQ(Step("delimiter: '|'").format.delimiter, '|');
  EXPECT_EQ(Step("null: ''").format.null, "");
  EXPECT_THAT(Wrong("delimiter: ';;'"),
              ElementsAre(HasSubstr("delimiter: must be one ASCII character")));
  EXPECT_THAT(Wrong("delimiter: x"), ElementsAre(HasSubstr("must be one ASCII character")));
  EXPECT_THAT(Wrong("delimiter: ä"), ElementsAre(HasSubstr("must be one ASCII character")));
  EXPECT_THAT(Wrong("delimiter: '\\t'"), ElementsAre(HasSubstr("must be one ASCII character")));
  EXPECT_THAT(Wrong("delimiter: '\"'"), ElementsAre(HasSubstr("cannot be a quote")));
  EXPECT_THAT(Wrong("null: NULL"), ElementsAre(HasSubstr("is YAML's own null")));
  EXPECT_THAT(Wrong("null: 'a,b'"), ElementsAre(HasSubstr("must hold neither quotes nor")));
  EXPECT_THAT(Wrong("null: 'a\"b'"), ElementsAre(HasSubstr("must hold neither quotes nor")));
}

TEST(BlueprintLookupTest, OnlyTheWordNullIsAKeyThatYamlWouldNotRead) {
  EXPECT_THAT(Wrong("~: 'x'"), ElementsAre(HasSubstr("a key must be text")));
  EXPECT_THAT(Wrong("Null: 'x'"), ElementsAre(HasSubstr("a key must be text")));
  EXPECT_EQ(ParseText("\xEF\xBB\xBF" + std::string(kHead) +
                          "# gr\xC3\xBCn\nrecreate: [{name: \xC3\x84, csv: {table: t, file: a.csv, "
                          "null: '-'}}]\n",
                      {{"a.csv", kItems}})
                .problems.size(),
            0u);
}

}  // namespace
}  // namespace resetctl::contract

#include "proto/contract/schema_drift.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace resetctl::contract {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Lines(const SchemaObjects& was, const SchemaObjects& now) {
  std::vector<std::string> lines;
  for (const SchemaDifference& each : CompareSchemas(was, now)) {
    lines.push_back(absl::StrCat(each.name, ": ", DescribeChange(each)));
  }
  return lines;
}

TEST(SchemaDriftTest, TellsWhatCameWentAndChanged) {
  EXPECT_THAT(Lines({{"public.items", "table"}, {"public.items column sku", "varchar(50)"}},
                    {{"public.items", "table"},
                     {"public.items column note", "text"},
                     {"public.items column sku", "text"}}),
              ElementsAre("public.items column note: added (text)",
                          "public.items column sku: was varchar(50), now text"));
}

TEST(SchemaDriftTest, ARelationThatCameOrWentIsOneLine) {
  EXPECT_THAT(Lines({{"public.gone", "table"}, {"public.gone column a", "integer"}},
                    {{"public.\"new one\"", "table"}, {"public.\"new one\" column a", "integer"}}),
              ElementsAre("public.\"new one\": added (table)", "public.gone: removed (table)"));
}

TEST(SchemaDriftTest, EqualSchemasDifferInNothing) {
  EXPECT_THAT(Lines({{"public.items", "table"}}, {{"public.items", "table"}}), IsEmpty());
}

}  // namespace
}  // namespace resetctl::contract

#include "proto/contract/csv_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace resetctl::contract {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// 'line/copy line: fields' of each record, and the problem.
std::vector<std::string> Records(const std::string& text, char delimiter = ',') {
  std::vector<std::string> lines;
  CsvScanner scanner(text, delimiter);
  for (CsvRecord record; scanner.Next(&record);) {
    lines.push_back(absl::StrCat(record.line, "/", record.copy_line, ": ", record.fields));
  }
  if (scanner.problem() != nullptr) {
    lines.push_back(absl::StrCat(scanner.problem()->line, ": ", scanner.problem()->what));
  }
  return lines;
}

std::vector<std::string> ProblemsIn(const std::string& text, const CsvFormat& format = {}) {
  std::vector<std::string> lines;
  for (const CsvProblem& problem : OutlineCsv(text, format).problems) {
    lines.push_back(absl::StrCat(problem.line, ":", problem.column, " ", problem.what));
  }
  return lines;
}

TEST(CsvTextTest, CountsRecordsAsCopyReadsThem) {
  const CsvOutline outline =
      OutlineCsv("name,\"the \"\"note\"\"\",c\r\nA,\"two\nlines, one comma\",1\r\nB,x,2\r\n", {});
  EXPECT_THAT(outline.problems, IsEmpty());
  EXPECT_THAT(outline.header, ElementsAre("name", "the \"note\"", "c"));
  EXPECT_EQ(outline.records, 2);
  EXPECT_EQ(OutlineCsv("a\n1", {}).records, 1);
  EXPECT_EQ(OutlineCsv("\xEF\xBB\xBF"
                       "a\n1\n\n\n",
                       {})
                .records,
            1);
}

TEST(CsvTextTest, RecordsKnowTheLineInWhichTheyBegin) {
  EXPECT_THAT(Records("a,b\n1,\"x\ny\"\n2,z\n"), ElementsAre("1/1: 2", "2/3: 2", "4/4: 2"));
  // PostgreSQL counts only line breaks of the file's own kind.
  EXPECT_THAT(Records("a,b\r\n1,\"x\ny\"\r\n2,\"x\r\ny\"\r\n3,z"),
              ElementsAre("1/1: 2", "2/2: 2", "4/4: 2", "6/5: 2"));
  EXPECT_THAT(Records("a\r1\r2"), ElementsAre("1/1: 1", "2/2: 1", "3/3: 1"));
}

TEST(CsvTextTest, OnlyTheDelimiterSeparates) {
  EXPECT_THAT(Records("a;b,c\n1;2\n", ';'), ElementsAre("1/1: 2", "2/2: 2"));
  EXPECT_THAT(Records("a\tb\n"), ElementsAre("1/1: 1"));
}

TEST(CsvTextTest, StopsWhereCopyWouldReadSomethingElse) {
  EXPECT_THAT(Records("a\n\"1\n2\n"), ElementsAre("1/1: 1", "2: a quoted value does not end"));
  EXPECT_THAT(Records("a\n\n1\n"), ElementsAre("1/1: 1", "2: the line is empty"));
  EXPECT_THAT(Records("a\n\\.\n1\n"), ElementsAre("1/1: 1", HasSubstr("2: a line that consists")));
  EXPECT_THAT(Records("a\n\\."), ElementsAre("1/1: 1", HasSubstr("2: a line that consists")));
  EXPECT_THAT(Records("a\r\n1\n"),
              ElementsAre("1/1: 1", "2: the line ends otherwise than the lines before"));
}

TEST(CsvTextTest, SplitsARecordIntoValuesWithTheirPlaces) {
  CsvScanner scanner("a,b,c\n1,\"é \"\"x\"\"\nz\", \"\" \r2", ',');
  CsvRecord record;
  ASSERT_TRUE(scanner.Next(&record));
  scanner = CsvScanner("h,i,j,k\ngrün,\"q \"\"x\"\"\nz\",\"\",\nlast,,,\n", ',');
  ASSERT_TRUE(scanner.Next(&record));
  ASSERT_TRUE(scanner.Next(&record));
  const std::vector<CsvValue> values = SplitCsvRecord(record, ',');
  ASSERT_EQ(values.size(), 4u);
  EXPECT_EQ(values[0].text, "grün");
  EXPECT_EQ(values[1].text, "q \"x\"\nz");
  EXPECT_EQ(values[1].line, 2);
  EXPECT_EQ(values[1].column, 6);
  EXPECT_TRUE(values[2].quoted);
  EXPECT_EQ(values[2].text, "");
  EXPECT_EQ(values[2].line, 3);
  EXPECT_EQ(values[2].column, 4);
  EXPECT_FALSE(values[3].quoted);
  EXPECT_EQ(values[3].column, 7);
}

TEST(CsvTextTest, OutlinesSayEverythingThatIsWrong) {
  EXPECT_THAT(ProblemsIn(""), ElementsAre("1:1 the file is empty"));
  EXPECT_THAT(ProblemsIn("a,b\n"), ElementsAre("1:1 the file has a header and no row"));
  EXPECT_THAT(ProblemsIn("a,,a\n1,2\n"),
              ElementsAre("1:3 the header has a column without a name",
                          "1:4 the header names the column a twice",
                          "2:0 the row has 2 values, the header names 3"));
  EXPECT_THAT(ProblemsIn("a\n\xFF\n"), ElementsAre("2:0 the file is not UTF-8 text"));
  EXPECT_THAT(ProblemsIn(std::string("a\nx\0\n", 5)),
              ElementsAre("2:0 the file is not UTF-8 text"));
  EXPECT_EQ(ProblemsIn("a,b\n1\n1\n1\n1\n1\n1\n1\n1\n").size(), 5u) << "not one for each line";
}

TEST(CsvTextTest, QuotesAValue) { EXPECT_EQ(QuoteCsv("a \"b\""), "\"a \"\"b\"\"\""); }

}  // namespace
}  // namespace resetctl::contract

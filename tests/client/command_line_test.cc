#include "client/commands/command_line.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {
namespace {

std::string AdviceOf(const CommandLine& line) { return contract::ProblemOf(line.status).advice(); }

TEST(CommandLineTest, AVerbWithItsOptionsRuns) {
  const CommandLine line = ParseCommandLine({"plan", "b.yaml", "--env", "staging", "-o", "json"});
  EXPECT_TRUE(line.status.ok()) << line.status;
  EXPECT_TRUE(line.run != nullptr);
  EXPECT_TRUE(line.globals.json);
}

TEST(CommandLineTest, TheEnvironmentOfADestructiveVerbIsAlwaysSaid) {
  for (const char* verb : {"plan", "reset"}) {
    const CommandLine line = ParseCommandLine({verb, "b.yaml"});
    EXPECT_EQ(contract::ReasonOf(line.status), v1::REASON_INVALID_ARGUMENT);
    EXPECT_NE(line.status.message().find("--env"), absl::string_view::npos);
  }
}

TEST(CommandLineTest, SuggestsTheVerbThatWasMeant) {
  EXPECT_NE(AdviceOf(ParseCommandLine({"aprove", "p-1"})).find("'approve'"), std::string::npos);
  EXPECT_NE(AdviceOf(ParseCommandLine({"context", "lst"})).find("'list'"), std::string::npos);
}

TEST(CommandLineTest, SuggestsTheOptionThatWasMeant) {
  const CommandLine line = ParseCommandLine({"plan", "b.yaml", "--evn", "staging"});
  EXPECT_NE(AdviceOf(line).find("'--env'"), std::string::npos) << AdviceOf(line);
}

TEST(CommandLineTest, AVerbsNameAsAnArgumentIsNoVerb) {
  const CommandLine line = ParseCommandLine({"approve", "p-1", "run"});
  EXPECT_EQ(contract::ReasonOf(line.status), v1::REASON_INVALID_ARGUMENT);
  EXPECT_TRUE(line.run == nullptr);
}

TEST(CommandLineTest, KnowsTheFormOfItsErrorsEvenWhenTheRestIsWrong) {
  EXPECT_TRUE(ParseCommandLine({"plan", "-o", "json", "--nonsense"}).globals.json);
}

TEST(CommandLineTest, EveryVerbHelpsWithAnExample) {
  for (const VerbDescription& verb : DescribeVerbs()) {
    std::vector<std::string> arguments;
    const size_t blank = verb.verb.find(' ');
    arguments.push_back(verb.verb.substr(0, blank));
    if (blank != std::string::npos) arguments.push_back(verb.verb.substr(blank + 1));
    arguments.push_back("--help");
    const CommandLine line = ParseCommandLine(arguments);
    ASSERT_TRUE(line.help.has_value()) << verb.verb;
    EXPECT_NE(line.help->find("Usage: resetctl " + verb.verb), std::string::npos) << *line.help;
    const bool group = line.help->find("Verbs:") != std::string::npos;
    EXPECT_TRUE(group || line.help->find("Example:\n  resetctl " + verb.verb) != std::string::npos)
        << *line.help;
  }
}

TEST(CommandLineTest, ADifferenceIsShownAlone) {
  EXPECT_TRUE(ParseCommandLine({"show", "p-1", "--diff", "p-2"}).status.ok());
  EXPECT_TRUE(ParseCommandLine({"show", "p-1", "--tables", "--sql"}).status.ok());
  for (const char* other : {"--sql", "--tables"}) {
    const CommandLine line = ParseCommandLine({"show", "p-1", "--diff", "p-2", other});
    EXPECT_EQ(contract::ReasonOf(line.status), v1::REASON_INVALID_ARGUMENT) << other;
  }
}

TEST(CommandLineTest, OffersNothingThatDoesNotExistYet) {
  const std::vector<VerbDescription> verbs = DescribeVerbs();
  EXPECT_TRUE(std::none_of(verbs.begin(), verbs.end(), [](const VerbDescription& verb) {
    return verb.verb == "blueprint init";
  }));
}

// Elsewhere -o is the form of the output; of a report it is where it goes.
TEST(CommandLineTest, TheOutputOfAReportIsAFileUnlessItIsJson) {
  for (const char* file : {"run.html", "-", "text"}) {
    const CommandLine line = ParseCommandLine({"report", "r-1", "-o", file});
    EXPECT_TRUE(line.status.ok()) << line.status;
    EXPECT_FALSE(line.globals.json) << file;
  }
  EXPECT_TRUE(ParseCommandLine({"report", "r-1", "-o", "json"}).globals.json);
  EXPECT_TRUE(ParseCommandLine({"report", "r-1", "--output=json"}).globals.json);
  EXPECT_TRUE(ParseCommandLine({"-o", "json", "report", "r-1"}).globals.json);
  EXPECT_FALSE(ParseCommandLine({"show", "r-1", "-o", "run.html"}).status.ok());
}

}  // namespace
}  // namespace resetctl::client

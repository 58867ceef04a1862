#include "proto/base/subprocess.h"

#include <cstdint>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sstream>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_folder.h"

namespace resetctl::base {
namespace {

using testing::HasSubstr;

SubprocessOptions Shell(const std::string& script) {
  SubprocessOptions options;
  options.argv = {"sh", "-c", script};
  options.timeout = absl::Seconds(60);
  return options;
}

TEST(SubprocessTest, GivesInputOutputAndExitCode) {
  SubprocessOptions options = Shell("cat; echo problem >&2; exit 3");
  options.standard_input = "hello\n";
  const auto result = RunSubprocess(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->standard_output, "hello\n");
  EXPECT_EQ(result->standard_error, "problem\n");
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_FALSE(result->timed_out);
}

TEST(SubprocessTest, InputLargerThanAPipeArrives) {
  SubprocessOptions options = Shell("wc -c");
  options.standard_input = std::string(3 << 20, 'x');
  EXPECT_THAT(RunSubprocess(options)->standard_output, HasSubstr("3145728"));
}

TEST(SubprocessTest, TheChildSeesTheGivenEnvironmentOnly) {
  setenv("RESETCTL_TEST_SECRET", "hunter2", 1);
  SubprocessOptions options;
  options.argv = {"env"};
  options.environment = {"ONE=1"};
  EXPECT_EQ(RunSubprocess(options)->standard_output, "ONE=1\n");
}

TEST(SubprocessTest, MemoryFilesAreReadAsPaths) {
  SubprocessOptions options;
  options.argv = {"cat", "{memory:1}", "{memory:0}", "{memory:1}"};
  options.memory_files = {"a", "b"};
  EXPECT_EQ(RunSubprocess(options)->standard_output, "bab");
}

TEST(SubprocessTest, NoDescriptorOfOursIsInherited) {
  const int leak = open("/dev/null", O_RDONLY);  // without close-on-exec
  const int far = fcntl(leak, F_DUPFD, 200);
  SubprocessOptions options;
  options.argv = {"ls", "/proc/self/fd"};
  options.memory_files = {"a"};
  // 3: the memory file; 4: the folder that ls itself reads.
  EXPECT_EQ(RunSubprocess(options)->standard_output, "0\n1\n2\n3\n4\n");
  close(leak);
  close(far);
}

TEST(SubprocessTest, KeepsTheFirstBytesOfALongOutput) {
  SubprocessOptions options = Shell("head -c 5000000 /dev/zero | tr '\\0' x; echo end >&2");
  options.max_output = 1000;
  const auto result = RunSubprocess(options);
  EXPECT_EQ(result->standard_output, std::string(1000, 'x'));
  EXPECT_EQ(result->standard_error, "end\n");
  EXPECT_EQ(result->exit_code, 0);
}

TEST(SubprocessTest, NamesTheSignalThatEndedTheChild) {
  const auto result = RunSubprocess(Shell("kill -TERM $$"));
  EXPECT_EQ(result->exit_code, -1);
  EXPECT_EQ(result->signal, SIGTERM);
}

TEST(SubprocessTest, SaysThatAProgramDoesNotExist) {
  SubprocessOptions options;
  options.argv = {"no-such-program-anywhere"};
  EXPECT_EQ(RunSubprocess(options).status().code(), absl::StatusCode::kNotFound);
  options.argv = {"/no/such/program"};
  EXPECT_EQ(RunSubprocess(options).status().code(), absl::StatusCode::kNotFound);
  options.argv = {};
  EXPECT_EQ(RunSubprocess(options).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(SubprocessTest, ATimeoutEndsTheChild) {
  SubprocessOptions options = Shell("exec sleep 1000");
  options.timeout = absl::Milliseconds(50);
  const auto result = RunSubprocess(options);
  EXPECT_TRUE(result->timed_out);
  EXPECT_EQ(result->signal, SIGKILL);
}

TEST(SubprocessTest, ATimeoutStopsAChildThatNeverStopsWriting) {
  SubprocessOptions options;
  options.argv = {"yes"};
  options.timeout = absl::Milliseconds(50);
  options.max_output = 10;
  EXPECT_TRUE(RunSubprocess(options)->timed_out);
}

TEST(SubprocessTest, ATimeoutEndsGrandchildrenToo) {
  const test::TempFolder folder;
  const std::string fifo = folder.File("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const int reader = open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  SubprocessOptions options = Shell("(echo alive >&9; sleep 1000) 9>" + fifo + " & wait");
  options.timeout = absl::Seconds(2);
  EXPECT_TRUE(RunSubprocess(options)->timed_out);

  // The grandchild held the FIFO's only writing end: the end of the stream is the end of it.
  fcntl(reader, F_SETFL, 0);
  char text[16] = "";
  ASSERT_EQ(read(reader, text, sizeof(text)), 6);
  EXPECT_STREQ(text, "alive\n");
  pollfd watched{reader, POLLIN, 0};
  ASSERT_EQ(poll(&watched, 1, 20000), 1) << "the grandchild lives on";
  EXPECT_EQ(read(reader, text, sizeof(text)), 0);
  close(reader);
}

TEST(SubprocessTest, AChildThatLeavesSomebodyBehindDoesNotBlock) {
  SubprocessOptions options = Shell("sleep 5 & echo done");
  const auto result = RunSubprocess(options);
  EXPECT_EQ(result->standard_output, "done\n");
  EXPECT_FALSE(result->timed_out);
}

TEST(SubprocessTest, SignalsAreAsAProgramExpectsThem) {
  signal(SIGPIPE, SIG_IGN);
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_BLOCK, &blocked, &before);
  const auto result = RunSubprocess(Shell("grep -E 'Sig(Blk|Ign)' /proc/self/status | cut -c8-"));
  sigprocmask(SIG_SETMASK, &before, nullptr);
  signal(SIGPIPE, SIG_DFL);
  // 32 and 33 are the C library's own and stay as they were inherited.
  std::istringstream lines(result->standard_output);
  std::uint64_t blocked_there = 1, ignored_there = 1;
  lines >> std::hex >> blocked_there >> ignored_there;
  EXPECT_EQ(blocked_there, 0u);
  EXPECT_EQ(ignored_there & ~0x180000000u, 0u);
}

}  // namespace
}  // namespace resetctl::base

#include "proto/base/subprocess.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "proto/base/text.h"

namespace resetctl::base {
namespace {

constexpr int kFirstMemoryFile = 3;   // the child's number of memory file 0
constexpr int kLowestOwnNumber = 64;  // ours stay above every number that the child's get
constexpr size_t kMaxMemoryFiles = 32;

using Steady = std::chrono::steady_clock;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { Close(); }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

// The same file under a number that no dup2 of the child overwrites.
absl::StatusOr<Descriptor> Raised(Descriptor low) {
  Descriptor high(fcntl(low.get(), F_DUPFD_CLOEXEC, kLowestOwnNumber));
  if (!high.open()) return absl::ErrnoToStatus(errno, "cannot duplicate a descriptor");
  return high;
}

absl::StatusOr<Descriptor> MemoryFile(const std::string& bytes) {
  Descriptor file(memfd_create("resetctl", MFD_CLOEXEC));
  if (!file.open()) return absl::ErrnoToStatus(errno, "cannot make a memory file");
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t count = write(file.get(), bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return absl::ErrnoToStatus(errno, "cannot fill a memory file");
    done += static_cast<size_t>(count);
  }
  if (lseek(file.get(), 0, SEEK_SET) != 0) {
    return absl::ErrnoToStatus(errno, "cannot rewind a memory file");
  }
  return Raised(std::move(file));
}

struct Pipe {
  Descriptor read, write;
};

absl::StatusOr<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot make a pipe");
  Pipe pipe;
  pipe.read = Descriptor(ends[0]);
  auto raised = Raised(Descriptor(ends[1]));
  if (!raised.ok()) return raised.status();
  pipe.write = std::move(*raised);
  fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK);
  return pipe;
}

absl::StatusOr<std::string> FindProgram(const std::string& name, const std::string& path) {
  if (name.find('/') != std::string::npos) {
    if (access(name.c_str(), X_OK) == 0) return name;
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot run ", name));
  }
  for (const absl::string_view folder : absl::StrSplit(path, ':', absl::SkipEmpty())) {
    const std::string candidate = absl::StrCat(folder, "/", name);
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return absl::NotFoundError(absl::StrCat("there is no program ", name, " in ", path));
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// File actions and attributes, freed together.
class SpawnPlan {
 public:
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  void ResetSignalsAndGroup(bool own_group) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (own_group) flags |= POSIX_SPAWN_SETPGROUP;
    posix_spawnattr_setflags(&attributes, static_cast<short>(flags));
  }

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

// Reads what is there, at most 1 MiB (no pipe holds more) so that a child that never stops writing
// cannot keep us from the deadline. Keeps up to `max`, drops the rest; closes at the end of the
// stream.
void Drain(Descriptor& from, size_t max, std::string* kept) {
  char buffer[1 << 14];
  for (int reads = 0; from.open() && reads < 64; ++reads) {
    const ssize_t count = read(from.get(), buffer, sizeof(buffer));
    if (count > 0) {
      kept->append(buffer, std::min(static_cast<size_t>(count), max - kept->size()));
    } else if (count < 0 && errno == EINTR) {
      continue;
    } else if (count < 0 && errno == EAGAIN) {
      return;
    } else {
      from.Close();
    }
  }
}

// Waits for the child, reading what it writes. Its end ends the wait, even when a grandchild still
// holds a pipe.
void Follow(pid_t pid, const SubprocessOptions& options, Descriptor& out, Descriptor& err,
            SubprocessResult* result) {
  // No pidfd (an old kernel, a strict sandbox): look every 20 ms.
  // By its number: glibc 2.36 declares pidfd_open without C linkage.
  const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  const bool forever = options.timeout == absl::InfiniteDuration();
  const Steady::time_point deadline =
      Steady::now() + absl::ToChronoMilliseconds(forever ? absl::Hours(24 * 365) : options.timeout);
  bool ended = false;
  while (!ended) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Steady::now()).count();
    if (left <= 0 && !result->timed_out) {
      result->timed_out = true;
      // The child is not reaped yet, so neither number can belong to somebody else.
      kill(options.keep_terminal ? pid : -pid, SIGKILL);
    }
    const long wait = result->timed_out ? 20 : std::min<long>(left, process.open() ? 60000 : 20);
    pollfd watched[] = {{out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}, {process.get(), POLLIN, 0}};
    poll(watched, 3, static_cast<int>(wait));
    siginfo_t info{};
    ended = waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
            info.si_pid == pid;
    Drain(out, options.max_output, &result->standard_output);
    Drain(err, options.max_output, &result->standard_error);
  }
}

}  // namespace

absl::StatusOr<SubprocessResult> RunSubprocess(const SubprocessOptions& options) {
  if (options.argv.empty()) return absl::InvalidArgumentError("there is no program to run");
  if (options.memory_files.size() > kMaxMemoryFiles) {
    return absl::InvalidArgumentError("too many memory files");
  }
  const auto program = FindProgram(options.argv[0], options.path);
  if (!program.ok()) return program.status();

  auto input = MemoryFile(options.standard_input);
  if (!input.ok()) return input.status();
  auto out = MakePipe();
  if (!out.ok()) return out.status();
  auto err = MakePipe();
  if (!err.ok()) return err.status();

  SpawnPlan plan;
  plan.ResetSignalsAndGroup(!options.keep_terminal);
  // dup2 to another number clears FD_CLOEXEC; everything above what was placed here is closed.
  posix_spawn_file_actions_adddup2(&plan.actions, input->get(), 0);
  posix_spawn_file_actions_adddup2(&plan.actions, out->write.get(), 1);
  posix_spawn_file_actions_adddup2(&plan.actions, err->write.get(), 2);
  std::vector<Descriptor> files;
  std::vector<std::pair<std::string, std::string>> paths;
  int number = kFirstMemoryFile;
  for (size_t i = 0; i < options.memory_files.size(); ++i, ++number) {
    auto file = MemoryFile(options.memory_files[i]);
    if (!file.ok()) return file.status();
    posix_spawn_file_actions_adddup2(&plan.actions, file->get(), number);
    files.push_back(std::move(*file));
    paths.emplace_back(absl::StrCat("{memory:", i, "}"), absl::StrCat("/dev/fd/", number));
  }
  posix_spawn_file_actions_addclosefrom_np(&plan.actions, number);

  std::vector<std::string> argv = options.argv;
  for (std::string& argument : argv) argument = absl::StrReplaceAll(argument, paths);
  std::vector<std::string> environment = options.environment;
  pid_t pid = 0;
  const int error = posix_spawn(&pid, program->c_str(), &plan.actions, &plan.attributes,
                                Pointers(argv).data(), Pointers(environment).data());
  if (error != 0) return absl::ErrnoToStatus(error, absl::StrCat("cannot run ", *program));
  out->write.Close();
  err->write.Close();

  SubprocessResult result;
  Follow(pid, options, out->read, err->read, &result);
  int state = 0;
  pid_t reaped = 0;
  do {
    reaped = waitpid(pid, &state, 0);
  } while (reaped < 0 && errno == EINTR);
  if (reaped == pid && WIFEXITED(state)) result.exit_code = WEXITSTATUS(state);
  if (reaped == pid && WIFSIGNALED(state)) result.signal = WTERMSIG(state);
  return result;
}

}  // namespace resetctl::base

#include "tests/support/daemon.h"

#include <csignal>
#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/wait.h>

namespace resetctl::support {
namespace {

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Daemon::Daemon(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
               const std::string& log_path) {
  const std::vector<char*> arguments = Pointers(argv);
  const std::vector<char*> variables = Pointers(environment);
  const int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    dup2(null, 0);
    dup2(log, 1);
    dup2(log, 2);
    // What another thread opens right now may not be closed by exec, and would stay open in the child.
    close_range(3, ~0U, 0);
    execve(arguments[0], arguments.data(), variables.data());
    _exit(127);
  }
  close(log);
  close(null);
  if (pid_ < 0) throw std::runtime_error("cannot start " + argv[0]);
}

Daemon::~Daemon() {
  if (pid_ != 0) Kill();
}

bool Daemon::Running() {
  if (pid_ == 0) return false;
  if (waitpid(pid_, &status_, WNOHANG) == 0) return true;
  pid_ = 0;
  return false;
}

void Daemon::Signal(int signal) {
  if (pid_ != 0) kill(pid_, signal);
}

void Daemon::Kill() {
  Signal(SIGKILL);
  Wait();
}

int Daemon::Stop() {
  Signal(SIGTERM);
  return Wait();
}

int Daemon::Wait() {
  if (pid_ != 0) waitpid(pid_, &status_, 0);
  pid_ = 0;
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
}

}  // namespace resetctl::support

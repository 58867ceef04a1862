#ifndef RESETCTL_TESTS_SUPPORT_DAEMON_H_
#define RESETCTL_TESTS_SUPPORT_DAEMON_H_

#include <string>
#include <vector>

#include <sys/types.h>

namespace resetctl::support {

// A long-running program of ours under test. Its output goes to `log_path`. Ended by its pid when the object goes; it dies
// with the test process too.
class Daemon {
 public:
  // `environment`: NAME=value, all that it sees.
  Daemon(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
         const std::string& log_path);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  pid_t pid() const { return pid_; }
  bool Running();
  void Signal(int signal);
  void Kill();  // SIGKILL, and waits
  int Stop();   // SIGTERM, and waits; the exit code, -1 when a signal ended it

 private:
  int Wait();

  pid_t pid_ = 0;
  int status_ = 0;
};

}  // namespace resetctl::support

#endif  // RESETCTL_TESTS_SUPPORT_DAEMON_H_

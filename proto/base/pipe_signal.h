#ifndef RESETCTL_PROTO_BASE_PIPE_SIGNAL_H_
#define RESETCTL_PROTO_BASE_PIPE_SIGNAL_H_

#include <csignal>
#include <ctime>

namespace resetctl::base {

// While it lives, a peer that hangs up is an error of the write and not the end of the program.
// For libraries that write to sockets with write(2): OpenSSL, hiredis before 1.0.
class PipeSignalBlocked {
 public:
  PipeSignalBlocked() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~PipeSignalBlocked() {
    const timespec at_once{};
    sigtimedwait(&pipe_, nullptr, &at_once);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  PipeSignalBlocked(const PipeSignalBlocked&) = delete;
  PipeSignalBlocked& operator=(const PipeSignalBlocked&) = delete;

 private:
  sigset_t pipe_, before_;
};

}  // namespace resetctl::base

#endif  // RESETCTL_PROTO_BASE_PIPE_SIGNAL_H_

#include "client/app/terminal.h"

#include <cerrno>
#include <unistd.h>

namespace resetctl::client {

bool RealTerminal::CanAsk() const {
  return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
}

std::optional<std::string> RealTerminal::ReadLine() {
  std::string line;
  while (true) {
    char c = 0;
    const ssize_t got = read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    if (c == '\n') return line;
    line += c;
  }
}

}  // namespace resetctl::client

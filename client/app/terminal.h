#ifndef RESETCTL_CLIENT_APP_TERMINAL_H_
#define RESETCTL_CLIENT_APP_TERMINAL_H_

#include <optional>
#include <string>

namespace resetctl::client {

// The person at the keyboard, if there is one.
class Terminal {
 public:
  virtual ~Terminal() = default;
  // Standard input and standard error are a terminal.
  virtual bool CanAsk() const = 0;
  // A line without its end; nothing at the end of the input.
  virtual std::optional<std::string> ReadLine() = 0;
};

class RealTerminal : public Terminal {
 public:
  bool CanAsk() const override;
  std::optional<std::string> ReadLine() override;
};

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_APP_TERMINAL_H_

#ifndef RESETCTL_TESTS_SUPPORT_TCP_PROXY_H_
#define RESETCTL_TESTS_SUPPORT_TCP_PROXY_H_

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace resetctl::support {

// A real proxy between two programs on 127.0.0.1, whose connections a test can cut, or let vanish in a black hole.
class TcpProxy {
 public:
  // `from`: the address that the target sees connections come from; any of 127.0.0.0/8.
  explicit TcpProxy(int target_port, const std::string& from = "127.0.0.1");
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  int port() const { return port_; }

  int connections() const { return connections_; }
  // `url` with this proxy in place of its target.
  std::string InFrontOf(std::string url) const;

  // Closes the connections that there are. New ones are taken again.
  void Cut();

  // From now on what comes is acknowledged and swallowed, and nothing is closed when an end closes: of the connections that there are
  // for ever, of new ones too. Keepalives say that all is well.
  void BlackHole() { Swallow(kRequests | kAnswers); }
  // The same for what the target says only: it gets everything, and nobody hears its answers.
  void SwallowAnswers() { Swallow(kAnswers); }
  // New connections are served again.
  void Restore() { Swallow(0); }

 private:
  enum : unsigned { kRequests = 1, kAnswers = 2 };

  struct Pair;

  void Swallow(unsigned what);
  void Serve();
  void Accept();
  void Wake() const;

  const int target_port_;
  const std::string from_;
  int port_ = 0;
  int listener_ = -1;
  int wake_ = -1;  // an eventfd: something below has changed
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> cut_ = false;
  std::atomic<unsigned> swallow_ = 0;  // of new connections
  std::atomic<unsigned> swallow_old_ =
      0;  // the thread has still to pass it on to those that there are
  std::atomic<int> connections_ = 0;
  std::vector<std::unique_ptr<Pair>> pairs_;  // the thread's own
  std::thread thread_;
};

}  // namespace resetctl::support

#endif  // RESETCTL_TESTS_SUPPORT_TCP_PROXY_H_

#include "tests/support/tcp_proxy.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

namespace resetctl::support {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

// Passes on what is there, or swallows it; false when the connection has ended.
bool PassOn(int from, int to, bool swallow) {
  std::array<char, 65536> bytes;
  const ssize_t got = recv(from, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  for (ssize_t sent = 0; sent < got && !swallow;) {
    const ssize_t more = send(to, bytes.data() + sent, got - sent, MSG_NOSIGNAL);
    if (more <= 0) return false;
    sent += more;
  }
  return got > 0;
}

}  // namespace

struct TcpProxy::Pair {
  Pair(int client_socket, int server_socket, unsigned swallows)
      : client(client_socket), server(server_socket), swallow(swallows) {}
  ~Pair() {
    close(client);
    close(server);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  const int client;
  const int server;
  unsigned swallow;
  bool client_ended = false;  // and nobody is told
  bool server_ended = false;
  bool ended = false;
};

TcpProxy::TcpProxy(int target_port, const std::string& from)
    : target_port_(target_port), from_(from) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t length = sizeof address;
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (listener_ < 0 || wake_ < 0 ||
      bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      listen(listener_, 16) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw std::runtime_error("the proxy cannot listen");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

TcpProxy::~TcpProxy() {
  stopping_ = true;
  Wake();
  thread_.join();
  close(listener_);
  close(wake_);
}

void TcpProxy::Cut() {
  cut_ = true;
  Wake();
}

void TcpProxy::Swallow(unsigned what) {
  swallow_ = what;
  swallow_old_ |= what;
  Wake();
}

std::string TcpProxy::InFrontOf(std::string url) const {
  const std::string port = ":" + std::to_string(target_port_);
  return url.replace(url.find(port), port.size(), ":" + std::to_string(port_));
}

void TcpProxy::Wake() const {
  const uint64_t one = 1;
  if (write(wake_, &one, sizeof one) < 0) std::abort();
}

void TcpProxy::Accept() {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(target_port_);
  auto pair = std::make_unique<Pair>(client, server, swallow_);
  sockaddr_in source = Loopback(0);
  if (inet_pton(AF_INET, from_.c_str(), &source.sin_addr) != 1 ||
      bind(server, reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0) {
    return;
  }
  if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    pairs_.push_back(std::move(pair));
  }
}

void TcpProxy::Serve() {
  while (!stopping_) {
    std::vector<pollfd> waits = {{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
    connections_ = static_cast<int>(pairs_.size());
    const unsigned swallow = swallow_old_.exchange(0);
    const size_t watched = pairs_.size();  // a pair's two sockets stand behind one another
    for (size_t i = 0; i < watched; ++i) {
      Pair& pair = *pairs_[i];
      pair.swallow |= swallow;
      waits.push_back({pair.client_ended ? -1 : pair.client, POLLIN, 0});
      waits.push_back({pair.server_ended ? -1 : pair.server, POLLIN, 0});
    }
    if (poll(waits.data(), waits.size(), -1) < 0) continue;
    if (waits[0].revents != 0) {
      uint64_t count = 0;
      if (read(wake_, &count, sizeof count) < 0) continue;
      if (cut_.exchange(false)) pairs_.clear();
      continue;
    }
    for (size_t i = 0; i < watched; ++i) {
      Pair& pair = *pairs_[i];
      pair.swallow |= swallow_old_;
      if (waits[2 + 2 * i].revents != 0) {
        const bool swallow_it = (pair.swallow & kRequests) != 0;
        if (!PassOn(pair.client, pair.server, swallow_it)) {
          (swallow_it ? pair.client_ended : pair.ended) = true;
        }
      }
      if (waits[3 + 2 * i].revents != 0) {
        const bool swallow_it = (pair.swallow & kAnswers) != 0;
        if (!PassOn(pair.server, pair.client, swallow_it)) {
          (swallow_it ? pair.server_ended : pair.ended) = true;
        }
      }
    }
    std::erase_if(pairs_, [](const std::unique_ptr<Pair>& pair) { return pair->ended; });
    if (waits[1].revents != 0) Accept();
  }
  pairs_.clear();
}

}  // namespace resetctl::support

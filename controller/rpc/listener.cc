#include "controller/rpc/listener.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <netdb.h>
#include <poll.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

constexpr int kBacklog = 512;
// For everything but connections. Of a low limit, a quarter.
constexpr rlim_t kReserve = 64;
// How soon accept() is tried again when it has no descriptor to give.
constexpr int kAgainMilliseconds = 200;

absl::Status CannotListen(const std::string& address, absl::string_view why) {
  return contract::Error(v1::REASON_CONFIG_INVALID,
                         absl::StrCat("cannot listen at ", address, ": ", why),
                         "is the port in use, is the address this machine's own?");
}

void Set(int socket, int level, int option, int value) {
  setsockopt(socket, level, option, &value, sizeof(value));
}

int PortOf(int socket) {
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                                           : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
}

// -1, and errno, when it cannot be had.
int Listen(const addrinfo& at, int port) {
  sockaddr_storage address{};
  memcpy(&address, at.ai_addr, at.ai_addrlen);
  if (at.ai_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(&address)->sin6_port = htons(static_cast<uint16_t>(port));
  } else {
    reinterpret_cast<sockaddr_in*>(&address)->sin_port = htons(static_cast<uint16_t>(port));
  }
  const int socket = ::socket(at.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return -1;
  Set(socket, SOL_SOCKET, SO_REUSEADDR, 1);
  Set(socket, IPPROTO_TCP, TCP_NODELAY, 1);  // connections inherit it
  if (at.ai_family == AF_INET6) Set(socket, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (bind(socket, reinterpret_cast<sockaddr*>(&address), at.ai_addrlen) == 0 &&
      listen(socket, kBacklog) == 0) {
    return socket;
  }
  const int error = errno;
  close(socket);
  errno = error;
  return -1;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::Open(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return CannotListen(address, "it is not host:port");
  absl::string_view host = absl::string_view(address).substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(host.empty() ? nullptr : base::Str(host).c_str(),
                                 address.c_str() + colon + 1, &hints, &found);
  if (failed != 0) return CannotListen(address, gai_strerror(failed));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, &freeaddrinfo);

  std::unique_ptr<Listener> listener(new Listener);
  listener->stop_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (listener->stop_ < 0) return CannotListen(address, strerror(errno));
  int error = EADDRNOTAVAIL;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const int asked = at->ai_family == AF_INET6
                          ? ntohs(reinterpret_cast<sockaddr_in6*>(at->ai_addr)->sin6_port)
                          : ntohs(reinterpret_cast<sockaddr_in*>(at->ai_addr)->sin_port);
    const int socket = Listen(*at, asked == 0 ? listener->port_ : asked);
    if (socket < 0) {
      error = errno;
      // 'localhost' is ::1 too, also where there is no IPv6.
      if (error == EAFNOSUPPORT || error == EADDRNOTAVAIL) continue;
      return CannotListen(address, strerror(error));
    }
    listener->sockets_.push_back(socket);
    listener->port_ = PortOf(socket);
  }
  if (listener->sockets_.empty()) return CannotListen(address, strerror(error));
  return listener;
}

Listener::~Listener() {
  Stop();
  if (stop_ >= 0) close(stop_);
}

void Listener::Start(TakeConnection take) {
  take_ = std::move(take);
  thread_ = std::thread([this] { Loop(); });
}

void Listener::Stop() {
  if (thread_.joinable()) {
    eventfd_write(stop_, 1);
    thread_.join();
  }
  for (const int socket : sockets_) close(socket);
  sockets_.clear();
}

void Listener::Loop() {
  std::vector<pollfd> waiting = {{stop_, POLLIN, 0}};
  for (const int socket : sockets_) waiting.push_back({socket, POLLIN, 0});
  while (true) {
    poll(waiting.data(), waiting.size(), -1);
    if (waiting[0].revents != 0) return;
    bool out_of_descriptors = false;
    for (size_t i = 1; i < waiting.size(); ++i) {
      if (waiting[i].revents == 0) continue;
      while (AcceptOne(waiting[i].fd)) {
      }
      out_of_descriptors = out_of_descriptors || errno == EMFILE || errno == ENFILE;
    }
    // The sockets stay readable: without a pause this would be a busy loop.
    if (out_of_descriptors && poll(waiting.data(), 1, kAgainMilliseconds) > 0) return;
  }
}

bool Listener::AcceptOne(int socket) {
  const int fd = accept4(socket, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    if (errno == EMFILE || errno == ENFILE) {
      const int error = errno;
      Refusing(true, error);
      errno = error;
    }
    return errno == EINTR || errno == ECONNABORTED;
  }
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  // The lowest number that is free: so many are in use already.
  const auto number = static_cast<rlim_t>(fd);
  if (number + std::min(kReserve, limit.rlim_cur / 4) >= limit.rlim_cur) {
    close(fd);
    Refusing(true, EMFILE);
    return true;
  }
  Refusing(false, 0);
  take_(fd);
  return true;
}

void Listener::Refusing(bool refusing, int error) {
  if (refusing == refusing_) return;
  refusing_ = refusing;
  if (refusing) {
    base::Log(base::LogLevel::kError, "connections are refused: too many files are open",
              {{"error", strerror(error)}});
  } else {
    base::Log(base::LogLevel::kInfo, "connections are taken again");
  }
}

}  // namespace resetctl::controller

#include "tests/support/http_server.h"

#include <cerrno>
#include <cstdlib>
#include <poll.h>
#include <stdexcept>
#include <strings.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace resetctl::support {
namespace {

// Until the head and as many bytes as Content-Length says are there.
std::string ReadRequest(int client) {
  std::string text;
  char buffer[4096];
  while (true) {
    const size_t head_end = text.find("\r\n\r\n");
    if (head_end != std::string::npos) {
      size_t length = 0;
      for (size_t at = 0; at < head_end; at = text.find("\r\n", at) + 2) {
        if (strncasecmp(text.c_str() + at, "content-length:", 15) == 0)
          length = strtoul(text.c_str() + at + 15, nullptr, 10);
      }
      if (text.size() >= head_end + 4 + length) return text;
    }
    const ssize_t got = recv(client, buffer, sizeof(buffer), 0);
    if (got <= 0) return text;
    text.append(buffer, static_cast<size_t>(got));
  }
}

}  // namespace

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 16) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("cannot listen");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

HttpServer::~HttpServer() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

std::string HttpServer::Origin() const { return "http://127.0.0.1:" + std::to_string(port_); }

std::vector<HttpExchange> HttpServer::Seen() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return seen_;
}

void HttpServer::Serve() {
  while (!stopping_) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    Answer(client);
    close(client);
  }
}

void HttpServer::Answer(int client) {
  const std::string text = ReadRequest(client);
  const size_t head_end = text.find("\r\n\r\n");
  if (head_end == std::string::npos) return;
  HttpExchange exchange;
  exchange.head = text.substr(0, head_end);
  exchange.body = text.substr(head_end + 4);
  exchange.method = text.substr(0, text.find(' '));
  exchange.path =
      text.substr(exchange.method.size() + 1,
                  text.find(' ', exchange.method.size() + 1) - exchange.method.size() - 1);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    seen_.push_back(exchange);
  }
  const int status = handler_(exchange);
  if (status == 0) return;
  if (status < 0) {
    // Until the client closes, or we are told to stop: a listener that is shut down hangs up.
    pollfd watched[] = {{client, POLLIN, 0}, {listener_, 0, 0}};
    while (poll(watched, 2, -1) < 0 && errno == EINTR) {
    }
    return;
  }
  const std::string answer =
      "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 2\r\nConnection: close\r\n" +
      (status / 100 == 3 ? "Location: " + Origin() + "/elsewhere\r\n" : "") + "\r\nok";
  if (send(client, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return;
}

}  // namespace resetctl::support

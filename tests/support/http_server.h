#ifndef RESETCTL_TESTS_SUPPORT_HTTP_SERVER_H_
#define RESETCTL_TESTS_SUPPORT_HTTP_SERVER_H_

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace resetctl::support {

struct HttpExchange {
  std::string method;
  std::string path;
  std::string head;  // request line and headers
  std::string body;
};

// A real HTTP/1.1 server on 127.0.0.1 and a free port, one request a connection. The handler
// returns the status to answer with; 0 closes the connection without an answer, -1 never answers
// until the client goes.
class HttpServer {
 public:
  using Handler = std::function<int(const HttpExchange&)>;
  explicit HttpServer(Handler handler);
  ~HttpServer();

  std::string Origin() const;  // http://127.0.0.1:port
  std::vector<HttpExchange> Seen() const;

 private:
  void Serve();
  void Answer(int client);

  const Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::vector<HttpExchange> seen_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace resetctl::support

#endif  // RESETCTL_TESTS_SUPPORT_HTTP_SERVER_H_

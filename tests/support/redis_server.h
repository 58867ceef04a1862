#ifndef RESETCTL_TESTS_SUPPORT_REDIS_SERVER_H_
#define RESETCTL_TESTS_SUPPORT_REDIS_SERVER_H_

#include <string>
#include <vector>

#include <sys/types.h>

struct redisContext;

namespace resetctl::support {

// A real Redis server of our own: 127.0.0.1 on a free port, nothing saved. Stopped by its pid when
// the object goes or the process ends. A server that does not come up throws std::runtime_error.
class RedisServer {
 public:
  // `arguments` are added to the command line: {"--requirepass", "x"}. `login` is what our own
  // witness sends first.
  explicit RedisServer(const std::vector<std::string>& arguments = {},
                       const std::vector<std::string>& login = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  int port() const { return port_; }
  std::string Url(int db = 0) const;  // redis://127.0.0.1:port/db
  // As redis-cli would print it, without decoration; a list with one element a line. Errors start
  // with "ERR" or their code.
  std::string Call(const std::vector<std::string>& arguments);
  void Stop();
  void Start();  // again, empty, on the same port
  // SIGSTOP: the kernel goes on to accept connections, and nobody answers. Stop() ends it all the same.
  void Stall();

 private:
  void Launch();

  std::vector<std::string> arguments_;
  std::vector<std::string> login_;
  int port_ = 0;
  pid_t pid_ = 0;
  redisContext* witness_ = nullptr;
};

}  // namespace resetctl::support

#endif  // RESETCTL_TESTS_SUPPORT_REDIS_SERVER_H_

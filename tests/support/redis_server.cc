#include "tests/support/redis_server.h"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

#include <hiredis/hiredis.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tests/support/await.h"
#include "tests/support/free_port.h"

namespace resetctl::support {
namespace {

pid_t Spawn(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    const int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  return child;
}

std::string Text(const redisReply* reply) {
  switch (reply->type) {
    case REDIS_REPLY_INTEGER:
      return std::to_string(reply->integer);
    case REDIS_REPLY_NIL:
      return "";
    case REDIS_REPLY_ARRAY: {
      std::string text;
      for (size_t i = 0; i < reply->elements; ++i) text += Text(reply->element[i]) + "\n";
      return text;
    }
    default:
      return std::string(reply->str, reply->len);
  }
}

}  // namespace

RedisServer::RedisServer(const std::vector<std::string>& arguments,
                         const std::vector<std::string>& login)
    : arguments_(arguments), login_(login) {
  for (int attempt = 0; witness_ == nullptr; ++attempt) {
    if (attempt == 5) throw std::runtime_error("Redis does not come up");
    port_ = FreePort();
    Launch();
  }
}

void RedisServer::Start() {
  Launch();
  if (witness_ == nullptr) throw std::runtime_error("Redis does not come up again");
}

// Until it answers, or its process is gone: the port was taken meanwhile.
void RedisServer::Launch() {
  std::vector<std::string> command = {
      "redis-server", "--port", std::to_string(port_), "--bind", "127.0.0.1", "--save", "",
      "--appendonly", "no",     "--daemonize",         "no",     "--dir",     "/tmp"};
  command.insert(command.end(), arguments_.begin(), arguments_.end());
  pid_ = Spawn(command);
  Await("Redis", [&] {
    if (waitpid(pid_, nullptr, WNOHANG) != 0) {
      pid_ = 0;
      return true;
    }
    redisContext* context = redisConnect("127.0.0.1", port_);
    if (context != nullptr && context->err == 0) {
      witness_ = context;
      return true;
    }
    redisFree(context);
    return false;
  });
  if (witness_ != nullptr && !login_.empty()) Call(login_);
}

RedisServer::~RedisServer() { Stop(); }

void RedisServer::Stop() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
  redisFree(witness_);
  witness_ = nullptr;
}

void RedisServer::Stall() {
  kill(pid_, SIGSTOP);
  int status = 0;
  while (waitpid(pid_, &status, WUNTRACED) == pid_ && !WIFSTOPPED(status)) {
  }
}

std::string RedisServer::Url(int db) const {
  return "redis://127.0.0.1:" + std::to_string(port_) + "/" + std::to_string(db);
}

std::string RedisServer::Call(const std::vector<std::string>& arguments) {
  std::vector<const char*> texts;
  std::vector<size_t> sizes;
  for (const std::string& argument : arguments) {
    texts.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  auto* reply = static_cast<redisReply*>(
      redisCommandArgv(witness_, static_cast<int>(texts.size()), texts.data(), sizes.data()));
  if (reply == nullptr) throw std::runtime_error("the witness lost its Redis");
  const std::string text = Text(reply);
  freeReplyObject(reply);
  return text;
}

}  // namespace resetctl::support

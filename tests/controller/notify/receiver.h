#ifndef RESETCTL_TESTS_CONTROLLER_NOTIFY_RECEIVER_H_
#define RESETCTL_TESTS_CONTROLLER_NOTIFY_RECEIVER_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "controller/notify/sink.h"
#include "proto/base/mutex.h"
#include "tests/support/http_server.h"

namespace resetctl::controller {

inline constexpr char kSecret[] = "a secret of ops, long enough";
inline constexpr int kHangs = -1;
inline constexpr int kCloses = 0;

// A real HTTP server that answers as it is told, request by request; its last answer stays.
class Receiver {
 public:
  explicit Receiver(
      std::vector<int> answers = {200}, std::function<void()> before_answer = [] {})
      : answers_(std::move(answers)), before_answer_(std::move(before_answer)) {
    server_ = std::make_unique<support::HttpServer>(
        [this](const support::HttpExchange& exchange) { return Answer(exchange); });
  }

  // The first `count` requests, as soon as they are there.
  std::vector<support::HttpExchange> Await(size_t count) {
    base::MutexLock lock(mutex_);
    while (seen_.size() < count) arrived_.Wait(mutex_);
    return {seen_.begin(), seen_.begin() + static_cast<long>(count)};
  }
  // One field of each of their bodies.
  std::vector<std::string> Await(size_t count, const char* field) {
    std::vector<std::string> values;
    for (const support::HttpExchange& exchange : Await(count)) {
      values.push_back(nlohmann::json::parse(exchange.body).at(field));
    }
    return values;
  }
  size_t Count() {
    base::MutexLock lock(mutex_);
    return seen_.size();
  }

  Sink AsSink(const std::string& name = "ops") const {
    Sink sink;
    sink.name = name;
    sink.url = base::Secret(server_->Origin() + "/hook");
    sink.key = base::Secret(kSecret);
    sink.timeout = absl::Minutes(10);  // a busy machine is no failure
    return sink;
  }

 private:
  int Answer(const support::HttpExchange& exchange) {
    before_answer_();
    base::MutexLock lock(mutex_);
    seen_.push_back(exchange);
    arrived_.SignalAll();
    return seen_.size() <= answers_.size() ? answers_[seen_.size() - 1] : answers_.back();
  }

  const std::vector<int> answers_;
  const std::function<void()> before_answer_;
  base::Mutex mutex_;
  base::CondVar arrived_;
  std::vector<support::HttpExchange> seen_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<support::HttpServer> server_;  // last made, first gone
};

}  // namespace resetctl::controller

#endif  // RESETCTL_TESTS_CONTROLLER_NOTIFY_RECEIVER_H_

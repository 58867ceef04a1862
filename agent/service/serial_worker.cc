#include "agent/service/serial_worker.h"

#include <utility>

namespace resetctl::agent {

bool SerialWorker::Post(std::function<void()> task) {
  base::MutexLock lock(mutex_);
  if (stopped_) return false;
  tasks_.push_back(std::move(task));
  changed_.Signal();
  return true;
}

void SerialWorker::Stop() {
  {
    base::MutexLock lock(mutex_);
    stopped_ = true;
    tasks_.clear();
    changed_.Signal();
  }
  if (thread_.joinable()) thread_.join();
}

void SerialWorker::Work() {
  for (;;) {
    std::function<void()> task;
    {
      base::MutexLock lock(mutex_);
      while (tasks_.empty() && !stopped_) changed_.Wait(mutex_);
      if (stopped_) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace resetctl::agent

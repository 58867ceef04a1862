#ifndef RESETCTL_CONTROLLER_SERVICE_AGENT_ORDERS_H_
#define RESETCTL_CONTROLLER_SERVICE_AGENT_ORDERS_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "controller/service/agent_hub.h"
#include "controller/service/desk.h"
#include "controller/service/scheduler.h"
#include "proto/base/mutex.h"

namespace resetctl::controller {

// Orders that wait for an agent's answer, by order id. Each leaves exactly once: it is taken with the agent's reply, or it fails
// by the agent's absence or loss, or by its deadline. Thread-safe; holds no lock while it calls anybody.
template <typename Order>
class AgentOrders {
 public:
  // What becomes of an order that gets no answer. From any thread.
  using Failed = std::function<void(const Order&, const absl::Status&)>;

  AgentOrders(AgentHub& agents, Scheduler& scheduler, Failed failed)
      : agents_(agents), scheduler_(scheduler), failed_(std::move(failed)) {}

  // Sends `message`, which carries `id`, to `agent`. AGENT_OFFLINE at once when it is not attached; `late` after `patience`.
  void Place(const std::string& id, const AgentHub::Key& agent, Order order,
             v1::AttachResponse message, absl::Duration patience, absl::Status late)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    const Scheduler::Id timer =
        scheduler_.After(patience, [this, id, late = std::move(late)] { Fail(id, late); });
    {
      base::MutexLock lock(mutex_);
      waiting_.emplace(id, Waiting{agent, std::move(order), timer});
    }
    if (!agents_.Send(agent, std::move(message))) {
      Fail(id, AgentOffline(agent.first, agent.second));
    }
  }

  // For the reply of `agent`. Nothing when no order with this id waits for it.
  std::optional<Order> Take(const std::string& id, const AgentHub::Key& agent)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    return Remove(id, &agent);
  }

  void AgentLost(const AgentHub::Key& agent) ABSL_LOCKS_EXCLUDED(mutex_) {
    std::vector<std::string> lost;
    {
      base::MutexLock lock(mutex_);
      for (const auto& [id, waiting] : waiting_) {
        if (waiting.agent == agent) lost.push_back(id);
      }
    }
    for (const std::string& id : lost) Fail(id, AgentOffline(agent.first, agent.second));
  }

 private:
  struct Waiting {
    AgentHub::Key agent;
    Order order;
    Scheduler::Id timer;
  };

  // `agent` null: whoever it waits for.
  std::optional<Order> Remove(const std::string& id, const AgentHub::Key* agent)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    std::optional<Waiting> removed;
    {
      base::MutexLock lock(mutex_);
      const auto found = waiting_.find(id);
      if (found == waiting_.end()) return std::nullopt;
      if (agent != nullptr && found->second.agent != *agent) return std::nullopt;
      removed = std::move(found->second);
      waiting_.erase(found);
    }
    scheduler_.Cancel(removed->timer);
    return std::move(removed->order);
  }

  void Fail(const std::string& id, const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_) {
    const std::optional<Order> order = Remove(id, nullptr);
    if (order) failed_(*order, status);
  }

  AgentHub& agents_;
  Scheduler& scheduler_;
  const Failed failed_;
  base::Mutex mutex_;
  std::map<std::string, Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_AGENT_ORDERS_H_

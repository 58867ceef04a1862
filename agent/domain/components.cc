#include "agent/domain/components.h"

#include <algorithm>
#include <functional>
#include <queue>

namespace resetctl::agent {
namespace {

using Edges = std::vector<std::pair<int, int>>;

// Neighbours of each node in one array: those of `node` are [first[node], first[node + 1]).
struct Adjacency {
  std::vector<int> first;
  std::vector<int> to;

  Adjacency(int nodes, const Edges& edges)
      : first(static_cast<size_t>(nodes) + 1), to(edges.size()) {
    for (const auto& [a, b] : edges) ++first[static_cast<size_t>(a) + 1];
    for (size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
    std::vector<int> next(first.begin(), first.end() - 1);
    for (const auto& [a, b] : edges) to[static_cast<size_t>(next[static_cast<size_t>(a)]++)] = b;
  }
};

// Tarjan's algorithm with a stack of its own. component[node] is the number of its component.
class Tarjan {
 public:
  Tarjan(int nodes, const Adjacency& graph)
      : component(static_cast<size_t>(nodes), -1),
        graph_(graph),
        index_(static_cast<size_t>(nodes), -1),
        low_(static_cast<size_t>(nodes), 0) {
    for (int node = 0; node < nodes; ++node) {
      if (index_[static_cast<size_t>(node)] < 0) Visit(node);
    }
  }

  std::vector<int> component;
  int components = 0;

 private:
  struct Frame {
    int node;
    int edge;
  };

  void Enter(int node) {
    index_[static_cast<size_t>(node)] = low_[static_cast<size_t>(node)] = count_++;
    open_.push_back(node);
    path_.push_back({node, graph_.first[static_cast<size_t>(node)]});
  }

  void Visit(int root) {
    Enter(root);
    while (!path_.empty()) {
      const size_t node = static_cast<size_t>(path_.back().node);
      if (path_.back().edge < graph_.first[node + 1]) {
        const size_t next =
            static_cast<size_t>(graph_.to[static_cast<size_t>(path_.back().edge++)]);
        if (index_[next] < 0) {
          Enter(static_cast<int>(next));
        } else if (component[next] < 0) {
          low_[node] = std::min(low_[node], index_[next]);
        }
        continue;
      }
      if (low_[node] == index_[node]) Close(static_cast<int>(node));
      path_.pop_back();
      if (!path_.empty()) {
        int& above = low_[static_cast<size_t>(path_.back().node)];
        above = std::min(above, low_[node]);
      }
    }
  }

  void Close(int node) {
    int member = -1;
    do {
      member = open_.back();
      open_.pop_back();
      component[static_cast<size_t>(member)] = components;
    } while (member != node);
    ++components;
  }

  const Adjacency& graph_;
  std::vector<int> index_;
  std::vector<int> low_;
  std::vector<int> open_;  // visited, not yet in a component
  std::vector<Frame> path_;
  int count_ = 0;
};

}  // namespace

std::vector<std::vector<int>> OrderedComponents(int nodes, const Edges& edges) {
  const Adjacency graph(nodes, edges);
  const Tarjan tarjan(nodes, graph);
  const size_t count = static_cast<size_t>(tarjan.components);
  std::vector<std::vector<int>> members(count);
  for (int node = 0; node < nodes; ++node) {
    members[static_cast<size_t>(tarjan.component[static_cast<size_t>(node)])].push_back(node);
  }
  Edges between;
  std::vector<int> waits(count, 0);
  for (const auto& [a, b] : edges) {
    const int from = tarjan.component[static_cast<size_t>(a)];
    const int to = tarjan.component[static_cast<size_t>(b)];
    if (from == to) continue;
    between.emplace_back(from, to);
    ++waits[static_cast<size_t>(to)];
  }
  const Adjacency condensed(tarjan.components, between);
  using Ready = std::pair<int, int>;  // smallest node, component
  std::priority_queue<Ready, std::vector<Ready>, std::greater<Ready>> ready;
  for (size_t i = 0; i < count; ++i) {
    if (waits[i] == 0) ready.emplace(members[i].front(), static_cast<int>(i));
  }
  std::vector<std::vector<int>> order;
  order.reserve(count);
  while (!ready.empty()) {
    const size_t next = static_cast<size_t>(ready.top().second);
    ready.pop();
    for (int edge = condensed.first[next]; edge < condensed.first[next + 1]; ++edge) {
      const size_t to = static_cast<size_t>(condensed.to[static_cast<size_t>(edge)]);
      if (--waits[to] == 0) ready.emplace(members[to].front(), static_cast<int>(to));
    }
    order.push_back(std::move(members[next]));
  }
  return order;
}

}  // namespace resetctl::agent

#ifndef RESETCTL_AGENT_DOMAIN_COMPONENTS_H_
#define RESETCTL_AGENT_DOMAIN_COMPONENTS_H_

#include <utility>
#include <vector>

namespace resetctl::agent {

// Strongly connected components of a graph with nodes 0..nodes-1, in an order in which each comes before the ones that its
// edges lead to. Nodes of a component are sorted; of several components that may come next, the one with the
// smallest node does. So the answer does not depend on the order of `edges`, which may repeat and may lead to their own node.
// No recursion: paths of any length are fine (Tarjan 1972; Kahn 1962). O((nodes + edges) log nodes).
std::vector<std::vector<int>> OrderedComponents(int nodes,
                                                const std::vector<std::pair<int, int>>& edges);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_DOMAIN_COMPONENTS_H_

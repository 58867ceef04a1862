#ifndef RESETCTL_AGENT_POSTGRES_SEQUENCE_POSITIONS_H_
#define RESETCTL_AGENT_POSTGRES_SEQUENCE_POSITIONS_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/domain/catalog.h"
#include "agent/postgres/session.h"
#include "proto/base/secret.h"

namespace resetctl::agent {

struct SequencePosition {
  int64_t last_value = 0;
  bool called = false;

  bool MovedFrom(int64_t start) const { return called || last_value != start; }
};

using SequencePositions = std::map<Oid, SequencePosition>;

// Of the sequences of these quoted names. A sequence belongs to no snapshot: each position is that of the moment.
absl::StatusOr<SequencePositions> ReadSequencePositions(Session& session,
                                                        const std::vector<std::string>& names);

// Reads positions over a connection of its own while its owner does something else. To read a thousand sequences takes as
// long as to see that nobody has changed the catalog, and needs a second of the server's processors.
class SequenceScout {
 public:
  // Starts at once. With few names it does nothing: they are not worth a connection.
  SequenceScout(const base::Secret& url, std::vector<std::string> names);
  ~SequenceScout();
  SequenceScout(const SequenceScout&) = delete;
  SequenceScout& operator=(const SequenceScout&) = delete;

  // Waits for it, once. What is not in the answer was not read, for whatever reason.
  SequencePositions Take();

 private:
  void Read();

  const base::Secret url_;
  const std::vector<std::string> names_;
  std::atomic<bool> stopping_ = false;
  SequencePositions positions_;  // the thread's, until it has ended
  std::thread thread_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_SEQUENCE_POSITIONS_H_

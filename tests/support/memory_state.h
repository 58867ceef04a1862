#ifndef RESETCTL_TESTS_SUPPORT_MEMORY_STATE_H_
#define RESETCTL_TESTS_SUPPORT_MEMORY_STATE_H_

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "controller/service/store.h"
#include "proto/contract/merkle.h"

namespace resetctl::controller {

// What the fake store holds.
struct MemoryState {
  std::vector<PlanRecord> plans;  // in order of arrival
  std::map<std::string, std::string> bundles;
  std::map<std::string, std::vector<ApprovalRecord>> approvals;
  std::vector<RunRecord> runs;
  std::map<std::string, std::vector<v1::RunEvent>> events;
  std::map<std::string, SessionRecord> sessions;
  std::map<std::string, ChallengeRecord> challenges;
  std::map<std::string, absl::Time> nonces;
  std::map<std::pair<std::string, std::string>, AgentRecord> agents;  // environment, target
  std::vector<CertificateRecord> certificates;
  std::map<std::string, JoinTokenRecord> join_tokens;
  std::map<std::string, FreezeRecord> freezes;
  std::map<std::tuple<std::string, std::string, std::string>, RequestRecord> requests;
  std::map<std::string, uint64_t> cursors;
  std::vector<std::string> audit;  // archived ones too: proofs are made from them
  std::vector<ArchiveRecord> archives;
  absl::Time newest_entry = absl::InfinitePast();
  contract::MerkleFrontier frontier;
  StoredCheckpoint checkpoint;

  uint64_t FirstKept() const { return archives.empty() ? 0 : archives.back().end; }
};

// Carries out one part of a change, with the real store's refusals. `audit_index` is the number of the change's first audit entry.
// `state` may be half changed after an error: work on a copy.
absl::Status Apply(const Mutation& mutation, uint64_t audit_index, MemoryState* state);
absl::Status Apply(const Note& note, MemoryState* state);

}  // namespace resetctl::controller

#endif  // RESETCTL_TESTS_SUPPORT_MEMORY_STATE_H_

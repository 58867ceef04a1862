#ifndef RESETCTL_PROTO_CONTRACT_AGENT_WORD_H_
#define RESETCTL_PROTO_CONTRACT_AGENT_WORD_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "resetctl/v1/agent_link.pb.h"
#include "resetctl/v1/audit.pb.h"

namespace resetctl::contract {

// What an agent says of a run, signed with its witness key (TRUST §7): a controller cannot invent what a run came to, nor leave a
// step out. The audit log keeps the signed bytes.
//
// Each event says what it follows in its run's chain: the run statement, or the event before it by its signature. A report of
// the run's state says the same of itself; nothing follows a report. So a word counts in one run, at one place.

// An agent's words are signed as 'resetctl-agent-word-v1', what it is, whose, and the SHA-256 of its bytes, a line each.
enum class WordKind { kEvent, kReport };

// Where the chain of a run stands.
struct WordChain {
  uint64_t last_seq = 0;
  // 32 bytes: what the next event follows. Empty: not known. It may follow anything.
  std::string head;

  // The event is the next one.
  bool Continues(const v1::RunEvent& event) const;
  // What the report says that it follows is here. A report of events that are yet to come can be true, and so can that of an agent
  // that never got the run's offer, and follows nothing.
  bool MayFollow(const v1::RunReport& report) const;
  void Take(const v1::RunEvent& event);
};
// Before the first event.
WordChain ChainOf(const v1::SignedStatement& run_statement);

// Signs; `after` is set. `agent` is 'environment/target'. INTERNAL when the PEM is no Ed25519 key.
absl::Status SignWord(absl::string_view agent, absl::string_view private_pem, v1::RunEvent* event);
absl::Status SignWord(absl::string_view agent, absl::string_view private_pem,
                      v1::RunReport* report);

// The bytes that were signed, beside the signature.
v1::AgentWord WordOf(v1::RunEvent event);
v1::AgentWord WordOf(v1::RunReport report);

// Whether this agent said it, by its witness key (a vkey). BAD_SIGNATURE.
absl::Status VerifyWord(WordKind kind, absl::string_view agent, absl::string_view witness_key,
                        const v1::AgentWord& word);

// 'CLEAR Rentals SUCCEEDED': what an audit entry says of an event. Enums are open: a newer agent's value has no name here.
std::string InWords(const v1::RunEvent& event);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_AGENT_WORD_H_

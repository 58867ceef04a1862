#include "proto/contract/agent_word.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "proto/contract/signed_note.h"

namespace resetctl::contract {
namespace {

std::string Message(WordKind kind, absl::string_view agent, absl::string_view said) {
  return absl::StrCat("resetctl-agent-word-v1\n", kind == WordKind::kEvent ? "event" : "report",
                      "\n", agent, "\n", base::ToHex(Sha256(said)), "\n");
}

template <typename Said>
v1::AgentWord Split(Said said) {
  v1::AgentWord word;
  word.set_signature(std::move(*said.mutable_signature()));
  said.clear_signature();
  word.set_said(said.SerializeAsString());
  return word;
}

template <typename Said>
absl::Status Sign(WordKind kind, absl::string_view agent, absl::string_view private_pem,
                  Said* said) {
  said->clear_signature();
  // The key's name is for notes only.
  absl::StatusOr<MadeSignature> made =
      MakeSignature(Message(kind, agent, said->SerializeAsString()), "agent",
                    NoteKeyType::kCosignature, private_pem);
  if (!made.ok()) return made.status();
  said->set_signature(std::move(made->bytes));
  return absl::OkStatus();
}

}  // namespace

bool WordChain::Continues(const v1::RunEvent& event) const {
  return event.seq() == last_seq + 1 && (head.empty() || event.after() == head);
}

bool WordChain::MayFollow(const v1::RunReport& report) const {
  if (report.last_seq() != last_seq) return report.last_seq() > last_seq;
  const bool never_heard_of_it = last_seq == 0 && report.after().empty();
  return head.empty() || report.after() == head || never_heard_of_it;
}

void WordChain::Take(const v1::RunEvent& event) {
  last_seq = event.seq();
  head = Sha256(event.signature());
}

WordChain ChainOf(const v1::SignedStatement& run_statement) {
  return {0, Sha256(run_statement.text())};
}

absl::Status SignWord(absl::string_view agent, absl::string_view private_pem, v1::RunEvent* event) {
  return Sign(WordKind::kEvent, agent, private_pem, event);
}

absl::Status SignWord(absl::string_view agent, absl::string_view private_pem,
                      v1::RunReport* report) {
  return Sign(WordKind::kReport, agent, private_pem, report);
}

v1::AgentWord WordOf(v1::RunEvent event) { return Split(std::move(event)); }
v1::AgentWord WordOf(v1::RunReport report) { return Split(std::move(report)); }

absl::Status VerifyWord(WordKind kind, absl::string_view agent, absl::string_view witness_key,
                        const v1::AgentWord& word) {
  const absl::StatusOr<NoteVerifier> key =
      ParseNoteVerifier(witness_key, NoteKeyType::kCosignature);
  if (!key.ok()) return key.status();
  if (SignatureHolds(*key, Message(kind, agent, word.said()), word.signature())) {
    return absl::OkStatus();
  }
  return Error(v1::REASON_BAD_SIGNATURE,
               absl::StrCat(word.signature().empty() ? "It is not signed" : "It is not signed so",
                            " by the witness key of the agent of ", agent, "."),
               "Look at the agent, and at who holds its certificate.");
}

std::string InWords(const v1::RunEvent& event) {
  absl::string_view step = v1::StepKind_Name(event.step());
  absl::string_view kind = v1::EventKind_Name(event.kind());
  absl::ConsumePrefix(&step, "STEP_KIND_");
  absl::ConsumePrefix(&kind, "EVENT_KIND_");
  return absl::StrCat(step, event.name().empty() ? "" : " ", event.name(), " ", kind);
}

}  // namespace resetctl::contract

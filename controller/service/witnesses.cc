#include "controller/service/witnesses.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/contract/cosignature.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

// More checkpoints than these do not wait for one agent's answer.
constexpr size_t kMostAsked = 16;

void LogFailure(absl::string_view what, const AgentHub::Key& key, const absl::Status& status) {
  base::Log(base::LogLevel::kError, what,
            {{"agent", absl::StrCat(key.first, "/", key.second)}, {"error", status.message()}});
}

Act ActOf(const AgentIdentity& who, absl::string_view action) {
  return {.action = base::Str(action),
          .subject = who.Name(),
          .environment = who.environment,
          .target = who.target};
}

v1::AuditEntry AlarmEntry(const AgentIdentity& who, const v1::Problem& problem, absl::Time now) {
  return Failed(EntryBy(who, ActOf(who, "witness.alarm"), now), contract::ErrorFrom(problem));
}

v1::AuditEntry AcceptanceEntry(const AgentIdentity& who, const v1::WitnessAcceptance& accepted,
                               absl::Time now) {
  Act act = ActOf(who, "witness.accept");
  act.detail = absl::StrCat("on the agent's machine a history of ", accepted.size(),
                            " entries was accepted in place of one of ", accepted.old_size());
  v1::AuditEntry entry = EntryBy(who, act, now);
  auto& evidence = *entry.mutable_evidence();
  evidence["alarm"] = contract::NameOf(accepted.problem().reason());
  evidence["old_size"] = absl::StrCat(accepted.old_size());
  evidence["old_root"] = base::ToHex(accepted.old_root());
  evidence["size"] = absl::StrCat(accepted.size());
  evidence["root"] = base::ToHex(accepted.root());
  evidence["id"] = accepted.id();
  return entry;
}

}  // namespace

absl::Status Witnesses::Note(const AgentIdentity& who, const v1::AgentHello& hello, Change* change,
                             AuditTrail* trail) {
  const absl::StatusOr<AgentRecord> record =
      desk_.agent_records.GetAgent(who.environment, who.target);
  if (!record.ok()) return record.status();
  const absl::Time now = desk_.clock.Now();
  const WitnessRecord& before = record->witness;
  WitnessRecord after = before;
  after.key = hello.witness_key();
  after.alarm = hello.has_witness_alarm() ? hello.witness_alarm().SerializeAsString() : "";
  const v1::WitnessAcceptance& accepted = hello.witness_accepted();
  const bool newly_accepted = !accepted.id().empty() && accepted.id() != before.accepted;
  if (newly_accepted) {
    after.accepted = accepted.id();
    trail->And(AcceptanceEntry(who, accepted, now));
  }
  if (after.key != before.key) {
    Act act = ActOf(who, "witness.key");
    act.detail = after.key.empty() ? "it watches the log no longer" : after.key;
    v1::AuditEntry entry = EntryBy(who, act, now);
    if (!before.key.empty()) (*entry.mutable_evidence())["before"] = before.key;
    trail->And(std::move(entry));
  }
  if (!after.alarm.empty() && after.alarm != before.alarm) {
    trail->And(AlarmEntry(who, hello.witness_alarm(), now));
  }
  if (after.alarm.empty() && !before.alarm.empty() && !newly_accepted) {
    // A new state directory, say: whoever looks into the alarm must know.
    Act act = ActOf(who, "witness.alarm");
    act.detail = "the alarm is gone, and nobody has accepted another history";
    trail->And(EntryBy(who, act, now));
  }
  if (after.key != before.key || after.alarm != before.alarm || newly_accepted) {
    change->Add(SetWitness{who.environment, who.target, std::move(after)});
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::LogProof> Witnesses::Prove(uint64_t old_size, uint64_t* size) {
  absl::StatusOr<StoredCheckpoint> checkpoint = audit_.GetCheckpoint();
  if (!checkpoint.ok()) return checkpoint.status();
  v1::LogProof proof;
  proof.set_old_size(old_size);
  proof.set_log_key(log_key_);
  *size = checkpoint->size;
  if (old_size <= checkpoint->size) {
    const absl::StatusOr<std::vector<std::string>> hashes =
        audit_.ProveConsistency(old_size, checkpoint->size);
    if (!hashes.ok()) return hashes.status();
    for (const std::string& hash : *hashes) proof.add_hashes(hash);
  }
  proof.set_checkpoint(std::move(checkpoint->note));
  return proof;
}

void Witnesses::Shown(const AgentHub::Key& key, uint64_t size, const std::string& note) {
  base::MutexLock lock(mutex_);
  Watch& watch = watches_[key];
  watch.shown = size;
  watch.asked.emplace_back(size, note);
  if (watch.asked.size() > kMostAsked) watch.asked.pop_front();
}

std::optional<v1::LogProof> Witnesses::Begin(const AgentHub::Key& key,
                                             const v1::AgentHello& hello) {
  {
    base::MutexLock lock(mutex_);
    watches_.erase(key);
    if (hello.witness_key().empty()) return std::nullopt;
    watches_[key] = {hello.witness_key(), hello.has_witness_alarm(), hello.witness_size(), {}};
  }
  uint64_t size = 0;
  absl::StatusOr<v1::LogProof> proof = Prove(hello.witness_size(), &size);
  if (!proof.ok()) {
    // The agent takes no work on this stream then, and says why.
    LogFailure("the log could not be proved", key, proof.status());
    return std::nullopt;
  }
  Shown(key, size, proof->checkpoint());
  return *std::move(proof);
}

absl::StatusOr<std::optional<v1::LogProof>> Witnesses::Next(const AgentHub::Key& key,
                                                            uint64_t* size) {
  uint64_t shown = 0;
  {
    base::MutexLock lock(mutex_);
    const auto found = watches_.find(key);
    if (found == watches_.end() || found->second.alarmed) return std::optional<v1::LogProof>();
    shown = found->second.shown;
  }
  absl::StatusOr<v1::LogProof> proof = Prove(shown, size);
  if (!proof.ok()) return proof.status();
  return std::optional<v1::LogProof>(*std::move(proof));
}

void Witnesses::Refresh(const AgentHub::Key& key) {
  base::MutexLock deciding(desk_.deciding);
  if (!desk_.agents.IsOnline(key)) return;
  uint64_t size = 0;
  absl::StatusOr<std::optional<v1::LogProof>> proof = Next(key, &size);
  if (!proof.ok()) return LogFailure("the log could not be proved", key, proof.status());
  if (!proof->has_value() || (*proof)->old_size() == size) return;
  Shown(key, size, (*proof)->checkpoint());
  v1::AttachResponse message;
  *message.mutable_log_proof() = **std::move(proof);
  desk_.agents.Send(key, std::move(message));
}

void Witnesses::RefreshAll() {
  std::vector<AgentHub::Key> keys;
  {
    base::MutexLock lock(mutex_);
    for (const auto& [key, watch] : watches_) keys.push_back(key);
  }
  for (const AgentHub::Key& key : keys) Refresh(key);
}

void Witnesses::FillOffer(const RunRecord& run, v1::RunOffer* offer) {
  const AgentHub::Key key{run.environment, run.target};
  uint64_t size = 0;
  absl::StatusOr<std::optional<v1::LogProof>> proof = Next(key, &size);
  absl::Status status = proof.status();
  if (status.ok()) {
    if (!proof->has_value()) return;
    status = FillLogged(run, size, offer);
  }
  if (!status.ok()) {
    offer->clear_logged();
    return LogFailure("an offer's statements could not be proved", key, status);
  }
  Shown(key, size, (*proof)->checkpoint());
  *offer->mutable_log_proof() = **std::move(proof);
}

absl::Status Witnesses::FillLogged(const RunRecord& run, uint64_t size, v1::RunOffer* offer) {
  // What was decided about the plan and the run, newest first: a few dozen entries.
  std::vector<std::pair<StoredAuditEntry, v1::AuditEntry>> entries;
  AuditFilter filter;
  filter.subjects = {run.plan_id, run.id};
  filter.without_events = true;
  PageRequest page{500, ""};
  do {
    absl::StatusOr<PageOf<StoredAuditEntry>> found = audit_.ListAudit(filter, page);
    if (!found.ok()) return found.status();
    for (StoredAuditEntry& stored : found->items) {
      v1::AuditEntry entry;
      if (!entry.ParseFromString(stored.bytes) || entry.outcome() != "ok") continue;
      if (entry.has_statement()) entries.emplace_back(std::move(stored), std::move(entry));
    }
    page.token = found->next_token;
  } while (!page.token.empty());

  std::vector<const v1::SignedStatement*> statements = {&offer->plan_statement()};
  for (const v1::SignedStatement& approval : offer->approvals()) statements.push_back(&approval);
  statements.push_back(&offer->run_statement());
  for (const v1::SignedStatement* statement : statements) {
    const auto entry = std::find_if(entries.begin(), entries.end(), [statement](const auto& each) {
      return each.second.statement().text() == statement->text() &&
             each.second.statement().signature() == statement->signature();
    });
    if (entry == entries.end()) {
      return contract::Error(v1::REASON_NOT_FOUND,
                             absl::StrCat("no entry of the log holds a statement of ", run.id));
    }
    const absl::StatusOr<std::vector<std::string>> hashes =
        audit_.ProveInclusion(entry->first.index, size);
    if (!hashes.ok()) return hashes.status();
    v1::LoggedStatement* logged = offer->add_logged();
    logged->set_index(entry->first.index);
    logged->set_entry(entry->first.bytes);
    for (const std::string& hash : *hashes) logged->add_hashes(hash);
  }
  return absl::OkStatus();
}

void Witnesses::TakeCosignature(const AgentIdentity& who, const v1::Cosignature& cosignature) {
  const AgentHub::Key key{who.environment, who.target};
  std::string witness;
  std::string note;
  {
    base::MutexLock lock(mutex_);
    const auto found = watches_.find(key);
    if (found == watches_.end()) return;
    std::deque<std::pair<uint64_t, std::string>>& asked = found->second.asked;
    const auto which = std::find_if(asked.begin(), asked.end(), [&cosignature](const auto& each) {
      return each.first == cosignature.size();
    });
    if (which == asked.end()) return;
    witness = found->second.key;
    note = std::move(which->second);
    asked.erase(asked.begin(), which + 1);  // it answers in order
  }
  note += cosignature.line();
  const absl::StatusOr<absl::Time> time =
      contract::VerifyCosignature(note, witness, desk_.clock.Now());
  absl::Status status = time.status();
  if (status.ok()) {
    status = desk_.committer.Write(
        KeepCosignature{who.environment, who.target, std::move(note), cosignature.size()});
  }
  if (!status.ok()) LogFailure("a cosignature was not kept", key, status);
}

absl::Status Witnesses::TakeAlarm(const AgentIdentity& who, const v1::WitnessAlarm& alarm) {
  {
    base::MutexLock lock(mutex_);
    const auto found = watches_.find({who.environment, who.target});
    if (found == watches_.end()) return absl::OkStatus();
    found->second.alarmed = true;
  }
  base::Log(base::LogLevel::kError, "an agent remembers another audit log",
            {{"agent", who.Name()}, {"why", alarm.problem().message()}});
  const absl::StatusOr<AgentRecord> record =
      desk_.agent_records.GetAgent(who.environment, who.target);
  if (!record.ok()) return record.status();
  WitnessRecord witness = record->witness;
  std::string said = alarm.problem().SerializeAsString();
  if (witness.alarm == said) return absl::OkStatus();
  witness.alarm = std::move(said);
  return desk_.committer
      .Commit(Change().Add(SetWitness{who.environment, who.target, std::move(witness)}),
              AuditTrail(AlarmEntry(who, alarm.problem(), desk_.clock.Now())))
      .status();
}

}  // namespace resetctl::controller

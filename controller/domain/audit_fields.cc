#include "controller/domain/audit_fields.h"

#include "absl/strings/match.h"

namespace resetctl::controller {
namespace {

constexpr AuditClass kPublic = AuditClass::kPublic;
constexpr AuditClass kInternal = AuditClass::kInternal;
constexpr AuditClass kPersonal = AuditClass::kPersonal;

constexpr AuditField kFields[] = {
    {"time", kPublic, "when the controller wrote it down"},
    {"actor", kPersonal, "the person, agent or system that did it"},
    {"action", kPublic, "what was done or tried"},
    {"subject", kPersonal, "the plan, run, person or environment that it is about"},
    {"environment", kInternal, "its name"},
    {"target", kInternal, "its name"},
    {"outcome", kPublic, "ok, or the reason of a refusal"},
    {"detail", kInternal, "for people"},
    {"statement", kPersonal, "the signed text and its signature"},
    {"key_fingerprint", kPersonal, "of the person's key"},
    {"peer", kPersonal, "the network address that it came from"},
    {"agent_word", kInternal, "the agent's own bytes that the entry stands on, and its signature"},
};

constexpr AuditField kEvidenceKeys[] = {
    // Of any entry.
    {"arguments", kPersonal, "the text whose digest an admin's statement holds"},
    {"clock", kPublic, "what the clock said, when it had been put back"},
    // Of agents and persons.
    {"certificate", kInternal, "the agent's, its serial number"},
    {"new_certificate", kInternal, "the serial number of the one that was issued"},
    {"invited_by", kPersonal, "who made the join token"},
    {"displaced", kPublic, "an agent of the same name was attached"},
    {"person", kPersonal, "whose session was ended"},
    {"database", kInternal, "the one that a target was bound to"},
    {"other", kInternal, "the target whose database looks alike"},
    // Of notifications.
    {"sink", kInternal, "the receiver's name"},
    {"entry", kPublic, "the number of the entry that somebody was to be told of"},
    {"tries", kPublic, "how often it was sent"},
    // Of the log itself.
    {"first", kPublic, "the first entry that moved to a file"},
    {"last", kPublic, "the last one"},
    {"digest", kPublic, "the file's SHA-256"},
    {"old_key", kPublic, "the verifier key that signed checkpoints before"},
    {"new_key", kPublic, "the verifier key that signs them now"},
    {"alarm", kPublic, "the reason of the alarm that was ended"},
    {"old_size", kPublic, "entries of the log that was given up"},
    {"old_root", kPublic, "its root"},
    {"size", kPublic, "entries of the log that was accepted"},
    {"root", kPublic, "its root"},
    {"id", kPublic, "of the acceptance; random"},
    // Of policies and plans.
    {"before", kPublic, "the digest of the policy, or the witness key, that was in force"},
    {"bundle", kPublic, "the digest of blueprint and files"},
    {"policy", kPublic, "the digest of the rules in the plan"},
    {"floor", kPublic, "the digest of the agent's floor"},
    // Of runs.
    {"plan", kPublic, "the plan that is run"},
    {"break_glass", kInternal, "why the glass was broken"},
    {"seq", kPublic, "the number of a step's event"},
    {"event", kPublic,
     "the digest of a step's event that its agent did not sign; of a notification, its kind"},
    {"unproved", kPublic,
     "what is wrong with the agent's signed word: its signature, or its order"},
    {"state", kPublic, "that the run is in now"},
    // Of runs, as their agents proved.
    {"fence", kInternal, "the target's number of the run"},
    {"xid", kInternal, "the transaction's id"},
    {"timeline", kInternal, "of the database's history"},
    {"wal_before", kInternal, "position in the WAL when the transaction began"},
    {"wal_lsn", kInternal, "just before the COMMIT"},
    {"wal_after", kInternal, "after the COMMIT, when its answer came"},
    {"rows_cleared", kInternal, "in total; ≈ is an estimate"},
    {"tables_cleared", kInternal, "how many"},
    {"cleared:", kInternal, "rows cleared from the table of this name, of the five largest"},
    {"cleared_other_rows", kInternal, "rows cleared from all the other tables"},
    {"cleared_other_tables", kInternal, "how many others"},
    {"rows_recreated", kInternal, "that the recreate steps wrote"},
    {"recreated:", kInternal,
     "rows at the COMMIT in the cleared table of this name, of the five largest"},
    {"recreated_other_rows", kInternal, "rows at the COMMIT in all the other cleared tables"},
    {"recreated_other_tables", kInternal, "how many others"},
    {"checks", kInternal, "how many of the blueprint's checks were true"},
    {"kept_tables", kInternal, "untouched, when that was proved"},
    {"cache_keys", kInternal, "removed from the cache"},
    {"took", kInternal, "from the connection to the COMMIT"},
    {"writers_waited", kInternal, "how long the tables were locked against them"},
};

}  // namespace

const char* NameOf(AuditClass audit_class) {
  switch (audit_class) {
    case AuditClass::kPublic:
      return "public";
    case AuditClass::kInternal:
      return "internal";
    case AuditClass::kPersonal:
      return "personal";
  }
  return "";
}

absl::Span<const AuditField> AuditFields() { return kFields; }

absl::Span<const AuditField> EvidenceKeys() { return kEvidenceKeys; }

const AuditField* FindEvidenceKey(absl::string_view key) {
  for (const AuditField& row : kEvidenceKeys) {
    const bool family = absl::EndsWith(row.name, ":");
    if (family ? absl::StartsWith(key, row.name) : key == row.name) return &row;
  }
  return nullptr;
}

std::vector<std::string> UnclassifiedKeys(const v1::AuditEntry& entry) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : entry.evidence()) {
    if (FindEvidenceKey(key) == nullptr) keys.push_back(key);
  }
  return keys;
}

}  // namespace resetctl::controller

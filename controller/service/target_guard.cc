#include "controller/service/target_guard.h"

#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "controller/domain/target_identity.h"
#include "controller/service/audit_entries.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

// Long enough for an agent that makes a plan meanwhile.
constexpr absl::Duration kPatience = absl::Minutes(1);

std::string NameOf(const AgentHub::Key& key) { return absl::StrCat(key.first, "/", key.second); }

v1::AgentHello HelloOf(const AgentRecord& record) {
  v1::AgentHello hello;
  hello.ParseFromString(record.hello);
  return hello;
}

v1::DatabaseIdentity BoundOf(const AgentRecord& record) {
  v1::DatabaseIdentity bound;
  bound.ParseFromString(record.bound);
  return bound;
}

int64_t RandomKey() {
  int64_t key = 0;
  const std::string bytes = base::RandomBytes(sizeof(key));
  std::memcpy(&key, bytes.data(), sizeof(key));
  return key;
}

absl::Status Conflict(const std::string& what, const std::string& advice) {
  return contract::Error(v1::REASON_IDENTITY_CONFLICT, what, advice);
}

absl::Status Moved(const AgentHub::Key& key, const std::string& difference) {
  return Conflict(
      absl::StrCat("the database of ", NameOf(key), " is not the one that it was: ", difference),
      absl::StrCat(
          "if it was restored, cloned or moved on purpose, bind it: resetctl target rebind ",
          NameOf(key)));
}

v1::AuditEntry EntryAbout(const AgentHub::Key& key, const char* action, absl::Time now) {
  return EntryBySystem(
      {.action = action, .subject = NameOf(key), .environment = key.first, .target = key.second},
      now);
}

}  // namespace

void TargetGuard::WriteDown(const Notes& notes) {
  for (const Note& note : notes) {
    const absl::Status written = committer_.Commit(note.change, AuditTrail(note.entry)).status();
    if (written.ok()) continue;
    base::Log(base::LogLevel::kError, "what a target is could not be written down",
              {{"error", written.message()}});
  }
}

void TargetGuard::Attached(const AgentHub::Key& key) {
  const absl::StatusOr<AgentRecord> record = records_.GetAgent(key.first, key.second);
  if (!record.ok()) return;
  const v1::AgentHello hello = HelloOf(*record);
  // Read before the lock: an agent's hello is written down before it is compared, so of two that attach at once the later
  // one sees the other.
  const absl::StatusOr<std::vector<Likeness>> alike = LookAround(key, hello);
  Notes notes;
  {
    base::MutexLock lock(mutex_);
    Compare(key, hello, *record, &notes);
    if (alike.ok()) TakeTwins(key, *alike, &notes);  // else what was known before stands
  }
  WriteDown(notes);
}

void TargetGuard::Compare(const AgentHub::Key& key, const v1::AgentHello& hello,
                          const AgentRecord& record, Notes* notes) {
  if (!IsKnown(hello.database())) return;  // what was known before stands
  const absl::Time now = clock_.Now();
  const v1::DatabaseIdentity bound = BoundOf(record);
  const std::string difference = IsKnown(bound) ? Difference(bound, hello.database()) : "";
  if (!difference.empty()) {
    moved_[key] = difference;
    notes->push_back({Failed(EntryAbout(key, "target.conflict", now), Moved(key, difference))});
    return;
  }
  moved_.erase(key);
  if (bound.marker() == hello.database().marker() && IsKnown(bound)) return;
  notes->push_back(
      {EntryAbout(key, "target.bind", now),
       Change().Add(BindTarget{key.first, key.second, hello.database().SerializeAsString()})});
}

void TargetGuard::Revoked(const AgentHub::Key& key) {
  base::MutexLock lock(mutex_);
  moved_.erase(key);
  ForgetTwins(key);
}

bool TargetGuard::IsRevoked(const AgentHub::Key& key) const {
  const absl::StatusOr<std::vector<CertificateRecord>> certificates =
      records_.ListCertificates(key.first, key.second);
  return certificates.ok() && !certificates->empty() && certificates->front().revoked;
}

void TargetGuard::ForgetTwins(const AgentHub::Key& key) {
  const auto about = [&key](const Pair& pair) { return pair.first == key || pair.second == key; };
  std::erase_if(twins_, [&about](const auto& item) { return about(item.first); });
  std::erase_if(questions_, [&about](const auto& item) { return about(item.second.pair); });
}

absl::StatusOr<std::vector<TargetGuard::Likeness>> TargetGuard::LookAround(
    const AgentHub::Key& key, const v1::AgentHello& hello) const {
  const absl::StatusOr<std::vector<AgentRecord>> records = records_.ListAgents();
  if (!records.ok()) return records.status();
  std::vector<Likeness> alike;
  for (const AgentRecord& record : *records) {
    const AgentHub::Key other{record.environment, record.target};
    const v1::AgentHello others = HelloOf(record);
    const bool one_cache = AreOneCache(hello.cache(), others.cache());
    if (other == key || (!one_cache && !LookAlike(hello.database(), others.database()))) continue;
    if (agents_.IsOnline(other) || !IsRevoked(other)) alike.push_back({other, one_cache});
  }
  return alike;
}

void TargetGuard::TakeTwins(const AgentHub::Key& key, const std::vector<Likeness>& alike,
                            Notes* notes) {
  ForgetTwins(key);
  for (const auto& [other, one_cache] : alike) {
    if (one_cache) {
      twins_[std::minmax(key, other)] = Verdict::kOneCache;
      notes->push_back({Failed(
          EntryAbout(key, "target.conflict", clock_.Now()),
          Conflict(absl::StrCat(NameOf(key), " and ", NameOf(other), " use one Redis db"), ""))});
    } else if (agents_.IsOnline(other)) {
      Ask(key, other);
    } else {
      twins_[std::minmax(key, other)] = Verdict::kUntold;
    }
  }
}

void TargetGuard::Ask(const AgentHub::Key& key, const AgentHub::Key& other) {
  Question question;
  question.pair = std::minmax(key, other);
  question.holder = other;
  question.looker = key;
  question.lock_key = RandomKey();
  const std::string order_id = absl::StrCat("t-", base::ToHex(base::RandomBytes(16)));
  twins_[question.pair] = Verdict::kAsking;
  Send(other, order_id, question.lock_key, /*hold=*/true);
  questions_[order_id] = std::move(question);
  scheduler_.After(kPatience, [this, order_id] { GiveUp(order_id); });
}

void TargetGuard::Send(const AgentHub::Key& to, const std::string& order_id, int64_t lock_key,
                       bool hold) {
  v1::AttachResponse message;
  message.mutable_twin()->set_order_id(order_id);
  message.mutable_twin()->set_lock_key(lock_key);
  message.mutable_twin()->set_hold(hold);
  agents_.Send(to, std::move(message));
}

void TargetGuard::TakeReply(const AgentHub::Key& key, const v1::TwinReply& reply) {
  Notes notes;
  {
    base::MutexLock lock(mutex_);
    const auto found = questions_.find(reply.order_id());
    if (found == questions_.end()) return;
    Question& question = found->second;
    if (key != (question.looking ? question.looker : question.holder)) return;
    if (reply.has_problem() || (!question.looking && !reply.there())) {
      twins_[question.pair] = Verdict::kUntold;
      questions_.erase(found);
      return;
    }
    if (!question.looking) {
      question.looking = true;
      Send(question.looker, reply.order_id(), question.lock_key, /*hold=*/false);
      return;
    }
    // An order that holds nothing lets go of what was held.
    Send(question.holder, "", 0, /*hold=*/false);
    const Pair pair = question.pair;
    questions_.erase(found);
    Conclude(pair, reply.there(), &notes);
  }
  WriteDown(notes);
}

void TargetGuard::Conclude(const Pair& pair, bool one, Notes* notes) {
  v1::AuditEntry entry = EntryAbout(pair.first, "target.compare", clock_.Now());
  (*entry.mutable_evidence())["other"] = NameOf(pair.second);
  if (one) {
    twins_[pair] = Verdict::kOneDatabase;
    const absl::Status conflict = Conflict(
        absl::StrCat(NameOf(pair.first), " and ", NameOf(pair.second), " are one database"), "");
    notes->push_back({Failed(std::move(entry), conflict)});
  } else {
    twins_.erase(pair);
    entry.set_detail("two databases");
    notes->push_back({std::move(entry)});
  }
}

void TargetGuard::GiveUp(const std::string& order_id) {
  base::MutexLock lock(mutex_);
  const auto found = questions_.find(order_id);
  if (found == questions_.end()) return;
  twins_[found->second.pair] = Verdict::kUntold;
  questions_.erase(found);
}

absl::Status TargetGuard::Check(const AgentHub::Key& key) const {
  base::MutexLock lock(mutex_);
  const auto moved = moved_.find(key);
  if (moved != moved_.end()) return Moved(key, moved->second);
  for (const auto& [pair, verdict] : twins_) {
    if (pair.first != key && pair.second != key) continue;
    const std::string self = NameOf(key);
    const std::string other = NameOf(pair.first == key ? pair.second : pair.first);
    switch (verdict) {
      case Verdict::kOneDatabase:
        return Conflict(absl::StrCat(self, " and ", other, " are one and the same database"),
                        "give each target its own: look at DATABASE_URL of both agents");
      case Verdict::kOneCache:
        return Conflict(absl::StrCat(self, " and ", other, " use one and the same Redis db"),
                        "give each target its own: look at REDIS_URL of both agents");
      case Verdict::kUntold:
        return Conflict(absl::StrCat("the database of ", self, " looks like the one of ", other,
                                     ", and that agent cannot be asked whether they are one"),
                        absl::StrCat("start the agent of ", other,
                                     " so that the two can be told apart, or revoke it"));
      case Verdict::kAsking:
        return contract::Error(v1::REASON_TARGET_BUSY,
                               absl::StrCat("the agents of ", self, " and ", other,
                                            " are finding out whether their databases are one"),
                               "try again in a moment");
    }
  }
  return absl::OkStatus();
}

absl::Status TargetGuard::CheckPlanned(const AgentHub::Key& key,
                                       const v1::DatabaseIdentity& planned) const {
  const absl::StatusOr<AgentRecord> record = records_.GetAgent(key.first, key.second);
  if (!record.ok()) return record.status();
  const v1::DatabaseIdentity bound = BoundOf(*record);
  if (!IsKnown(bound)) return absl::OkStatus();
  const std::string difference = Difference(bound, planned);
  return difference.empty() ? absl::OkStatus() : Moved(key, difference);
}

}  // namespace resetctl::controller

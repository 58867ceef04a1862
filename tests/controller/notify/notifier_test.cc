#include "controller/notify/notifier.h"

#include <atomic>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "controller/service/wire_time.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "tests/controller/domain/team.h"
#include "tests/controller/notify/receiver.h"
#include "tests/controller/store/store_fixture.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_store.h"

namespace resetctl::controller {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Tells when a cursor was stored, and refuses so many of those that come with an entry.
class WatchedStore : public MemoryStore {
 public:
  absl::StatusOr<CommitReceipt> Commit(const Change& change, const AuditTrail& trail) override {
    const SetNotificationCursor* cursor = nullptr;
    for (const Mutation& mutation : change.mutations()) {
      if (const auto* found = std::get_if<SetNotificationCursor>(&mutation)) cursor = found;
    }
    if (cursor != nullptr && refusals > 0) {
      --refusals;
      return absl::UnavailableError("no disk");
    }
    absl::StatusOr<CommitReceipt> receipt = MemoryStore::Commit(change, trail);
    if (cursor != nullptr && receipt.ok()) Tell(*cursor);
    return receipt;
  }
  absl::Status Write(const Note& note) override {
    absl::Status status = MemoryStore::Write(note);
    if (const auto* cursor = std::get_if<SetNotificationCursor>(&note)) Tell(*cursor);
    return status;
  }
  void AwaitCursor(const std::string& sink, uint64_t next) {
    base::MutexLock lock(mutex_);
    while (stored_[sink] < next) changed_.Wait(mutex_);
  }

  std::atomic<int> refusals = 0;

 private:
  void Tell(const SetNotificationCursor& cursor) {
    base::MutexLock lock(mutex_);
    stored_[cursor.sink] = cursor.next;
    changed_.SignalAll();
  }

  base::Mutex mutex_;
  base::CondVar changed_;
  std::map<std::string, uint64_t> stored_ ABSL_GUARDED_BY(mutex_);
};

class NotifierTest : public testing::Test {
 protected:
  NotifierTest() { plan_ = Insert(ProductionPlan()); }

  PlanRecord Insert(const PlanRecord& plan) {
    EXPECT_TRUE(
        store_.Commit(Change().Add(InsertPlan{plan, "bundle"}), AuditTrail(AnEntry("test"))).ok());
    return plan;
  }
  // An entry that somebody is told of; its index, as notifications show it.
  std::string Happens(const std::string& action = "plan.approve",
                      const std::string& environment = "production") {
    v1::AuditEntry entry = AnEntry(action, plan_.id, "bob", environment);
    SetTime(clock_.Now(), entry.mutable_time());
    return absl::StrCat(store_.Commit(Change(), AuditTrail(entry))->first_audit_index);
  }
  std::unique_ptr<Notifier> Started(std::vector<Sink> sinks) {
    auto notifier =
        std::make_unique<Notifier>(std::move(sinks), store_, policy_, clock_,
                                   RetryPace{absl::Milliseconds(1), absl::Milliseconds(1)});
    EXPECT_TRUE(notifier->Start().ok());
    return notifier;
  }
  // A sink that was started once: what happens from now on is for it.
  void Introduce(const Sink& sink) { Started({sink}); }

  static uint64_t Number(const std::string& id) {
    uint64_t number = 0;
    EXPECT_TRUE(absl::SimpleAtoi(id, &number));
    return number;
  }
  // What the log says of messages, in its order.
  std::vector<v1::AuditEntry> Outcomes() {
    std::vector<v1::AuditEntry> outcomes;
    for (const StoredAuditEntry& stored : Get(store_.ReadAudit(0, 100))) {
      v1::AuditEntry entry;
      EXPECT_TRUE(entry.ParseFromString(stored.bytes));
      if (absl::StartsWith(entry.action(), "notify.")) outcomes.push_back(entry);
    }
    return outcomes;
  }
  static std::string Spelled(const v1::AuditEntry& entry) {
    std::string text =
        absl::StrCat(entry.action(), " ", entry.outcome(), ", ", entry.detail(), ",");
    const std::map<std::string, std::string> evidence(entry.evidence().begin(),
                                                      entry.evidence().end());
    for (const auto& [key, value] : evidence) absl::StrAppend(&text, " ", key, "=", value);
    return text;
  }

  std::atomic<int> asked_ = 0;  // of a receiver
  test::FakeClock clock_{Start()};
  WatchedStore store_;
  PolicyHolder policy_{Team()};
  PlanRecord plan_;
};

TEST_F(NotifierTest, TellsInTheOrderOfTheLog) {
  Receiver ops;
  const auto notifier = Started({ops.AsSink()});
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(Happens());
  notifier->Wake();
  EXPECT_EQ(ops.Await(5, "id"), ids);
}

TEST_F(NotifierTest, SignsWhatItSends) {
  Receiver ops;
  const auto notifier = Started({ops.AsSink()});
  Happens();
  notifier->Wake();
  const support::HttpExchange exchange = ops.Await(1).front();
  EXPECT_EQ(exchange.method, "POST");
  EXPECT_EQ(exchange.path, "/hook");
  EXPECT_THAT(exchange.head, HasSubstr("X-Resetctl-Event: approved\r\n"));
  EXPECT_THAT(exchange.head, HasSubstr("Content-Type: application/json"));
  EXPECT_THAT(exchange.head,
              HasSubstr(absl::StrCat("X-Resetctl-Signature: sha256=",
                                     base::ToHex(contract::HmacSha256(kSecret, exchange.body)))));
}

TEST_F(NotifierTest, TriesAgainUntilItIsTakenAndOnlyThenTheNext) {
  Receiver ops({500, 500, kCloses, 429, 408, 200});
  Introduce(ops.AsSink());
  const std::string first = Happens();
  const std::string second = Happens();
  const auto notifier = Started({ops.AsSink()});
  EXPECT_THAT(ops.Await(7, "id"), ElementsAre(first, first, first, first, first, first, second));
}

TEST_F(NotifierTest, TriesAgainWhenNoAnswerComes) {
  Receiver ops({kHangs, 200});
  Sink sink = ops.AsSink();
  sink.timeout = absl::Milliseconds(100);
  const auto notifier = Started({sink});
  const std::string id = Happens();
  notifier->Wake();
  EXPECT_THAT(ops.Await(2, "id"), ElementsAre(id, id));
}

TEST_F(NotifierTest, DoesNotRepeatWhatIsRefused) {
  Receiver ops({400, 404, 302, 200});
  Introduce(ops.AsSink());
  const std::vector<std::string> ids = {Happens(), Happens(), Happens(), Happens()};
  const auto notifier = Started({ops.AsSink()});
  EXPECT_EQ(ops.Await(4, "id"), ids);
}

TEST_F(NotifierTest, BeginsAtThePresentEndForANewSink) {
  Receiver ops;
  Happens();
  const auto notifier = Started({ops.AsSink()});
  const std::string fresh = Happens();
  notifier->Wake();
  EXPECT_THAT(ops.Await(1, "id"), ElementsAre(fresh));
}

TEST_F(NotifierTest, GoesOnAfterARestartWhereItWas) {
  Receiver ops;
  auto notifier = Started({ops.AsSink()});
  const std::string first = Happens();
  notifier->Wake();
  store_.AwaitCursor("ops", 1 + Number(first));
  notifier->Stop();
  const std::string later = Happens();
  notifier = Started({ops.AsSink()});
  EXPECT_THAT(ops.Await(2, "id"), ElementsAre(first, later));
}

TEST_F(NotifierTest, StopsDuringATransferAndSendsItAgainLater) {
  Receiver ops({kHangs, 200});
  const auto notifier = Started({ops.AsSink()});
  const std::string id = Happens();
  notifier->Wake();
  ops.Await(1);
  notifier->Stop();
  const auto next = Started({ops.AsSink()});
  EXPECT_THAT(ops.Await(2, "id"), ElementsAre(id, id));
}

TEST_F(NotifierTest, StopsDuringAPause) {
  Receiver ops({500});
  Introduce(ops.AsSink());
  Happens();
  Notifier notifier({ops.AsSink()}, store_, policy_, clock_, {absl::Hours(1), absl::Hours(1)});
  ASSERT_TRUE(notifier.Start().ok());
  ops.Await(1);
  notifier.Stop();
  EXPECT_EQ(ops.Count(), 1u);
}

TEST_F(NotifierTest, ADeadSinkHoldsUpNoOther) {
  Receiver dead({kHangs});
  Receiver failing({503, 503, kHangs});
  Receiver alive;
  const auto notifier =
      Started({dead.AsSink("dead"), failing.AsSink("failing"), alive.AsSink("alive")});
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(Happens());
  notifier->Wake();
  dead.Await(1);
  failing.Await(3);
  EXPECT_EQ(alive.Await(3, "id"), ids);
  store_.AwaitCursor("alive", 1 + Number(ids.back()));
  EXPECT_EQ(dead.Count(), 1u);
}

TEST_F(NotifierTest, TellsEachSinkOfItsEnvironmentsAndEvents) {
  Receiver production;
  Receiver rejections;
  Sink of_production = production.AsSink("production");
  of_production.environments = {"production"};
  Sink of_rejections = rejections.AsSink("rejections");
  of_rejections.events = {NotificationEvent::kRejected};
  const auto notifier = Started({of_production, of_rejections});
  Happens("plan.approve", "staging");
  Happens("plan.approve", "production");
  Happens("plan.reject", "staging");
  Happens("plan.reject", "production");
  notifier->Wake();
  EXPECT_THAT(production.Await(2, "event"), ElementsAre("approved", "rejected"));
  EXPECT_THAT(rejections.Await(2, "environment"), ElementsAre("staging", "production"));
}

TEST_F(NotifierTest, GivesUpWhatIsTooOld) {
  Receiver ops({500, 200}, [this] { clock_.Advance(absl::Hours(13)); });
  Introduce(ops.AsSink());
  const std::string first = Happens();
  clock_.Advance(absl::Hours(12));
  const std::string second = Happens();
  // The first attempt fails 25 hours after the first entry, 13 after the second.
  const auto notifier = Started({ops.AsSink()});
  EXPECT_THAT(ops.Await(2, "id"), ElementsAre(first, second));
}

TEST_F(NotifierTest, WhatBecameOfAMessageIsInTheLog) {
  // The third message is 25 hours old when its first answer comes.
  Receiver ops({503, 200, 404, 503, 200}, [this] {
    if (++asked_ == 4) clock_.Advance(absl::Hours(25));
  });
  const auto notifier = Started({ops.AsSink()});
  std::vector<std::string> ids;
  for (const char* action : {"plan.approve", "plan.reject", "plan.approve"}) {
    ids.push_back(Happens(action));
    notifier->Wake();
    store_.AwaitCursor("ops", 1 + Number(ids.back()));
  }
  // It passes over its own entries, and sends the next message.
  ids.push_back(Happens());
  notifier->Wake();
  EXPECT_EQ(ops.Await(5, "id"), (std::vector<std::string>{ids[0], ids[0], ids[1], ids[2], ids[3]}));
  notifier->Stop();

  const std::vector<v1::AuditEntry> entries = Outcomes();
  ASSERT_GE(entries.size(), 3u);
  EXPECT_EQ(Spelled(entries[0]), absl::StrCat("notify.sent ok, ops took it, entry=", ids[0],
                                              " event=approved sink=ops tries=2"));
  EXPECT_EQ(Spelled(entries[1]),
            absl::StrCat("notify.fail NOTIFICATION_FAILED, ops refused it: answer 404, entry=",
                         ids[1], " event=rejected sink=ops tries=1"));
  EXPECT_EQ(
      Spelled(entries[2]),
      absl::StrCat("notify.fail NOTIFICATION_FAILED, too old for ops: the last try had answer "
                   "503, entry=",
                   ids[2], " event=approved sink=ops tries=1"));
  for (const v1::AuditEntry& entry : entries) {
    EXPECT_EQ(entry.subject(), plan_.id);
    EXPECT_EQ(entry.actor(), "system");
    EXPECT_EQ(entry.environment(), "production");
    EXPECT_EQ(entry.SerializeAsString().find("/hook"), std::string::npos);
    EXPECT_EQ(EventOf(entry), std::nullopt);
  }
}

// The message is out already: only what the log is to say of it is written again.
TEST_F(NotifierTest, AStoreThatRefusesTheOutcomeHasNothingSentTwice) {
  Receiver ops;
  store_.refusals = 3;
  const auto notifier = Started({ops.AsSink()});
  const std::string first = Happens();
  notifier->Wake();
  store_.AwaitCursor("ops", 1 + Number(first));
  const std::string second = Happens();
  notifier->Wake();
  EXPECT_THAT(ops.Await(2, "id"), ElementsAre(first, second));
  EXPECT_EQ(store_.refusals, 0);
}

TEST_F(NotifierTest, PassesOverAnEntryWhosePlanIsGone) {
  Receiver ops;
  const auto notifier = Started({ops.AsSink()});
  plan_.id = contract::PlanId("of another store");
  Happens();
  plan_.id = ProductionPlan().id;
  const std::string next = Happens();
  notifier->Wake();
  EXPECT_THAT(ops.Await(1, "id"), ElementsAre(next));
}

}  // namespace
}  // namespace resetctl::controller

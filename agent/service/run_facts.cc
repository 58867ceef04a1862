#include "agent/service/run_facts.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace resetctl::agent {

bool RunFacts::Begun(v1::JournalHook::Phase phase, int index) const {
  return hooks.count({phase, index}) > 0;
}

bool RunFacts::Done(v1::JournalHook::Phase phase, int index) const {
  const auto found = hooks.find({phase, index});
  return found != hooks.end() && found->second.done() &&
         found->second.outcome() != v1::EVENT_KIND_FAILED;
}

v1::RunState RunFacts::State() const {
  if (ended) return ended->state();
  if (committed) return v1::RUN_STATE_COMMITTED;
  if (fence) return v1::RUN_STATE_RUNNING;
  return v1::RUN_STATE_UNSPECIFIED;
}

RunFacts FoldRecords(const std::vector<v1::JournalRecord>& records) {
  RunFacts facts;
  for (const v1::JournalRecord& record : records) {
    switch (record.record_case()) {
      case v1::JournalRecord::kOffer:
        facts.offer = record.offer();
        if (facts.chain.last_seq == 0) {
          facts.chain = contract::ChainOf(facts.offer->run_statement());
        }
        break;
      case v1::JournalRecord::kClaim:
        facts.fence = record.claim().fence();
        break;
      case v1::JournalRecord::kHook:
        facts.hooks[{record.hook().phase(), record.hook().index()}] = record.hook();
        break;
      case v1::JournalRecord::kAboutToCommit:
        facts.about_to_commit = true;
        break;
      case v1::JournalRecord::kCommitted:
        facts.committed = record.committed();
        break;
      case v1::JournalRecord::kEnded:
        facts.ended = record.ended();
        facts.acknowledged_report.reset();
        break;
      case v1::JournalRecord::kEvent:
        if (record.event().seq() > facts.chain.last_seq) facts.chain.Take(record.event());
        break;
      case v1::JournalRecord::kAcknowledgedSeq:
        facts.acknowledged_seq =
            std::max<uint64_t>(facts.acknowledged_seq, record.acknowledged_seq());
        break;
      case v1::JournalRecord::kAcknowledgedReport:
        facts.acknowledged_report = record.acknowledged_report();
        break;
      case v1::JournalRecord::kResume:
        facts.resume_statements.insert(record.resume().resume_statement().text());
        facts.ended.reset();
        facts.acknowledged_report.reset();
        break;
      case v1::JournalRecord::RECORD_NOT_SET:
        break;
    }
  }
  return facts;
}

bool IsEnd(v1::RunState state) {
  return state == v1::RUN_STATE_SUCCEEDED || state == v1::RUN_STATE_REFUSED ||
         state == v1::RUN_STATE_ROLLED_BACK || state == v1::RUN_STATE_CANCELLED ||
         state == v1::RUN_STATE_NEEDS_ATTENTION;
}

bool IsRunId(absl::string_view text) {
  if (!absl::StartsWith(text, "r-") || text.size() < 3 || text.size() > 66) return false;
  text.remove_prefix(2);
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) ||
           absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
}

}  // namespace resetctl::agent

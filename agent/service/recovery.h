#ifndef RESETCTL_AGENT_SERVICE_RECOVERY_H_
#define RESETCTL_AGENT_SERVICE_RECOVERY_H_

#include "absl/strings/string_view.h"
#include "agent/service/parts.h"
#include "agent/service/run_book.h"
#include "agent/service/run_settler.h"

namespace resetctl::agent {

// What a new process owes to the runs of the one before it: journal, claims and ledger are read, and each open run gets its
// true outcome, before anything new is taken (DESIGN §10, TRUST §5). For the run thread.
class Recovery {
 public:
  Recovery(const AgentParts& parts, RunBook& book, RunSettler& settler)
      : parts_(parts), book_(book), settler_(settler) {}

  // Settles every open run; waits where the target cannot say yet.
  void SettleOpenRuns();

  // A run that the controller believes to be here. Its true state is reported; one that was never claimed is REFUSED, and its
  // offer will be refused too, should it still come.
  void AnswerExpected(absl::string_view run_id);

 private:
  void Settle(const std::string& run_id);
  // A run whose journal holds nothing: the target alone can tell.
  void SettleWithoutJournal(const std::string& run_id);
  void CloseUnknownClaims();

  const AgentParts& parts_;
  RunBook& book_;
  RunSettler& settler_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_RECOVERY_H_

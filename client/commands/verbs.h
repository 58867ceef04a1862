#ifndef RESETCTL_CLIENT_COMMANDS_VERBS_H_
#define RESETCTL_CLIENT_COMMANDS_VERBS_H_

#include <string>
#include <vector>

#include "client/app/app.h"

namespace resetctl::client {

// Every verb: its options as command_line.cc fills them, and the function, in the file of the verb's name. DESIGN §12
// says what each does.

struct LoginOptions {
  Context context;  // what is given here is saved as a context
};
Outcome RunLogin(const LoginOptions& options, App& app);
Outcome RunLogout(App& app);
Outcome RunWhoami(App& app);

Outcome RunContextList(App& app);
Outcome RunContextUse(const std::string& name, App& app);
Outcome RunContextSet(const Context& context, App& app);

Outcome RunEnvList(App& app);
Outcome RunEnvShow(const std::string& name, App& app);

struct TargetOptions {
  std::string environment;
  std::string target;
  bool yes = false;  // rebind: do not ask
};
Outcome RunTargetList(const TargetOptions& options, App& app);
Outcome RunTargetShow(const TargetOptions& options, App& app);
Outcome RunTargetRebind(const TargetOptions& options, App& app);

struct AgentOptions {
  std::string environment;
  std::string target;
  std::string token_file;
  bool yes = false;
};
Outcome RunAgentList(App& app);
Outcome RunAgentInvite(const AgentOptions& options, App& app);
Outcome RunAgentRevoke(const AgentOptions& options, App& app);

Outcome RunPolicyShow(App& app);
struct PolicyOptions {
  std::string file;
  std::string plan;  // check: how each rule was decided for it
  bool yes = false;
};
Outcome RunPolicyCheck(const PolicyOptions& options, App& app);
Outcome RunPolicyApply(const PolicyOptions& options, App& app);

struct FreezeOptions {
  std::string environment;
  std::string until;  // a time, or how long; empty: until it is lifted
  std::string reason;
};
Outcome RunFreeze(const FreezeOptions& options, App& app);
Outcome RunUnfreeze(const std::string& environment, App& app);

Outcome RunSessionList(App& app);
Outcome RunSessionRevoke(const std::string& session, App& app);

Outcome RunBlueprintCheck(const std::string& file, App& app);

struct PlanOptions {
  std::string blueprint;
  std::string environment;  // never from a context
  std::string target;
  std::vector<std::string> sets;
  std::string reason;
};
Outcome RunPlan(const PlanOptions& options, App& app);

struct ShowOptions {
  std::string id;
  bool sql = false;
  bool tables = false;  // each with its strategy and the reason for it
  std::string diff;     // another plan's id; empty: no comparison
};
Outcome RunShow(const ShowOptions& options, App& app);

struct ReportOptions {
  std::string run;
  std::string file;             // "-": standard output; empty with -o json
  bool force = false;           // replace a file that is there
  std::string allowed_signers;  // a file; empty: what persons signed is not verified
};
Outcome RunReport(const ReportOptions& options, App& app);

struct DecideOptions {
  std::string plan;
  std::string message;
  bool yes = false;
};
Outcome RunApprove(const DecideOptions& options, App& app);
Outcome RunUnapprove(const DecideOptions& options, App& app);
Outcome RunReject(const DecideOptions& options, App& app);
Outcome RunWithdraw(const std::string& plan, App& app);

struct RunOptions {
  std::string plan;
  std::string confirm;
  bool break_glass = false;
  std::string reason;  // with break_glass
  bool detach = false;
};
Outcome RunRun(const RunOptions& options, App& app);
Outcome RunWatchVerb(const std::string& run, App& app);
Outcome RunCancel(const std::string& run, App& app);
struct ResumeOptions {
  std::string run;
  bool detach = false;
};
Outcome RunResume(const ResumeOptions& options, App& app);

struct ResetOptions {
  PlanOptions plan;
  std::string confirm;
  bool yes = false;
  bool detach = false;
};
Outcome RunReset(const ResetOptions& options, App& app);

struct ListOptions {
  std::string what = "plans";
  std::string environment;
  std::string state;
  bool mine = false;
  int limit = 0;
  std::string page;
};
Outcome RunList(const ListOptions& options, App& app);

struct AuditOptions {
  std::string person;
  std::string environment;
  std::string subject;
  std::string action;
  std::string plan;  // with its runs
  std::string run;
  std::string since;  // a time, or how long ago
  std::string until;
  bool events = false;  // also each step of each run
  int limit = 0;
  std::string page;
};
Outcome RunAuditList(const AuditOptions& options, App& app);
Outcome RunAuditTail(const AuditOptions& options, App& app);
struct AuditExportOptions {
  std::string file;
  std::vector<std::string>
      archive;  // files of the controller's, in order: the export goes on from them
  std::vector<std::string> log_keys;  // vkeys, or files of them
};
Outcome RunAuditExport(const AuditExportOptions& options, App& app);
struct AuditVerifyOptions {
  std::vector<std::string> files;    // in order; none: the controller's log
  std::vector<std::string> archive;  // files of the controller's that come before
  std::vector<std::string> log_keys;
  std::string allowed_signers;  // files
  std::string witnesses;
};
Outcome RunAuditVerify(const AuditVerifyOptions& options, App& app);
struct ReviewOptions {
  std::string run;
  std::string note;
};
Outcome RunAuditReview(const ReviewOptions& options, App& app);

Outcome RunDoctor(App& app);
Outcome RunCompletion(const std::string& shell, App& app);
Outcome RunVersion(App& app);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_COMMANDS_VERBS_H_

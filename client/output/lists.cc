#include "client/output/lists.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "client/output/exit_codes.h"
#include "client/output/plan_page.h"
#include "client/output/sanitize.h"
#include "client/output/table.h"
#include "client/output/times.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "resetctl/v1/audit.pb.h"
#include "resetctl/v1/environment.pb.h"
#include "resetctl/v1/login.pb.h"
#include "resetctl/v1/plan.pb.h"
#include "resetctl/v1/run.pb.h"
#include "resetctl/v1/target.pb.h"

namespace resetctl::client {
namespace {

constexpr int kIdColumns = 10;  // "p-7f3a91c2"

constexpr auto kRight = Table::Align::kRight;
constexpr auto kLeft = Table::Align::kLeft;

std::string ShortSubject(const std::string& subject) {
  const bool id = absl::StartsWith(subject, "p-") || absl::StartsWith(subject, "r-");
  return id ? contract::ShortId(subject) : subject;
}

std::string MayDo(const v1::Environment& environment) {
  std::vector<std::string> verbs;
  if (environment.may_plan()) verbs.push_back("plan");
  if (environment.may_approve()) verbs.push_back("approve");
  if (environment.may_run()) verbs.push_back("run");
  return verbs.empty() ? "read" : Listed(verbs);
}

std::string SeenText(const Look& look, bool online, bool seen,
                     const google::protobuf::Timestamp& time) {
  if (online) return "online";
  return seen ? absl::StrCat("offline, seen ", Ago(TimeOf(time), look.now)) : "never seen";
}

// 'person:alice' is alice; 'agent:production/rental-manager' is an agent of the entry's own
// environment.
std::string Who(const v1::AuditEntry& entry) {
  absl::string_view who = entry.actor();
  if (absl::ConsumePrefix(&who, "person:")) return base::Str(who);
  if (!absl::ConsumePrefix(&who, "agent:")) return entry.actor();
  absl::ConsumePrefix(&who, absl::StrCat(entry.environment(), "/"));
  return absl::StrCat("agent ", who);
}

std::string RowsText(const v1::Plan& plan) {
  return absl::StrCat(EstimateMark(plan.rows_estimated()), Count(plan.rows_total()));
}

std::string FreezeText(const Look& look, const v1::Freeze& freeze) {
  return absl::StrCat(
      "by ", freeze.person(), " ", Ago(TimeOf(freeze.time()), look.now),
      freeze.has_until() ? absl::StrCat(", until ", When(look, TimeOf(freeze.until()))) : "",
      freeze.reason().empty() ? "" : ": ", freeze.reason());
}

std::string DatabaseText(const v1::DatabaseIdentity& database) {
  if (database.database_name().empty()) return "";
  return absl::StrCat(database.database_name(), " @ ", database.address());
}

}  // namespace

std::string RenderPlans(const Look& look, const v1::ListPlansResponse& raw) {
  const auto response = Cleaned(raw);
  if (response.plans().empty()) return "No plans.\n";
  Table table;
  table.Column("PLAN").Whole().Column("STATE").Column("ENVIRONMENT").Column("TARGET");
  table.Column("ROWS", kRight, true).Column("MADE", kLeft, true).Column("BY", kLeft, true);
  for (const auto& plan : response.plans()) {
    // "waiting, 1 of 2": what is asked first of a plan that waits.
    const bool waits = plan.state() == v1::PLAN_STATE_PENDING_APPROVAL;
    const std::string state = waits ? absl::StrCat("waiting, ", plan.approvals_counted(), " of ",
                                                   plan.approvals_required())
                                    : PlanStateText(plan.state());
    table.Row({contract::ShortId(plan.id()), state, plan.environment(), plan.target(),
               RowsText(plan), Ago(TimeOf(plan.create_time()), look.now), plan.author()});
  }
  std::string out = table.Render(look);
  if (!response.next_page_token().empty()) {
    absl::StrAppend(&out, "More:  --page ", response.next_page_token(), "\n");
  }
  return out;
}

std::string RenderRuns(const Look& look, const v1::ListRunsResponse& raw) {
  const auto response = Cleaned(raw);
  if (response.runs().empty()) return "No runs.\n";
  Table table;
  table.Column("RUN").Whole().Column("STATE").Column("ENVIRONMENT").Column("TARGET");
  table.Column("CLEARED", kRight, true).Column("ORDERED", kLeft, true).Column("BY", kLeft, true);
  table.Column("PLAN", kLeft, true);
  for (const auto& run : response.runs()) {
    table.Row({contract::ShortId(run.id()), absl::AsciiStrToLower(EndStateOf(run.state()).title),
               run.environment(), run.target(),
               run.has_result() ? absl::StrCat(EstimateMark(run.result().rows_estimated()),
                                               Count(run.result().rows_cleared()))
                                : "",
               Ago(TimeOf(run.create_time()), look.now), run.runner(),
               contract::ShortId(run.plan_id())});
  }
  std::string out = table.Render(look);
  if (!response.next_page_token().empty()) {
    absl::StrAppend(&out, "More:  --page ", response.next_page_token(), "\n");
  }
  return out;
}

std::string RenderEnvironments(const Look& look, const v1::ListEnvironmentsResponse& raw) {
  const auto response = Cleaned(raw);
  if (response.environments().empty()) return "No environments that you may read.\n";
  Table table;
  table.Column("ENVIRONMENT").Column("TARGETS").Column("YOU MAY").Column("RULES").Wrapped();
  for (const auto& environment : response.environments()) {
    table.Row(
        {environment.name(),
         environment.targets().empty()
             ? "none"
             : Listed({environment.targets().begin(), environment.targets().end()}),
         MayDo(environment),
         absl::StrCat(environment.log_alarms().empty() ? "" : "LOG ALARM; ",
                      environment.has_freeze() ? "FROZEN; " : "", environment.rules_summary())});
  }
  return table.Render(look);
}

std::string RenderEnvironment(const Look& look, const v1::Environment& raw) {
  const auto environment = Cleaned(raw);
  std::string alarms;
  for (const v1::LogAlarm& alarm : environment.log_alarms()) {
    absl::StrAppend(&alarms, Field(look, "Log alarm",
                                   absl::StrCat(alarm.target(), ", ",
                                                contract::NameOf(alarm.problem().reason()), ": ",
                                                alarm.problem().message()),
                                   13));
  }
  return absl::StrCat(
      Field(look, "Environment", environment.name(), 13),
      Field(look, "Targets",
            environment.targets().empty()
                ? "none"
                : Listed({environment.targets().begin(), environment.targets().end()}),
            13),
      Field(look, "You may", MayDo(environment), 13),
      Field(look, "Rules", environment.rules_summary(), 13),
      environment.has_freeze() ? Field(look, "Frozen", FreezeText(look, environment.freeze()), 13)
                               : "",
      alarms, Field(look, "Policy", environment.policy_digest(), 13));
}

std::string RenderTargets(const Look& look, const v1::ListTargetsResponse& raw) {
  const auto response = Cleaned(raw);
  if (response.targets().empty()) {
    return "No targets. An administrator makes one:  resetctl agent invite TARGET --env E\n";
  }
  Table table;
  table.Column("ENVIRONMENT").Column("TARGET").Column("AGENT").Column("DATABASE");
  table.Column("RUN", kLeft, true).Column("PROBLEM");
  for (const auto& target : response.targets()) {
    table.Row({target.environment(), target.name(),
               SeenText(look, target.online(), target.has_seen_time(), target.seen_time()),
               DatabaseText(target.database()), ShortSubject(target.active_run_id()),
               target.problem()});
  }
  return table.Render(look);
}

std::string RenderTarget(const Look& look, const v1::Target& raw) {
  const auto target = Cleaned(raw);
  std::string out = absl::StrCat(
      Field(look, "Target", absl::StrCat(target.environment(), " / ", target.name())),
      Field(look, "Agent",
            absl::StrCat(
                SeenText(look, target.online(), target.has_seen_time(), target.seen_time()),
                target.agent_version().empty() ? "" : ", version ", target.agent_version())));
  const auto& database = target.database();
  if (!database.database_name().empty()) {
    absl::StrAppend(
        &out, Field(look, "Database",
                    absl::StrCat(DatabaseText(database), ", PostgreSQL ", database.server_version(),
                                 ", timeline ", database.timeline())));
    absl::StrAppend(
        &out, Field(look, "Identity",
                    absl::StrCat(
                        "system ",
                        database.system_identifier().empty() ? "(not told)"
                                                             : database.system_identifier(),
                        ", oid ", database.database_oid(), ", ",
                        database.marker().empty() ? "no marker before the first run"
                                                  : absl::StrCat("marker ", database.marker()))));
  }
  const auto& cache = target.cache();
  std::string cache_text = "no cache configured";
  if (cache.configured()) {
    cache_text = absl::StrCat("Redis ", cache.server_version(), " at ", cache.address(), ", db ",
                              cache.db(), cache.reachable() ? "" : ", unreachable");
  }
  absl::StrAppend(&out, Field(look, "Cache", cache_text));
  absl::StrAppend(&out, Field(look, "Floor",
                              target.floor_summary().empty()
                                  ? "none: this agent makes no plans and runs nothing"
                                  : absl::StrCat(target.floor_summary(), "  ",
                                                 target.floor_digest().substr(0, 19), "…")));
  if (target.same_owner_accepted()) {
    absl::StrAppend(&out, Field(look, "Trust",
                                "the agent's own user owns its trust files (trust.same_owner: "
                                "accept)"));
  }
  if (!target.active_run_id().empty()) {
    absl::StrAppend(&out, Field(look, "Run", contract::ShortId(target.active_run_id())));
  }
  if (target.has_witness_alarm()) {
    absl::StrAppend(&out, Field(look, "Log alarm",
                                absl::StrCat(contract::NameOf(target.witness_alarm().reason()),
                                             ": ", target.witness_alarm().message())));
  }
  if (!target.problem().empty() && target.problem() != target.witness_alarm().message()) {
    absl::StrAppend(&out, Field(look, "Problem", target.problem()));
  }
  return out;
}

namespace {

std::string WatchText(const v1::Agent& agent) {
  if (agent.has_witness_alarm()) return contract::NameOf(agent.witness_alarm().reason());
  if (agent.witness_key().empty()) return "";
  return absl::StrCat(Count(static_cast<int64_t>(agent.witness_size())), " seen");
}

}  // namespace

std::string RenderAgents(const Look& look, const v1::ListAgentsResponse& raw) {
  const auto response = Cleaned(raw);
  if (response.agents().empty()) {
    return "No agents. An administrator makes one:  resetctl agent invite TARGET --env E\n";
  }
  Table table;
  table.Column("ENVIRONMENT").Column("TARGET").Column("STATE").Column("CERTIFICATE UNTIL");
  table.Column("VERSION", kLeft, true).Column("LOG", kLeft, true).Column("SERIAL", kLeft, true);
  for (const auto& agent : response.agents()) {
    table.Row({agent.environment(), agent.target(),
               agent.revoked() ? "revoked"
                               : absl::StrCat(SeenText(look, agent.online(), agent.has_seen_time(),
                                                       agent.seen_time()),
                                              agent.has_witness_alarm() ? ", LOG ALARM" : ""),
               agent.has_not_after() ? When(look, TimeOf(agent.not_after())) : "", agent.version(),
               WatchText(agent), agent.certificate_serial()});
  }
  return table.Render(look);
}

std::string RenderEntries(const Look& look, const v1::ListEntriesResponse& raw) {
  const auto response = Cleaned(raw);
  const std::string archived = response.archived() == 0 || !response.next_page_token().empty()
                                   ? ""
                                   : absl::StrCat(Counted(static_cast<int64_t>(response.archived()),
                                                          "older entry is", "older entries are"),
                                                  " in archive files.\n");
  if (response.records().empty()) return absl::StrCat("No entries.\n", archived);
  Table table;
  table.Column("ENTRY", kRight).Column(absl::FormatTime("TIME (%Z)", look.now, look.zone)).Whole();
  table.Column("WHO").Column("ACTION").Column("SUBJECT").CutTo(kIdColumns);
  table.Column("ENVIRONMENT", kLeft, true).Column("DETAIL", kLeft, true);
  for (const auto& record : response.records()) {
    const auto& entry = record.decoded();
    // Nearly all went well: only what did not is worth a word.
    const bool well = entry.outcome().empty() || entry.outcome() == "ok";
    table.Row({Count(static_cast<int64_t>(record.index())), Stamp(look, TimeOf(entry.time())),
               Who(entry),
               well ? entry.action() : absl::StrCat(entry.action(), ": ", entry.outcome()),
               ShortSubject(entry.subject()), entry.environment(), entry.detail()});
  }
  std::string out = table.Render(look);
  if (!response.next_page_token().empty()) {
    absl::StrAppend(&out, "More:  --page ", response.next_page_token(), "\n");
  }
  return out + archived;
}

std::string RenderEntryLine(const Look& look, const v1::AuditRecord& raw) {
  const auto record = Cleaned(raw);
  const auto& entry = record.decoded();
  std::string line = absl::StrCat(Iso(look, TimeOf(entry.time())), " ", record.index(), " ",
                                  Who(entry), " ", entry.action());
  if (!entry.outcome().empty() && entry.outcome() != "ok") {
    absl::StrAppend(&line, ": ", entry.outcome());
  }
  for (const std::string& part :
       {ShortSubject(entry.subject()), entry.environment(), entry.detail()}) {
    if (!part.empty()) absl::StrAppend(&line, " ", absl::StrReplaceAll(part, {{"\n", " "}}));
  }
  return absl::StrCat(line, "\n");
}

std::string RenderSessions(const Look& look, const v1::ListSessionsResponse& raw) {
  const auto response = Cleaned(raw);
  Table table;
  table.Column("SESSION").Whole().Column("PERSON").Column("FROM").Column("SINCE").Column("UNTIL");
  table.Column("KEY", kLeft, true);
  for (const auto& session : response.sessions()) {
    table.Row({session.id(),
               session.current() ? absl::StrCat(session.person(), " (this one)") : session.person(),
               session.peer(), Ago(TimeOf(session.create_time()), look.now),
               When(look, TimeOf(session.expire_time())), session.key_fingerprint()});
  }
  return table.Render(look);
}

std::string RenderIdentity(const Look& look, const v1::GetIdentityResponse& raw) {
  const auto identity = Cleaned(raw);
  std::string out =
      Field(look, "Person", absl::StrCat(identity.person(), identity.robot() ? " (a robot)" : ""));
  absl::StrAppend(
      &out,
      Field(look, "Groups",
            identity.groups().empty()
                ? "none"
                : Listed({identity.groups().begin(), identity.groups().end()})),
      Field(look, "Key", identity.key_fingerprint()),
      Field(look, "Session", absl::StrCat("until ", When(look, TimeOf(identity.expire_time())))));
  return out;
}

}  // namespace resetctl::client

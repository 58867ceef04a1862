#include "client/commands/audit_verbs.h"

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "client/commands/verbs.h"

namespace resetctl::client {
namespace {

void AddAuditFilters(CLI::App* app, AuditOptions* options) {
  app->add_option("--person", options->person, "only what this person did");
  app->add_option("--env", options->environment, "only of this environment");
  app->add_option("--plan", options->plan, "only about this plan and its runs");
  app->add_option("--run", options->run, "only about this run");
  app->add_option("--subject", options->subject, "only about this plan, run or person");
  app->add_option("--action", options->action, "only this action, for example plan.approve");
  app->add_flag("--events", options->events, "with every step of every run (in JSON always)");
}

void AddLogKeys(CLI::App* app, std::vector<std::string>* keys) {
  app->add_option("--log-key", *keys,
                  "the log's public key, or a file with it; may be repeated after a change")
      ->allow_extra_args(false);
}

void AddArchive(CLI::App* app, std::vector<std::string>* files) {
  app->add_option("--archive", *files, "files that older entries were moved to, in order")
      ->type_name("FILE ...");
}

}  // namespace

void AddAuditVerbs(VerbBuilder& builder) {
  auto* audit = builder.Group("audit", "the audit log", kLooking);
  {
    auto o = std::make_shared<AuditOptions>();
    auto* app =
        builder.Verb(audit, "list", "entries, newest first", "Verbs",
                     "audit list --plan p-7f3a91c2", [o](App& a) { return RunAuditList(*o, a); });
    AddAuditFilters(app, o.get());
    app->add_option("--since", o->since, "from this time on: 2026-12-01, or how long ago, 2d");
    app->add_option("--until", o->until, "before this time");
    VerbBuilder::AddPaging(app, &o->limit, &o->page);
  }
  {
    auto o = std::make_shared<AuditOptions>();
    auto* app = builder.Verb(audit, "tail", "the newest entries, and those to come; Ctrl+C ends it",
                             "Verbs", "audit tail --env production -o json",
                             [o](App& a) { return RunAuditTail(*o, a); });
    AddAuditFilters(app, o.get());
  }
  {
    auto o = std::make_shared<AuditExportOptions>();
    auto* app = builder.Verb(audit, "export", "the whole log as JSON Lines; goes on with a file",
                             "Verbs", "audit export --file audit.jsonl",
                             [o](App& a) { return RunAuditExport(*o, a); });
    app->add_option("--file", o->file, "made, or gone on with where the last export ended")
        ->required();
    AddArchive(app, &o->archive);
    AddLogKeys(app, &o->log_keys);
  }
  {
    auto o = std::make_shared<AuditVerifyOptions>();
    auto* app = builder.Verb(audit, "verify", "prove that nothing was changed or left out", "Verbs",
                             "audit verify --file audit.jsonl --log-key log.pub "
                             "--allowed-signers allowed_signers",
                             [o](App& a) { return RunAuditVerify(*o, a); });
    app->add_option("--file", o->files,
                    "an exported log, or its parts in order, without any controller")
        ->type_name("FILE ...");
    AddArchive(app, &o->archive);
    AddLogKeys(app, &o->log_keys);
    app->add_option("--allowed-signers", o->allowed_signers,
                    "who may sign, as the agents know it: proves who said what");
    app->add_option(
        "--witnesses", o->witnesses,
        "keys of those who watch the log: proves that it had one history, and what agents said");
  }
  {
    auto o = std::make_shared<ReviewOptions>();
    auto* app = builder.Verb(audit, "review", "sign that you looked at a break-glass run", "Verbs",
                             "audit review r-19c04e77 -m \"agreed with the incident\"",
                             [o](App& a) { return RunAuditReview(*o, a); });
    app->add_option("RUN", o->run, "id, or its beginning")->required();
    app->add_option("-m,--message", o->note, "what you found; is signed")->required();
  }
}

}  // namespace resetctl::client

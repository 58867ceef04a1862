#include "client/commands/verb_tree.h"

#include <CLI/CLI.hpp>

#include "client/commands/audit_verbs.h"
#include "client/commands/verb_builder.h"
#include "client/commands/verbs.h"

namespace resetctl::client {
namespace {

class Builder : private VerbBuilder {
 public:
  explicit Builder(VerbTree& tree) : VerbBuilder(tree), tree_(tree) {}

  void Build() {
    tree_.root->require_subcommand(0, 1);
    tree_.root->allow_extras();
    tree_.root->footer("resetctl VERB --help shows a verb's options and an example.");
    AddEveryday();
    AddDecisions();
    AddFreezes();
    AddLooking();
    AddSetup();
    AddGlobals();  // last: a verb's own options come first in its help
  }

 private:
  static void AddPlanOptions(CLI::App* app, PlanOptions* options) {
    app->add_option("BLUEPRINT", options->blueprint, "the blueprint's file")->required();
    app->add_option("--env", options->environment, "environment; never taken from a context")
        ->required();
    app->add_option("--target", options->target, "only needed when the environment has several");
    app->add_option("--with", options->sets, "an optional set of the blueprint; may be repeated")
        ->allow_extra_args(false)
        ->delimiter(',');
    app->add_option("--reason", options->reason, "why; goes into the statement and the audit log");
  }

  void AddEveryday() {
    {
      auto o = std::make_shared<PlanOptions>();
      auto* app =
          Verb("plan", "show exactly what a reset would do", kEveryday,
               "plan blueprint.yaml --env production --with master-data --reason \"March opening\"",
               [o](App& a) { return RunPlan(*o, a); });
      AddPlanOptions(app, o.get());
    }
    {
      auto o = std::make_shared<RunOptions>();
      auto* app = Verb("run", "execute an approved plan and watch it", kEveryday,
                       "run p-7f3a91c2 --confirm \"DELETE ALL DATA rental-manager\"",
                       [o](App& a) { return RunRun(*o, a); });
      app->add_option("PLAN", o->plan, "id, or its beginning")->required();
      app->add_option(
          "--confirm", o->confirm,
          "the environment's phrase and the target's name, where there is no terminal to ask");
      app->add_flag("--detach", o->detach, "start and return; the run goes on");
      app->add_flag("--break-glass", o->break_glass,
                    "without approvals, windows and freeze; for those whom policy and floor name");
      app->add_option("--reason", o->reason, "why the glass is broken; is signed, and reviewed");
    }
    {
      auto o = std::make_shared<ResetOptions>();
      auto* app = Verb("reset", "plan, confirm, approve and run in one go, where policy allows it",
                       kEveryday, "reset blueprint.yaml --env staging --yes",
                       [o](App& a) { return RunReset(*o, a); });
      AddPlanOptions(app, &o->plan);
      app->add_option("--confirm", o->confirm, "the environment's phrase and the target's name");
      app->add_flag("--yes", o->yes, "do not ask (cron, CI)");
      app->add_flag("--detach", o->detach, "start and return; the run goes on");
    }
    Id("watch", "RUN", "follow a run, live", kEveryday, "watch r-19c04e77", RunWatchVerb);
    Id("cancel", "RUN", "cancel a run", kEveryday, "cancel r-19c04e77", RunCancel);
    {
      auto o = std::make_shared<ResumeOptions>();
      auto* app = Verb("resume", "repeat what is left of a committed run", kEveryday,
                       "resume r-19c04e77", [o](App& a) { return RunResume(*o, a); });
      app->add_option("RUN", o->run, "id, or its beginning")->required();
      app->add_flag("--detach", o->detach, "start and return; the run goes on");
    }
  }

  void Decision(const char* name, const char* description, const std::string& example,
                Outcome (*function)(const DecideOptions&, App&), bool message_required, bool asks) {
    auto o = std::make_shared<DecideOptions>();
    auto* app = Verb(name, description, kDecisions, example,
                     [o, function](App& a) { return function(*o, a); });
    app->add_option("PLAN", o->plan, "id, or its beginning")->required();
    auto* message = app->add_option("-m,--message", o->message, "why; is signed with the decision");
    if (message_required) message->required();
    if (asks) app->add_flag("--yes", o->yes, "sign without asking");
  }

  void AddDecisions() {
    Decision("approve", "sign that this plan may run",
             "approve p-7f3a91c2 -m \"checked the counts\"", RunApprove, false, true);
    Decision("unapprove", "take your approval back, until the run starts", "unapprove p-7f3a91c2",
             RunUnapprove, false, false);
    Decision("reject", "end a plan", "reject p-7f3a91c2 -m \"customers must stay\"", RunReject,
             true, false);
    Id("withdraw", "PLAN", "end a plan of your own", kDecisions, "withdraw p-7f3a91c2",
       RunWithdraw);
  }

  void AddFreezes() {
    {
      auto o = std::make_shared<FreezeOptions>();
      auto* app = Verb("freeze", "let no run start in an environment", kDecisions,
                       "freeze production --until 2026-12-01T08:00:00Z --reason \"year end\"",
                       [o](App& a) { return RunFreeze(*o, a); });
      app->add_option("ENVIRONMENT", o->environment, "its name")->required();
      app->add_option("--until", o->until, "a time, or how long (4h, 2d); else until it is lifted");
      app->add_option("--reason", o->reason, "why; everybody sees it")->required();
    }
    auto name = std::make_shared<std::string>();
    auto* app = Verb("unfreeze", "let runs start again", kDecisions, "unfreeze production",
                     [name](App& a) { return RunUnfreeze(*name, a); });
    app->add_option("ENVIRONMENT", *name, "its name")->required();
  }

  void AddLooking() {
    {
      auto o = std::make_shared<ShowOptions>();
      auto* app = Verb("show", "a plan or a run as a page", kLooking, "show p-7f3a91c2 --sql",
                       [o](App& a) { return RunShow(*o, a); });
      app->add_option("ID", o->id, "of a plan or a run, or its beginning")->required();
      auto* sql = app->add_flag("--sql", o->sql,
                                "with every byte that would run, and every signed statement");
      auto* tables = app->add_flag("--tables", o->tables,
                                   "each table on a line: rows, size, how it is cleared and why");
      app->add_option("--diff", o->diff, "only what differs from this other plan, old and new")
          ->type_name("PLAN")
          ->excludes(sql)
          ->excludes(tables);
    }
    {
      auto o = std::make_shared<ReportOptions>();
      auto* app = Verb("report", "a run as one page of HTML, its log entries proved", kLooking,
                       "report r-19c04e77 -o run.html", [o](App& a) { return RunReport(*o, a); });
      app->add_option("RUN", o->run, "id, or its beginning")->required();
      app->add_option_function<std::string>(
             "-o,--output",
             [tree = &tree_, o](const std::string& where) {
               if (where == "json") {
                 tree->globals.json = true;
               } else {
                 o->file = where;
               }
             },
             "the file to make; - is standard output, json prints the same facts as JSON")
          ->type_name("FILE");
      app->add_flag("--force", o->force, "replace the file when it is there");
      app->add_option("--allowed-signers", o->allowed_signers,
                      "who may sign, as the agents know it: proves who said what");
    }
    {
      auto o = std::make_shared<ListOptions>();
      auto* app = Verb("list", "plans, or runs", kLooking, "list runs --env production --mine",
                       [o](App& a) { return RunList(*o, a); });
      app->add_option("WHAT", o->what, "plans (as if nothing were said) or runs")
          ->check(CLI::IsMember({"plans", "runs"}));
      app->add_option("--env", o->environment, "only of this environment");
      app->add_option("--state", o->state, "only in this state");
      app->add_flag("--mine", o->mine, "yours, or waiting for you");
      AddPaging(app, &o->limit, &o->page);
    }
    AddAuditVerbs(*this);
    auto* env = Group("env", "environments and their rules", kLooking);
    Verb(env, "list", "environments that you may read", "Verbs", "env list", RunEnvList);
    {
      auto name = std::make_shared<std::string>();
      auto* app = Verb(env, "show", "one environment's rules", "Verbs", "env show production",
                       [name](App& a) { return RunEnvShow(*name, a); });
      app->add_option("ENVIRONMENT", *name, "its name")->required();
    }
    auto* target = Group("target", "databases and their agents", kLooking);
    {
      auto o = std::make_shared<TargetOptions>();
      auto* app = Verb(target, "list", "targets that you may read", "Verbs",
                       "target list --env staging", [o](App& a) { return RunTargetList(*o, a); });
      app->add_option("--env", o->environment, "only of this environment");
    }
    {
      auto o = std::make_shared<TargetOptions>();
      auto* app = Verb(target, "show", "one target: database, cache, floor", "Verbs",
                       "target show production/rental-manager",
                       [o](App& a) { return RunTargetShow(*o, a); });
      app->add_option("TARGET", o->target, "NAME with --env, or ENVIRONMENT/NAME")->required();
      app->add_option("--env", o->environment, "its environment");
    }
    {
      auto o = std::make_shared<TargetOptions>();
      auto* app = Verb(target, "rebind", "take the database of now, after a clone or a restore",
                       "Verbs", "target rebind staging/rental-manager",
                       [o](App& a) { return RunTargetRebind(*o, a); });
      app->add_option("TARGET", o->target, "NAME with --env, or ENVIRONMENT/NAME")->required();
      app->add_option("--env", o->environment, "its environment");
      app->add_flag("--yes", o->yes, "sign without asking (a restore that runs unattended)");
    }
    auto* policy = Group("policy", "the controller's rules", kLooking);
    Verb(policy, "show", "the policy as it is loaded", "Verbs", "policy show", RunPolicyShow);
    {
      auto o = std::make_shared<PolicyOptions>();
      auto* app =
          Verb(policy, "check", "what a policy means, offline; or how it decides a plan", "Verbs",
               "policy check policy.yaml", [o](App& a) { return RunPolicyCheck(*o, a); });
      auto* file = app->add_option("FILE", o->file, "its path");
      app->add_option("--explain", o->plan, "how each rule was decided for this plan")
          ->type_name("PLAN")
          ->excludes(file);
    }
    {
      auto o = std::make_shared<PolicyOptions>();
      auto* app = Verb(policy, "apply", "sign a policy and put it in force", "Verbs",
                       "policy apply policy.yaml", [o](App& a) { return RunPolicyApply(*o, a); });
      app->add_option("FILE", o->file, "its path")->required();
      app->add_flag("--yes", o->yes, "sign without asking");
    }
    auto* blueprint = Group("blueprint", "blueprints, offline", kLooking);
    File(blueprint, "check", "syntax, files and parameters, without a controller",
         "blueprint check blueprint.yaml", RunBlueprintCheck);
  }

  static void AddContextOptions(CLI::App* app, Context* context) {
    app->add_option("--controller", context->controller, "HOST:PORT");
    app->add_option("--ca-pin", context->ca_pin, "sha256:..., from the controller's administrator");
    app->add_option("--person", context->person, "your name in the policy");
    app->add_option("--key", context->key,
                    "your SSH key's file; NAME.pub for a key in the SSH agent");
  }

  void AddSetup() {
    {
      auto o = std::make_shared<LoginOptions>();
      auto* app =
          Verb("login", "prove who you are with your SSH key", kSetup,
               "login --controller reset.example.com:7443 --ca-pin sha256:... --person alice "
               "--key ~/.ssh/id_ed25519",
               [o](App& a) { return RunLogin(*o, a); });
      AddContextOptions(app, &o->context);
    }
    Verb("logout", "end the session", kSetup, "logout", RunLogout);
    Verb("whoami", "the session's person, groups and key", kSetup, "whoami", RunWhoami);
    auto* session = Group("session", "who is logged in", kSetup);
    Verb(session, "list", "your sessions; an admin sees everybody's", "Verbs", "session list",
         RunSessionList);
    {
      auto id = std::make_shared<std::string>();
      auto* app =
          Verb(session, "revoke", "end a session", "Verbs", "session revoke s-0a1b2c3d4e5f6071",
               [id](App& a) { return RunSessionRevoke(*id, a); });
      app->add_option("SESSION", *id, "its id, from session list")->required();
    }
    auto* context = Group("context", "which controller, as whom", kSetup);
    Verb(context, "list", "all contexts", "Verbs", "context list", RunContextList);
    {
      auto name = std::make_shared<std::string>();
      auto* app = Verb(context, "use", "make one the current one", "Verbs", "context use work",
                       [name](App& a) { return RunContextUse(*name, a); });
      app->add_option("NAME", *name, "of a context")->required();
    }
    {
      auto o = std::make_shared<Context>();
      auto* app = Verb(context, "set", "make or change one", "Verbs",
                       "context set work --controller reset.example.com:7443 --ca-pin sha256:... "
                       "--person alice --key ~/.ssh/id_ed25519",
                       [o](App& a) { return RunContextSet(*o, a); });
      app->add_option("NAME", o->name, "of the context")->required();
      AddContextOptions(app, o.get());
    }
    auto* agent = Group("agent", "enrolment of agents", kSetup);
    Verb(agent, "list", "agents and their certificates", "Verbs", "agent list", RunAgentList);
    {
      auto o = std::make_shared<AgentOptions>();
      auto* app = Verb(agent, "invite", "a one-use join token for a target's agent", "Verbs",
                       "agent invite rental-manager --env production --token-file token",
                       [o](App& a) { return RunAgentInvite(*o, a); });
      app->add_option("TARGET", o->target, "its name")->required();
      app->add_option("--env", o->environment, "its environment")->required();
      app->add_option("--token-file", o->token_file,
                      "write the token there, instead of printing it");
    }
    {
      auto o = std::make_shared<AgentOptions>();
      auto* app = Verb(agent, "revoke", "shut an agent out", "Verbs",
                       "agent revoke rental-manager --env production",
                       [o](App& a) { return RunAgentRevoke(*o, a); });
      app->add_option("TARGET", o->target, "its name")->required();
      app->add_option("--env", o->environment, "its environment")->required();
      app->add_flag("--yes", o->yes, "do not ask");
    }
    Verb("doctor", "look for what could be wrong with this set-up", kSetup, "doctor", RunDoctor);
    {
      auto shell = std::make_shared<std::string>();
      auto* app = Verb("completion", "a completion script for your shell", kSetup,
                       "completion bash > /etc/bash_completion.d/resetctl",
                       [shell](App& a) { return RunCompletion(*shell, a); });
      app->add_option("SHELL", *shell, "bash, zsh or fish")
          ->required()
          ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    }
    Verb("version", "this program's version", kSetup, "version", RunVersion);
  }

  VerbTree& tree_;
};

}  // namespace

VerbTree::VerbTree()
    : root(std::make_unique<CLI::App>(
          "Resets an application's database and cache to a known state: plan, approve, run.",
          "resetctl")) {
  Builder(*this).Build();
}

VerbTree::~VerbTree() = default;

}  // namespace resetctl::client

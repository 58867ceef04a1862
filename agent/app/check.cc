#include "agent/app/check.h"

#include <pwd.h>
#include <string>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "agent/app/enroll.h"
#include "agent/postgres/postgres_target.h"
#include "agent/redis/redis_cache.h"
#include "agent/service/log_proof.h"
#include "agent/service/scrubber.h"
#include "agent/service/trust_store.h"
#include "agent/service/witness_files.h"
#include "proto/base/subprocess.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

// Prints facts and problems; remembers the first problem.
class Findings {
 public:
  Findings(std::ostream& out, Scrubber scrubber) : out_(out), scrubber_(std::move(scrubber)) {}

  void Good(absl::string_view what, absl::string_view fact) { Line("ok", what, fact); }
  void Note(absl::string_view what, const v1::Problem& problem) {
    Line("note", what, Sentence(problem));
  }
  void Bad(absl::string_view what, const absl::Status& status) {
    Line("BAD", what, Sentence(contract::ProblemOf(status)));
    if (first_.ok()) first_ = status;
  }
  const absl::Status& first() const { return first_; }

 private:
  std::string Sentence(v1::Problem problem) const {
    scrubber_.Scrub(&problem);
    // Messages come with and without their full stop.
    const absl::string_view what = absl::StripSuffix(problem.message(), ".");
    return problem.advice().empty() ? base::Str(what) : absl::StrCat(what, ". ", problem.advice());
  }
  void Line(absl::string_view mark, absl::string_view what, absl::string_view fact) {
    out_ << base::Str(mark) << std::string(6 - mark.size(), ' ') << base::Str(what)
         << std::string(what.size() < 12 ? 12 - what.size() : 1, ' ') << base::Str(fact) << "\n";
  }

  std::ostream& out_;
  const Scrubber scrubber_;
  absl::Status first_ = absl::OkStatus();
};

void CheckTrust(const AgentConfig& config, Findings* findings) {
  const TrustStore store(config.trust_dir, config.accept_same_owner, geteuid());
  absl::StatusOr<Trust> trust = store.Load();
  if (!trust.ok()) return findings->Bad("trust", trust.status());
  findings->Good("trust", absl::StrCat(trust->floor.summary, " (", trust->floor.digest, ")"));
  findings->Good("signers", absl::StrJoin(trust->signers.Persons(), ", "));
  if (config.accept_same_owner) {
    findings->Note(
        "trust",
        contract::MakeProblem(
            v1::REASON_TRUST_FILES_INVALID,
            "the trust files may belong to the agent's own user (trust.same_owner: accept)",
            "Give them to another user where that is possible."));
  }
}

void CheckSshKeygen(Findings* findings) {
  if (getpwuid(geteuid()) == nullptr) {
    return findings->Bad(
        "ssh-keygen",
        contract::Error(
            v1::REASON_CONFIG_INVALID,
            absl::StrCat("uid ", geteuid(),
                         " has no passwd entry, without which ssh-keygen refuses to work"),
            "Add one to /etc/passwd of the machine or container."));
  }
  base::SubprocessOptions options;
  options.argv = {"ssh-keygen", "-Y", "check-novalidate"};
  absl::StatusOr<base::SubprocessResult> result = base::RunSubprocess(options);
  if (!result.ok()) {
    return findings->Bad(
        "ssh-keygen", contract::Error(v1::REASON_CONFIG_INVALID, "ssh-keygen is not installed",
                                      "Install openssh-client: signatures are verified with it."));
  }
  findings->Good("ssh-keygen", "present");
}

void CheckDatabase(const AgentConfig& config, const Identity& identity, bool fresh_state,
                   Findings* findings) {
  absl::Status url = RequireDatabaseUrl(config);
  if (!url.ok()) return findings->Bad("database", url);
  PostgresTarget database({config.database_url, config.record_schema}, identity.environment,
                          identity.target);
  absl::StatusOr<DatabaseCheck> check = database.Check();
  if (!check.ok()) return findings->Bad("database", check.status());
  findings->Good("database",
                 absl::StrCat(check->identity.database_name(), " at ", check->identity.address(),
                              ", PostgreSQL ", check->identity.server_version(), ", role ",
                              check->role, check->superuser ? " (superuser)" : ""));
  if (check->in_recovery) {
    findings->Bad("database",
                  contract::Error(v1::REASON_DATABASE_READ_ONLY, "the server is a standby",
                                  "Point DATABASE_URL at the primary."));
  }
  if (!check->marker_environment.empty() && !identity.environment.empty() &&
      (check->marker_environment != identity.environment ||
       check->marker_target != identity.target)) {
    findings->Bad("database", contract::Error(v1::REASON_IDENTITY_CONFLICT,
                                              absl::StrCat("the database is marked as ",
                                                           check->marker_environment, "/",
                                                           check->marker_target),
                                              "Point DATABASE_URL at this agent's own database."));
  }
  if (check->schema_exists) {
    findings->Good("ledger", check->ledger_has_runs ? "has runs" : "no runs yet");
  } else if (check->may_create_schema) {
    findings->Good("ledger",
                   absl::StrCat("schema ", config.record_schema, " will be made by the first run"));
  } else {
    findings->Bad("ledger",
                  contract::Error(v1::REASON_PRIVILEGE_MISSING,
                                  absl::StrCat("the schema ", config.record_schema,
                                               " is not there, and the role may not make it"),
                                  absl::StrCat("CREATE SCHEMA ", config.record_schema,
                                               " AUTHORIZATION ", check->role, ";")));
  }
  if (fresh_state && check->ledger_has_runs) {
    findings->Note(
        "state",
        contract::MakeProblem(
            v1::REASON_LEDGER_DISAGREES,
            "the state directory is new, but the database's ledger has runs of an earlier one",
            "Plans made before are refused; put state_dir on a volume that is kept across "
            "restarts."));
  }
  for (const v1::Problem& warning : check->warnings) findings->Note("database", warning);
}

void CheckWitness(const AgentConfig& config, Findings* findings) {
  const absl::StatusOr<v1::WitnessMemory> memory = WitnessFiles(config.state_dir).LoadMemory();
  if (!memory.ok()) return findings->Bad("audit log", memory.status());
  if (memory->has_alarm()) {
    return findings->Bad("audit log", contract::ErrorFrom(memory->alarm()));
  }
  if (memory->unproved()) {
    const v1::Problem problem =
        contract::MakeProblem(v1::REASON_LOG_UNPROVED,
                              "the controller proved nothing of its audit log when this agent was "
                              "attached last",
                              "Let its administrators start a version that does.");
    // Where nothing was ever proved, there is nothing that could be missed.
    return memory->has_seen() ? findings->Bad("audit log", contract::ErrorFrom(problem))
                              : findings->Note("audit log", problem);
  }
  if (!memory->has_seen()) return findings->Good("audit log", "nothing seen of it yet");
  const absl::StatusOr<contract::Checkpoint> seen = CheckpointOf(memory->seen());
  if (!seen.ok()) return findings->Bad("audit log", seen.status());
  findings->Good("audit log", absl::StrCat(seen->origin, ", ", seen->size, " entries seen"));
}

void CheckCache(const AgentConfig& config, const Identity& identity, Findings* findings) {
  if (config.redis_url.empty()) return findings->Good("cache", "none configured");
  RedisCache cache(config.redis_url, identity.environment, identity.target);
  contract::RedisSpec spec;
  const v1::CachePlan plan = cache.MakeSurvey(spec);
  if (!plan.reachable()) {
    return findings->Bad("cache",
                         contract::Error(v1::REASON_CACHE_UNREACHABLE,
                                         absl::StrCat("the cache at ", plan.address(),
                                                      " does not answer: ", plan.skipped()),
                                         "Start it, or mend REDIS_URL."));
  }
  const std::string server = absl::StrCat(plan.server_version(), " at ", plan.address());
  if (!plan.skipped().empty()) {
    findings->Note("cache", contract::MakeProblem(
                                v1::REASON_CACHE_ERROR,
                                absl::StrCat(server, " could not be flushed: ", plan.skipped()),
                                "A blueprint with `flush: none` does not mind."));
  } else {
    findings->Good("cache",
                   absl::StrCat(server,
                                plan.masters() > 0
                                    ? absl::StrCat(", a cluster of ", plan.masters(), " masters, ")
                                    : absl::StrCat(" db ", plan.db(), ", "),
                                plan.keys(), " keys"));
  }
  if (identity.environment.empty()) return;
  absl::Status marker = cache.CheckMarker();
  if (!marker.ok()) findings->Bad("cache", marker);
}

}  // namespace

absl::Status CheckAgent(const AgentConfig& config, std::ostream& out) {
  Scrubber scrubber;
  scrubber.AddUrl(config.database_url);
  if (!config.redis_url.empty()) scrubber.AddUrl(config.redis_url);
  Findings findings(out, std::move(scrubber));
  Identity identity;
  absl::Status state = CheckStateDir(config.state_dir);
  if (!state.ok()) findings.Bad("state", state);
  absl::StatusOr<Identity> loaded = LoadValidIdentity(config.state_dir);
  if (loaded.ok()) {
    identity = *std::move(loaded);
    findings.Good(
        "identity",
        absl::StrCat(identity.environment, "/", identity.target, ", certificate until ",
                     absl::FormatTime(absl::RFC3339_sec, identity.not_after, absl::UTCTimeZone())));
  } else {
    findings.Bad("identity", loaded.status());
  }
  const bool fresh_state = access((config.state_dir + "/local.key").c_str(), F_OK) != 0;
  CheckTrust(config, &findings);
  CheckSshKeygen(&findings);
  CheckDatabase(config, identity, fresh_state, &findings);
  CheckCache(config, identity, &findings);
  CheckWitness(config, &findings);
  return findings.first();
}

}  // namespace resetctl::agent

#include <algorithm>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "client/app/cosigned.h"
#include "client/app/interrupts.h"
#include "client/app/log_download.h"
#include "client/app/log_memory.h"
#include "client/app/state.h"
#include "client/audit/agent_words.h"
#include "client/audit/export_reader.h"
#include "client/audit/said.h"
#include "client/audit/said_checker.h"
#include "client/commands/entry_count.h"
#include "client/commands/log_keys.h"
#include "client/commands/verbs.h"
#include "client/output/verified_log.h"

namespace resetctl::client {
namespace {

using Claim = VerifiedLog::Claim;

// What the options give to verify with.
struct Trust {
  std::vector<std::string> log_keys;
  std::vector<std::string> witnesses;
  std::unique_ptr<contract::AllowedSigners> signers;
};

absl::StatusOr<Trust> ReadTrust(const AuditVerifyOptions& options) {
  Trust trust;
  auto keys = ReadLogKeys(options.log_keys);
  if (!keys.ok()) return keys.status();
  trust.log_keys = *std::move(keys);
  if (!options.witnesses.empty()) {
    auto witnesses = ReadKeyFile(options.witnesses, contract::NoteKeyType::kCosignature);
    if (!witnesses.ok()) return witnesses.status();
    trust.witnesses = *std::move(witnesses);
  }
  if (!options.allowed_signers.empty()) {
    auto signers = ReadAllowedSigners(options.allowed_signers);
    if (!signers.ok()) return signers.status();
    trust.signers = std::make_unique<contract::AllowedSigners>(*std::move(signers));
  }
  return trust;
}

// Counts entries and has what agents and persons said verified.
class Entries {
 public:
  Entries(App& app, const Trust& trust) : count_(app.printer, app.clock), agents_(trust.witnesses) {
    by_witnesses_ = !trust.witnesses.empty();
    if (trust.signers != nullptr) said_ = std::make_unique<SaidChecker>(*trust.signers);
  }
  EntrySink Sink() {
    return [this](uint64_t index, const std::string& leaf) -> absl::Status {
      count_.Show(index);
      if (said_ == nullptr && !by_witnesses_) return absl::OkStatus();
      v1::AuditEntry entry;
      if (!entry.ParseFromString(leaf)) return absl::OkStatus();
      if (by_witnesses_) {
        absl::Status taken = agents_.Take(index, entry);
        if (!taken.ok() || said_ == nullptr) return taken;
      }
      if (IsSaid(entry)) return said_->Take(index, std::move(entry));
      if (absl::StartsWith(entry.actor(), "person:")) ++unsigned_;
      return absl::OkStatus();
    };
  }
  // What agents said, then what persons said.
  absl::StatusOr<std::vector<Claim>> Finish() {
    absl::StatusOr<Claim> persons = Persons();
    if (!persons.ok()) return persons.status();
    return std::vector<Claim>{Agents(), *std::move(persons)};
  }

 private:
  Claim Agents() const {
    if (!by_witnesses_) {
      return {"agents", false,
              "that agents said what runs came to: --witnesses FILE has their words verified"};
    }
    const int64_t words = agents_.events() + agents_.reports();
    std::string text = words == 0
                           ? "no entry stands on the word of one of these agents"
                           : absl::StrCat(Counted(agents_.events(), "step", "steps"), " and ",
                                          Counted(agents_.reports(), "report", "reports"),
                                          " of runs are signed by the agents that made them");
    if (!agents_.unknown_agents().empty()) {
      absl::StrAppend(&text, "; not looked at, for their keys were not given: ",
                      Listed({agents_.unknown_agents().begin(), agents_.unknown_agents().end()}));
    }
    if (agents_.unsigned_entries() > 0) {
      absl::StrAppend(&text, "; ", Counted(agents_.unsigned_entries(), "entry", "entries"),
                      " about runs more are the controller's word: their agents signed nothing");
    }
    if (agents_.runs_with_missing_steps() > 0) {
      absl::StrAppend(&text, "; ", Counted(agents_.runs_with_missing_steps(), "run", "runs"),
                      " had further steps, which are not in the log, or not yet");
    }
    const bool all = agents_.unsigned_entries() == 0 && agents_.unknown_agents().empty() &&
                     agents_.runs_with_missing_steps() == 0;
    return {"agents", words > 0 && all, text};
  }
  absl::StatusOr<Claim> Persons() {
    if (said_ == nullptr) {
      return Claim{"persons", false,
                   "who said it: --allowed-signers FILE has each signed statement verified"};
    }
    absl::Status status = said_->Finish();
    if (!status.ok()) return status;
    const int64_t proved = said_->proved();
    const int64_t unlisted = said_->unlisted();
    std::string text =
        proved > 0 ? absl::StrCat(Counted(proved, "statement is", "statements are"), " signed by ",
                                  Listed({said_->persons().begin(), said_->persons().end()}))
                   : "no entry stands on a signed statement";
    if (unlisted > 0) {
      absl::StrAppend(&text, proved > 0 ? "; " : " but ", Counted(unlisted, "login", "logins"),
                      ", not looked at: the file lets nobody sign resetctl-login-v1");
    }
    if (unsigned_ > 0) {
      absl::StrAppend(&text, "; that persons did ", Counted(unsigned_, "thing", "things"),
                      " more is the controller's word: nobody signs a cancel, a withdrawal, a "
                      "logout, or an attempt that is refused");
    }
    return Claim{"persons", proved > 0 || unlisted == 0, text};
  }

  EntryCount count_;
  bool by_witnesses_ = false;
  AgentWords agents_;
  int64_t unsigned_ = 0;  // acts of persons that no statement belongs to
  std::unique_ptr<SaidChecker> said_;
};

// What the checkpoints that went by say.
absl::StatusOr<std::vector<Claim>> ClaimsOf(const Look& look, const LogVerifier& verifier) {
  std::vector<Claim> claims;
  const auto size = static_cast<int64_t>(verifier.size());
  claims.push_back({"tree", true,
                    absl::StrCat("each of the ", Count(size),
                                 " entries is in its place under the signed root; none is "
                                 "missing, changed or added")});
  if (verifier.witnessed().empty()) {
    claims.push_back({"witnesses", false,
                      "that nobody was shown another history: --witnesses FILE demands the "
                      "cosignatures of those who watched the log"});
    return claims;
  }
  std::string text;
  std::vector<std::string> silent;
  uint64_t furthest = 0;
  for (const Witnessed& each : verifier.witnessed()) {
    if (each.time == absl::InfinitePast()) {
      silent.push_back(each.witness);
      continue;
    }
    absl::StrAppend(&text, "; ", each.witness, " saw the first ",
                    Count(static_cast<int64_t>(each.size)), " entries, ", When(look, each.time));
    furthest = std::max(furthest, each.size);
  }
  if (text.empty()) {
    return contract::Error(
        v1::REASON_BAD_SIGNATURE,
        absl::StrCat("No checkpoint here is cosigned by ", Listed(silent, " or "), "."),
        "Look at their agents (resetctl agent list), take a newer export, or give the keys that "
        "reset-agent witness show prints.");
  }
  if (!silent.empty()) absl::StrAppend(&text, "; nothing here is cosigned by ", Listed(silent));
  claims.push_back(
      {"witnesses", true,
       absl::StrCat("they were shown this history and no other", text,
                    furthest == verifier.size()
                        ? ""
                        : absl::StrCat("; none of them has seen the ",
                                       Count(static_cast<int64_t>(verifier.size() - furthest)),
                                       " entries after that yet"))});
  return claims;
}

std::string KeyText(const std::vector<std::string>& keys) {
  std::vector<std::string> names;
  for (const std::string& key : keys) names.push_back(key.substr(0, key.find('+') + 9));
  return Listed(names, " or ");
}

// What was seen of this log on this machine, when there is a context.
std::optional<contract::Checkpoint> Remembered(const App& app) {
  const auto settings = app.LoadSettings();
  if (!settings.ok()) return std::nullopt;
  const auto seen = State(settings->state_folder).Log();
  if (!seen.ok() || !seen->has_value()) return std::nullopt;
  const auto note = contract::ParseSignedNote((*seen)->note);
  if (!note.ok()) return std::nullopt;
  const auto checkpoint = contract::ParseCheckpointBody(note->text);
  if (!checkpoint.ok()) return std::nullopt;
  return *checkpoint;
}

Outcome Report(App& app, const LogVerifier& verifier, const std::vector<Claim>& more,
               const absl::StatusOr<std::vector<Claim>>& said) {
  if (!said.ok()) return said.status();
  auto claims = ClaimsOf(app.printer.OutLook(), verifier);
  if (!claims.ok()) return claims.status();
  VerifiedLog log{verifier.origin(), verifier.size(), verifier.Root(), more};
  log.claims.insert(log.claims.end(), claims->begin(), claims->end());
  log.claims.insert(log.claims.end(), said->begin(), said->end());
  app.printer.JsonLine(VerifiedJson(log));
  app.printer.Page(RenderVerified(app.printer.OutLook(), log));
  return contract::ExitCode::kDone;
}

Outcome VerifyFiles(const std::vector<std::string>& paths, const Trust& trust, App& app) {
  if (trust.log_keys.empty()) {
    return contract::Error(v1::REASON_INVALID_ARGUMENT,
                           "a file proves nothing without the log's key",
                           "add --log-key with the line of the controller's log.pub, from "
                           "somewhere else than the file");
  }
  LogVerifier verifier({trust.log_keys, trust.witnesses, app.clock.Now()});
  const std::optional<contract::Checkpoint> seen = Remembered(app);
  if (seen) verifier.Expect(*seen);
  Entries entries(app, trust);
  const absl::Status read = ReadExports(paths, &verifier, entries.Sink());
  if (!read.ok()) return read;
  std::vector<Claim> claims = {
      {"log-key", true,
       absl::StrCat(Counted(verifier.checkpoints(), "checkpoint is", "checkpoints are"),
                    " signed by ", KeyText(trust.log_keys))}};
  if (seen && seen->origin == verifier.origin()) {
    const bool reached = seen->size <= verifier.size();
    claims.push_back({"memory", reached,
                      absl::StrCat("the ", Count(static_cast<int64_t>(seen->size)),
                                   " entries that were seen here before ",
                                   reached ? "are the same"
                                           : "go on after the file's end: it is an older copy")});
  }
  return Report(app, verifier, claims, entries.Finish());
}

// Why the controller gives somebody no entries; empty: it is no such answer.
std::string WhyNoEntries(const absl::Status& status) {
  switch (contract::ReasonOf(status)) {
    case v1::REASON_ROLE_MISSING:
      return "the entries are for those who may read every environment";
    case v1::REASON_ENTRIES_ARCHIVED:
      return absl::StrCat(status.message(), ": --archive FILES has them verified too");
    default:
      return "";
  }
}

Outcome VerifyOnline(const std::vector<std::string>& archive, const Trust& trust, App& app) {
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  Cosigned cosigned;
  if (!trust.witnesses.empty()) {
    auto fetched = Cosigned::Fetch(**controller);
    if (!fetched.ok()) return fetched.status();
    cosigned = *std::move(fetched);
    absl::Status theirs = cosigned.KeepThoseOf(trust.witnesses, app.clock.Now());
    if (!theirs.ok()) return theirs;
  }
  const auto now = CheckLog(**controller, trust.log_keys);
  if (!now.ok()) return now.status();
  const bool given = !trust.log_keys.empty();
  std::vector<Claim> claims = {
      {"log-key", given,
       given ? absl::StrCat("the checkpoint is signed by ", KeyText(now->log_keys))
             : absl::StrCat("the checkpoint is signed by ", KeyText(now->log_keys),
                            ", which the controller itself gave when it was first seen here: "
                            "--log-key takes the line of its log.pub")}};
  if (now->before) {
    claims.push_back(
        {"memory", true,
         absl::StrCat("the log goes on from the ", Count(static_cast<int64_t>(now->before->size)),
                      " entries that were seen here before")});
  } else {
    claims.push_back({"memory", false, "the log was seen here for the first time"});
  }
  LogVerifier verifier({now->log_keys, trust.witnesses, app.clock.Now()});
  verifier.ExpectOrigin(now->checkpoint.origin);
  if (now->before) verifier.Expect(*now->before);
  Entries entries(app, trust);
  absl::Status status = ReadExports(archive, &verifier, entries.Sink());
  if (!status.ok()) return status;
  const InterruptScope interrupts;
  const EntrySink take = entries.Sink();
  status = DownloadLog(
      **controller, *now, &verifier,
      [&](uint64_t index, const std::string& leaf) {
        absl::Status taken = take(index, leaf);
        while (const std::string* note = taken.ok() ? cosigned.Next(verifier) : nullptr) {
          taken = Cosigned::Compare(verifier, *note);
          if (taken.ok()) taken = verifier.TakeCheckpoint(*note);
        }
        return taken;
      },
      [&interrupts] { return interrupts.count() == 0; });
  if (status.ok()) status = cosigned.CheckReached(verifier);
  const std::string without = WhyNoEntries(status);
  if (!without.empty() && archive.empty() && trust.signers == nullptr && trust.witnesses.empty()) {
    // Consistency is proved to everybody, whoever has the entries.
    claims.push_back({"tree", false, without});
    const VerifiedLog log{now->checkpoint.origin, now->checkpoint.size, now->checkpoint.root,
                          claims};
    app.printer.JsonLine(VerifiedJson(log));
    app.printer.Page(RenderVerified(app.printer.OutLook(), log));
    return contract::ExitCode::kDone;
  }
  if (!status.ok()) return status;
  return Report(app, verifier, claims, entries.Finish());
}

}  // namespace

Outcome RunAuditVerify(const AuditVerifyOptions& options, App& app) {
  const auto trust = ReadTrust(options);
  if (!trust.ok()) return trust.status();
  if (options.files.empty()) return VerifyOnline(options.archive, *trust, app);
  std::vector<std::string> files = options.archive;
  files.insert(files.end(), options.files.begin(), options.files.end());
  return VerifyFiles(files, *trust, app);
}

}  // namespace resetctl::client

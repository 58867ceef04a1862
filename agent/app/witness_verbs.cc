#include "agent/app/witness_verbs.h"

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "agent/app/enroll.h"
#include "agent/service/log_proof.h"
#include "agent/service/witness_files.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

using contract::Error;

std::string InWords(const v1::SeenLog& seen) {
  const absl::StatusOr<contract::Checkpoint> checkpoint = CheckpointOf(seen);
  if (!checkpoint.ok()) return "damaged";
  return absl::StrCat(checkpoint->origin, ", ", checkpoint->size, " entries, root ",
                      base::ToHex(checkpoint->root));
}

// One line; the end of the input is no answer.
absl::StatusOr<std::string> Ask(const std::string& question, std::istream& in, std::ostream& out) {
  out << question << ": " << std::flush;
  std::string line;
  if (!std::getline(in, line)) {
    return Error(v1::REASON_INVALID_ARGUMENT, "nobody answered",
                 "Give --origin and --size, as reset-agent witness show tells them.");
  }
  return base::Str(absl::StripAsciiWhitespace(line));
}

absl::Status CheckNamed(const contract::Checkpoint& shown, const WitnessAcceptOptions& options,
                        std::istream& in, std::ostream& out) {
  std::string origin = options.origin;
  if (origin.empty()) {
    absl::StatusOr<std::string> typed = Ask("Type the log's origin to accept it", in, out);
    if (!typed.ok()) return typed.status();
    origin = *std::move(typed);
  }
  uint64_t size = options.size.value_or(0);
  if (!options.size) {
    const absl::StatusOr<std::string> typed =
        Ask("Type its number of entries, as it is shown now", in, out);
    if (!typed.ok()) return typed.status();
    if (!absl::SimpleAtoi(*typed, &size)) {
      return Error(v1::REASON_INVALID_ARGUMENT, "that is no number", "nothing was accepted");
    }
  }
  if (origin == shown.origin && size == shown.size) return absl::OkStatus();
  return Error(v1::REASON_INVALID_ARGUMENT,
               absl::StrCat("what the controller shows is ", shown.origin, " with ", shown.size,
                            " entries, not ", origin, " with ", size),
               "Nothing was accepted. Look again: reset-agent witness show");
}

}  // namespace

absl::Status ShowWitness(const AgentConfig& config, std::ostream& out) {
  const absl::StatusOr<Identity> identity = LoadIdentity(config.state_dir);
  if (!identity.ok()) return identity.status();
  const WitnessFiles files(config.state_dir);
  const absl::StatusOr<WitnessKey> key =
      files.LoadOrMakeKey(identity->environment, identity->target);
  if (!key.ok()) return key.status();
  const absl::StatusOr<v1::WitnessMemory> memory = files.LoadMemory();
  if (!memory.ok()) return memory.status();
  out << key->verifier << "\n";
  if (memory->has_seen()) {
    out << "# seen      " << InWords(memory->seen()) << "\n"
        << "# log key   " << memory->seen().log_key() << "\n";
  } else {
    out << "# seen      nothing yet: the first log that the controller proves is taken\n";
  }
  if (memory->has_alarm()) {
    out << "# ALARM     " << contract::NameOf(memory->alarm().reason()) << ": "
        << memory->alarm().message() << "\n"
        << "#           " << memory->alarm().advice() << "\n";
    if (memory->has_shown()) {
      out << "# shown     " << InWords(memory->shown()) << "\n"
          << "# its key   " << memory->shown().log_key() << "\n";
    } else {
      out << "# shown     no checkpoint that the key it comes with has signed\n";
    }
  } else if (memory->unproved()) {
    out << "# unproved  the controller proves nothing of its log\n";
  }
  if (memory->has_accepted()) {
    const v1::WitnessAcceptance& accepted = memory->accepted();
    out << "# accepted  " << accepted.size() << " entries in place of " << accepted.old_size()
        << ", at "
        << absl::FormatTime(absl::RFC3339_sec, absl::FromUnixSeconds(accepted.time().seconds()),
                            absl::UTCTimeZone())
        << "\n";
  }
  return absl::OkStatus();
}

absl::Status AcceptHistory(const AgentConfig& config, const WitnessAcceptOptions& options,
                           std::istream& in, std::ostream& out) {
  const WitnessFiles files(config.state_dir);
  const absl::StatusOr<v1::WitnessMemory> memory = files.LoadMemory();
  if (!memory.ok()) return memory.status();
  if (!memory->has_alarm()) {
    return Error(v1::REASON_WRONG_STATE, "nothing is wrong with the audit log: no alarm to end",
                 "See what this agent remembers: reset-agent witness show");
  }
  if (!memory->has_shown()) {
    return Error(v1::REASON_WRONG_STATE, "the controller has shown no log that could be accepted",
                 "Let it attach this agent once more, with a checkpoint that its key has signed.");
  }
  const absl::StatusOr<contract::Checkpoint> shown = CheckpointOf(memory->shown());
  if (!shown.ok()) return shown.status();
  out << "alarm     " << contract::NameOf(memory->alarm().reason()) << ": "
      << memory->alarm().message() << "\n"
      << "seen      " << InWords(memory->seen()) << "\n"
      << "shown     " << InWords(memory->shown()) << "\n";
  if (memory->shown().log_key() != memory->seen().log_key()) {
    out << "NEW KEY   " << memory->shown().log_key() << "\n"
        << "          compare it with log.pub on the controller's machine\n";
  }
  absl::Status named = CheckNamed(*shown, options, in, out);
  if (!named.ok()) return named;
  v1::WitnessDecision decision;
  *decision.mutable_history() = memory->shown();
  *decision.mutable_given_up() = memory->seen();
  absl::Status saved = files.SaveDecision(decision);
  if (!saved.ok()) return saved;
  out << "accepted: what the controller shows from now on must go on from this. A serving agent "
         "takes "
         "it within seconds, another one when it starts.\n";
  return absl::OkStatus();
}

}  // namespace resetctl::agent

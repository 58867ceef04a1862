#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/app/cosigned.h"
#include "client/app/interrupts.h"
#include "client/app/log_download.h"
#include "client/app/log_memory.h"
#include "client/audit/export_file.h"
#include "client/commands/entry_count.h"
#include "client/commands/log_keys.h"
#include "client/commands/verbs.h"
#include "client/output/json.h"
#include "proto/base/text.h"
#include "proto/contract/export_line.h"

namespace resetctl::client {
namespace {

absl::Status DoesNotGoOn(const std::string& path, const std::string& why) {
  return contract::Error(
      v1::REASON_LOG_FORKED,
      absl::StrCat("The controller's log does not go on from what ", path, " has: ", why),
      "One of them is not the log that it was. Keep both, and export into "
      "another file to compare.");
}

}  // namespace

Outcome RunAuditExport(const AuditExportOptions& options, App& app) {
  const auto keys = ReadLogKeys(options.log_keys);
  if (!keys.ok()) return keys.status();
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  // First of all: what another export adds meanwhile is more than we know of the log, and would be cut off again.
  ExportFile file(options.file);
  const absl::Status opened = file.Open();
  if (!opened.ok()) return opened;
  auto cosigned = Cosigned::Fetch(**controller);
  if (!cosigned.ok()) return cosigned.status();
  const auto now = CheckLog(**controller, *keys);
  if (!now.ok()) return now.status();

  EntryCount count(app.printer, app.clock);
  LogVerifier verifier({.log_keys = now->log_keys, .witnesses = {}, .now = app.clock.Now()});
  const EntrySink show = [&count](uint64_t index, const auto&) {
    count.Show(index);
    return absl::OkStatus();
  };
  const absl::Status archive = ReadExports(options.archive, &verifier, show);
  if (!archive.ok()) return archive;
  const uint64_t begin = verifier.size();
  const auto end = ReadExport(options.file, &verifier, show);
  if (!end.ok()) return end.status();
  const uint64_t had = verifier.size();
  if (!end->origin.empty() && end->origin != now->checkpoint.origin) {
    return DoesNotGoOn(options.file, absl::StrCat("the file is of ", end->origin, "."));
  }
  if (had > now->checkpoint.size) {
    return DoesNotGoOn(options.file, absl::StrCat("the file has ", had, " entries, the log ",
                                                  now->checkpoint.size, "."));
  }

  int misfits = 0;
  const bool covered = verifier.checkpoints() > 0 && verifier.uncovered() == 0;
  if (had < now->checkpoint.size || !covered) {
    absl::Status status = file.CutTo(end->bytes);
    if (status.ok() && end->origin.empty()) {
      verifier.ExpectOrigin(now->checkpoint.origin);
      status = file.Line(Write(contract::ExportHeader{now->checkpoint.origin}));
    }
    if (!status.ok()) return status;
    const InterruptScope interrupts;
    status = DownloadLog(
        **controller, *now, &verifier,
        [&](uint64_t index, const std::string& leaf) {
          count.Show(index);
          absl::Status written = file.Line(Write(contract::ExportEntry{index, leaf}));
          while (const std::string* note = written.ok() ? cosigned->Next(verifier) : nullptr) {
            // A file that proves another history to be right would prove nothing: only its witness knows that one.
            if (!Cosigned::Compare(verifier, *note).ok() || !verifier.TakeCheckpoint(*note).ok()) {
              ++misfits;
            } else {
              written = file.Line(Write(contract::ExportCheckpoint{*note, verifier.size()}));
            }
          }
          return written;
        },
        [&interrupts] { return interrupts.count() == 0; });
    if (contract::ReasonOf(status) == v1::REASON_LOG_TAMPERED && had > 0) {
      return DoesNotGoOn(options.file, "entries and checkpoint do not agree.");
    }
    // Whole entries that the next export covers.
    if (contract::ReasonOf(status) == v1::REASON_CANCELLED) {
      absl::Status kept = file.Keep();
      if (!kept.ok()) return kept;
      return contract::Error(v1::REASON_CANCELLED,
                             absl::StrCat("interrupted after entry ", verifier.size() - 1),
                             "the same command goes on from there");
    }
    if (status.ok())
      status = file.Line(Write(contract::ExportCheckpoint{now->note, now->checkpoint.size}));
    if (status.ok()) status = file.Keep();
    if (!status.ok()) return status;
  }

  if (misfits > 0 || !cosigned->CheckReached(verifier).ok()) {
    app.printer.Progress(
        "An agent has cosigned another history than this one, which is not in the file: "
        "resetctl agent list\n");
  }
  const auto added = static_cast<int64_t>(verifier.size() - had);
  app.printer.JsonLine(JsonObject({{"file", JsonText(options.file)},
                                   {"origin", JsonText(now->checkpoint.origin)},
                                   {"size", JsonText(absl::StrCat(verifier.size()))},
                                   {"added", JsonText(absl::StrCat(added))},
                                   {"root", JsonText(base::ToBase64(verifier.Root()))}}));
  const std::string what =
      begin > 0 ? absl::StrCat("the log's entries from ", Count(static_cast<int64_t>(begin)), " on")
                : absl::StrCat("the ", Count(static_cast<int64_t>(verifier.size())),
                               " entries of the log");
  app.printer.Page(absl::StrCat(
      added == 0 ? "Nothing new: " : absl::StrCat(Counted(added, "entry", "entries"), " added: "),
      options.file, " has ", what, had > begin ? ", and goes on from what it had" : "", ".\n",
      "Next:  resetctl audit verify ",
      begin > 0 ? absl::StrCat("--archive ", absl::StrJoin(options.archive, " "), " ") : "",
      "--file ", options.file, " --log-key ", now->log_keys.front(), "\n"));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

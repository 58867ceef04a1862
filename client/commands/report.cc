#include <optional>
#include <utility>

#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "client/commands/log_keys.h"
#include "client/commands/make_plan.h"
#include "client/commands/report_facts.h"
#include "client/commands/verbs.h"
#include "proto/base/file.h"
#include "proto/contract/digest.h"

namespace resetctl::client {
namespace {

constexpr char kStandardOutput[] = "-";

absl::Status IsThere(const std::string& file) {
  return contract::Error(v1::REASON_INVALID_ARGUMENT, absl::StrCat(file, " is there already"),
                         "give another name, or --force to replace it");
}

// Asked before anything is fetched; whether the name is still free is asked again when it is taken.
absl::Status CheckDestination(const ReportOptions& options, bool json) {
  if (options.file.empty()) {
    if (json) return absl::OkStatus();
    return contract::Error(v1::REASON_INVALID_ARGUMENT, "where shall the report go?",
                           "-o FILE writes it there, -o - prints it, -o json prints its facts");
  }
  struct stat info = {};
  if (options.file == kStandardOutput || lstat(options.file.c_str(), &info) != 0) {
    return absl::OkStatus();
  }
  if (!options.force) return IsThere(options.file);
  if (S_ISREG(info.st_mode) || S_ISLNK(info.st_mode)) return absl::OkStatus();
  return contract::Error(v1::REASON_INVALID_ARGUMENT,
                         absl::StrCat(options.file, " is no file that could be replaced"),
                         "give another name; -o - prints the report");
}

absl::Status Write(const ReportOptions& options, const std::string& page) {
  const absl::Status written = options.force ? base::WriteFileDurably(options.file, page, 0600)
                                             : base::WriteNewFileDurably(options.file, page, 0600);
  if (written.ok()) return absl::OkStatus();
  if (absl::IsAlreadyExists(written)) return IsThere(options.file);
  return contract::Error(v1::REASON_INVALID_ARGUMENT, written.message(),
                         "give a file in a folder that you may write to");
}

}  // namespace

Outcome RunReport(const ReportOptions& options, App& app) {
  absl::Status valid = CheckId(options.run, 'r');
  if (valid.ok()) valid = CheckDestination(options, app.printer.json());
  if (!valid.ok()) return valid;
  std::optional<contract::AllowedSigners> signers;
  if (!options.allowed_signers.empty()) {
    auto read = ReadAllowedSigners(options.allowed_signers);
    if (!read.ok()) return read.status();
    signers = *std::move(read);
  }
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  const auto facts = FetchReport(options.run, signers ? &*signers : nullptr, **controller);
  if (!facts.ok()) return facts.status();
  const Look look = app.printer.OutLook();
  app.printer.JsonLine(ReportJson(look, *facts));
  if (options.file.empty()) return contract::ExitCode::kDone;
  const std::string page = RenderReport(look, *facts);
  if (options.file == kStandardOutput) {
    app.printer.Page(page);
    return contract::ExitCode::kDone;
  }
  absl::Status written = Write(options, page);
  if (!written.ok()) return written;
  app.printer.Page(absl::StrCat(options.file, " has the report of ",
                                contract::ShortId(facts->run.id()), ": ",
                                Bytes(static_cast<int64_t>(page.size())),
                                ", everything in one page, its log entries proved.\n"));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

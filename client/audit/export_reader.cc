#include "client/audit/export_reader.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "proto/contract/export_line.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {
namespace {

constexpr size_t kBufferBytes = 1 << 20;

struct CloseFile {
  void operator()(FILE* file) const { fclose(file); }
};

// getline's own buffer, which it grows.
struct Line {
  ~Line() { free(text); }
  char* text = nullptr;
  size_t capacity = 0;
};

absl::Status At(const absl::Status& status, const std::string& path, int line) {
  v1::Problem problem = contract::ProblemOf(status);
  problem.set_file(path);
  problem.set_line(line);
  return contract::ErrorFrom(problem);
}

// Gives each line of a file to the verifier.
struct Taker {
  LogVerifier* verifier;
  const EntrySink& sink;
  ExportEnd* end;
  bool first = true;

  absl::Status Take(absl::string_view text) {
    const absl::StatusOr<contract::ExportLine> line = contract::ParseExportLine(text);
    if (!line.ok()) return line.status();
    const bool header = std::holds_alternative<contract::ExportHeader>(*line);
    if (header != first) {
      return contract::Error(v1::REASON_LOG_TAMPERED,
                             header ? "The file begins anew in its middle."
                                    : "The file does not begin with the first line of an export.",
                             "An export is one file: nothing is put before it or cut from it.");
    }
    first = false;
    return std::visit(*this, *line);
  }

  absl::Status operator()(const contract::ExportHeader& header) {
    if (!verifier->origin().empty() && verifier->origin() != header.origin) {
      return contract::Error(
          v1::REASON_LOG_TAMPERED,
          absl::StrCat("The file is of the log ", header.origin, ", not ", verifier->origin(), "."),
          "Each log is verified by itself.");
    }
    end->origin = header.origin;
    verifier->ExpectOrigin(header.origin);
    return absl::OkStatus();
  }
  absl::Status operator()(const contract::ExportEntry& entry) {
    absl::Status status = verifier->TakeEntry(entry.index, entry.leaf);
    if (status.ok() && sink) status = sink(entry.index, entry.leaf);
    return status;
  }
  absl::Status operator()(const contract::ExportCheckpoint& checkpoint) {
    absl::Status status = verifier->TakeCheckpoint(checkpoint.note);
    if (status.ok() && checkpoint.size != verifier->size()) {
      status = contract::Error(v1::REASON_LOG_TAMPERED,
                               "A checkpoint's line gives another size than its note.",
                               "Compare the file with another copy, or export the log anew.");
    }
    return status;
  }
};

}  // namespace

absl::StatusOr<ExportEnd> ReadExport(const std::string& path, LogVerifier* verifier,
                                     const EntrySink& sink) {
  const std::unique_ptr<FILE, CloseFile> file(fopen(path.c_str(), "re"));
  if (file == nullptr) {
    return contract::Error(v1::REASON_INVALID_ARGUMENT,
                           absl::StrCat("cannot read ", path, ": ", strerror(errno)),
                           "is it the file that audit export wrote?");
  }
  setvbuf(file.get(), nullptr, _IOFBF, kBufferBytes);
  ExportEnd end;
  Taker taker{verifier, sink, &end};
  Line line;
  for (int number = 1;; ++number) {
    const ssize_t length = getline(&line.text, &line.capacity, file.get());
    if (length < 0) break;
    if (line.text[length - 1] != '\n') {
      end.torn = true;
      break;
    }
    const absl::Status status =
        taker.Take(absl::string_view(line.text, static_cast<size_t>(length - 1)));
    if (!status.ok()) return At(status, path, number);
    end.bytes += length;
  }
  if (ferror(file.get()) != 0) {
    return contract::Error(v1::REASON_INVALID_ARGUMENT,
                           absl::StrCat("cannot read ", path, " to its end"));
  }
  return end;
}

absl::Status ReadExports(const std::vector<std::string>& paths, LogVerifier* verifier,
                         const EntrySink& sink) {
  for (const std::string& path : paths) {
    const absl::StatusOr<ExportEnd> end = ReadExport(path, verifier, sink);
    if (!end.ok()) return end.status();
    const uint64_t uncovered = verifier->uncovered();
    if (end->torn || uncovered > 0 || verifier->checkpoints() == 0) {
      return contract::Error(
          v1::REASON_LOG_TAMPERED,
          absl::StrCat(path, " ends before the checkpoint of its last ", uncovered,
                       uncovered == 1 ? " entry." : " entries."),
          absl::StrCat("It was cut, or an export did not end: resetctl audit export --file ", path,
                       " goes on with it."));
    }
  }
  return absl::OkStatus();
}

}  // namespace resetctl::client

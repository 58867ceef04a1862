#include "proto/contract/export_line.h"

#include <map>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "google/protobuf/stubs/logging.h"
#include "proto/base/text.h"
#include "proto/base/utf8.h"
#include "proto/contract/reasons.h"
#include "resetctl/v1/audit.pb.h"

namespace resetctl::contract {
namespace {

constexpr absl::string_view kHeaderStart = "{\"resetctl_audit_export\":1,\"origin\":\"";
constexpr absl::string_view kEntryStart = "{\"index\":";
constexpr absl::string_view kLeafStart = ",\"leaf\":\"";
constexpr absl::string_view kCheckpointStart = "{\"checkpoint\":\"";
constexpr absl::string_view kSizeStart = "\",\"size\":";

absl::Status NotALine(absl::string_view why) {
  return Error(v1::REASON_LOG_TAMPERED, why,
               "Compare the file with another copy, or export the log anew.");
}

// RFC 8259 §7, with no more escapes than it demands.
void AppendEscaped(absl::string_view text, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      *out += '\\';
      *out += c;
    } else if (c == '\n') {
      *out += "\\n";
    } else if (byte < 0x20) {
      *out += "\\u00";
      *out += kHex[byte >> 4];
      *out += kHex[byte & 15];
    } else {
      *out += c;
    }
  }
}

// Of texts that hold no other escapes than these: origins and notes.
bool Unescape(absl::string_view text, std::string* out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      *out += text[i];
      continue;
    }
    if (++i == text.size() || (text[i] != 'n' && text[i] != '"' && text[i] != '\\')) return false;
    *out += text[i] == 'n' ? '\n' : text[i];
  }
  return true;
}

void AppendField(absl::string_view name, absl::string_view text, std::string* out) {
  if (text.empty()) return;
  absl::StrAppend(out, ",\"", name, "\":\"");
  AppendEscaped(text, out);
  *out += '"';
}

// `digits` of them.
void AppendDigits(int64_t number, int digits, std::string* out) {
  const size_t end = out->size() + static_cast<size_t>(digits);
  out->append(static_cast<size_t>(digits), '0');
  for (size_t i = end; digits > 0; --digits, number /= 10) {
    (*out)[--i] = static_cast<char>('0' + number % 10);
  }
}

// 2026-11-24T08:12:44.123456Z: the log's times are whole microseconds.
std::string Time(int64_t seconds, int32_t nanos) {
  const absl::CivilSecond civil =
      absl::ToCivilSecond(absl::FromUnixSeconds(seconds), absl::UTCTimeZone());
  std::string out;
  AppendDigits(civil.year(), 4, &out);
  const std::pair<char, int> parts[] = {{'-', civil.month()},
                                        {'-', civil.day()},
                                        {'T', civil.hour()},
                                        {':', civil.minute()},
                                        {':', civil.second()}};
  for (const auto& [separator, number] : parts) {
    out += separator;
    AppendDigits(number, 2, &out);
  }
  out += '.';
  AppendDigits(nanos / 1000, 6, &out);
  out += 'Z';
  return out;
}

// All of them have a test that fails when one is missing here. What version 1 does not know is in the leaf.
void AppendFields(const v1::AuditEntry& entry, std::string* out) {
  if (entry.has_time()) {
    AppendField("time", Time(entry.time().seconds(), entry.time().nanos()), out);
  }
  AppendField("actor", entry.actor(), out);
  AppendField("action", entry.action(), out);
  AppendField("subject", entry.subject(), out);
  AppendField("environment", entry.environment(), out);
  AppendField("target", entry.target(), out);
  AppendField("outcome", entry.outcome(), out);
  AppendField("detail", entry.detail(), out);
  // Bytes of whoever sent them: only text can stand in JSON. The signature is in the leaf.
  if (base::IsUtf8(entry.statement().text())) {
    AppendField("statement", entry.statement().text(), out);
  }
  AppendField("key_fingerprint", entry.key_fingerprint(), out);
  AppendField("peer", entry.peer(), out);
  // An agent's word says nothing to read that the entry does not: it is in the leaf.
  if (entry.evidence().empty()) return;
  std::map<absl::string_view, absl::string_view> sorted;
  for (const auto& [name, value] : entry.evidence()) sorted[name] = value;
  *out += ",\"evidence\":{";
  const char* separator = "\"";
  for (const auto& [name, value] : sorted) {
    *out += separator;
    AppendEscaped(name, out);
    *out += "\":\"";
    AppendEscaped(value, out);
    *out += '"';
    separator = ",\"";
  }
  *out += '}';
}

absl::StatusOr<ExportLine> ParseHeader(absl::string_view line) {
  absl::string_view rest = line.substr(kHeaderStart.size());
  ExportHeader header;
  if (!absl::ConsumeSuffix(&rest, "\"}") || !Unescape(rest, &header.origin) ||
      Write(header) != line) {
    return NotALine("The file's first line is malformed.");
  }
  return ExportLine(std::move(header));
}

absl::StatusOr<ExportLine> ParseEntry(absl::string_view line) {
  absl::string_view rest = line.substr(kEntryStart.size());
  const size_t comma = rest.find(',');
  ExportEntry entry;
  if (comma == absl::string_view::npos || !absl::SimpleAtoi(rest.substr(0, comma), &entry.index) ||
      !absl::ConsumePrefix(&(rest = rest.substr(comma)), kLeafStart)) {
    return NotALine("A line begins like an entry's and has no index and leaf.");
  }
  const size_t quote = rest.find('"');
  if (quote == absl::string_view::npos ||
      !absl::Base64Unescape(rest.substr(0, quote), &entry.leaf)) {
    return NotALine(absl::StrCat("The leaf of entry ", entry.index, " is no base64."));
  }
  if (Write(entry) != line) {
    return NotALine(
        absl::StrCat("The fields of entry ", entry.index, " are not what its leaf says."));
  }
  return ExportLine(std::move(entry));
}

absl::StatusOr<ExportLine> ParseCheckpoint(absl::string_view line) {
  absl::string_view rest = line.substr(kCheckpointStart.size());
  const size_t end = rest.rfind(kSizeStart);
  ExportCheckpoint checkpoint;
  if (end == absl::string_view::npos || !Unescape(rest.substr(0, end), &checkpoint.note) ||
      !absl::ConsumeSuffix(&rest, "}") ||
      !absl::SimpleAtoi(rest.substr(end + kSizeStart.size()), &checkpoint.size) ||
      Write(checkpoint) != line) {
    return NotALine("A checkpoint's line is malformed.");
  }
  return ExportLine(std::move(checkpoint));
}

}  // namespace

std::string Write(const ExportHeader& header) {
  std::string line = base::Str(kHeaderStart);
  AppendEscaped(header.origin, &line);
  line += "\"}";
  return line;
}

std::string Write(const ExportEntry& entry) {
  std::string line;
  line.reserve(3 * entry.leaf.size() + 200);
  absl::StrAppend(&line, kEntryStart, entry.index, kLeafStart, base::ToBase64(entry.leaf), "\"");
  // A leaf that is no entry is exported all the same: the tree is over bytes.
  const google::protobuf::LogSilencer silencer;  // it would print to stderr
  v1::AuditEntry decoded;
  if (decoded.ParseFromString(entry.leaf)) AppendFields(decoded, &line);
  line += '}';
  return line;
}

std::string Write(const ExportCheckpoint& checkpoint) {
  std::string line = base::Str(kCheckpointStart);
  AppendEscaped(checkpoint.note, &line);
  absl::StrAppend(&line, kSizeStart, checkpoint.size, "}");
  return line;
}

absl::StatusOr<ExportLine> ParseExportLine(absl::string_view line) {
  if (absl::StartsWith(line, kEntryStart)) return ParseEntry(line);
  if (absl::StartsWith(line, kCheckpointStart)) return ParseCheckpoint(line);
  if (absl::StartsWith(line, kHeaderStart)) return ParseHeader(line);
  return NotALine("A line is none of an exported audit log's.");
}

}  // namespace resetctl::contract

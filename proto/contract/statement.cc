#include "proto/contract/statement.h"

#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "proto/base/text.h"
#include "proto/base/utf8.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::contract {
namespace {

constexpr size_t kMaxBytes = 64 << 10;
constexpr char kTimeFormat[] = "%Y-%m-%dT%H:%M:%SZ";

enum class Kind { kName, kDigest, kPin, kChallenge, kTime, kNonce, kDecision, kSets, kText };

struct Field {
  absl::string_view name;
  Kind kind;
  bool optional = false;
};

constexpr Field kLoginFields[] = {{"ca-pin", Kind::kPin},   {"challenge", Kind::kChallenge},
                                  {"expires", Kind::kTime}, {"person", Kind::kName},
                                  {"time", Kind::kTime},    {"nonce", Kind::kNonce}};
constexpr Field kPlanFields[] = {{"environment", Kind::kName},  {"target", Kind::kName},
                                 {"bundle", Kind::kDigest},     {"sets", Kind::kSets, true},
                                 {"reason", Kind::kText, true}, {"person", Kind::kName},
                                 {"time", Kind::kTime},         {"nonce", Kind::kNonce}};
constexpr Field kApprovalFields[] = {
    {"plan", Kind::kDigest},       {"environment", Kind::kName},  {"target", Kind::kName},
    {"decision", Kind::kDecision}, {"person", Kind::kName},       {"policy", Kind::kDigest},
    {"floor", Kind::kDigest},      {"start-before", Kind::kTime}, {"reason", Kind::kText, true},
    {"time", Kind::kTime},         {"nonce", Kind::kNonce}};
constexpr Field kRunFields[] = {{"plan", Kind::kDigest},
                                {"environment", Kind::kName},
                                {"target", Kind::kName},
                                {"phrase", Kind::kText, true},
                                {"break-glass", Kind::kText, true},
                                {"person", Kind::kName},
                                {"start-before", Kind::kTime},
                                {"time", Kind::kTime},
                                {"nonce", Kind::kNonce}};
constexpr Field kResumeFields[] = {{"run", Kind::kName},    {"environment", Kind::kName},
                                   {"target", Kind::kName}, {"person", Kind::kName},
                                   {"time", Kind::kTime},   {"nonce", Kind::kNonce}};
constexpr Field kAdminFields[] = {{"verb", Kind::kText},
                                  {"arguments", Kind::kDigest},
                                  {"person", Kind::kName},
                                  {"time", Kind::kTime},
                                  {"nonce", Kind::kNonce}};

struct TypeRow {
  StatementType type;
  absl::string_view name;
  absl::Span<const Field> fields;
};
// Not constexpr: GCC cannot fold these pointers under UBSan.
const TypeRow kTypes[] = {{StatementType::kLogin, kLoginStatement, kLoginFields},
                          {StatementType::kPlan, kPlanStatement, kPlanFields},
                          {StatementType::kApproval, kApprovalStatement, kApprovalFields},
                          {StatementType::kRun, kRunStatement, kRunFields},
                          {StatementType::kResume, kResumeStatement, kResumeFields},
                          {StatementType::kAdmin, kAdminStatement, kAdminFields}};

const TypeRow& RowOf(StatementType type) { return kTypes[static_cast<size_t>(type)]; }

absl::Status Invalid(int line, absl::string_view what) {
  return Error(v1::REASON_STATEMENT_INVALID,
               absl::StrCat("the statement's line ", line, " is not valid: ", what),
               "Sign the statement again with a current resetctl.");
}

bool ParseTime(absl::string_view text, absl::Time* time) {
  constexpr size_t kLength = 20;  // absl reads 'infinite-future' too, and years of any length
  std::string error;
  return text.size() == kLength &&
         absl::ParseTime(kTimeFormat, text, absl::UTCTimeZone(), time, &error) &&
         FormatStatementTime(*time) == text;
}

bool IsNonce(absl::string_view text) {
  if (text.size() < 16 || text.size() > 64) return false;
  for (const char c : text) {
    if (!absl::ascii_isalnum(c) && c != '-' && c != '_') return false;
  }
  return true;
}

bool AreSets(absl::string_view text) {
  absl::string_view last;
  for (const absl::string_view set : absl::StrSplit(text, ',')) {
    if (set.empty() || set <= last) return false;
    last = set;
  }
  return true;
}

// Characters that make a text look like another one: C1 controls, line separators, bidirectional
// overrides and isolates, zero-width characters. `text` is UTF-8.
bool Deceives(absl::string_view text) {
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    const auto a = static_cast<unsigned char>(text[i]);
    const auto b = static_cast<unsigned char>(text[i + 1]);
    if (a == 0xC2 && b < 0xA0) return true;
    if (i + 2 >= text.size()) continue;
    const auto c = static_cast<unsigned char>(text[i + 2]);
    if (a == 0xE2 && b == 0x80 && ((c >= 0x8B && c <= 0x8F) || (c >= 0xA8 && c <= 0xAE)))
      return true;
    if (a == 0xE2 && b == 0x81 && c >= 0xA0 && c <= 0xAF) return true;
    if (a == 0xEF && b == 0xBB && c == 0xBF) return true;
  }
  return false;
}

// Nothing when the value is as its kind demands; else what is wrong.
std::string WrongWith(Kind kind, absl::string_view value) {
  absl::Time time;
  std::string bytes;
  switch (kind) {
    case Kind::kName:
      return IsName(value) ? "" : "is not a name (letters, digits and . _ @ + - only)";
    case Kind::kDigest:
      return IsDigest(value) ? "" : "is not a digest (sha256: and 64 hex digits)";
    case Kind::kPin:
      return IsDigest(value) || value == kNoCaPin ? "" : "is not a CA pin";
    case Kind::kChallenge:
      return base::FromBase64(value, &bytes) && bytes.size() == 32 ? ""
                                                                   : "is not base64 of 32 bytes";
    case Kind::kTime:
      return ParseTime(value, &time) ? "" : "is not a time like 2026-11-24T08:12:44Z";
    case Kind::kNonce:
      return IsNonce(value) ? "" : "is not 16 to 64 characters of base64url";
    case Kind::kDecision:
      return value == "approve" || value == "reject" || value == "unapprove"
                 ? ""
                 : "is not approve, reject or unapprove";
    case Kind::kSets:
      return AreSets(value) ? "" : "is not a sorted list of different sets";
    case Kind::kText:
      return Deceives(value) ? "has invisible or direction-changing characters" : "";
  }
  return "is of an unknown kind";
}

// The whole text's alphabet: UTF-8, LF the only control character.
absl::Status CheckBytes(absl::string_view text) {
  if (text.size() > kMaxBytes) {
    return Error(v1::REASON_STATEMENT_INVALID,
                 absl::StrCat("the statement has ", text.size(), " bytes; at most ", kMaxBytes,
                              " are allowed"),
                 "Shorten the reason.");
  }
  int line = 1;
  for (const char c : text) {
    if (c == '\n') {
      ++line;
    } else if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
      return Invalid(line, "it has a control character");
    }
  }
  if (!base::IsUtf8(text)) return Invalid(1, "the text is not UTF-8");
  if (text.empty() || text.back() != '\n') return Invalid(line, "the last line has no line end");
  return absl::OkStatus();
}

const std::string* Find(const std::vector<std::pair<std::string, std::string>>& fields,
                        absl::string_view name) {
  for (const auto& [field, value] : fields) {
    if (field == name) return &value;
  }
  return nullptr;
}

absl::Time TimeIn(const std::string& value, absl::Time absent) {
  absl::Time time = absent;
  return ParseTime(value, &time) ? time : absent;
}

}  // namespace

bool IsName(absl::string_view text) {
  if (text.empty() || text.size() > 128 || !absl::ascii_isalnum(text[0])) return false;
  for (const char c : text) {
    if (!absl::ascii_isalnum(c) && absl::string_view("._@+-").find(c) == absl::string_view::npos) {
      return false;
    }
  }
  return true;
}

absl::StatusOr<Statement> Statement::Parse(absl::string_view text) {
  absl::Status bytes = CheckBytes(text);
  if (!bytes.ok()) return bytes;

  const std::vector<absl::string_view> lines =
      absl::StrSplit(text.substr(0, text.size() - 1), '\n');
  const TypeRow* row = nullptr;
  for (const TypeRow& known : kTypes) {
    if (lines[0] == known.name) row = &known;
  }
  if (row == nullptr) return Invalid(1, "it names no known type of statement");

  Statement statement;
  statement.type_ = row->type;
  statement.text_ = base::Str(text);
  size_t next = 0;  // of the type's fields
  for (size_t i = 1; i < lines.size(); ++i) {
    const int number = static_cast<int>(i) + 1;
    const size_t colon = lines[i].find(": ");
    if (colon == absl::string_view::npos) return Invalid(number, "it is not 'name: value'");
    const absl::string_view name = lines[i].substr(0, colon);
    const absl::string_view value = lines[i].substr(colon + 2);
    if (Find(statement.fields_, name) != nullptr) {
      return Invalid(number, absl::StrCat("field '", name, "' is repeated"));
    }
    const size_t expected = next;
    while (next < row->fields.size() && row->fields[next].name != name) {
      if (!row->fields[next].optional) {
        return Invalid(number, absl::StrCat("field '", name, "' is not expected here, but '",
                                            row->fields[next].name, "'"));
      }
      ++next;
    }
    if (next == row->fields.size()) {
      return Invalid(number, absl::StrCat("field '", name, "' is not expected ",
                                          expected == next ? "after the last one" : "here"));
    }
    if (value.empty()) return Invalid(number, absl::StrCat("field '", name, "' is empty"));
    if (value.front() == ' ' || value.back() == ' ') {
      return Invalid(number, absl::StrCat("field '", name, "' begins or ends with a blank"));
    }
    const std::string wrong = WrongWith(row->fields[next].kind, value);
    if (!wrong.empty()) return Invalid(number, absl::StrCat("field '", name, "' ", wrong));
    statement.fields_.emplace_back(base::Str(name), base::Str(value));
    ++next;
  }
  for (; next < row->fields.size(); ++next) {
    if (!row->fields[next].optional) {
      return Invalid(static_cast<int>(lines.size()) + 1,
                     absl::StrCat("field '", row->fields[next].name, "' is missing"));
    }
  }
  return statement;
}

absl::string_view Statement::namespace_name() const { return StatementNamespace(type_); }

const std::string& Statement::Get(absl::string_view field) const {
  static const std::string* const kAbsent = new std::string;
  const std::string* value = Find(fields_, field);
  return value == nullptr ? *kAbsent : *value;
}

absl::Time Statement::time() const { return TimeIn(Get("time"), absl::InfinitePast()); }

absl::Time Statement::start_before() const {
  return TimeIn(Get("start-before"), absl::InfiniteFuture());
}

StatementBuilder& StatementBuilder::Set(absl::string_view field, absl::string_view value) {
  std::string line = base::Str(value);
  for (char& c : line) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  absl::StripAsciiWhitespace(&line);
  for (auto& [name, present] : fields_) {
    if (name == field) {
      present = line;
      return *this;
    }
  }
  fields_.emplace_back(base::Str(field), line);
  return *this;
}

StatementBuilder& StatementBuilder::SetTime(absl::string_view field, absl::Time time) {
  return Set(field, FormatStatementTime(time));
}

absl::StatusOr<Statement> StatementBuilder::Build() {
  if (Find(fields_, "nonce") == nullptr) {
    std::string nonce = base::ToBase64(base::RandomBytes(24));  // 32 characters, no padding
    for (char& c : nonce) c = c == '+' ? '-' : c == '/' ? '_' : c;
    fields_.emplace_back("nonce", nonce);
  }
  const TypeRow& row = RowOf(type_);
  std::string text = absl::StrCat(row.name, "\n");
  size_t used = 0;
  for (const Field& field : row.fields) {
    const std::string* value = Find(fields_, field.name);
    if (value == nullptr) continue;
    ++used;
    if (!value->empty()) absl::StrAppend(&text, field.name, ": ", *value, "\n");
  }
  if (used != fields_.size()) {
    for (const auto& [name, value] : fields_) {
      bool known = false;
      for (const Field& field : row.fields) known = known || field.name == name;
      if (!known) {
        return Error(v1::REASON_STATEMENT_INVALID,
                     absl::StrCat("a ", row.name, " has no field '", name, "'"));
      }
    }
  }
  return Statement::Parse(text);
}

absl::string_view StatementNamespace(StatementType type) { return RowOf(type).name; }

std::string FormatStatementTime(absl::Time time) {
  return absl::FormatTime(kTimeFormat, time, absl::UTCTimeZone());
}

}  // namespace resetctl::contract

#include "proto/contract/allowed_signers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "proto/contract/ssh_wire.h"
#include "proto/contract/statement.h"

namespace resetctl::contract {
namespace {

constexpr size_t kLeastRsaBits = 2048;
constexpr size_t kMaxFile = 1 << 20;

// Not constexpr: GCC cannot fold these pointers under UBSan.
const absl::string_view kAllNamespaces[] = {kLoginStatement, kPlanStatement,   kApprovalStatement,
                                            kRunStatement,   kResumeStatement, kAdminStatement};

absl::Status Refuse(absl::string_view what) {
  return Error(v1::REASON_TRUST_FILES_INVALID, what,
               "Give a public key as ssh-keygen writes it: 'ssh-ed25519 AAAA... comment'.");
}

// RFC 4251 §5: a positive mpint has no needless zero byte. Its significant bits, 0 when not
// canonical.
size_t BitsOf(absl::string_view mpint) {
  if (mpint.empty()) return 0;
  const auto at = [&](size_t i) { return static_cast<unsigned char>(mpint[i]); };
  if (at(0) >= 0x80) return 0;  // negative
  if (at(0) == 0) {
    if (mpint.size() == 1 || at(1) < 0x80) return 0;
    mpint.remove_prefix(1);
  }
  size_t bits = 8 * mpint.size();
  for (unsigned char first = at(0); (first & 0x80) == 0;
       first = static_cast<unsigned char>(first << 1))
    --bits;
  return bits;
}

struct Curve {
  absl::string_view name;
  size_t point;  // bytes, uncompressed
};
constexpr Curve kCurves[] = {{"nistp256", 65}, {"nistp384", 97}, {"nistp521", 133}};

// The part of a blob that is the key, without type and application: what a private key is known by.
// Empty with `*wrong` set when the blob is not the one way to write its key.
std::string KeyMaterial(absl::string_view blob, std::string* type, std::string* wrong) {
  SshReader reader(blob);
  absl::string_view name, curve, key, exponent, application;
  if (!reader.String(&name)) {
    *wrong = "the key is not an SSH public key";
    return "";
  }
  *type = base::Str(name);
  const bool hardware = absl::ConsumePrefix(&name, "sk-");
  if (hardware && !absl::ConsumeSuffix(&name, "@openssh.com")) name = "";
  bool shaped = false;
  if (name == "ssh-ed25519") {
    shaped = reader.String(&key) && key.size() == 32;
  } else if (absl::ConsumePrefix(&name, "ecdsa-sha2-")) {
    shaped = reader.String(&curve) && curve == name && reader.String(&key);
    const auto* known = std::find_if(std::begin(kCurves), std::end(kCurves),
                                     [&](const Curve& c) { return c.name == name; });
    shaped = shaped && known != std::end(kCurves) && key.size() == known->point && key[0] == 4;
  } else if (name == "ssh-rsa" && !hardware) {
    shaped =
        reader.String(&exponent) && reader.String(&key) && BitsOf(exponent) >= 2 && BitsOf(key) > 0;
    if (shaped && BitsOf(key) < kLeastRsaBits) {
      *wrong = absl::StrCat("the RSA key has ", BitsOf(key), " bits; at least ", kLeastRsaBits,
                            " are needed");
      return "";
    }
  } else {
    *wrong = absl::StrCat("keys of type '", *type, "' are not accepted");
    return "";
  }
  if (hardware) shaped = shaped && reader.String(&application) && !application.empty();
  if (!shaped || !reader.AtEnd()) {
    *wrong = absl::StrCat("the ", *type, " key is malformed");
    return "";
  }
  return base::Str(key);
}

std::string MaterialOf(const PublicKey& key) {
  std::string type, wrong;
  return KeyMaterial(key.blob, &type, &wrong);
}

absl::Status CheckNamespaces(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (name.empty() || name.find_first_of("*?!\" ") != std::string::npos) {
      return Refuse(absl::StrCat("namespace '", name, "' is a pattern or empty"));
    }
    if (absl::StartsWith(name, "resetctl-") &&
        std::find(std::begin(kAllNamespaces), std::end(kAllNamespaces), name) ==
            std::end(kAllNamespaces)) {
      return Refuse(absl::StrCat("namespace '", name, "' is none that this version knows"));
    }
  }
  return absl::OkStatus();
}

// Cuts the next word off `line`; blanks inside double quotes belong to the word.
absl::string_view NextWord(absl::string_view* line) {
  *line = absl::StripLeadingAsciiWhitespace(*line);
  bool quoted = false;
  size_t end = 0;
  for (; end < line->size() && (quoted || !absl::ascii_isblank((*line)[end])); ++end) {
    if ((*line)[end] == '"') quoted = !quoted;
  }
  const absl::string_view word = line->substr(0, end);
  line->remove_prefix(end);
  return word;
}

struct Line {
  std::string person;
  std::vector<std::string> namespaces;
  PublicKey key;
};

absl::StatusOr<Line> ParseLine(absl::string_view text) {
  Line line;
  const absl::string_view person = NextWord(&text);
  if (person.find(',') != absl::string_view::npos) {
    return Refuse(absl::StrCat("'", person, "' is a list of principals; one person a line"));
  }
  if (person.find_first_of("*?!") != absl::string_view::npos) {
    return Refuse(absl::StrCat("'", person, "' is a pattern; a person needs an exact name"));
  }
  if (!IsName(person)) {
    return Refuse(absl::StrCat("'", person, "' is no name (letters, digits and . _ @ + - only)"));
  }
  line.person = base::Str(person);

  absl::string_view options = NextWord(&text);
  const std::string lower = absl::AsciiStrToLower(options);
  if (absl::StrContains(lower, "cert-authority")) {
    return Refuse("cert-authority is not accepted; name each key");
  }
  if (absl::StrContains(lower, "valid-after=") || absl::StrContains(lower, "valid-before=")) {
    return Refuse("valid-after and valid-before are not accepted; remove the line instead");
  }
  if (!absl::ConsumePrefix(&options, "namespaces=\"") || !absl::ConsumeSuffix(&options, "\"") ||
      options.empty() || options.find('"') != absl::string_view::npos) {
    return Refuse("the only option accepted, and needed, is namespaces=\"...\"");
  }
  line.namespaces = absl::StrSplit(options, ',');
  const absl::Status namespaces = CheckNamespaces(line.namespaces);
  if (!namespaces.ok()) return namespaces;

  auto key = ParsePublicKey(text);
  if (!key.ok()) return key.status();
  line.key = *std::move(key);
  return line;
}

bool IsBlankOrComment(absl::string_view line) {
  line = absl::StripAsciiWhitespace(line);
  return line.empty() || line[0] == '#';
}

bool HasControls(absl::string_view line) {
  return std::any_of(line.begin(), line.end(), [](char c) {
    return c != '\t' && absl::ascii_iscntrl(static_cast<unsigned char>(c));
  });
}

absl::Status At(const absl::Status& status, absl::string_view where) {
  v1::Problem problem = ProblemOf(status);
  problem.set_message(absl::StrCat(where, ": ", problem.message()));
  return ErrorFrom(problem);
}

}  // namespace

std::string PublicKey::Line() const { return absl::StrCat(type, " ", base::ToBase64(blob)); }

absl::StatusOr<PublicKey> PublicKeyFromBlob(absl::string_view blob) {
  PublicKey key;
  std::string wrong;
  if (KeyMaterial(blob, &key.type, &wrong).empty()) return Refuse(wrong);
  key.blob = base::Str(blob);
  key.fingerprint = absl::StrCat("SHA256:", absl::StripSuffix(base::ToBase64(Sha256(blob)), "="));
  return key;
}

absl::StatusOr<PublicKey> ParsePublicKey(absl::string_view line) {
  if (HasControls(line)) return Refuse("the key has a control character");
  const absl::string_view type = NextWord(&line);
  const absl::string_view base64 = NextWord(&line);
  std::string blob;
  if (base64.empty() || !base::FromBase64(base64, &blob)) {
    return Refuse("there is no public key 'TYPE BASE64'");
  }
  auto key = PublicKeyFromBlob(blob);
  if (!key.ok()) return key.status();
  if (key->type != type) {
    return Refuse(absl::StrCat("the line says '", type, "', the key itself '", key->type, "'"));
  }
  key->comment = base::Str(absl::StripAsciiWhitespace(line));
  return key;
}

absl::Status AllowedSigners::Add(Entry entry, absl::string_view where) {
  const std::string material = MaterialOf(entry.key);
  const auto found = by_material_.find(material);
  if (found != by_material_.end()) {
    return Error(v1::REASON_TRUST_FILES_INVALID,
                 absl::StrCat(where, ": the key ", entry.key.fingerprint, " of ", entry.person,
                              " already belongs to ", found->second.person),
                 "Give each person a key of their own, each key once.");
  }
  by_material_.emplace(material, std::move(entry));
  return absl::OkStatus();
}

absl::StatusOr<AllowedSigners> AllowedSigners::Parse(absl::string_view text) {
  if (text.size() > kMaxFile) return Refuse("allowed_signers is larger than 1 MiB");
  AllowedSigners signers;
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    const std::string where = absl::StrCat("allowed_signers line ", number);
    if (HasControls(line)) return At(Refuse("it has a control character"), where);
    if (IsBlankOrComment(line)) continue;
    auto parsed = ParseLine(line);
    if (!parsed.ok()) return At(parsed.status(), where);
    const absl::Status added = signers.Add(
        {std::move(parsed->person), std::move(parsed->namespaces), std::move(parsed->key)}, where);
    if (!added.ok()) return added;
  }
  return signers;
}

absl::StatusOr<AllowedSigners> AllowedSigners::FromPeople(
    const std::map<std::string, std::vector<std::string>>& keys_by_person) {
  AllowedSigners signers;
  for (const auto& [person, keys] : keys_by_person) {
    if (!IsName(person)) {
      return Refuse(absl::StrCat("'", person, "' is no name (letters, digits and . _ @ + - only)"));
    }
    for (size_t i = 0; i < keys.size(); ++i) {
      const std::string where = absl::StrCat("key ", i + 1, " of ", person);
      auto key = ParsePublicKey(keys[i]);
      if (!key.ok()) return At(key.status(), where);
      Entry entry{person, {}, *std::move(key)};
      for (const absl::string_view name : kAllNamespaces) {
        entry.namespaces.push_back(base::Str(name));
      }
      const absl::Status added = signers.Add(std::move(entry), where);
      if (!added.ok()) return added;
    }
  }
  return signers;
}

absl::Status AllowedSigners::Revoke(absl::string_view revoked_keys) {
  std::set<std::string> revoked;
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(revoked_keys, '\n')) {
    ++number;
    if (IsBlankOrComment(line)) continue;
    const auto key = ParsePublicKey(line);
    if (!key.ok()) return At(key.status(), absl::StrCat("revoked_keys line ", number));
    revoked.insert(MaterialOf(*key));
  }
  revoked_.merge(revoked);
  return absl::OkStatus();
}

const AllowedSigners::Entry* AllowedSigners::Find(const PublicKey& key) const {
  const std::string material = MaterialOf(key);
  const auto found = by_material_.find(material);
  // The very blob: a hardware key under another application name is not the one that was listed.
  if (found == by_material_.end() || found->second.key.blob != key.blob) return nullptr;
  return revoked_.count(material) > 0 ? nullptr : &found->second;
}

const std::string* AllowedSigners::PersonOf(const PublicKey& key) const {
  const Entry* entry = Find(key);
  return entry == nullptr ? nullptr : &entry->person;
}

bool AllowedSigners::IsRevoked(const PublicKey& key) const {
  return revoked_.count(MaterialOf(key)) > 0;
}

bool AllowedSigners::MaySign(const PublicKey& key, absl::string_view namespace_name) const {
  const Entry* entry = Find(key);
  return entry != nullptr && std::find(entry->namespaces.begin(), entry->namespaces.end(),
                                       namespace_name) != entry->namespaces.end();
}

bool AllowedSigners::KnowsPerson(absl::string_view person) const {
  const std::vector<std::string> persons = Persons();
  return std::find(persons.begin(), persons.end(), person) != persons.end();
}

std::vector<std::string> AllowedSigners::Persons() const {
  std::set<std::string> persons;
  for (const auto& [material, entry] : by_material_) {
    if (revoked_.count(material) == 0) persons.insert(entry.person);
  }
  return {persons.begin(), persons.end()};
}

}  // namespace resetctl::contract

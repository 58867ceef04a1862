#include "agent/service/scrubber.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "proto/base/text.h"

namespace resetctl::agent {
namespace {

constexpr size_t kShortest = 3;
constexpr char kRedacted[] = "[redacted]";

std::string PercentEncode(absl::string_view text, bool upper) {
  std::string out;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.' ||
        c == '~') {
      out.push_back(c);
    } else {
      const std::string hex = base::ToHex(absl::string_view(&c, 1));
      absl::StrAppend(&out, "%", upper ? absl::AsciiStrToUpper(hex) : hex);
    }
  }
  return out;
}

std::string PercentDecode(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() &&
        absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 1])) &&
        absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 2]))) {
      out += absl::HexStringToBytes(text.substr(i + 1, 2));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string JsonEscape(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}, {"\t", "\\t"}});
}

}  // namespace

void Scrubber::Add(const base::Secret& secret) {
  const std::string& value = secret.Reveal();
  if (value.size() < kShortest) return;
  const std::string base64 = base::ToBase64(value);
  const std::string hex = base::ToHex(value);
  for (std::string needle : {value, PercentEncode(value, true), PercentEncode(value, false), base64,
                             base64.substr(0, base64.find('=')), hex, absl::AsciiStrToUpper(hex),
                             JsonEscape(value), absl::StrReplaceAll(value, {{"'", "''"}})}) {
    if (needle.size() >= kShortest &&
        std::find(needles_.begin(), needles_.end(), needle) == needles_.end()) {
      needles_.push_back(std::move(needle));
    }
  }
  std::stable_sort(needles_.begin(), needles_.end(),
                   [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

void Scrubber::AddUrl(const base::Secret& url) {
  Add(url);
  const absl::string_view text = url.Reveal();
  // scheme://user:password@host: everything between the first ':' after '//' and the last '@' of
  // the authority.
  const size_t slashes = text.find("://");
  if (slashes != absl::string_view::npos) {
    const absl::string_view rest = text.substr(slashes + 3);
    const size_t colon = rest.find(':');
    // The last '@' of all, too: people leave '/' and '?' in passwords as they are.
    for (const size_t at : {rest.rfind('@', rest.find_first_of("/?")), rest.rfind('@')}) {
      if (at == absl::string_view::npos || colon > at) continue;
      const absl::string_view password = rest.substr(colon + 1, at - colon - 1);
      Add(base::Secret(base::Str(password)));
      Add(base::Secret(PercentDecode(password)));
    }
  }
  // password=... in keyword strings and URL queries.
  for (size_t at = text.find("password="); at != absl::string_view::npos;
       at = text.find("password=", at + 1)) {
    absl::string_view value = text.substr(at + 9);
    if (!value.empty() && value[0] == '\'') {
      value.remove_prefix(1);
      value = value.substr(0, value.find('\''));
    } else {
      value = value.substr(0, value.find_first_of(" &"));
    }
    Add(base::Secret(base::Str(value)));
    Add(base::Secret(PercentDecode(value)));
  }
}

std::string Scrubber::Scrub(absl::string_view text) const {
  std::string out = base::Str(text);
  for (const std::string& needle : needles_) absl::StrReplaceAll({{needle, kRedacted}}, &out);
  return out;
}

void Scrubber::Scrub(v1::Problem* problem) const {
  problem->set_message(Scrub(problem->message()));
  problem->set_advice(Scrub(problem->advice()));
  for (std::string& object : *problem->mutable_objects()) object = Scrub(object);
}

}  // namespace resetctl::agent

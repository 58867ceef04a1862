#include "client/output/html.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/output/sanitize.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"

namespace resetctl::client {
namespace {

constexpr absl::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

}  // namespace

std::string EscapeHtml(absl::string_view text) {
  return absl::StrReplaceAll(Clean(text, true), {{"&", "&amp;"},
                                                 {"<", "&lt;"},
                                                 {">", "&gt;"},
                                                 {"\"", "&quot;"},
                                                 {"'", "&#39;"},
                                                 {"\u200e", kReplacement},
                                                 {"\u200f", kReplacement},
                                                 {"\u202a", kReplacement},
                                                 {"\u202b", kReplacement},
                                                 {"\u202c", kReplacement},
                                                 {"\u202d", kReplacement},
                                                 {"\u202e", kReplacement},
                                                 {"\u2066", kReplacement},
                                                 {"\u2067", kReplacement},
                                                 {"\u2068", kReplacement},
                                                 {"\u2069", kReplacement}});
}

Html::Element::~Element() { absl::StrAppend(&page_.text_, "</", tag_.name(), ">"); }

void Html::Head(absl::string_view title, Css css) {
  const std::string policy = absl::StrCat("default-src 'none'; style-src 'sha256-",
                                          base::ToBase64(contract::Sha256(css.sheet())),
                                          "'; base-uri 'none'; form-action 'none'");
  absl::StrAppend(&text_,
                  "<head>\n<meta charset=\"utf-8\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"",
                  policy,
                  "\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"color-scheme\" content=\"light dark\">\n"
                  "<meta name=\"referrer\" content=\"no-referrer\">\n"
                  "<title>",
                  EscapeHtml(title), "</title>\n<style>", css.sheet(), "</style>\n</head>\n");
}

void Html::Open(Tag tag, Attributes attributes) {
  absl::StrAppend(&text_, "<", tag.name());
  for (const Attribute& attribute : attributes) {
    absl::StrAppend(&text_, " ", attribute.name.name(), "=\"", EscapeHtml(attribute.value), "\"");
  }
  text_ += ">";
}

Html::Element Html::In(Tag tag, Attributes attributes) {
  Open(tag, attributes);
  return {*this, tag};
}

void Html::Text(absl::string_view text) { text_ += EscapeHtml(text); }

void Html::Leaf(Tag tag, absl::string_view text, Attributes attributes) {
  const Element element = In(tag, attributes);
  Text(text);
}

void Html::LinkTo(absl::string_view id, absl::string_view text) {
  absl::StrAppend(&text_, "<a href=\"#", EscapeHtml(id), "\">", EscapeHtml(text), "</a>");
}

}  // namespace resetctl::client

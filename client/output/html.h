#ifndef RESETCTL_CLIENT_OUTPUT_HTML_H_
#define RESETCTL_CLIENT_OUTPUT_HTML_H_

#include <initializer_list>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace resetctl::client {

// Writes an HTML document in which nothing that comes from elsewhere can be anything but text: names of elements and
// attributes are literals of the source, checked when it is compiled; all else is escaped. What could run or load something
// does not compile: scripts, frames, images, `style`, `src`, `href` and handlers of events.
//   Html page;
//   {
//     const auto table = page.In("table", {{"class", "rows"}});
//     page.Leaf("caption", name_of_a_table);
//   }
//   page.text()
class Html {
 public:
  class Tag {
   public:
    consteval Tag(const char* name) : name_(name) {  // NOLINT(google-explicit-constructor)
      for (const char* dangerous :
           {"script", "iframe", "object", "embed", "img", "link", "base", "form", "style"}) {
        if (absl::string_view(name) == dangerous) throw "an element that a report must not have";
      }
    }
    const char* name() const { return name_; }

   private:
    const char* name_;
  };

  class Name {
   public:
    consteval Name(const char* name) : name_(name) {  // NOLINT(google-explicit-constructor)
      const absl::string_view text = name;
      for (const char* dangerous : {"style", "src", "srcset", "srcdoc", "href", "action", "data"}) {
        if (text == dangerous) throw "an attribute that a report must not have";
      }
      if (text.substr(0, 2) == "on") throw "a report handles no events";
    }
    const char* name() const { return name_; }

   private:
    const char* name_;
  };

  class Css {
   public:
    consteval Css(const char* sheet) : sheet_(sheet) {  // NOLINT(google-explicit-constructor)
      for (const char* at = sheet; *at != '\0'; ++at) {
        if (at[0] == '<') throw "a style sheet that could end before its end";
      }
    }
    absl::string_view sheet() const { return sheet_; }

   private:
    const char* sheet_;
  };

  struct Attribute {
    Name name;
    std::string value;
  };
  using Attributes = std::initializer_list<Attribute>;

  // An element that is open for as long as this lives.
  class [[nodiscard]] Element {
   public:
    ~Element();
    Element(const Element&) = delete;
    Element& operator=(const Element&) = delete;

   private:
    friend class Html;
    Element(Html& page, Tag tag) : page_(page), tag_(tag) {}
    Html& page_;
    const Tag tag_;
  };

  // `title` in the head, under a policy that lets the page load nothing, run nothing, and have no other style than `css`.
  void Head(absl::string_view title, Css css);

  Element In(Tag tag, Attributes attributes = {});
  void Text(absl::string_view text);
  void Leaf(Tag tag, absl::string_view text, Attributes attributes = {});
  // A place on this page: `id` is an element's.
  void LinkTo(absl::string_view id, absl::string_view text);

  const std::string& text() const { return text_; }

 private:
  void Open(Tag tag, Attributes attributes);

  std::string text_;
};

// For text and for attributes in double quotes. Control characters and those that change the direction of writing, behind
// which a name could look like another one, become U+FFFD; line ends and tabs stay.
std::string EscapeHtml(absl::string_view text);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_HTML_H_

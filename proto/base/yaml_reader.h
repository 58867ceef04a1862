#ifndef RESETCTL_PROTO_BASE_YAML_READER_H_
#define RESETCTL_PROTO_BASE_YAML_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace resetctl::base {

// One thing wrong in a YAML text. Line and column count from 1; 0 when not known.
struct YamlProblem {
  std::string path;  // 'environments.production.approvals.required', 'clear[0].tables[2]'; empty:
                     // the whole text
  std::string message;
  int line = 0;
  int column = 0;
  std::string advice = {};  // what to do; may be empty
};

// 'approvals.required: must be a whole number', as people read it; without line and advice.
std::string Describe(const YamlProblem& problem);

// Strict reading of a YAML text: unknown keys, duplicate keys, wrong types and missing values are
// all collected, none is ignored, and reading goes on after each. yaml-cpp stays inside the .cc
// file. Aliases and anchors are refused.
//
//   std::vector<YamlProblem> problems;
//   YamlMap root = YamlMap::Parse(text, &problems);
//   std::string listen = root.RequiredString("listen");
//   YamlMap tls = root.Map("tls");
//   root.Finish();   // complains about every key that nobody asked for
class YamlNode;
class YamlMap {
 public:
  // An empty map, and a problem, when `text` is no YAML map. `problems` outlives every node.
  static YamlMap Parse(absl::string_view text, std::vector<YamlProblem>* problems);

  bool Has(absl::string_view key) const;
  std::vector<std::string> Keys() const;  // in the file's order; asking counts as nothing

  std::string RequiredString(absl::string_view key);
  std::string String(absl::string_view key, absl::string_view fallback = "");
  int64_t Int(absl::string_view key, int64_t fallback, int64_t min, int64_t max);
  bool Bool(absl::string_view key, bool fallback);
  absl::Duration Duration(absl::string_view key, absl::Duration fallback);  // 15s, 4h, 7d
  std::vector<std::string> Strings(absl::string_view key);                  // a list; absent: empty
  YamlMap Map(absl::string_view key);  // absent: empty, Has() tells
  std::vector<YamlNode> List(absl::string_view key);
  std::optional<YamlNode> Node(absl::string_view key);

  void Finish();
  void Fail(absl::string_view message, absl::string_view advice = "") const;  // at the map
  // At the value of `key`; at the key when the value is a map or list; at the map when there is no
  // such key.
  void FailAt(absl::string_view key, absl::string_view message,
              absl::string_view advice = "") const;
  int line() const;
  int column() const;

 private:
  friend class YamlNode;
  struct Impl;
  explicit YamlMap(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

class YamlNode {
 public:
  bool IsMap() const;
  bool IsList() const;
  bool IsScalar() const;
  bool IsNull() const;
  bool IsPlain()
      const;  // an unquoted scalar: `true` and `12` are a bool and a number, "true" is text
  YamlMap AsMap() const;  // a problem when it is none
  std::vector<YamlNode> AsList() const;
  std::string AsString() const;
  void Fail(absl::string_view message, absl::string_view advice = "") const;
  int line() const;
  int column() const;

 private:
  friend class YamlMap;
  struct Impl;
  explicit YamlNode(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

// "15s", "10m", "4h", "7d", "500ms". Nothing when malformed or negative.
std::optional<absl::Duration> ParseDuration(absl::string_view text);

}  // namespace resetctl::base

#endif  // RESETCTL_PROTO_BASE_YAML_READER_H_

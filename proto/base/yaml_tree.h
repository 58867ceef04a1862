#ifndef RESETCTL_PROTO_BASE_YAML_TREE_H_
#define RESETCTL_PROTO_BASE_YAML_TREE_H_

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "proto/base/yaml_reader.h"

// The inside of yaml_reader: our own copy of a YAML document. yaml-cpp's nodes hide duplicate keys,
// aliases and where a key stands; its events show all of them.
namespace resetctl::base::yaml {

enum class Kind { kNull, kScalar, kMap, kList };

struct Tree {
  struct Entry;
  Kind kind = Kind::kNull;
  std::string scalar;
  bool plain = false;
  int line = 0;
  int column = 0;
  std::vector<Entry> entries;
  std::vector<std::shared_ptr<Tree>> items;
  std::set<std::string> asked;  // keys that somebody asked for
};

struct Tree::Entry {
  std::string key;
  int line = 0;
  int column = 0;
  std::shared_ptr<Tree> value;
};

// Null when there is no such key.
const Tree::Entry* Find(const Tree& tree, absl::string_view key);

// 'a.b' of 'a' and 'b'.
std::string Join(const std::string& path, absl::string_view key);

// 'a map', 'a list', ... for messages.
const char* NameOf(Kind kind);

// Null, with at least one problem, when `text` is no YAML; null without one when it is empty.
// Reports what no reader may ask for: anchors, aliases, tags, duplicate keys, keys that are no
// text, a second document, bad UTF-8.
std::shared_ptr<Tree> ParseTree(absl::string_view text, std::vector<YamlProblem>* problems);

}  // namespace resetctl::base::yaml

#endif  // RESETCTL_PROTO_BASE_YAML_TREE_H_

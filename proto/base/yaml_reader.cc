#include "proto/base/yaml_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/base/closest.h"
#include "proto/base/text.h"
#include "proto/base/yaml_tree.h"

namespace resetctl::base {

std::string Describe(const YamlProblem& problem) {
  return problem.path.empty() ? problem.message : absl::StrCat(problem.path, ": ", problem.message);
}

struct YamlNode::Impl {
  std::shared_ptr<yaml::Tree> tree;
  std::string path;
  std::vector<YamlProblem>* problems;

  void Add(absl::string_view message, absl::string_view advice = "") const {
    problems->push_back({path, Str(message), tree->line, tree->column, Str(advice)});
  }
};

struct YamlMap::Impl {
  std::shared_ptr<yaml::Tree> tree;
  std::string path;
  std::vector<YamlProblem>* problems;

  // Null when absent or null; the latter is a problem, as a forgotten value must not pass for a
  // default.
  const yaml::Tree::Entry* Ask(absl::string_view key) {
    tree->asked.insert(Str(key));
    const yaml::Tree::Entry* entry = yaml::Find(*tree, key);
    if (entry == nullptr || entry->value->kind != yaml::Kind::kNull) return entry;
    problems->push_back({yaml::Join(path, key), "has no value", entry->line, entry->column,
                         "Write a value, or remove the key."});
    return nullptr;
  }

  // The text of a scalar; nothing when absent, or after a problem.
  std::optional<std::string> Scalar(absl::string_view key, bool plain, absl::string_view wanted) {
    const yaml::Tree::Entry* entry = Ask(key);
    if (entry == nullptr) return std::nullopt;
    const yaml::Tree& value = *entry->value;
    if (value.kind != yaml::Kind::kScalar) {
      problems->push_back({yaml::Join(path, key),
                           absl::StrCat("must be ", wanted, ", not ", yaml::NameOf(value.kind)),
                           entry->line, entry->column});
      return std::nullopt;
    }
    if (plain && !value.plain) {
      problems->push_back({yaml::Join(path, key),
                           absl::StrCat("must be ", wanted, ", not quoted text"), value.line,
                           value.column, "Remove the quotes."});
      return std::nullopt;
    }
    return value.scalar;
  }
};

YamlMap::YamlMap(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

YamlMap YamlMap::Parse(absl::string_view text, std::vector<YamlProblem>* problems) {
  const size_t before = problems->size();
  std::shared_ptr<yaml::Tree> root = yaml::ParseTree(text, problems);
  if (root == nullptr || root->kind != yaml::Kind::kMap) {
    if (problems->size() == before) {
      problems->push_back(
          {"", "must be a map of keys and values", root ? root->line : 1, root ? root->column : 1});
    }
    root = std::make_shared<yaml::Tree>();
    root->line = root->column = 1;
  }
  return YamlMap(std::make_shared<Impl>(Impl{root, "", problems}));
}

bool YamlMap::Has(absl::string_view key) const { return yaml::Find(*impl_->tree, key) != nullptr; }

std::vector<std::string> YamlMap::Keys() const {
  std::vector<std::string> keys;
  for (const yaml::Tree::Entry& entry : impl_->tree->entries) keys.push_back(entry.key);
  return keys;
}

std::string YamlMap::RequiredString(absl::string_view key) {
  impl_->tree->asked.insert(Str(key));
  if (!Has(key)) {
    impl_->problems->push_back({yaml::Join(impl_->path, key), "is missing", line(), column()});
    return "";
  }
  std::optional<std::string> value = impl_->Scalar(key, false, "text");
  if (value && value->empty()) FailAt(key, "must not be empty");
  return value.value_or("");
}

std::string YamlMap::String(absl::string_view key, absl::string_view fallback) {
  return impl_->Scalar(key, false, "text").value_or(Str(fallback));
}

int64_t YamlMap::Int(absl::string_view key, int64_t fallback, int64_t min, int64_t max) {
  const std::optional<std::string> text = impl_->Scalar(key, true, "a whole number");
  if (!text) return fallback;
  int64_t value = 0;
  if (!absl::SimpleAtoi(*text, &value)) {
    FailAt(key, absl::StrCat("must be a whole number, not '", *text, "'"));
    return fallback;
  }
  if (value < min || value > max) {
    const bool open = max == std::numeric_limits<int64_t>::max();
    FailAt(key, open ? absl::StrCat("must be at least ", min)
                     : absl::StrCat("must be between ", min, " and ", max));
    return fallback;
  }
  return value;
}

bool YamlMap::Bool(absl::string_view key, bool fallback) {
  const std::optional<std::string> text = impl_->Scalar(key, true, "true or false");
  if (!text) return fallback;
  if (*text == "true") return true;
  if (*text != "false") FailAt(key, absl::StrCat("must be true or false, not '", *text, "'"));
  return *text == "false" ? false : fallback;
}

absl::Duration YamlMap::Duration(absl::string_view key, absl::Duration fallback) {
  const std::optional<std::string> text = impl_->Scalar(key, false, "a duration");
  if (!text) return fallback;
  const std::optional<absl::Duration> value = ParseDuration(*text);
  if (!value) {
    FailAt(key, absl::StrCat("must be a duration, not '", *text, "'"),
           "Write it like 500ms, 15s, 10m, 4h or 7d.");
  }
  return value.value_or(fallback);
}

std::vector<std::string> YamlMap::Strings(absl::string_view key) {
  std::vector<std::string> values;
  for (const YamlNode& node : List(key)) {
    if (node.IsScalar()) {
      values.push_back(node.AsString());
    } else {
      node.AsString();  // for its problem
    }
  }
  return values;
}

YamlMap YamlMap::Map(absl::string_view key) {
  const yaml::Tree::Entry* entry = impl_->Ask(key);
  std::shared_ptr<yaml::Tree> tree;
  if (entry != nullptr && entry->value->kind == yaml::Kind::kMap) {
    tree = entry->value;
  } else {
    if (entry != nullptr) {
      FailAt(key, absl::StrCat("must be a map, not ", yaml::NameOf(entry->value->kind)));
    }
    tree = std::make_shared<yaml::Tree>();
    tree->line = line();
    tree->column = column();
  }
  return YamlMap(std::make_shared<Impl>(Impl{tree, yaml::Join(impl_->path, key), impl_->problems}));
}

std::vector<YamlNode> YamlMap::List(absl::string_view key) {
  const yaml::Tree::Entry* entry = impl_->Ask(key);
  if (entry == nullptr) return {};
  return YamlNode(std::make_shared<YamlNode::Impl>(
                      YamlNode::Impl{entry->value, yaml::Join(impl_->path, key), impl_->problems}))
      .AsList();
}

std::optional<YamlNode> YamlMap::Node(absl::string_view key) {
  impl_->tree->asked.insert(Str(key));
  const yaml::Tree::Entry* entry = yaml::Find(*impl_->tree, key);
  if (entry == nullptr) return std::nullopt;
  return YamlNode(std::make_shared<YamlNode::Impl>(
      YamlNode::Impl{entry->value, yaml::Join(impl_->path, key), impl_->problems}));
}

void YamlMap::Finish() {
  std::vector<std::string> free;
  for (const std::string& key : impl_->tree->asked) {
    if (!Has(key)) free.push_back(key);
  }
  for (const yaml::Tree::Entry& entry : impl_->tree->entries) {
    if (impl_->tree->asked.count(entry.key) != 0) continue;
    std::string advice = DidYouMean(entry.key, free);
    if (advice.empty()) advice = "Remove it, or correct its spelling.";
    impl_->problems->push_back(
        {yaml::Join(impl_->path, entry.key), "unknown key", entry.line, entry.column, advice});
  }
}

void YamlMap::Fail(absl::string_view message, absl::string_view advice) const {
  impl_->problems->push_back({impl_->path, Str(message), line(), column(), Str(advice)});
}

void YamlMap::FailAt(absl::string_view key, absl::string_view message,
                     absl::string_view advice) const {
  const yaml::Tree::Entry* entry = yaml::Find(*impl_->tree, key);
  int at_line = line();
  int at_column = column();
  if (entry != nullptr) {
    const bool scalar = entry->value->kind == yaml::Kind::kScalar;
    at_line = scalar ? entry->value->line : entry->line;
    at_column = scalar ? entry->value->column : entry->column;
  }
  impl_->problems->push_back(
      {yaml::Join(impl_->path, key), Str(message), at_line, at_column, Str(advice)});
}

int YamlMap::line() const { return impl_->tree->line; }
int YamlMap::column() const { return impl_->tree->column; }

YamlNode::YamlNode(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

bool YamlNode::IsMap() const { return impl_->tree->kind == yaml::Kind::kMap; }
bool YamlNode::IsList() const { return impl_->tree->kind == yaml::Kind::kList; }
bool YamlNode::IsScalar() const { return impl_->tree->kind == yaml::Kind::kScalar; }
bool YamlNode::IsNull() const { return impl_->tree->kind == yaml::Kind::kNull; }
bool YamlNode::IsPlain() const { return IsScalar() && impl_->tree->plain; }

YamlMap YamlNode::AsMap() const {
  std::shared_ptr<yaml::Tree> tree = impl_->tree;
  if (!IsMap()) {
    impl_->Add(absl::StrCat("must be a map, not ", yaml::NameOf(tree->kind)));
    tree = std::make_shared<yaml::Tree>();
    tree->line = line();
    tree->column = column();
  }
  return YamlMap(
      std::make_shared<YamlMap::Impl>(YamlMap::Impl{tree, impl_->path, impl_->problems}));
}

std::vector<YamlNode> YamlNode::AsList() const {
  std::vector<YamlNode> nodes;
  if (!IsList()) {
    impl_->Add(absl::StrCat("must be a list, not ", yaml::NameOf(impl_->tree->kind)),
               IsScalar() ? "Write [ ] around it." : "");
    return nodes;
  }
  for (size_t i = 0; i < impl_->tree->items.size(); ++i) {
    nodes.push_back(YamlNode(std::make_shared<Impl>(
        Impl{impl_->tree->items[i], absl::StrCat(impl_->path, "[", i, "]"), impl_->problems})));
  }
  return nodes;
}

std::string YamlNode::AsString() const {
  if (!IsScalar()) {
    impl_->Add(IsNull() ? std::string("has no value")
                        : absl::StrCat("must be text, not ", yaml::NameOf(impl_->tree->kind)));
  }
  return impl_->tree->scalar;
}

void YamlNode::Fail(absl::string_view message, absl::string_view advice) const {
  impl_->Add(message, advice);
}

int YamlNode::line() const { return impl_->tree->line; }
int YamlNode::column() const { return impl_->tree->column; }

std::optional<absl::Duration> ParseDuration(absl::string_view text) {
  const std::pair<const char*, absl::Duration> kUnits[] = {{"ms", absl::Milliseconds(1)},
                                                           {"s", absl::Seconds(1)},
                                                           {"m", absl::Minutes(1)},
                                                           {"h", absl::Hours(1)},
                                                           {"d", absl::Hours(24)}};
  for (const auto& [suffix, unit] : kUnits) {
    absl::string_view digits = text;
    if (!absl::ConsumeSuffix(&digits, suffix)) continue;
    const bool number =
        !digits.empty() && digits.size() <= 9 &&
        std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
    int64_t count = 0;
    if (number && absl::SimpleAtoi(digits, &count)) return count * unit;
  }
  return std::nullopt;
}

}  // namespace resetctl::base

#include "proto/base/yaml_tree.h"

#include <sstream>
#include <utility>

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/base/text.h"
#include "proto/base/utf8.h"

namespace resetctl::base::yaml {
namespace {

// Builds the Tree from the parser's events, and refuses what the events show and nodes would hide.
class Builder : public YAML::EventHandler {
 public:
  Builder(absl::string_view text, std::vector<YamlProblem>* problems)
      : text_(text), problems_(problems) {
    if (absl::StartsWith(text_, "\xEF\xBB\xBF")) text_.remove_prefix(3);  // as the parser does
  }

  std::shared_ptr<Tree> root() const { return root_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Check(mark, "", anchor);
    std::shared_ptr<Tree> tree = Make(Kind::kNull, mark);
    // A key is a name, even where the same word would be no value: `null: '\N'`.
    const size_t at = static_cast<size_t>(mark.pos);  // in bytes
    if (AtKey() && at < text_.size() && absl::StartsWith(text_.substr(at), "null")) {
      tree->kind = Kind::kScalar;
      tree->scalar = "null";
    }
    Add(std::move(tree));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Complain(mark, "aliases are not allowed", "Write the value out.");
    Add(Make(Kind::kNull, mark));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Check(mark, tag, anchor);
    std::shared_ptr<Tree> tree = Make(Kind::kScalar, mark);
    tree->scalar = value;
    tree->plain = tag == "?";
    Add(std::move(tree));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Check(mark, tag, anchor);
    Push(Make(Kind::kList, mark));
  }
  void OnSequenceEnd() override { stack_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Check(mark, tag, anchor);
    Push(Make(Kind::kMap, mark));
  }
  void OnMapEnd() override { stack_.pop_back(); }

 private:
  struct Frame {
    std::shared_ptr<Tree> tree;
    std::string path;
    bool has_key = false;  // a map whose next node is a value
    bool drop = false;     // ... of a key that was refused
    Tree::Entry next;
  };

  static std::shared_ptr<Tree> Make(Kind kind, const YAML::Mark& mark) {
    auto tree = std::make_shared<Tree>();
    tree->kind = kind;
    tree->line = mark.line + 1;
    tree->column = mark.column + 1;
    return tree;
  }

  bool AtKey() const {
    return !stack_.empty() && stack_.back().tree->kind == Kind::kMap && !stack_.back().has_key;
  }

  std::string Path() const {
    if (stack_.empty()) return "";
    const Frame& top = stack_.back();
    if (top.tree->kind == Kind::kList)
      return absl::StrCat(top.path, "[", top.tree->items.size(), "]");
    return top.has_key ? Join(top.path, top.next.key) : top.path;
  }

  void Complain(const YAML::Mark& mark, absl::string_view message, absl::string_view advice) {
    problems_->push_back({Path(), Str(message), mark.line + 1, mark.column + 1, Str(advice)});
  }

  void Check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) {
      Complain(mark, "anchors are not allowed", "Write the value out at each place.");
    }
    if (!tag.empty() && tag != "?" && tag != "!") {
      Complain(mark, "tags are not allowed", "Remove the '!' tag.");
    }
  }

  void Push(std::shared_ptr<Tree> tree) {
    const std::string path = Path();
    Add(tree);
    Frame frame;
    frame.tree = std::move(tree);
    frame.path = path;
    stack_.push_back(std::move(frame));
  }

  void Add(std::shared_ptr<Tree> tree) {
    if (stack_.empty()) {
      root_ = std::move(tree);
      return;
    }
    Frame& top = stack_.back();
    if (top.tree->kind == Kind::kList) {
      top.tree->items.push_back(std::move(tree));
    } else if (!top.has_key) {
      AddKey(top, *tree);
    } else {
      top.next.value = std::move(tree);
      if (!top.drop) top.tree->entries.push_back(top.next);
      top.has_key = false;
    }
  }

  void AddKey(Frame& top, const Tree& key) {
    YamlProblem problem{top.path, "", key.line, key.column};
    if (key.kind != Kind::kScalar) {
      problem.message = "a key must be text";
    } else if (const Tree::Entry* first = Find(*top.tree, key.scalar)) {
      problem.path = Join(top.path, key.scalar);
      problem.message = absl::StrCat("duplicate key, first in line ", first->line);
      problem.advice = "Keep one of the two.";
    }
    top.drop = !problem.message.empty();
    if (top.drop) problems_->push_back(std::move(problem));
    top.has_key = true;
    top.next = {key.scalar, key.line, key.column, nullptr};
  }

  absl::string_view text_;
  std::vector<YamlProblem>* problems_;
  std::vector<Frame> stack_;
  std::shared_ptr<Tree> root_;
};

YamlProblem BadEncoding(absl::string_view text, size_t offset, absl::string_view message) {
  YamlProblem problem{"", Str(message), 1, 1, "Save the file as UTF-8."};
  for (size_t i = 0; i < offset; ++i) {
    problem.column = text[i] == '\n' ? 1 : problem.column + 1;
    if (text[i] == '\n') ++problem.line;
  }
  return problem;
}

}  // namespace

const Tree::Entry* Find(const Tree& tree, absl::string_view key) {
  for (const Tree::Entry& entry : tree.entries) {
    if (absl::string_view(entry.key) == key) return &entry;
  }
  return nullptr;
}

std::string Join(const std::string& path, absl::string_view key) {
  return path.empty() ? Str(key) : absl::StrCat(path, ".", key);
}

const char* NameOf(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kScalar:
      return "one value";
    case Kind::kMap:
      return "a map";
    case Kind::kList:
      return "a list";
  }
  return "";
}

std::shared_ptr<Tree> ParseTree(absl::string_view text, std::vector<YamlProblem>* problems) {
  const size_t bad = FindBadUtf8(text);
  const size_t nul = text.find('\0');
  if (bad != text.size()) {
    problems->push_back(BadEncoding(text, bad, "this byte is not UTF-8"));
    return nullptr;
  }
  if (nul != absl::string_view::npos) {
    problems->push_back(BadEncoding(text, nul, "a NUL byte is not allowed"));
    return nullptr;
  }
  // After a syntax error the rest is guesswork: then it is the only problem.
  std::vector<YamlProblem> found;
  Builder builder(text, &found);
  try {
    std::istringstream stream(Str(text));
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    std::vector<YamlProblem> ignored;
    Builder second(text, &ignored);
    if (parser.HandleNextDocument(second) && second.root() != nullptr) {
      found.push_back({"", "only one YAML document is allowed", second.root()->line,
                       second.root()->column, "Remove everything from the second '---' on."});
    }
  } catch (const YAML::DeepRecursion& error) {
    problems->push_back({"", "not valid YAML: nested too deeply", error.mark.line + 1,
                         error.mark.column + 1, "Close the brackets."});
    return nullptr;
  } catch (const YAML::Exception& error) {
    const bool known = !error.mark.is_null();
    problems->push_back({"", absl::StrCat("not valid YAML: ", error.msg),
                         known ? error.mark.line + 1 : 0, known ? error.mark.column + 1 : 0,
                         "Check indentation, quotes and brackets there."});
    return nullptr;
  } catch (const std::exception& error) {
    problems->push_back({"", absl::StrCat("not valid YAML: ", error.what())});
    return nullptr;
  }
  for (YamlProblem& problem : found) problems->push_back(std::move(problem));
  return builder.root();
}

}  // namespace resetctl::base::yaml

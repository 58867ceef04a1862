#include "proto/contract/sql_lexer.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/base/text.h"

namespace resetctl::contract {
namespace {

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
// ident_start of scan.l: every byte above ASCII is a letter.
bool StartsName(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}
bool ContinuesTag(char c) { return StartsName(c) || IsDigit(c); }

}  // namespace

char SqlLexer::Peek(size_t ahead) const {
  return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
}

bool SqlLexer::At(absl::string_view what) const {
  return text_.size() - position_ >= what.size() && text_.substr(position_, what.size()) == what;
}

void SqlLexer::Advance(size_t count) {
  for (; count > 0 && position_ < text_.size(); --count, ++position_) {
    column_ = text_[position_] == '\n' ? 1 : column_ + 1;
    if (text_[position_] == '\n') ++line_;
  }
}

void SqlLexer::SkipLine() {
  while (position_ < text_.size() && Peek() != '\n') Advance(1);
  Advance(1);
}

void SqlLexer::SkipCopyData() {
  SkipLine();
  while (position_ < text_.size()) {
    const bool last = At("\\.");
    SkipLine();
    if (last) return;
  }
}

// SQL's /* */ nest.
void SqlLexer::SkipComment() {
  const int line = line_;
  const int column = column_;
  int depth = 0;
  while (position_ < text_.size()) {
    if (At("/*")) {
      ++depth;
      Advance(2);
    } else if (At("*/")) {
      Advance(2);
      if (--depth == 0) return;
    } else {
      Advance(1);
    }
  }
  open_comment_line_ = line;
  open_comment_column_ = column;
}

void SqlLexer::SkipBlanks() {
  while (position_ < text_.size()) {
    if (IsBlank(Peek())) {
      Advance(1);
    } else if (At("--")) {
      while (position_ < text_.size() && Peek() != '\n' && Peek() != '\r') Advance(1);
    } else if (At("/*")) {
      SkipComment();
    } else {
      return;
    }
  }
}

// 'a' <line end> 'b' is one string, of the first one's sort (quotecontinue of scan.l). Moves to the
// next quote, or stays.
bool SqlLexer::Continued() {
  size_t at = position_;
  bool line_end = false;
  while (at < text_.size()) {
    if (IsBlank(text_[at])) {
      line_end = line_end || text_[at] == '\n' || text_[at] == '\r';
      ++at;
    } else if (text_.substr(at, 2) == "--") {
      while (at < text_.size() && text_[at] != '\n' && text_[at] != '\r') ++at;
    } else {
      break;
    }
  }
  if (!line_end || at >= text_.size() || text_[at] != '\'') return false;
  Advance(at - position_);
  return true;
}

void SqlLexer::Quoted(char quote, bool backslashes, SqlToken* token) {
  do {
    Advance(1);
    while (true) {
      if (position_ >= text_.size()) {
        token->unterminated = true;
        return;
      }
      const char c = Peek();
      if (backslashes && c == '\\') {
        token->value.append(base::Str(text_.substr(position_, 2)));
        Advance(2);
        continue;
      }
      if (c == quote && Peek(1) != quote) break;
      token->value.push_back(c);
      Advance(c == quote ? 2 : 1);
    }
    Advance(1);
  } while (quote == '\'' && Continued());
}

// $$...$$ or $tag$...$tag$; $1 is a parameter, not a tag.
bool SqlLexer::DollarString(SqlToken* token) {
  size_t at = position_ + 1;
  if (at < text_.size() && StartsName(text_[at])) {
    while (at < text_.size() && ContinuesTag(text_[at])) ++at;
  }
  if (at >= text_.size() || text_[at] != '$') return false;
  const absl::string_view tag = text_.substr(position_, at + 1 - position_);
  token->kind = SqlToken::Kind::kDollarString;
  token->body = at + 1;
  size_t close = text_.find(tag, at + 1);
  token->unterminated = close == absl::string_view::npos;
  if (token->unterminated) close = text_.size();
  token->value = base::Str(text_.substr(token->body, close - token->body));
  Advance(close - position_ + tag.size());
  return true;
}

SqlToken SqlLexer::Next() {
  SkipBlanks();
  SqlToken token;
  token.begin = position_;
  token.line = line_;
  token.column = column_;
  if (position_ < text_.size()) {
    const char c = Peek();
    const char lower = absl::ascii_tolower(c);
    const bool unicode = lower == 'u' && Peek(1) == '&' && (Peek(2) == '\'' || Peek(2) == '"');
    if (unicode) Advance(2);
    const bool prefixed = !unicode && Peek(1) == '\'' &&
                          (lower == 'e' || lower == 'b' || lower == 'x' || lower == 'n');
    if (prefixed) Advance(1);
    if (Peek() == '\'') {
      token.kind = SqlToken::Kind::kString;
      Quoted('\'', prefixed && lower == 'e', &token);
    } else if (Peek() == '"') {
      token.kind = SqlToken::Kind::kQuotedName;
      Quoted('"', false, &token);
    } else if (StartsName(c)) {
      token.kind = SqlToken::Kind::kWord;
      while (position_ < text_.size() && (ContinuesTag(Peek()) || Peek() == '$')) Advance(1);
      token.value =
          absl::AsciiStrToLower(base::Str(text_.substr(token.begin, position_ - token.begin)));
    } else if (c == '$' && DollarString(&token)) {
      // done
    } else {
      token.kind = SqlToken::Kind::kOther;
      Advance(1);
      // A parameter's digits belong to it, so that $1$x$ is $1 and then a quote.
      while (c == '$' && position_ < text_.size() && IsDigit(Peek())) Advance(1);
    }
  }
  token.end = position_;
  return token;
}

}  // namespace resetctl::contract

#ifndef RESETCTL_PROTO_CONTRACT_SQL_LEXER_H_
#define RESETCTL_PROTO_CONTRACT_SQL_LEXER_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace resetctl::contract {

// What PostgreSQL's lexer (src/backend/parser/scan.l) sees, as far as splitting needs it, with
// standard_conforming_strings=on. Blanks and comments are skipped.
struct SqlToken {
  enum class Kind {
    kEnd,
    kWord,          // an identifier or key word without quotes; may hold '$'
    kQuotedName,    // "..." or U&"..."
    kString,        // '...', E'...', B'...', X'...', N'...', U&'...', continued over line ends
    kDollarString,  // $tag$...$tag$
    kOther,         // one character: operators, digits, parentheses, semicolons, '\'
  };
  Kind kind = Kind::kEnd;
  size_t begin = 0;
  size_t end = 0;
  int line = 1;
  int column = 1;  // in bytes, from 1
  std::string
      value;  // word: lower case; string: its content (escapes of E'' and U&'' left as they are)
  size_t body = 0;  // dollar string: where its content begins
  bool unterminated = false;

  bool IsWord(absl::string_view lower) const {
    return kind == Kind::kWord && absl::string_view(value) == lower;
  }
  bool Is(absl::string_view text, char c) const { return kind == Kind::kOther && text[begin] == c; }
};

class SqlLexer {
 public:
  // `line`, `column`: where `text` begins in its file.
  explicit SqlLexer(absl::string_view text, int line = 1, int column = 1)
      : text_(text), line_(line), column_(column) {}

  SqlToken Next();
  // Goes on behind the end of this line (after a psql command) or of the data of a COPY FROM STDIN
  // (`\.`).
  void SkipLine();
  void SkipCopyData();
  // Line and column of an open /* when the text ended inside one; 0 otherwise.
  int open_comment_line() const { return open_comment_line_; }
  int open_comment_column() const { return open_comment_column_; }

 private:
  bool At(absl::string_view what) const;
  char Peek(size_t ahead = 0) const;
  void Advance(size_t count);
  void SkipBlanks();
  void SkipComment();
  void Quoted(char quote, bool backslashes, SqlToken* token);
  bool Continued();
  bool DollarString(SqlToken* token);

  absl::string_view text_;
  size_t position_ = 0;
  int line_;
  int column_;
  int open_comment_line_ = 0;
  int open_comment_column_ = 0;
};

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_SQL_LEXER_H_

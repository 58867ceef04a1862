#include "proto/contract/sql_splitter.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/base/text.h"
#include "proto/base/utf8.h"
#include "proto/contract/reasons.h"
#include "proto/contract/sql_lexer.h"

namespace resetctl::contract {
namespace {

using Kind = SqlToken::Kind;

constexpr char kByteOrderMark[] = "\xEF\xBB\xBF";

class Splitter {
 public:
  Splitter(absl::string_view sql, std::vector<v1::Problem>* problems)
      : sql_(sql), lexer_(sql), problems_(problems) {}

  std::vector<SqlStatement> Run() {
    while (true) {
      const SqlToken token = lexer_.Next();
      if (token.kind == Kind::kEnd) break;
      if (token.Is(sql_, '\\')) {
        PsqlCommand(token);
        continue;
      }
      if (token.Is(sql_, ';') && parentheses_ == 0 && body_ == 0) {
        EndStatement();
        continue;
      }
      if (tokens_ == 0) first_ = token;
      ++tokens_;
      last_end_ = token.end;
      if (token.unterminated) Unterminated(token);
      Watch(token);
    }
    if (lexer_.open_comment_line() != 0) {
      Complain("a comment '/*' is not closed", "Close it with '*/'; comments nest.",
               lexer_.open_comment_line(), lexer_.open_comment_column());
    }
    EndStatement();
    return std::move(statements_);
  }

 private:
  void Complain(absl::string_view what, absl::string_view advice, int line, int column) {
    bad_ = true;
    v1::Problem problem = MakeProblem(v1::REASON_BLUEPRINT_INVALID, what, advice);
    problem.set_line(line);
    problem.set_column(column);
    problem.set_statement(number_);
    problems_->push_back(std::move(problem));
  }

  void Unterminated(const SqlToken& token) {
    const char* what = token.kind == Kind::kQuotedName     ? "a quoted name"
                       : token.kind == Kind::kDollarString ? "a dollar-quoted text"
                                                           : "a quoted text";
    Complain(absl::StrCat(what, " is not closed"),
             "Close it; a quote inside a quoted text is written twice.", token.line, token.column);
  }

  void PsqlCommand(const SqlToken& token) {
    size_t length = 1;  // letters only: a cut through a UTF-8 character is no text
    while (length < 24 && token.begin + length < sql_.size() &&
           absl::ascii_isalpha(static_cast<unsigned char>(sql_[token.begin + length]))) {
      ++length;
    }
    const absl::string_view rest = sql_.substr(token.begin, length);
    Complain(absl::StrCat("'", rest, "' is a command of psql, not SQL"),
             "Write SQL only; load data with a csv step.", token.line, token.column);
    lexer_.SkipLine();
    bad_ = false;  // says nothing about the statement around it
  }

  // Parentheses and CREATE FUNCTION ... BEGIN ATOMIC bodies hold semicolons that end nothing, as in
  // psql.
  void Watch(const SqlToken& token) {
    if (token.Is(sql_, '(')) ++parentheses_;
    if (token.Is(sql_, ')') && parentheses_ > 0) --parentheses_;
    if (token.kind != Kind::kWord) return;
    if (words_.size() < 4) words_.push_back(token.value);
    if (parentheses_ > 0) return;
    if (CreatesRoutine()) {
      if (token.value == "begin" || (body_ > 0 && token.value == "case")) ++body_;
      if (token.value == "end" && body_ > 0) --body_;
    }
    if (words_.front() == "copy" && copy_from_ && (token.value == "stdin"))
      copy_client_ = "FROM STDIN";
    if (words_.front() == "copy" && copy_to_ && (token.value == "stdout"))
      copy_client_ = "TO STDOUT";
    copy_from_ = token.value == "from";
    copy_to_ = token.value == "to";
  }

  bool CreatesRoutine() const {
    const auto is_routine = [&](size_t i) {
      return words_.size() > i && (words_[i] == "function" || words_[i] == "procedure");
    };
    if (words_.front() != "create") return false;
    return is_routine(1) ||
           (words_.size() > 2 && words_[1] == "or" && words_[2] == "replace" && is_routine(3));
  }

  // The words that begin, end or divide a transaction (PostgreSQL manual, "SQL Commands").
  std::string TransactionControl() const {
    if (words_.empty() || first_.kind != Kind::kWord) return "";
    static const char* const kRefused[] = {"begin",    "start", "commit",    "end",
                                           "rollback", "abort", "savepoint", "release"};
    for (const char* word : kRefused) {
      if (words_[0] == word) return absl::AsciiStrToUpper(word);
    }
    if (words_.size() > 1 && words_[0] == "prepare" && words_[1] == "transaction") {
      return "PREPARE TRANSACTION";
    }
    return "";
  }

  void EndStatement() {
    if (tokens_ > 0) {
      const std::string control = TransactionControl();
      if (!control.empty()) {
        Complain(absl::StrCat("'", control, "' is not allowed: a reset is one transaction"),
                 "Remove the statement; the agent begins and ends the transaction.", first_.line,
                 first_.column);
      }
      if (!copy_client_.empty()) {
        Complain(absl::StrCat("'COPY ... ", copy_client_, "' is not allowed"),
                 "Load data with a csv step, or with INSERT.", first_.line, first_.column);
        if (copy_client_ == "FROM STDIN") lexer_.SkipCopyData();
      }
      if (!bad_) {
        statements_.push_back(
            {base::Str(sql_.substr(first_.begin, last_end_ - first_.begin)), first_.line, number_});
      }
      ++number_;
    }
    tokens_ = 0;
    parentheses_ = 0;
    body_ = 0;
    words_.clear();
    copy_from_ = copy_to_ = false;
    copy_client_.clear();
    bad_ = false;
  }

  const absl::string_view sql_;
  SqlLexer lexer_;
  std::vector<v1::Problem>* const problems_;
  std::vector<SqlStatement> statements_;
  int number_ = 1;

  // Of the statement that is being read.
  SqlToken first_;
  size_t last_end_ = 0;
  int tokens_ = 0;
  int parentheses_ = 0;
  int body_ = 0;
  std::vector<std::string> words_;  // its first four
  bool copy_from_ = false;          // the last word was FROM, TO
  bool copy_to_ = false;
  std::string copy_client_;
  bool bad_ = false;
};

// Shows each token and the two before it to `see`, those of dollar-quoted bodies too.
template <typename F>
void EachToken(absl::string_view sql, int line, int column, int depth, const F& see) {
  SqlLexer lexer(sql, line, column);
  SqlToken before_last;
  SqlToken last;
  for (SqlToken token = lexer.Next(); token.kind != Kind::kEnd; token = lexer.Next()) {
    constexpr int kDeepest = 8;
    if (token.kind == Kind::kDollarString && depth < kDeepest) {
      const int opening = static_cast<int>(token.body - token.begin);
      EachToken(token.value, token.line, token.column + opening, depth + 1, see);
    }
    see(sql, before_last, last, token);
    before_last = std::move(last);
    last = std::move(token);
  }
}

template <typename F>
void EachToken(absl::string_view sql, const F& see) {
  absl::ConsumePrefix(&sql, kByteOrderMark);
  EachToken(sql, 1, 1, 0, see);
}

}  // namespace

std::vector<SqlStatement> SplitSql(absl::string_view sql, std::vector<v1::Problem>* problems) {
  const size_t bad = base::FindBadUtf8(sql);
  const size_t nul = sql.find('\0');
  if (bad != sql.size() || nul != absl::string_view::npos) {
    const absl::string_view before = sql.substr(0, std::min(bad, nul));
    v1::Problem problem = MakeProblem(
        v1::REASON_BLUEPRINT_INVALID,
        nul < bad ? "the SQL holds a NUL byte" : "the SQL is not UTF-8", "Save it as UTF-8 text.");
    problem.set_line(1 + static_cast<int>(std::count(before.begin(), before.end(), '\n')));
    const size_t line_start = before.rfind('\n');
    problem.set_column(static_cast<int>(
        before.size() - (line_start == absl::string_view::npos ? 0 : line_start + 1) + 1));
    problems->push_back(std::move(problem));
    return {};
  }
  absl::ConsumePrefix(&sql, kByteOrderMark);
  return Splitter(sql, problems).Run();
}

absl::StatusOr<std::vector<SqlStatement>> SplitSql(absl::string_view sql) {
  std::vector<v1::Problem> problems;
  std::vector<SqlStatement> statements = SplitSql(sql, &problems);
  if (problems.empty()) return statements;
  v1::Problem& first = problems.front();
  first.set_message(absl::StrCat("Line ", first.line(), ": ", first.message(), "."));
  return ErrorFrom(first);
}

std::vector<SettingUse> SettingsUsedBy(absl::string_view sql) {
  std::vector<SettingUse> uses;
  EachToken(sql, [&uses](absl::string_view text, const SqlToken& before_last, const SqlToken& last,
                         const SqlToken& token) {
    if (token.kind != Kind::kString || !before_last.IsWord("current_setting") ||
        !last.Is(text, '(')) {
      return;
    }
    const std::string name = absl::AsciiStrToLower(token.value);
    absl::string_view rest = name;
    if (absl::ConsumePrefix(&rest, "resetctl.")) {
      uses.push_back({base::Str(rest), token.line, token.column});
    }
  });
  return uses;
}

std::vector<OutsideCall> OutsideCallsOf(absl::string_view sql) {
  std::vector<OutsideCall> calls;
  EachToken(sql, [&calls](absl::string_view text, const SqlToken&, const SqlToken& last,
                          const SqlToken& token) {
    const bool name = last.kind == Kind::kWord || last.kind == Kind::kQuotedName;
    if (!name || !token.Is(text, '(')) return;
    absl::string_view function = text.substr(last.begin, last.end - last.begin);
    absl::ConsumePrefix(&function, "\"");
    absl::ConsumeSuffix(&function, "\"");
    if (absl::StartsWithIgnoreCase(function, "dblink")) {
      calls.push_back({base::Str(function), last.line, last.column});
    }
  });
  return calls;
}

}  // namespace resetctl::contract

#include <utility>

#include <libpq-fe.h>

#include "absl/strings/numbers.h"
#include "agent/postgres/session.h"

namespace resetctl::agent {

Rows::Rows(Rows&& other) noexcept : result_(std::exchange(other.result_, nullptr)) {}

Rows& Rows::operator=(Rows&& other) noexcept {
  std::swap(result_, other.result_);
  return *this;
}

Rows::~Rows() { PQclear(result_); }

int Rows::size() const { return PQntuples(result_); }
int Rows::columns() const { return PQnfields(result_); }
Oid Rows::type(int column) const { return PQftype(result_, column); }

bool Rows::IsNull(int row, int column) const { return PQgetisnull(result_, row, column) != 0; }

std::string Rows::Text(int row, int column) const {
  return std::string(PQgetvalue(result_, row, column),
                     static_cast<size_t>(PQgetlength(result_, row, column)));
}

int64_t Rows::Int(int row, int column) const {
  int64_t value = 0;
  return absl::SimpleAtoi(PQgetvalue(result_, row, column), &value) ? value : 0;
}

double Rows::Double(int row, int column) const {
  double value = 0;
  return absl::SimpleAtod(PQgetvalue(result_, row, column), &value) ? value : 0;
}

bool Rows::Bool(int row, int column) const { return *PQgetvalue(result_, row, column) == 't'; }

std::vector<std::string> Rows::Array(int row, int column) const {
  std::vector<std::string> elements;
  const std::string text = Text(row, column);
  if (text.size() < 2 || text == "{}") return elements;
  std::string element;
  bool quoted = false;
  for (size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\' && i + 1 < text.size()) {
      element += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == ',' || c == '}')) {
      elements.push_back(std::move(element));
      element.clear();
    } else {
      element += c;
    }
  }
  return elements;
}

int64_t Rows::affected() const {
  int64_t value = 0;
  return absl::SimpleAtoi(PQcmdTuples(result_), &value) ? value : 0;
}

std::string Rows::command() const { return PQcmdStatus(result_); }

}  // namespace resetctl::agent

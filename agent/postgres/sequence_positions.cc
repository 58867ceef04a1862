#include "agent/postgres/sequence_positions.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace resetctl::agent {
namespace {

constexpr size_t kPerQuery = 25;  // the price of a UNION grows with the square of its parts
constexpr size_t kWorthAConnection = 200;

// Of names[from], names[from + 1], ... as many as fit in a query.
absl::Status ReadSome(Session& session, const std::vector<std::string>& names, size_t from,
                      SequencePositions* positions) {
  std::string sql;
  for (size_t i = from; i < std::min(from + kPerQuery, names.size()); ++i) {
    absl::StrAppend(&sql, i > from ? " union all " : "",
                    "select tableoid, last_value, is_called from ", names[i]);
  }
  absl::StatusOr<Rows> rows = session.Query(sql);
  if (!rows.ok()) return rows.status();
  for (int row = 0; row < rows->size(); ++row) {
    (*positions)[static_cast<Oid>(rows->Int(row, 0))] = {rows->Int(row, 1), rows->Bool(row, 2)};
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SequencePositions> ReadSequencePositions(Session& session,
                                                        const std::vector<std::string>& names) {
  SequencePositions positions;
  for (size_t at = 0; at < names.size(); at += kPerQuery) {
    const absl::Status read = ReadSome(session, names, at, &positions);
    if (!read.ok()) return read;
  }
  return positions;
}

SequenceScout::SequenceScout(const base::Secret& url, std::vector<std::string> names)
    : url_(url), names_(std::move(names)) {
  if (names_.size() >= kWorthAConnection) thread_ = std::thread([this] { Read(); });
}

SequenceScout::~SequenceScout() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

SequencePositions SequenceScout::Take() {
  if (thread_.joinable()) thread_.join();
  return std::exchange(positions_, {});
}

void SequenceScout::Read() {
  const absl::StatusOr<std::unique_ptr<Session>> session = Session::Connect(url_, absl::Seconds(2));
  if (!session.ok()) return;
  if (!(*session)->Execute("set lock_timeout = '1s'; set statement_timeout = '5s'").ok()) return;
  for (size_t at = 0; at < names_.size() && !stopping_; at += kPerQuery) {
    if (!ReadSome(**session, names_, at, &positions_).ok()) return;
  }
}

}  // namespace resetctl::agent

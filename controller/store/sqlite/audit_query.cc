#include "controller/store/sqlite/audit_query.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "controller/service/wire_time.h"
#include "controller/store/sqlite/audit_archive.h"
#include "controller/store/sqlite/where.h"

namespace resetctl::controller {
namespace {

// More values are looked at row by row, not searched one by one.
constexpr size_t kMaxSearches = 50;
// A shorter prefix of subjects fits too many to sort them.
constexpr size_t kShortPrefix = 6;
// After every text that begins with the prefix before it: the last code point there is.
constexpr char kLast[] = "\xF4\x8F\xBF\xBF";

// One search: an index and what it is searched for.
struct Search {
  const char* index;
  Where where;
};

enum class By { kSubject, kPerson, kAction, kEnvironment, kNothing };

// What all searches ask besides what their index is searched for.
Where TheOthers(const AuditFilter& filter, By by, Where where) {
  if (by != By::kSubject) {
    where.AnyOf("subject", filter.subjects);
    if (!filter.subject.empty()) {
      where.Is("subject >= ?", filter.subject);
      where.Is("subject < ?", absl::StrCat(filter.subject, kLast));
    }
  }
  if (by != By::kPerson && !filter.person.empty()) {
    where.Is("? IN (actor, 'person:' || subject)", absl::StrCat("person:", filter.person));
  }
  if (by != By::kAction) where.Equals("action", filter.action);
  if (by != By::kEnvironment) where.AnyOf("environment", filter.environments);
  // As a literal, so that the partial index is known to hold it.
  if (filter.without_events) where.Is("action <> 'run.event'");
  return where;
}

std::vector<Search> SearchesFor(const AuditFilter& filter) {
  std::vector<Search> searches;
  const auto search = [&](const char* index, By by, const Where& where) {
    searches.push_back({index, TheOthers(filter, by, where)});
  };
  if (!filter.subjects.empty() || filter.subject.size() >= kShortPrefix) {
    Where where;
    where.AnyOf("subject", filter.subjects);
    if (!filter.subject.empty()) {
      where.Is("subject >= ?", filter.subject);
      where.Is("subject < ?", absl::StrCat(filter.subject, kLast));
    }
    search("audit_by_subject", By::kSubject, where);
  } else if (!filter.person.empty()) {
    search("audit_by_actor", By::kPerson,
           Where().Is("actor = ?", absl::StrCat("person:", filter.person)));
    search("audit_by_subject", By::kPerson, Where().Is("subject = ?", filter.person));
  } else if (!filter.action.empty()) {
    search("audit_by_action", By::kAction, Where().Is("action = ?", filter.action));
  } else if (!filter.environments.empty() && filter.environments.size() <= kMaxSearches) {
    for (const std::string& environment : filter.environments) {
      search("audit_by_environment", By::kEnvironment, Where().Is("environment = ?", environment));
    }
  } else {
    search(filter.without_events ? "audit_without_events" : nullptr, By::kNothing, Where());
  }
  return searches;
}

}  // namespace

absl::StatusOr<int64_t> FirstAt(Connection& connection, absl::Time time) {
  const absl::StatusOr<uint64_t> kept = FirstKept(connection);
  if (!kept.ok()) return kept.status();
  auto low = static_cast<int64_t>(*kept);
  int64_t high = 0;
  {
    Query last(connection, "SELECT number + 1 FROM audit ORDER BY number DESC LIMIT 1");
    if (last.Next()) high = last.Int(0);
    if (!last.status().ok()) return last.status();
  }
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    Query row(connection, "SELECT entry FROM audit WHERE number = ?");
    row.Bind(middle);
    v1::AuditEntry entry;
    if (!row.Next() || !entry.ParseFromString(row.Text(0))) {
      if (!row.status().ok()) return row.status();
      return absl::DataLossError(absl::StrCat("audit entry ", middle, " cannot be read"));
    }
    if (TimeOf(entry.time()) < time) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

absl::StatusOr<Numbered<StoredAuditEntry>> QueryAudit(Connection& connection,
                                                      const AuditFilter& filter, int64_t below,
                                                      int limit) {
  constexpr uint64_t kLastNumber = std::numeric_limits<int64_t>::max();
  auto first = static_cast<int64_t>(std::min(filter.first, kLastNumber));
  if (filter.since) {
    const absl::StatusOr<int64_t> number = FirstAt(connection, *filter.since);
    if (!number.ok()) return number.status();
    first = std::max(first, *number);
  }
  if (filter.until) {
    const absl::StatusOr<int64_t> number = FirstAt(connection, *filter.until);
    if (!number.ok()) return number.status();
    below = std::min(below, *number);
  }
  std::vector<Search> searches = SearchesFor(filter);
  std::string numbers;
  for (Search& search : searches) {
    search.where.Is("number >= ?", first).Is("number < ?", below);
    absl::StrAppend(&numbers, numbers.empty() ? "" : " UNION ",
                    "SELECT number FROM (SELECT number FROM audit",
                    search.index == nullptr ? " NOT INDEXED" : " INDEXED BY ",
                    search.index == nullptr ? "" : search.index, search.where.sql(),
                    " ORDER BY number DESC LIMIT ?)");
  }
  Query query(connection, absl::StrCat("SELECT number, entry FROM audit WHERE number IN (", numbers,
                                       ") ORDER BY number DESC LIMIT ?"));
  for (const Search& search : searches) {
    search.where.BindTo(&query);
    query.Bind(limit);
  }
  query.Bind(limit);
  Numbered<StoredAuditEntry> rows;
  while (query.Next()) {
    rows.emplace_back(query.Int(0),
                      StoredAuditEntry{static_cast<uint64_t>(query.Int(0)), query.Text(1)});
  }
  if (!query.status().ok()) return query.status();
  return rows;
}

}  // namespace resetctl::controller

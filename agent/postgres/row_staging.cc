#include "agent/postgres/row_staging.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/postgres/lookup_failure.h"
#include "agent/postgres/step_settings.h"
#include "agent/postgres/temporary_table.h"

namespace resetctl::agent {
namespace {

std::string TypeOf(const Column& column) {
  return absl::StrCat(column.type,
                      column.collation.empty() ? "" : absl::StrCat(" collate ", column.collation));
}

// 'a0, a1, a2'.
std::string Numbered(absl::string_view prefix, size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back(absl::StrCat(prefix, i));
  return absl::StrJoin(names, ", ");
}

}  // namespace

RowStaging::RowStaging(RunContext& run, const LoadTarget& target, RecordSource& source)
    : run_(run), target_(target), source_(source) {
  const std::vector<PlannedLookup>& lookups = target_.lookups;
  const std::vector<std::string>& fields = source_.fields();
  for (size_t i = 0; i < fields.size(); ++i) {
    const auto takes = [&](const PlannedLookup& lookup) { return lookup.column == fields[i]; };
    if (std::any_of(lookups.begin(), lookups.end(), takes)) continue;
    if (ColumnsOf(target_.table.oid).Find(fields[i]) == nullptr) continue;  // a key, and only that
    inserted_.push_back({fields[i], absl::StrCat("t.c", i)});
  }
  for (size_t i = 0; i < lookups.size(); ++i) {
    inserted_.push_back({lookups[i].column, absl::StrCat("l", i, ".v")});
    own_values_.emplace_back();
    if (!lookups[i].own) continue;
    for (const Inserted& inserted : inserted_) {
      if (inserted.name == lookups[i].gives) own_values_[i] = inserted.value.substr(2);
    }
    if (!own_values_[i].empty()) continue;
    own_values_[i] = absl::StrCat("g", i);
    inserted_.push_back({lookups[i].gives, absl::StrCat("t.g", i)});
  }
}

std::optional<size_t> RowStaging::FieldOf(absl::string_view name) const {
  for (size_t i = 0; i < source_.fields().size(); ++i) {
    if (absl::string_view(source_.fields()[i]) == name) return i;
  }
  return std::nullopt;
}

// A value that is looked up has the type of the key that it is compared with.
std::string RowStaging::Definition() {
  std::vector<std::string> columns = {"resetctl_record bigint generated always as identity"};
  for (size_t i = 0; i < source_.fields().size(); ++i) {
    const std::string& field = source_.fields()[i];
    const Column* column = ColumnsOf(target_.table.oid).Find(field);
    for (const PlannedLookup& lookup : target_.lookups) {
      for (const contract::LookupSpec::Key& key : lookup.by) {
        if (key.field != field || (column != nullptr && lookup.column != field)) continue;
        column = ColumnsOf(lookup.table).Find(key.column);
      }
    }
    columns.push_back(absl::StrCat("c", i, " ", TypeOf(*column)));
  }
  for (size_t i = 0; i < own_values_.size(); ++i) {
    if (own_values_[i] != absl::StrCat("g", i)) continue;
    const Column* gives = ColumnsOf(target_.lookups[i].table).Find(target_.lookups[i].gives);
    columns.push_back(
        absl::StrCat(own_values_[i], " ", TypeOf(*gives), " default ", gives->fallback));
  }
  return absl::StrCat("resetctl_rows (", absl::StrJoin(columns, ", "), ") on commit drop");
}

absl::Status RowStaging::Fill(const Copier& copy) {
  absl::Status status = UseSearchPath(run_.session, {"pg_catalog"});
  if (status.ok()) status = CreateTemporaryTable(run_.session, Definition());
  if (status.ok()) status = UseSearchPath(run_.session, run_.order.blueprint->search_path);
  if (!status.ok()) return status;
  return copy(absl::StrCat("pg_temp.resetctl_rows (", Numbered("c", source_.fields().size()), ")"))
      .status();
}

// What the key matches: one line a key that some record has, with the number of rows.
std::string RowStaging::JoinOf(size_t number) {
  const PlannedLookup& lookup = target_.lookups[number];
  const TableColumns& columns = ColumnsOf(lookup.table);
  std::vector<std::string> keys, own, wanted, joined;
  for (size_t i = 0; i < lookup.by.size(); ++i) {
    const std::string& column = lookup.by[i].column;
    const std::string field = absl::StrCat("c", *FieldOf(lookup.by[i].field));
    const std::string& equals = columns.Find(column)->equality;
    keys.push_back(absl::StrCat(run_.session.QuoteIdentifier(column), " as k", i));
    if (lookup.own) own.push_back(absl::StrCat("c", *FieldOf(column)));
    wanted.push_back(absl::StrCat("r.k", i, " ", equals, " w.", field));
    joined.push_back(absl::StrCat("l", number, ".k", i, " ", equals, " t.", field));
  }
  std::string rows = absl::StrCat("select ", absl::StrJoin(keys, ", "), ", ",
                                  run_.session.QuoteIdentifier(lookup.gives), " as v from ",
                                  Alone(run_.At(lookup.table)));
  if (lookup.own) {
    absl::StrAppend(&rows, " union all select ", absl::StrJoin(own, ", "), ", ",
                    own_values_[number], " from pg_temp.resetctl_rows");
  }
  const std::string each = Numbered("r.k", lookup.by.size());
  return absl::StrCat(" left join (select ", each,
                      ", (array_agg(r.v))[1] as v, count(*) as n from (", rows,
                      ") r where exists (select from pg_temp.resetctl_rows w where ",
                      absl::StrJoin(wanted, " and "), ") group by ", each, ") l", number, " on ",
                      absl::StrJoin(joined, " and "));
}

// 1 is well, and so is a reference that is not given; -1 is half a key.
std::string RowStaging::MatchesOf(size_t number) {
  const PlannedLookup& lookup = target_.lookups[number];
  std::vector<std::string> fields;
  for (const contract::LookupSpec::Key& key : lookup.by) {
    fields.push_back(absl::StrCat("t.c", *FieldOf(key.field)));
  }
  return absl::StrCat("case num_nulls(", absl::StrJoin(fields, ", "), ") when 0 then coalesce(l",
                      number, ".n, 0) when ", fields.size(), " then 1 else -1 end as n", number);
}

absl::Status RowStaging::LookUp() {
  absl::Status status = UseSearchPath(run_.session, {"pg_catalog"});
  if (!status.ok()) return status;
  std::string values = "t.resetctl_record", joins;
  for (size_t i = 0; i < inserted_.size(); ++i) {
    absl::StrAppend(&values, ", ", inserted_[i].value, " as x", i);
  }
  for (size_t i = 0; i < target_.lookups.size(); ++i) {
    absl::StrAppend(&values, ", ", MatchesOf(i));
    absl::StrAppend(&joins, JoinOf(i));
  }
  status = CreateTemporaryTable(run_.session,
                                absl::StrCat("resetctl_ready on commit drop as select ", values,
                                             " from pg_temp.resetctl_rows t", joins));
  for (size_t i = 0; i < target_.lookups.size() && status.ok(); ++i) status = CheckMatches(i);
  if (status.ok()) status = run_.session.Execute("drop table pg_temp.resetctl_rows");
  return status;
}

absl::Status RowStaging::CheckMatches(size_t number) {
  absl::StatusOr<Rows> rows = run_.session.Query(absl::StrCat(
      "select resetctl_record, n", number, ", count(*) over () from pg_temp.resetctl_ready where n",
      number, " <> 1 order by resetctl_record limit 1"));
  if (!rows.ok()) return rows.status();
  if (rows->size() == 0) return absl::OkStatus();
  return LookupFailure(run_, source_, target_.lookups[number],
                       {rows->Int(0, 0), rows->Int(0, 1), rows->Int(0, 2) - 1});
}

std::string RowStaging::InsertedColumns() const {
  std::vector<std::string> names;
  for (const Inserted& inserted : inserted_) {
    names.push_back(run_.session.QuoteIdentifier(inserted.name));
  }
  return absl::StrCat(target_.table.quoted, " (", absl::StrJoin(names, ", "),
                      ") overriding system value ");
}

absl::StatusOr<int64_t> RowStaging::Insert() {
  absl::Status status = UseSearchPath(run_.session, run_.order.blueprint->search_path);
  if (!status.ok()) return status;
  absl::StatusOr<Rows> inserted = run_.session.Query(
      absl::StrCat("insert into ", InsertedColumns(), "select ", Numbered("x", inserted_.size()),
                   " from pg_temp.resetctl_ready order by resetctl_record"));
  if (!inserted.ok()) return inserted.status();
  const int64_t rows = inserted->affected();
  status = run_.session.Execute("drop table pg_temp.resetctl_ready");
  if (!status.ok()) return status;
  return rows;
}

}  // namespace resetctl::agent

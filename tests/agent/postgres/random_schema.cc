#include "tests/agent/postgres/random_schema.h"

#include <random>

#include "absl/strings/str_cat.h"

namespace resetctl::agent {
namespace {

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  RandomSchema Make() {
    const int tables = 2 + Below(7);
    schema_.sql =
        "create function noop() returns trigger language plpgsql as $$ begin if tg_op = 'DELETE' "
        "then return old; end if; return new; end $$;";
    for (int i = 0; i < tables; ++i) Table(i);
    const int keys = Below(2 * tables);
    for (int i = 0; i < keys; ++i) {
      const int from = Below(tables);
      ForeignKey(i, from, Below(tables));
    }
    schema_.sql += keys_;
    for (int i = 0; i < tables; ++i) {
      const bool keep = Below(4) == 0 && i > 0;  // t0 is always cleared
      (keep ? schema_.kept : schema_.cleared).push_back(Name(i));
    }
    schema_.null_references_allowed = Below(2) == 0;
    return std::move(schema_);
  }

 private:
  static std::string Name(int table) { return absl::StrCat("t", table); }
  int Below(int limit) {
    return static_cast<int>(random_() % static_cast<unsigned>(limit < 1 ? 1 : limit));
  }

  void Table(int i) {
    const std::string name = Name(i);
    const bool partitioned = Below(5) == 0;
    absl::StrAppend(&schema_.sql, "create table ", name,
                    " (id serial primary key, name text, pad text)",
                    partitioned ? " partition by range (id);" : ";");
    if (partitioned) {
      absl::StrAppend(&schema_.sql, "create table ", name, "_a partition of ", name,
                      " for values from (0) to (20); create table ", name, "_b partition of ", name,
                      " for values from (20) to (100000);");
    }
    const int rows[] = {0, 0, 1, 10, 40, 400};
    const bool wide = Below(40) == 0;  // over the size that is deleted from
    absl::StrAppend(&schema_.sql, "insert into ", name,
                    " (name, pad) select 'n' || g, repeat('x', ", wide ? 1500 : 3,
                    ") from generate_series(1, ", wide ? 4000 : rows[Below(6)], ") g;");
    if (Below(4) != 0) return;
    const char* events[] = {"insert", "delete", "update"};
    const char* states[] = {"enable always", "enable replica", "disable", "enable"};
    absl::StrAppend(&schema_.sql, "create trigger noop before ", events[Below(3)], " on ", name,
                    " for each row execute function noop(); alter table ", name, " ",
                    states[Below(4)], " trigger noop;");
  }

  // Values point to rows that exist, or are NULL throughout.
  void ForeignKey(int number, int from, int to) {
    const char* actions[] = {"no action", "restrict", "cascade", "set null", "set default"};
    const char* deferral[] = {"", " deferrable", " deferrable initially deferred"};
    const std::string column = absl::StrCat("r", number);
    absl::StrAppend(&schema_.sql, "alter table ", Name(from), " add ", column, " int;");
    if (Below(3) != 0) {
      absl::StrAppend(&schema_.sql, "update ", Name(from), " set ", column,
                      " = (select min(id) from ", Name(to), ");");
    }
    absl::StrAppend(&keys_, "alter table ", Name(from), " add foreign key (", column,
                    ") references ", Name(to), " on delete ", actions[Below(5)], deferral[Below(3)],
                    ";");
    if (Below(2) == 0)
      absl::StrAppend(&schema_.sql, "create index on ", Name(from), " (", column, ");");
  }

  std::mt19937 random_;
  RandomSchema schema_;
  std::string
      keys_;  // added last: a change that waits for a deferred check stands in the way of ALTER TABLE
};

}  // namespace

RandomSchema MakeRandomSchema(unsigned seed) { return Maker(seed).Make(); }

}  // namespace resetctl::agent

#ifndef RESETCTL_CLIENT_OUTPUT_PLAN_TABLES_H_
#define RESETCTL_CLIENT_OUTPUT_PLAN_TABLES_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace resetctl::v1 {
class ClearGroup;
class ClearTable;
class KeptTable;
class PlanDocument;
}  // namespace resetctl::v1

namespace resetctl::client {

// How the tables of one plan are called on its pages: with the schema only where it says something, because several are in
// scope or it is not `public`.
class TableNames {
 public:
  explicit TableNames(const v1::PlanDocument& document);
  std::string Of(const v1::ClearTable& table) const;
  std::string Of(const v1::KeptTable& table) const;
  // Of a name that has its schema: 'public.users'.
  std::string Of(absl::string_view qualified) const;
  bool plain() const { return plain_; }  // without the schema

 private:
  bool plain_ = false;
};

// Rows as people read them: "1,204", "≈1,204" for an estimate, "uncountable" where row security hides them.
std::string RowsText(const v1::ClearTable& table);
std::string RowsText(const v1::KeptTable& table);

// "delete", "truncate: large"; empty when the plan does not say.
std::string StrategyText(const v1::ClearTable& table);

// What tables hold together. A sum with an estimate in it is an estimate; one without the rows of an uncountable table is only a
// lower bound.
struct TablesTotal {
  int tables = 0;
  int64_t rows = 0;
  int64_t bytes = 0;
  bool estimated = false;
  int uncountable = 0;

  // "1,204", "≈1,204", "≥1,204", "uncountable"
  std::string RowsText() const;
  // "1 row", "≈1,240,240 rows", "uncountable rows"
  std::string CountedRows() const;
};
TablesTotal TotalOf(const v1::ClearGroup& group);
// Of all that the plan clears.
TablesTotal TotalOf(const v1::PlanDocument& document);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_PLAN_TABLES_H_

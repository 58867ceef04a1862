#include "client/output/plan_tables.h"

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/output/text.h"
#include "proto/base/text.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::client {
namespace {

constexpr char kUncountable[] = "uncountable";
constexpr char kPublic[] = "public.";

void Add(const v1::ClearGroup& group, TablesTotal* total) {
  for (const auto& table : group.tables()) {
    ++total->tables;
    total->bytes += table.bytes();
    if (table.uncountable()) {
      ++total->uncountable;
    } else {
      total->rows += table.rows();
      total->estimated = total->estimated || table.estimated();
    }
  }
}

}  // namespace

TableNames::TableNames(const v1::PlanDocument& document) {
  std::set<std::string> schemas;
  for (const auto& group : document.groups()) {
    for (const auto& table : group.tables()) schemas.insert(table.schema());
  }
  for (const auto& table : document.kept()) schemas.insert(table.schema());
  plain_ = schemas.empty() || (schemas.size() == 1 && *schemas.begin() == "public");
}

std::string TableNames::Of(const v1::ClearTable& table) const {
  return plain_ ? table.name() : absl::StrCat(table.schema(), ".", table.name());
}

std::string TableNames::Of(const v1::KeptTable& table) const {
  return plain_ ? table.name() : absl::StrCat(table.schema(), ".", table.name());
}

std::string TableNames::Of(absl::string_view qualified) const {
  const bool shorten = plain_ && absl::StartsWith(qualified, kPublic);
  return base::Str(shorten ? qualified.substr(sizeof(kPublic) - 1) : qualified);
}

std::string RowsText(const v1::ClearTable& table) {
  if (table.uncountable()) return kUncountable;
  return absl::StrCat(EstimateMark(table.estimated()), Count(table.rows()));
}

std::string RowsText(const v1::KeptTable& table) {
  return absl::StrCat(EstimateMark(table.estimated()), Count(table.rows()));
}

std::string StrategyText(const v1::ClearTable& table) {
  std::string word;
  switch (table.strategy()) {
    case v1::CLEAR_STRATEGY_UNTOUCHED:
      word = "untouched";
      break;
    case v1::CLEAR_STRATEGY_TRUNCATE:
      word = "truncate";
      break;
    case v1::CLEAR_STRATEGY_DELETE:
      word = "delete";
      break;
    default:
      return "";
  }
  const std::string& reason = table.strategy_reason();
  return reason.empty() ? word : absl::StrCat(word, ": ", reason);
}

std::string TablesTotal::RowsText() const {
  if (uncountable > 0 && uncountable == tables) return kUncountable;
  return absl::StrCat(!estimated && uncountable > 0 ? "≥" : EstimateMark(estimated), Count(rows));
}

std::string TablesTotal::CountedRows() const {
  return absl::StrCat(RowsText(), rows == 1 && uncountable == 0 ? " row" : " rows");
}

TablesTotal TotalOf(const v1::ClearGroup& group) {
  TablesTotal total;
  Add(group, &total);
  return total;
}

TablesTotal TotalOf(const v1::PlanDocument& document) {
  TablesTotal total;
  for (const auto& group : document.groups()) Add(group, &total);
  return total;
}

}  // namespace resetctl::client

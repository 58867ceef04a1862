#ifndef RESETCTL_CONTROLLER_STORE_SQLITE_WHERE_H_
#define RESETCTL_CONTROLLER_STORE_SQLITE_WHERE_H_

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "controller/store/sqlite/connection.h"

namespace resetctl::controller {

// A WHERE clause from the filters that are set. Column names are literals of this program; values are always bound.
class Where {
 public:
  using Value = std::variant<int64_t, std::string, absl::Time>;

  // Of literals only.
  Where& Is(const char* condition) {
    Begin();
    sql_ += condition;
    return *this;
  }
  Where& Is(const char* condition, Value value) {
    Is(condition);
    values_.push_back(std::move(value));
    return *this;
  }
  // Not set when empty.
  Where& Equals(const char* column, const std::string& value) {
    return value.empty() ? *this : Is(absl::StrCat(column, " = ?").c_str(), value);
  }
  template <typename T>
  Where& AnyOf(const char* column, const std::vector<T>& values) {
    if (values.empty()) return *this;
    Begin();
    absl::StrAppend(&sql_, column, " IN (");
    for (size_t i = 0; i < values.size(); ++i) {
      sql_ += i == 0 ? "?" : ", ?";
      if constexpr (std::is_same_v<T, std::string>) {
        values_.push_back(values[i]);
      } else {
        values_.push_back(static_cast<int64_t>(values[i]));
      }
    }
    sql_ += ")";
    return *this;
  }

  const std::string& sql() const { return sql_; }
  void BindTo(Query* query) const {
    for (const Value& value : values_) {
      std::visit([query](const auto& v) { query->Bind(v); }, value);
    }
  }

 private:
  void Begin() { sql_ += sql_.empty() ? " WHERE " : " AND "; }

  std::string sql_;
  std::vector<Value> values_;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_STORE_SQLITE_WHERE_H_

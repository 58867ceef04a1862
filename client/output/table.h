#ifndef RESETCTL_CLIENT_OUTPUT_TABLE_H_
#define RESETCTL_CLIENT_OUTPUT_TABLE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/output/text.h"

namespace resetctl::client {

// Columns as wide as their content. When a terminal is narrower (Look::cut), columns marked
// `drop` go first (the last one first), then the widest left-aligned ones are cut, but for those that must stay whole.
class Table {
 public:
  enum class Align { kLeft, kRight };
  Table& Column(absl::string_view title, Align align = Align::kLeft, bool drop = false);
  // The column added last is never cut: an id with a piece missing is no id.
  Table& Whole();
  // Nor is it cut to less than this.
  Table& CutTo(int least);
  // The column added last, and the table's last one, is wrapped in the room that is left, not cut.
  Table& Wrapped();
  // As many cells as columns; plain text.
  Table& Row(std::vector<std::string> cells);
  // Titles only when at least one is not empty. Each line ends with '\n'.
  std::string Render(const Look& look, int indent = 0) const;
  bool empty() const { return rows_.empty(); }

 private:
  struct ColumnSpec {
    std::string title;
    Align align;
    bool drop;
    int least = 6;  // columns that a cut leaves
    bool wrapped = false;
  };
  std::vector<ColumnSpec> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// A name and what there is to say of it, in two columns, the second wrapped under itself. A name that would leave it less than
// half of the width stands on a line of its own. Each line ends with '\n'.
std::string NamesAndTexts(const Look& look,
                          const std::vector<std::pair<std::string, std::string>>& lines,
                          int indent);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_TABLE_H_

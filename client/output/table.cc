#include "client/output/table.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "proto/base/text.h"

namespace resetctl::client {
namespace {

using base::Str;

// Columns of a cell that is wrapped, before others are cut for it.
constexpr int kLeastWrapped = 16;

}  // namespace

Table& Table::Column(absl::string_view title, Align align, bool drop) {
  columns_.push_back({Str(title), align, drop});
  return *this;
}

Table& Table::Whole() { return CutTo(std::numeric_limits<int>::max()); }

Table& Table::CutTo(int least) {
  columns_.back().least = least;
  return *this;
}

Table& Table::Wrapped() {
  columns_.back().wrapped = true;
  return *this;
}

Table& Table::Row(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
  return *this;
}

std::string Table::Render(const Look& look, int indent) const {
  const size_t count = columns_.size();
  std::vector<int> widths(count, 0);
  std::vector<bool> shown(count, false);
  bool titles = false;
  for (size_t i = 0; i < count; ++i) {
    for (const auto& row : rows_) {
      widths[i] = std::max(widths[i], Width(row[i]));
      if (!row[i].empty()) shown[i] = true;
    }
    if (!columns_[i].title.empty()) {
      titles = true;
      if (shown[i]) widths[i] = std::max(widths[i], Width(columns_[i].title));
    }
  }
  const auto need = [&](size_t i) {
    return columns_[i].wrapped ? std::min(widths[i], kLeastWrapped) : widths[i];
  };
  const auto total = [&] {
    int sum = indent - 2;
    for (size_t i = 0; i < count; ++i) sum += shown[i] ? need(i) + 2 : 0;
    return sum;
  };
  for (size_t i = count; i-- > 0 && look.cut && total() > look.width;) {
    if (columns_[i].drop) shown[i] = false;
  }
  while (look.cut && total() > look.width) {
    size_t widest = count;
    for (size_t i = 0; i < count; ++i) {
      const bool candidate = shown[i] && columns_[i].align == Align::kLeft &&
                             !columns_[i].wrapped && widths[i] > columns_[i].least;
      if (candidate && (widest == count || widths[i] > widths[widest])) widest = i;
    }
    if (widest == count) break;
    --widths[widest];
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string out(indent, ' ');
    bool first = true;
    for (size_t i = 0; i < count; ++i) {
      if (!shown[i]) continue;
      if (!first) absl::StrAppend(&out, "  ");
      first = false;
      if (columns_[i].wrapped) {
        absl::StrAppend(&out, Wrap(cells[i], look.width, Width(out)));
        continue;
      }
      const std::string cell = Cut(cells[i], widths[i]);
      absl::StrAppend(&out, columns_[i].align == Align::kRight ? PadLeft(cell, widths[i])
                                                               : Pad(cell, widths[i]));
    }
    out.erase(out.find_last_not_of(' ') + 1);
    return out;
  };
  std::string out;
  if (titles && !rows_.empty()) {
    std::vector<std::string> cells;
    for (const ColumnSpec& column : columns_) cells.push_back(column.title);
    absl::StrAppend(&out, Paint(look, Tone::kDim, line(cells)), "\n");
  }
  for (const auto& row : rows_) absl::StrAppend(&out, line(row), "\n");
  return out;
}

std::string NamesAndTexts(const Look& look,
                          const std::vector<std::pair<std::string, std::string>>& lines,
                          int indent) {
  static constexpr int kGap = 2;
  const int most = (look.width - indent) / 2 - kGap;
  int widest = 0;
  for (const auto& [name, text] : lines) {
    if (!text.empty() && Width(name) <= most) widest = std::max(widest, Width(name));
  }
  // Only long names: their texts are led in a little, not by a column that is empty.
  if (widest == 0) widest = kGap;
  const std::string lead(indent, ' ');
  const int column = indent + widest + kGap;
  std::string out;
  for (const auto& [name, text] : lines) {
    const bool beside = Width(name) <= widest;
    absl::StrAppend(
        &out, lead,
        beside && !text.empty() ? Pad(name, widest + kGap) : Wrap(name, look.width, indent + kGap));
    if (!text.empty()) {
      absl::StrAppend(&out, beside ? "" : absl::StrCat("\n", std::string(column, ' ')),
                      Wrap(text, look.width, column));
    }
    absl::StrAppend(&out, "\n");
  }
  return out;
}

}  // namespace resetctl::client

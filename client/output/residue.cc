#include "client/output/residue.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/output/text.h"
#include "proto/base/text.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::client {
namespace {

constexpr int kFirstWithClear = 18;  // pg_clear_attribute_stats
constexpr int kShort = 5;            // tables

int MajorOf(absl::string_view version) {
  int major = 0;
  const size_t end = version.find_first_not_of("0123456789");
  return absl::SimpleAtoi(version.substr(0, end), &major) ? major : 0;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> ResidueLines(const Residues& residue,
                                                              bool shorten) {
  static constexpr absl::string_view kPublic = "public.";
  std::vector<std::pair<std::string, std::string>> lines;
  for (const auto& each : residue) {
    absl::string_view name = each.table();
    if (shorten && absl::StartsWith(name, kPublic)) name.remove_prefix(kPublic.size());
    lines.emplace_back(base::Str(name), Listed({each.columns().begin(), each.columns().end()}));
  }
  return lines;
}

bool IsShort(const Residues& residue) { return residue.size() <= kShort; }

std::string ResidueCount(const Residues& residue) {
  int64_t columns = 0;
  for (const auto& each : residue) columns += each.columns_size();
  return absl::StrCat(Counted(columns, "column", "columns"), " of ",
                      Counted(residue.size(), "cleared table", "cleared tables"));
}

std::string ResidueRemedy(absl::string_view server_version) {
  const int major = MajorOf(server_version);
  if (major >= kFirstWithClear) {
    return "pg_clear_attribute_stats() takes them away; VACUUM or ANALYZE of an empty table does "
           "not.";
  }
  return absl::StrCat(
      "They go when the table holds rows again and is analysed; VACUUM or ANALYZE "
      "of an empty table does not help.",
      major == 0 ? " PostgreSQL 18 has pg_clear_attribute_stats()." : "");
}

}  // namespace resetctl::client

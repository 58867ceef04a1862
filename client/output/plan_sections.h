#ifndef RESETCTL_CLIENT_OUTPUT_PLAN_SECTIONS_H_
#define RESETCTL_CLIENT_OUTPUT_PLAN_SECTIONS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/output/table.h"
#include "client/output/text.h"

namespace resetctl::v1 {
class PlanDocument;
}  // namespace resetctl::v1

namespace resetctl::client {

// The parts of a plan's page (plan_page.h; CLEAR and FORECAST are in clear_section.h); each ends with a line end, or is empty when there is
// nothing to say. The document's strings are clean already.
std::string KeepSection(const Look& look, const v1::PlanDocument& document);
std::string RecreateSection(const Look& look, const v1::PlanDocument& document);
std::string ChecksSection(const Look& look, const v1::PlanDocument& document);
std::string CacheSection(const Look& look, const v1::PlanDocument& document,
                         absl::string_view label = "CACHE");
std::string HooksSection(const Look& look, const v1::PlanDocument& document);
std::string SideEffectsSection(const Look& look, const v1::PlanDocument& document);
// `elsewhere`: the command that names them all, where many are only counted. Empty: they are named here.
std::string ResidueSection(const Look& look, const v1::PlanDocument& document,
                           absl::string_view elsewhere);
std::string WarningsSection(const Look& look, const v1::PlanDocument& document);

// The table's lines; the first one's first cell is the section's label, painted as such.
std::vector<std::string> SectionLines(const Look& look, const Table& table,
                                      absl::string_view label);

// "KEEP   " and what follows it, wrapped under itself.
inline constexpr int kLabel = 11;

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_PLAN_SECTIONS_H_

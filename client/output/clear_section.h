#ifndef RESETCTL_CLIENT_OUTPUT_CLEAR_SECTION_H_
#define RESETCTL_CLIENT_OUTPUT_CLEAR_SECTION_H_

#include <string>

#include "client/output/text.h"

namespace resetctl::v1 {
class PlanDocument;
}  // namespace resetctl::v1

namespace resetctl::client {

// How much of the tables a plan's page tells.
enum class TableDetail {
  kNames,       // names and rows, group by group; of a very large group the largest tables
  kStrategies,  // each table on a line of its own: rows, size, how it is cleared and why
};

// CLEAR: what is emptied, group by group; then large objects and sequences. The document's strings are clean already.
std::string ClearSection(const Look& look, const v1::PlanDocument& document, TableDetail detail);

// FORECAST: who waits, what is written, and locks when they come near the server's room. Empty when the plan has none.
std::string ForecastSection(const Look& look, const v1::PlanDocument& document);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_CLEAR_SECTION_H_

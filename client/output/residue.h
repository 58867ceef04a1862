#ifndef RESETCTL_CLIENT_OUTPUT_RESIDUE_H_
#define RESETCTL_CLIENT_OUTPUT_RESIDUE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace resetctl::v1 {
class Residue;
}  // namespace resetctl::v1

namespace resetctl::client {

// The planner's statistics go on showing values of a table that is empty now (POSTGRES.md, "statistics").

using Residues = google::protobuf::RepeatedPtrField<v1::Residue>;

// {"users", "email, full_name"}: of a table in `public` the name alone when `shorten`.
std::vector<std::pair<std::string, std::string>> ResidueLines(const Residues& residue,
                                                              bool shorten);

// Whether they are few enough to be named on every page; of many a page tells the number, and where they are named.
bool IsShort(const Residues& residue);
// "293 columns of 46 cleared tables"
std::string ResidueCount(const Residues& residue);

// What makes it go, in one sentence; `server_version` may be empty when it is not known.
std::string ResidueRemedy(absl::string_view server_version);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_RESIDUE_H_

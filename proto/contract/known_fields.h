#ifndef RESETCTL_PROTO_CONTRACT_KNOWN_FIELDS_H_
#define RESETCTL_PROTO_CONTRACT_KNOWN_FIELDS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace resetctl::contract {

// The first thing in `message`, at any depth, that this program's .proto files do not know: 'field 99 of ClearTable' or
// 'value 7 of ClearTable.strategy'. Empty when there is none.
//
// Messages of the wire may hold such things: a newer program wrote them, and an older one goes without. In a document whose
// bytes people sign they may not: whoever shows, approves or carries out the document must know all of it.
std::string UnknownPart(const google::protobuf::Message& message);

// OK when everything is known; else RULE_UNSUPPORTED, which names the part. `what`: 'the plan p-1a2b'; `reader`: 'agent'.
absl::Status CheckAllKnown(const google::protobuf::Message& message, absl::string_view what,
                           absl::string_view reader);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_KNOWN_FIELDS_H_

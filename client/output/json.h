#ifndef RESETCTL_CLIENT_OUTPUT_JSON_H_
#define RESETCTL_CLIENT_OUTPUT_JSON_H_

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "resetctl/v1/reason.pb.h"

namespace google::protobuf {
class Message;
}

namespace resetctl::client {

// Protobuf's JSON mapping on one line: default values printed, lowerCamelCase names, 64-bit numbers
// as strings.
std::string ToJson(const google::protobuf::Message& message);

// A JSON string, quotes included.
std::string JsonText(absl::string_view text);

// For verbs that have no response message: {"name":value,..}, each value already JSON.
std::string JsonObject(std::initializer_list<std::pair<absl::string_view, std::string>> fields);
std::string JsonArray(const std::vector<std::string>& values);

// {"error":{"reason":..,"message":..,"advice":..,"retryable":..,"problems":[..]}}
std::string ErrorJson(const absl::Status& status);
// The same for several problems at once: the reason is theirs when they share one, otherwise
// `reason`.
std::string ErrorJson(v1::Reason reason, absl::string_view message,
                      const std::vector<v1::Problem>& problems);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_JSON_H_

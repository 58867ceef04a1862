#include "client/output/json.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {
namespace {

std::string ErrorObject(v1::Reason reason, absl::string_view message, absl::string_view advice,
                        const std::vector<v1::Problem>& problems) {
  std::vector<std::string> list;
  for (const v1::Problem& problem : problems) list.push_back(ToJson(problem));
  const std::string error =
      JsonObject({{"reason", JsonText(contract::NameOf(reason))},
                  {"message", JsonText(message)},
                  {"advice", JsonText(advice)},
                  {"retryable", contract::RowOf(reason).retryable ? "true" : "false"},
                  {"problems", JsonArray(list)}});
  return JsonObject({{"error", error}});
}

}  // namespace

std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string out;
  const auto status = google::protobuf::util::MessageToJsonString(message, &out, options);
  return status.ok() ? out : "{}";
}

std::string JsonText(absl::string_view text) {
  google::protobuf::Value value;
  value.set_string_value(base::Str(text));
  return ToJson(value);
}

std::string JsonObject(std::initializer_list<std::pair<absl::string_view, std::string>> fields) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : fields)
    parts.push_back(absl::StrCat(JsonText(name), ":", value));
  return absl::StrCat("{", absl::StrJoin(parts, ","), "}");
}

std::string JsonArray(const std::vector<std::string>& values) {
  return absl::StrCat("[", absl::StrJoin(values, ","), "]");
}

std::string ErrorJson(const absl::Status& status) {
  const v1::Problem problem = contract::ProblemOf(status);
  return ErrorObject(problem.reason(), problem.message(), problem.advice(), {problem});
}

std::string ErrorJson(v1::Reason reason, absl::string_view message,
                      const std::vector<v1::Problem>& problems) {
  if (problems.size() == 1) {
    return ErrorObject(problems[0].reason(), problems[0].message(), problems[0].advice(), problems);
  }
  const bool shared =
      !problems.empty() && std::all_of(problems.begin(), problems.end(), [&](const v1::Problem& p) {
        return p.reason() == problems[0].reason();
      });
  return ErrorObject(shared ? problems[0].reason() : reason, message,
                     "see problems: each says what to do", problems);
}

}  // namespace resetctl::client

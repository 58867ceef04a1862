#include "proto/contract/known_fields.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/unknown_field_set.h"
#include "proto/contract/reasons.h"

namespace resetctl::contract {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// proto3 keeps a value that its enum does not name as a known field.
std::string UnknownValue(const FieldDescriptor& field, int value) {
  if (field.enum_type()->FindValueByNumber(value) != nullptr) return "";
  return absl::StrCat("value ", value, " of ", field.containing_type()->name(), ".", field.name());
}

std::string UnknownIn(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  const int count = field.is_repeated() ? reflection.FieldSize(message, &field) : 1;
  for (int i = 0; i < count; ++i) {
    std::string unknown;
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      unknown = UnknownPart(field.is_repeated() ? reflection.GetRepeatedMessage(message, &field, i)
                                                : reflection.GetMessage(message, &field));
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
      unknown = UnknownValue(field, field.is_repeated()
                                        ? reflection.GetRepeatedEnumValue(message, &field, i)
                                        : reflection.GetEnumValue(message, &field));
    }
    if (!unknown.empty()) return unknown;
  }
  return "";
}

}  // namespace

std::string UnknownPart(const Message& message) {
  const Reflection& reflection = *message.GetReflection();
  const google::protobuf::UnknownFieldSet& unknown = reflection.GetUnknownFields(message);
  if (!unknown.empty()) {
    return absl::StrCat("field ", unknown.field(0).number(), " of ",
                        message.GetDescriptor()->name());
  }
  std::vector<const FieldDescriptor*> present;
  reflection.ListFields(message, &present);
  for (const FieldDescriptor* field : present) {
    std::string part = UnknownIn(message, *field);
    if (!part.empty()) return part;
  }
  return "";
}

absl::Status CheckAllKnown(const Message& message, absl::string_view what,
                           absl::string_view reader) {
  const std::string unknown = UnknownPart(message);
  if (unknown.empty()) return absl::OkStatus();
  return Error(v1::REASON_RULE_UNSUPPORTED,
               absl::StrCat(what, " has a part that this ", reader, " does not know (", unknown,
                            "): a newer version wrote it"),
               absl::StrCat("Install the ", reader, " of that version."));
}

}  // namespace resetctl::contract

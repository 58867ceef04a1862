#ifndef RESETCTL_TESTS_SUPPORT_NEXT_MINOR_H_
#define RESETCTL_TESTS_SUPPORT_NEXT_MINOR_H_

#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/unknown_field_set.h"

namespace resetctl::test {

// A number that no message of ours uses yet.
inline constexpr int kNewField = 15999;

// What a program of the next minor version would send instead of `message`: the same, and in it, at every depth, a field that
// this version's .proto files do not have. Documents that travel as bytes stay what they are.
inline void SpeakNextMinor(google::protobuf::Message* message) {
  const google::protobuf::Reflection& reflection = *message->GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(*message, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      SpeakNextMinor(reflection.MutableMessage(message, field));
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(*message, field); ++i) {
      SpeakNextMinor(reflection.MutableRepeatedMessage(message, field, i));
    }
  }
  reflection.MutableUnknownFields(message)->AddLengthDelimited(kNewField,
                                                               "of the next minor version");
}

// A stream's message of a kind that this version does not have.
template <typename StreamMessage>
StreamMessage OfANewKind() {
  StreamMessage message;
  message.GetReflection()->MutableUnknownFields(&message)->AddLengthDelimited(kNewField,
                                                                              "\x0a\x01x");
  return message;
}

}  // namespace resetctl::test

#endif  // RESETCTL_TESTS_SUPPORT_NEXT_MINOR_H_

#ifndef RESETCTL_TESTS_SUPPORT_NONSENSE_H_
#define RESETCTL_TESTS_SUPPORT_NONSENSE_H_

#include <cstdlib>
#include <random>
#include <string>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

namespace resetctl::test {

// Up to 200; printable ASCII for `text`.
inline std::string RandomBytes(std::mt19937& random, bool text) {
  std::string bytes(random() % 200, '\0');
  for (char& c : bytes) c = static_cast<char>(text ? ' ' + random() % 95 : random());
  return bytes;
}

// Every field of `message`, and of the messages in it, gets something that can be said on the wire and means nothing.
inline void FillWithNonsense(std::mt19937& random, google::protobuf::Message* message) {
  using google::protobuf::FieldDescriptor;
  const google::protobuf::Reflection& reflection = *message->GetReflection();
  for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message->GetDescriptor()->field(i);
    const bool many = field->is_repeated();
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      std::string value = RandomBytes(random, field->type() == FieldDescriptor::TYPE_STRING);
      many ? reflection.AddString(message, field, value)
           : reflection.SetString(message, field, value);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      FillWithNonsense(random, many ? reflection.AddMessage(message, field)
                                    : reflection.MutableMessage(message, field));
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
      const int value = static_cast<int>(random());
      many ? reflection.AddEnumValue(message, field, value)
           : reflection.SetEnumValue(message, field, value);
    } else if (many) {
      continue;
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
      reflection.SetInt64(message, field, static_cast<int64_t>(random()) * random());
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_UINT64) {
      reflection.SetUInt64(message, field, static_cast<uint64_t>(random()) * random());
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT32) {
      reflection.SetInt32(message, field, static_cast<int32_t>(random()));
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_UINT32) {
      reflection.SetUInt32(message, field, static_cast<uint32_t>(random()));
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
      reflection.SetBool(message, field, random() % 2 == 0);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
      reflection.SetDouble(message, field, static_cast<double>(random()));
    } else {
      std::abort();
    }
  }
}

}  // namespace resetctl::test

#endif  // RESETCTL_TESTS_SUPPORT_NONSENSE_H_

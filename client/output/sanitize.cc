#include "client/output/sanitize.h"

#include <vector>

#include "proto/base/text.h"
#include "proto/base/utf8.h"

namespace resetctl::client {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool HoldsLines(const FieldDescriptor& field) {
  const std::string& name = field.name();
  return name == "advice" || name == "detail" || name == "message" || name == "sql" ||
         name == "yaml";
}

void CleanString(const FieldDescriptor& field, const Reflection& reflection, Message* message) {
  const bool lines = HoldsLines(field);
  if (!field.is_repeated()) {
    const std::string text = reflection.GetString(*message, &field);
    reflection.SetString(message, &field, Clean(text, lines));
    return;
  }
  for (int i = 0; i < reflection.FieldSize(*message, &field); ++i) {
    const std::string text = reflection.GetRepeatedString(*message, &field, i);
    reflection.SetRepeatedString(message, &field, i, Clean(text, lines));
  }
}

}  // namespace

std::string Clean(absl::string_view text, bool lines) {
  std::string out = base::Str(text);
  for (size_t bad = base::FindBadUtf8(out); bad < out.size(); bad = base::FindBadUtf8(out)) {
    out[bad] = '?';
  }
  for (size_t i = 0; i < out.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(out[i]);
    if (c == '\n' || c == '\t') {
      if (!lines) out[i] = ' ';
    } else if (c < 0x20 || c == 0x7f) {
      out[i] = '?';
    } else if (c == 0xC2 && i + 1 < out.size() && static_cast<unsigned char>(out[i + 1]) < 0xA0) {
      out.replace(i, 2, "?");  // C1: some terminals take it for an escape sequence
    }
  }
  return out;
}

void CleanAll(Message* message) {
  const Reflection& reflection = *message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->type() == FieldDescriptor::TYPE_STRING) {
      CleanString(*field, reflection, message);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated()) {
        CleanAll(reflection.MutableMessage(message, field));
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(*message, field); ++i) {
        CleanAll(reflection.MutableRepeatedMessage(message, field, i));
      }
    }
  }
}

}  // namespace resetctl::client

// The naming rules of buf's STANDARD category, over the compiled descriptors: what `buf lint` would say, without buf.
#include <regex>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/controller/rpc/wire.h"

namespace resetctl {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;

bool IsPascal(const std::string& name) {
  return std::regex_match(name, std::regex("[A-Z][A-Za-z0-9]*"));
}
bool IsLowerSnake(const std::string& name) {
  return std::regex_match(name, std::regex("[a-z][a-z0-9]*(_[a-z0-9]+)*"));
}
bool IsUpperSnake(const std::string& name) {
  return std::regex_match(name, std::regex("[A-Z][A-Z0-9]*(_[A-Z0-9]+)*"));
}
// 'PlanState' -> 'PLAN_STATE_'.
std::string PrefixOf(const std::string& name) {
  std::string prefix;
  for (size_t i = 0; i < name.size(); ++i) {
    if (i > 0 && std::isupper(static_cast<unsigned char>(name[i])) != 0) prefix += '_';
    prefix += static_cast<char>(std::toupper(static_cast<unsigned char>(name[i])));
  }
  return prefix + "_";
}

void CheckEnum(const EnumDescriptor& type) {
  EXPECT_TRUE(IsPascal(type.name())) << type.full_name();
  const std::string prefix = PrefixOf(type.name());
  EXPECT_EQ(type.value(0)->number(), 0) << type.full_name();
  EXPECT_EQ(type.value(0)->name(), prefix + "UNSPECIFIED");
  EXPECT_FALSE(type.options().allow_alias()) << type.full_name();
  for (int i = 0; i < type.value_count(); ++i) {
    EXPECT_TRUE(IsUpperSnake(type.value(i)->name())) << type.value(i)->full_name();
    EXPECT_TRUE(absl::StartsWith(type.value(i)->name(), prefix)) << type.value(i)->full_name();
  }
}

void CheckMessage(const Descriptor& message) {
  if (message.options().map_entry()) return;
  EXPECT_TRUE(IsPascal(message.name())) << message.full_name();
  for (int i = 0; i < message.field_count(); ++i) {
    EXPECT_TRUE(IsLowerSnake(message.field(i)->name())) << message.field(i)->full_name();
  }
  for (int i = 0; i < message.oneof_decl_count(); ++i) {
    EXPECT_TRUE(IsLowerSnake(message.oneof_decl(i)->name())) << message.oneof_decl(i)->full_name();
  }
  for (int i = 0; i < message.nested_type_count(); ++i) CheckMessage(*message.nested_type(i));
  for (int i = 0; i < message.enum_type_count(); ++i) CheckEnum(*message.enum_type(i));
}

TEST(WireNamingTest, PackagesHaveAVersionAndMatchTheirFolder) {
  for (const FileDescriptor* file : WireFiles()) {
    EXPECT_TRUE(std::regex_search(file->package(), std::regex("\\.v[1-9][0-9]*$"))) << file->name();
    EXPECT_TRUE(absl::StartsWith(file->name(), "resetctl/v1/")) << file->name();
    EXPECT_EQ(file->package(), "resetctl.v1") << file->name();
    const std::string base = file->name().substr(file->name().rfind('/') + 1);
    EXPECT_TRUE(IsLowerSnake(base.substr(0, base.size() - 6))) << file->name();
    EXPECT_EQ(file->syntax(), FileDescriptor::SYNTAX_PROTO3) << file->name();
    for (int i = 0; i < file->dependency_count(); ++i) {
      EXPECT_NE(file->dependency(i), nullptr);
    }
    EXPECT_EQ(file->public_dependency_count(), 0) << file->name();
    EXPECT_EQ(file->weak_dependency_count(), 0) << file->name();
  }
}

TEST(WireNamingTest, MessagesAndFieldsAreNamedByTheBook) {
  for (const FileDescriptor* file : WireFiles()) {
    for (int i = 0; i < file->message_type_count(); ++i) CheckMessage(*file->message_type(i));
  }
}

TEST(WireNamingTest, EnumsBeginWithUnspecifiedAndCarryTheirPrefix) {
  for (const FileDescriptor* file : WireFiles()) {
    for (int i = 0; i < file->enum_type_count(); ++i) CheckEnum(*file->enum_type(i));
  }
}

TEST(WireNamingTest, ServicesHaveTheirSuffixAndEachMethodItsOwnMessages) {
  std::set<std::string> used;
  int services = 0;
  for (const FileDescriptor* file : WireFiles()) {
    EXPECT_LE(file->service_count(), 1) << file->name();
    for (int s = 0; s < file->service_count(); ++s) {
      const google::protobuf::ServiceDescriptor& service = *file->service(s);
      ++services;
      EXPECT_TRUE(IsPascal(service.name())) << service.name();
      EXPECT_TRUE(absl::EndsWith(service.name(), "Service")) << service.name();
      for (int m = 0; m < service.method_count(); ++m) {
        const MethodDescriptor& method = *service.method(m);
        EXPECT_TRUE(IsPascal(method.name())) << method.full_name();
        EXPECT_EQ(method.input_type()->name(), absl::StrCat(method.name(), "Request"));
        EXPECT_EQ(method.output_type()->name(), absl::StrCat(method.name(), "Response"));
        EXPECT_TRUE(used.insert(method.input_type()->full_name()).second) << method.full_name();
        EXPECT_TRUE(used.insert(method.output_type()->full_name()).second) << method.full_name();
      }
    }
  }
  EXPECT_EQ(services, 8);
}

}  // namespace
}  // namespace resetctl

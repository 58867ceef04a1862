#include "proto/contract/bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/contract/reasons.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::contract {
namespace {

using ::testing::HasSubstr;

v1::Bundle Message(const std::vector<std::string>& paths) {
  v1::Bundle message;
  message.set_blueprint_path("b.yaml");
  for (const std::string& path : paths) message.add_files()->set_path(path);
  return message;
}

std::string Refusal(const v1::Bundle& message) {
  const auto bundle = UnpackBundle(message.SerializeAsString());
  return bundle.ok() ? "accepted" : std::string(bundle.status().message());
}

TEST(BundleTest, RoundTripsAndIsSorted) {
  BundleFiles files{"b.yaml",
                    {{"sql/b.sql", "2"}, {"b.yaml", "1"}, {"a.csv", std::string(1, '\0')}}};
  const auto bytes = PackBundle(files);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  v1::Bundle message;
  ASSERT_TRUE(message.ParseFromString(*bytes));
  EXPECT_EQ(message.files(0).path(), "a.csv");
  EXPECT_EQ(message.files(2).path(), "sql/b.sql");
  const auto back = UnpackBundle(*bytes);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->blueprint_path, "b.yaml");
  EXPECT_EQ(back->files, files.files);
  EXPECT_EQ(*PackBundle(*back), *bytes);
}

TEST(BundleTest, RefusesPathsThatLeaveTheFolder) {
  for (const char* path : {"/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/.", "a/", "",
                           "a\\b", "a\nb", "a\x1b"}) {
    EXPECT_FALSE(PackBundle({"b.yaml", {{"b.yaml", ""}, {path, ""}}}).ok()) << path;
    EXPECT_FALSE(CheckBundlePath(path).ok()) << path;
  }
  EXPECT_THAT(Refusal(Message({"../x", "b.yaml"})), HasSubstr("leaves the blueprint's folder"));
  EXPECT_THAT(Refusal(Message({"/x", "b.yaml"})), HasSubstr("absolute"));
  EXPECT_TRUE(CheckBundlePath("sql/..x/a..sql").ok());
  EXPECT_FALSE(CheckBundlePath(std::string(513, 'a')).ok());
}

TEST(BundleTest, RefusesDisorderDuplicatesAndAMissingBlueprint) {
  EXPECT_THAT(Refusal(Message({"b.yaml", "a.sql"})), HasSubstr("not sorted"));
  EXPECT_THAT(Refusal(Message({"b.yaml", "b.yaml"})), HasSubstr("twice"));
  EXPECT_THAT(Refusal(Message({"a.sql"})), HasSubstr("blueprint is missing"));
  EXPECT_EQ(Refusal(Message({"a.sql", "b.yaml"})), "accepted");
  EXPECT_FALSE(PackBundle({"b.yaml", {{"a.sql", ""}}}).ok());
}

TEST(BundleTest, RefusesUnknownFieldsAndGarbage) {
  const std::string good = Message({"b.yaml"}).SerializeAsString();
  const std::string extra = good + std::string("\x98\x06\x01", 3);  // field 99
  EXPECT_THAT(std::string(UnpackBundle(extra).status().message()), HasSubstr("unknown fields"));
  v1::Bundle nested = Message({"b.yaml"});
  nested.mutable_files(0)
      ->GetReflection()
      ->MutableUnknownFields(nested.mutable_files(0))
      ->AddVarint(99, 1);
  EXPECT_THAT(Refusal(nested), HasSubstr("unknown fields"));
  EXPECT_FALSE(UnpackBundle("\xff\xff\xff").ok());
  EXPECT_FALSE(UnpackBundle("").ok());
}

TEST(BundleTest, RefusesWhatIsTooLarge) {
  const std::string large(kMaxBundleBytes, 'x');
  const auto bytes = PackBundle({"b.yaml", {{"b.yaml", large}}});
  EXPECT_EQ(ReasonOf(bytes.status()), v1::REASON_TOO_LARGE);
  EXPECT_EQ(ReasonOf(UnpackBundle(large + "x").status()), v1::REASON_TOO_LARGE);
}

}  // namespace
}  // namespace resetctl::contract

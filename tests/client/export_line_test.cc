#include "proto/contract/export_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"
#include "tests/client/fake_log.h"

namespace resetctl::client {
namespace {

using contract::ExportCheckpoint;
using contract::ExportEntry;
using contract::ExportHeader;
using contract::ParseExportLine;
using ::testing::HasSubstr;

v1::AuditEntry AFullEntry() {
  v1::AuditEntry entry = FakeLog::AnEntry("plan.approve", "p-7f3a");
  entry.mutable_time()->set_nanos(1500);
  entry.set_actor("person:alice");
  entry.set_target("rental-manager");
  entry.set_detail("quotes \" and \\ and\ttabs, \xC3\xA9");
  entry.mutable_statement()->set_text("resetctl-approval-v1\nplan: sha256:00\n");
  entry.mutable_statement()->set_signature("-----BEGIN SSH SIGNATURE-----");
  entry.set_key_fingerprint("SHA256:abc");
  entry.set_peer("10.0.0.1");
  (*entry.mutable_evidence())["b"] = "2";
  (*entry.mutable_evidence())["a"] = "1";
  return entry;
}

// Its bytes: a map has no order of its own, so they are made once.
const std::string& FullLeaf() {
  static const auto& leaf = *new std::string(AFullEntry().SerializeAsString());
  return leaf;
}

std::string LineOf(const v1::AuditEntry& entry) {
  return Write(ExportEntry{7, entry.SerializeAsString()});
}

v1::Reason Refusal(const std::string& line) {
  const auto parsed = ParseExportLine(line);
  return parsed.ok() ? v1::REASON_UNSPECIFIED : contract::ReasonOf(parsed.status());
}

TEST(ExportLineTest, AnEntryIsItsBytesAndWhatTheySay) {
  EXPECT_EQ(Write(ExportEntry{7, FullLeaf()}),
            absl::StrCat("{\"index\":7,\"leaf\":\"", base::ToBase64(FullLeaf()),
                         "\",\"time\":\"2026-11-24T06:00:00.000001Z\",\"actor\":\"person:alice\","
                         "\"action\":\"plan.approve\",\"subject\":\"p-7f3a\","
                         "\"environment\":\"production\",\"target\":\"rental-manager\","
                         "\"outcome\":\"ok\",\"detail\":\"quotes \\\" and \\\\ and\\u0009tabs, "
                         "\xC3\xA9\",\"statement\":\"resetctl-approval-v1\\nplan: sha256:00\\n\","
                         "\"key_fingerprint\":\"SHA256:abc\",\"peer\":\"10.0.0.1\","
                         "\"evidence\":{\"a\":\"1\",\"b\":\"2\"}}"));
}

// A field that is added to the entry must be added here, under another version of the format; what is in the leaf only (ADR 23)
// must be named.
TEST(ExportLineTest, NoFieldOfTheEntryIsForgotten) {
  const std::string line = LineOf(AFullEntry());
  const google::protobuf::Descriptor* descriptor = v1::AuditEntry::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    if (descriptor->field(i)->name() == "agent_word") continue;
    EXPECT_THAT(line, HasSubstr(absl::StrCat("\"", descriptor->field(i)->name(), "\":")));
  }
}

TEST(ExportLineTest, EveryLineIsReadBack) {
  const auto entry = ParseExportLine(Write(ExportEntry{7, FullLeaf()}));
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(std::get<ExportEntry>(*entry).index, 7u);
  EXPECT_EQ(std::get<ExportEntry>(*entry).leaf, FullLeaf());
  const std::string note = "resetctl.controller/\"x\"\n3\nAAAA\n\n\xE2\x80\x94 x AAAA\n";
  const auto checkpoint = ParseExportLine(Write(ExportCheckpoint{note, 3}));
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(std::get<ExportCheckpoint>(*checkpoint).note, note);
  EXPECT_EQ(std::get<ExportCheckpoint>(*checkpoint).size, 3u);
  const auto header = ParseExportLine(Write(ExportHeader{kFakeOrigin}));
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(std::get<ExportHeader>(*header).origin, kFakeOrigin);
}

TEST(ExportLineTest, ALeafThatIsNoEntryIsALineAllTheSame) {
  const std::string line = Write(ExportEntry{0, "\xff\xff not protobuf"});
  EXPECT_EQ(line.find("time"), std::string::npos);
  EXPECT_EQ(Refusal(line), v1::REASON_UNSPECIFIED);
  EXPECT_EQ(Refusal(Write(ExportEntry{0, ""})), v1::REASON_UNSPECIFIED);
}

TEST(ExportLineTest, AStatementThatIsNoTextIsInTheLeafOnly) {
  v1::AuditEntry entry = AFullEntry();
  entry.mutable_statement()->set_text("\xff\xfe");
  const std::string line = LineOf(entry);
  EXPECT_EQ(line.find("\"statement\""), std::string::npos);
  EXPECT_EQ(Refusal(line), v1::REASON_UNSPECIFIED);
}

TEST(ExportLineTest, RefusesEveryChangedByte) {
  for (const std::string& line :
       {Write(ExportEntry{7, FullLeaf()}), Write(ExportHeader{kFakeOrigin})}) {
    for (size_t i = 0; i < line.size(); ++i) {
      std::string changed = line;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      const auto parsed = ParseExportLine(changed);
      // Another index, leaf or origin may make a line: the tree and the checkpoint know better.
      if (parsed.ok() && std::holds_alternative<ExportEntry>(*parsed)) {
        const auto& entry = std::get<ExportEntry>(*parsed);
        EXPECT_TRUE(entry.index != 7 || entry.leaf != FullLeaf()) << i;
      }
    }
    for (size_t length = 0; length < line.size(); ++length) {
      EXPECT_EQ(Refusal(line.substr(0, length)), v1::REASON_LOG_TAMPERED) << length;
    }
    EXPECT_EQ(Refusal(line + " "), v1::REASON_LOG_TAMPERED);
  }
}

TEST(ExportLineTest, AFieldIsNotChangedAddedOrTakenAway) {
  const std::string line = LineOf(AFullEntry());
  EXPECT_EQ(Refusal(absl::StrReplaceAll(line, {{"person:alice", "person:mallory"}})),
            v1::REASON_LOG_TAMPERED);
  EXPECT_EQ(Refusal(absl::StrReplaceAll(line, {{",\"peer\":\"10.0.0.1\"", ""}})),
            v1::REASON_LOG_TAMPERED);
  EXPECT_EQ(Refusal(absl::StrReplaceAll(line, {{"\"evidence\"", "\"more\":\"1\",\"evidence\""}})),
            v1::REASON_LOG_TAMPERED);
  EXPECT_EQ(Refusal(absl::StrReplaceAll(line, {{"\"index\":7", "\"index\":07"}})),
            v1::REASON_LOG_TAMPERED);
  EXPECT_EQ(Refusal(absl::StrReplaceAll(line, {{",\"time\"", ", \"time\""}})),
            v1::REASON_LOG_TAMPERED);
}

TEST(ExportLineTest, RefusesWhatIsNoLine) {
  for (const char* line :
       {"", "{}", "{\"index\":", "{\"index\":1", "{\"index\":1,\"leaf\":\"", "{\"checkpoint\":\"",
        "{\"checkpoint\":\"\\x\",\"size\":1}", "{\"checkpoint\":\"\\\",\"size\":1}",
        "{\"resetctl_audit_export\":2,\"origin\":\"x\"}", "letter to grandmother"}) {
    EXPECT_EQ(Refusal(line), v1::REASON_LOG_TAMPERED) << line;
  }
}

}  // namespace
}  // namespace resetctl::client

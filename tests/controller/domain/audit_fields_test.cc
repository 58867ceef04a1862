#include "controller/domain/audit_fields.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "proto/base/file.h"
#include "proto/base/text.h"

namespace resetctl::controller {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(AuditFieldsTest, EveryFieldOfAnEntryHasAClass) {
  std::set<std::string> classified = {"evidence"};  // its keys have their own
  for (const AuditField& field : AuditFields()) classified.insert(base::Str(field.name));
  std::set<std::string> there;
  const auto* entry = v1::AuditEntry::descriptor();
  for (int i = 0; i < entry->field_count(); ++i) there.insert(entry->field(i)->name());
  EXPECT_EQ(classified, there);
}

TEST(AuditFieldsTest, EachKeyIsThereOnceAndFoundByItself) {
  std::set<absl::string_view> seen;
  for (const AuditField& key : EvidenceKeys()) {
    EXPECT_TRUE(seen.insert(key.name).second) << key.name;
    EXPECT_EQ(FindEvidenceKey(key.name), &key) << "an earlier row takes " << key.name;
  }
}

TEST(AuditFieldsTest, KeysThatNameATableBelongToAFamily) {
  const AuditField* key = FindEvidenceKey("cleared:public.items");
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(key->name, "cleared:");
  EXPECT_EQ(FindEvidenceKey("cleared"), nullptr);
  EXPECT_EQ(FindEvidenceKey("rows_cleared:public.items"), nullptr);
}

TEST(AuditFieldsTest, AKeyWithoutAClassIsFound) {
  v1::AuditEntry entry;
  (*entry.mutable_evidence())["xid"] = "90211";
  EXPECT_THAT(UnclassifiedKeys(entry), IsEmpty());
  (*entry.mutable_evidence())["password"] = "hunter2";
  EXPECT_THAT(UnclassifiedKeys(entry), ElementsAre("password"));
}

TEST(AuditFieldsTest, TheGuideSaysTheSame) {
  const auto guide = base::ReadFile(RESETCTL_AUDIT_GUIDE);
  ASSERT_TRUE(guide.ok()) << guide.status();
  for (const auto& rows : {AuditFields(), EvidenceKeys()}) {
    for (const AuditField& row : rows) {
      const absl::string_view more = row.name.back() == ':' ? "…" : "";
      EXPECT_THAT(*guide, HasSubstr(absl::StrCat("| `", row.name, more, "` | ",
                                                 NameOf(row.audit_class), " | ", row.what, " |")));
    }
  }
}

}  // namespace
}  // namespace resetctl::controller

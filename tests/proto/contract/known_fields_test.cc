#include "proto/contract/known_fields.h"

#include <gtest/gtest.h>

#include "proto/contract/reasons.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::contract {
namespace {

v1::PlanDocument APlan() {
  v1::PlanDocument plan;
  plan.set_format(1);
  v1::ClearTable* table = plan.add_groups()->add_tables();
  table->set_name("items");
  table->set_strategy(v1::CLEAR_STRATEGY_TRUNCATE);
  plan.add_warnings()->set_reason(v1::REASON_CACHE_ERROR);
  plan.mutable_expire_time()->set_seconds(1);
  return plan;
}

void AddField99(google::protobuf::Message* message) {
  message->GetReflection()->MutableUnknownFields(message)->AddVarint(99, 1);
}

TEST(KnownFieldsTest, AcceptsWhatItKnows) {
  EXPECT_EQ(UnknownPart(APlan()), "");
  EXPECT_TRUE(CheckAllKnown(APlan(), "the plan", "agent").ok());
}

TEST(KnownFieldsTest, FindsAFieldAtAnyDepth) {
  v1::PlanDocument plan = APlan();
  AddField99(plan.mutable_groups(0)->mutable_tables(0));
  EXPECT_EQ(UnknownPart(plan), "field 99 of ClearTable");
  plan = APlan();
  AddField99(plan.mutable_expire_time());
  EXPECT_EQ(UnknownPart(plan), "field 99 of Timestamp");
  plan = APlan();
  AddField99(&plan);
  EXPECT_EQ(UnknownPart(plan), "field 99 of PlanDocument");
}

TEST(KnownFieldsTest, FindsAFieldThatWasReadFromBytes) {
  v1::PlanDocument plan;
  ASSERT_TRUE(plan.ParseFromString(APlan().SerializeAsString() + "\x98\x06\x01"));
  EXPECT_EQ(UnknownPart(plan), "field 99 of PlanDocument");
}

TEST(KnownFieldsTest, FindsAValueThatItsEnumDoesNotName) {
  v1::PlanDocument plan = APlan();
  plan.mutable_groups(0)->mutable_tables(0)->set_strategy(static_cast<v1::ClearStrategy>(7));
  EXPECT_EQ(UnknownPart(plan), "value 7 of ClearTable.strategy");
}

TEST(KnownFieldsTest, SaysWhatItIsAndWhatToDo) {
  v1::PlanDocument plan = APlan();
  AddField99(&plan);
  const absl::Status status = CheckAllKnown(plan, "the plan", "agent");
  EXPECT_EQ(ReasonOf(status), v1::REASON_RULE_UNSUPPORTED);
  EXPECT_EQ(status.message(),
            "the plan has a part that this agent does not know (field 99 of PlanDocument): a newer "
            "version wrote it");
  EXPECT_EQ(ProblemOf(status).advice(), "Install the agent of that version.");
}

}  // namespace
}  // namespace resetctl::contract

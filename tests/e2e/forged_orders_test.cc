// Plan orders: who may ask, and what a blueprint may make an agent tell or do. There is no plan, and no secret in the answer.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/base/clock.h"
#include "proto/contract/bundle.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "resetctl/v1/plan.pb.h"
#include "tests/e2e/forged_offer.h"

namespace resetctl::support {
namespace {

// An order in the making: the statement is signed for the bundle, then the order is tampered with.
struct OrderDraft {
  ForgeryHouse& house;
  std::map<std::string, std::string> changes;  // of the blueprint
  std::string bundle;                          // instead of a blueprint
  std::function<void(Words&)> edit_words;
  std::function<void(v1::PlanOrder&)> tamper;

  v1::PlanOrder Build() {
    v1::PlanOrder order = house.PlanOrder(house.Blueprint(changes));
    if (!bundle.empty()) order.set_bundle(bundle);
    Words words = house.PlanWords(order.bundle());
    if (edit_words) edit_words(words);
    *order.mutable_plan_statement() = words.Sign();
    if (tamper) tamper(order);
    return order;
  }
};

struct OrderForgery {
  const char* name;
  v1::Reason reason;
  void (*forge)(OrderDraft&);
};
void PrintTo(const OrderForgery& forgery, std::ostream* out) { *out << forgery.name; }

class OrderForgeryTest : public ForgeryTest, public testing::WithParamInterface<OrderForgery> {
 protected:
  v1::PlanReply ExpectNoPlan(const v1::PlanOrder& order, v1::Reason reason) {
    const std::string before = house_.Traces();
    v1::PlanReply reply = controller_.Order(order);
    EXPECT_TRUE(reply.document().empty());
    EXPECT_TRUE(reply.mac().empty());
    const auto said = std::find_if(reply.problems().begin(), reply.problems().end(),
                                   [&](const v1::Problem& p) { return p.reason() == reason; });
    EXPECT_NE(said, reply.problems().end())
        << contract::NameOf(reason) << " is not in " << reply.DebugString();
    ExpectNoSecret(reply.DebugString());
    EXPECT_EQ(house_.Traces(), before);
    return reply;
  }
};

TEST_P(OrderForgeryTest, MakesNoPlanAndTellsNothing) {
  OrderDraft draft{house_, {}, "", {}, {}};
  GetParam().forge(draft);
  ExpectNoPlan(draft.Build(), GetParam().reason);
}

std::string In(absl::Duration time) {
  return contract::FormatStatementTime(base::RealClock().Now() + time);
}
void Say(OrderDraft& draft, const std::string& field, const std::string& value) {
  draft.edit_words = [field, value](Words& words) { words.fields[field] = value; };
}
void By(OrderDraft& draft, const std::string& person, const std::string& key) {
  draft.edit_words = [person, key](Words& words) {
    words.fields["person"] = person;
    words.key_of = key;
  };
}

const OrderForgery kOrders[] = {
    {"BundleNotSigned", v1::REASON_STATEMENT_MISMATCH,
     [](OrderDraft& d) {
       d.tamper = [](v1::PlanOrder& o) { o.mutable_bundle()->push_back('x'); };
     }},
    {"SetNotSigned", v1::REASON_STATEMENT_MISMATCH,
     [](OrderDraft& d) { d.tamper = [](v1::PlanOrder& o) { o.add_sets("demo"); }; }},
    {"SignedSetTakenAway", v1::REASON_STATEMENT_MISMATCH,
     [](OrderDraft& d) { Say(d, "sets", "demo"); }},
    {"NoStatement", v1::REASON_STATEMENT_INVALID,
     [](OrderDraft& d) { d.tamper = [](v1::PlanOrder& o) { o.clear_plan_statement(); }; }},
    {"ByAStranger", v1::REASON_UNKNOWN_PERSON, [](OrderDraft& d) { By(d, "mallory", "mallory"); }},
    {"InTheNameOfAPersonByAStranger", v1::REASON_UNKNOWN_KEY,
     [](OrderDraft& d) { By(d, "bob", "mallory"); }},
    {"ByAPersonWhomTheFloorDoesNotLet", v1::REASON_FLOOR_REFUSES,
     [](OrderDraft& d) { By(d, "dana", "dana"); }},
    {"ForAnotherEnvironment", v1::REASON_STATEMENT_MISMATCH,
     [](OrderDraft& d) { Say(d, "environment", "staging"); }},
    {"ForAnotherTarget", v1::REASON_STATEMENT_MISMATCH,
     [](OrderDraft& d) { Say(d, "target", "warehouse"); }},
    {"OldStatement", v1::REASON_STATEMENT_EXPIRED,
     [](OrderDraft& d) { Say(d, "time", In(-absl::Minutes(20))); }},
    {"StatementFromTheFuture", v1::REASON_STATEMENT_INVALID,
     [](OrderDraft& d) { Say(d, "time", In(absl::Minutes(20))); }},
    {"SignedForAnotherNamespace", v1::REASON_BAD_SIGNATURE,
     [](OrderDraft& d) {
       d.edit_words = [](Words& words) { words.namespace_name = "resetctl-run-v1"; };
     }},
    {"ReasonPutIn", v1::REASON_BAD_SIGNATURE,
     [](OrderDraft& d) {
       d.tamper = [](v1::PlanOrder& o) {
         std::string* text = o.mutable_plan_statement()->mutable_text();
         text->insert(text->find("person: "), "reason: as agreed\n");
       };
     }},
    // The controller's own part of the order.
    {"RuleThatNobodyKnows", v1::REASON_RULE_UNSUPPORTED,
     [](OrderDraft& d) {
       d.tamper = [](v1::PlanOrder& o) {
         o.set_rules("{\"forget_the_floor\":true," + o.rules().substr(1));
       };
     }},
    {"NoRules", v1::REASON_POLICY_INVALID,
     [](OrderDraft& d) { d.tamper = [](v1::PlanOrder& o) { o.clear_rules(); }; }},
    {"RulesNestedDeeply", v1::REASON_POLICY_INVALID,
     [](OrderDraft& d) {
       d.tamper = [](v1::PlanOrder& o) { o.set_rules(std::string(500000, '[')); };
     }},
    // The bundle.
    {"NoBundle", v1::REASON_INVALID_ARGUMENT, [](OrderDraft& d) { d.bundle = "no bundle"; }},
    {"BundleWithAPathOutOfItsFolder", v1::REASON_INVALID_ARGUMENT,
     [](OrderDraft& d) {
       v1::Bundle bundle;
       bundle.set_blueprint_path("blueprint.yaml");
       for (const char* path : {"../../trust/floor.yaml", "blueprint.yaml"}) {
         v1::BundleFile* file = bundle.add_files();
         file->set_path(path);
         file->set_content(d.house.Blueprint());
       }
       d.bundle = bundle.SerializeAsString();
     }},
    {"YamlNestedDeeply", v1::REASON_BLUEPRINT_INVALID,
     [](OrderDraft& d) { d.bundle = ForgeryHouse::Bundle(std::string(200000, '[')); }},
    {"YamlThatDoublesItself", v1::REASON_BLUEPRINT_INVALID,
     [](OrderDraft& d) {
       std::string text = "a0: &a0 [x, x]\n";
       for (int i = 1; i < 40; ++i) {
         absl::StrAppend(&text, "a", i, ": &a", i, " [*a", i - 1, ", *a", i - 1, "]\n");
       }
       d.bundle = ForgeryHouse::Bundle(text);
     }},
};
INSTANTIATE_TEST_SUITE_P(Order, OrderForgeryTest, testing::ValuesIn(kOrders),
                         [](const auto& one) { return std::string(one.param.name); });

void Declare(OrderDraft& draft, const std::string& parameter) {
  draft.changes["  ADMIN_USERNAME:"] = "  " + parameter + "\n  ADMIN_USERNAME:";
}
void AfterStep(OrderDraft& draft, const std::string& step) {
  draft.changes["  - {name: Tell, http:"] = "  - " + step + "\n  - {name: Tell, http:";
}

const OrderForgery kBlueprints[] = {
    {"AParameterThatIsNotListed", v1::REASON_PARAMETER_NOT_ALLOWED,
     [](OrderDraft& d) { Declare(d, "PATH: {required: true}"); }},
    {"TheDatabasesUrlAsAParameter", v1::REASON_PARAMETER_NOT_ALLOWED,
     [](OrderDraft& d) { Declare(d, "DATABASE_URL: {required: true, secret: true}"); }},
    {"PostsTheDatabasesUrl", v1::REASON_PARAMETER_NOT_ALLOWED,
     [](OrderDraft& d) {
       Declare(d, "DATABASE_URL: {required: true, secret: true}");
       AfterStep(d, "{name: Post, http: {url: 'ORIGIN/', json: {url: '${DATABASE_URL}'}}}");
     }},
    {"PostsTheDatabasesUrlUndeclared", v1::REASON_BLUEPRINT_INVALID,
     [](OrderDraft& d) {
       AfterStep(d, "{name: Post, http: {url: 'ORIGIN/', json: {url: '${DATABASE_URL}'}}}");
     }},
    {"APatternAsAnOracle", v1::REASON_BLUEPRINT_INVALID,
     [](OrderDraft& d) { d.changes["secret: true,"] = "secret: true, pattern: '^F.*',"; }},
    {"ASecretCalledPublic", v1::REASON_PARAMETER_NOT_ALLOWED,
     [](OrderDraft& d) { d.changes["secret: true,"] = "pattern: '^G.*',"; }},
    {"ASecretInSql", v1::REASON_BLUEPRINT_INVALID,
     [](OrderDraft& d) { d.changes["sku: '${ADMIN_USERNAME}'"] = "sku: '${ADMIN_PASSWORD}'"; }},
    {"ASecretInACommand", v1::REASON_BLUEPRINT_INVALID,
     [](OrderDraft& d) { AfterStep(d, "{name: Print, command: [echo, '${ADMIN_PASSWORD}']}"); }},
    {"ASecretAsAnOrigin", v1::REASON_ORIGIN_NOT_ALLOWED,
     [](OrderDraft& d) { AfterStep(d, "{name: Post, http: {url: 'http://${ADMIN_PASSWORD}/'}}"); }},
    {"ASecretInAnOrigin", v1::REASON_ORIGIN_NOT_ALLOWED,
     [](OrderDraft& d) {
       AfterStep(d, "{name: Post, http: {url: 'http://a.${ADMIN_PASSWORD}.example.com/'}}");
     }},
    {"AnOriginThatIsNotListed", v1::REASON_ORIGIN_NOT_ALLOWED,
     [](OrderDraft& d) { AfterStep(d, "{name: Post, http: {url: 'http://169.254.169.254/'}}"); }},
    {"AListedOriginAsAUser", v1::REASON_ORIGIN_NOT_ALLOWED,
     [](OrderDraft& d) { AfterStep(d, "{name: Post, http: {url: 'ORIGIN@example.com/'}}"); }},
    {"AListedOriginAsAPrefix", v1::REASON_ORIGIN_NOT_ALLOWED,
     [](OrderDraft& d) { AfterStep(d, "{name: Post, http: {url: 'ORIGIN.example.com/'}}"); }},
    {"AListedOriginBehindABackslash", v1::REASON_ORIGIN_NOT_ALLOWED,
     [](OrderDraft& d) {
       AfterStep(d, R"({name: Post, http: {url: 'http://example.com\@127.0.0.1'}})");
     }},
    {"AnotherPort", v1::REASON_ORIGIN_NOT_ALLOWED,
     [](OrderDraft& d) { AfterStep(d, "{name: Post, http: {url: 'http://127.0.0.1:1/'}}"); }},
    {"AnotherScheme", v1::REASON_BLUEPRINT_INVALID,
     [](OrderDraft& d) { AfterStep(d, "{name: Read, http: {url: 'file:///etc/passwd'}}"); }},
    {"AHeaderOfTwoLines", v1::REASON_BLUEPRINT_INVALID,
     [](OrderDraft& d) {
       AfterStep(d, "{name: Post, http: {url: 'ORIGIN/', headers: {X: \"a\\r\\nHost: b\"}}}");
     }},
    {"ACommandThatIsNotListed", v1::REASON_COMMAND_NOT_ALLOWED,
     [](OrderDraft& d) { AfterStep(d, "{name: Shell, command: [sh, -c, id]}"); }},
    {"AListedCommandWithMore", v1::REASON_COMMAND_NOT_ALLOWED,
     [](OrderDraft& d) {
       AfterStep(d, "{name: Touch, command: [touch, FOLDER/before, FOLDER/x]}");
     }},
    {"AListedCommandWithLess", v1::REASON_COMMAND_NOT_ALLOWED,
     [](OrderDraft& d) { AfterStep(d, "{name: Touch, command: [touch]}"); }},
    {"AListedCommandInOneWord", v1::REASON_COMMAND_NOT_ALLOWED,
     [](OrderDraft& d) { AfterStep(d, "{name: Touch, command: ['touch FOLDER/before']}"); }},
    {"AnUndoThatIsNotListed", v1::REASON_COMMAND_NOT_ALLOWED,
     [](OrderDraft& d) {
       d.changes["method: POST}}}\n  - {name: Mark"] =
           "method: POST}}, undo: {command: [sh, -c, id]}}\n  - {name: Mark";
     }},
    {"APatternOnAHugeText", v1::REASON_PARAMETER_INVALID,
     [](OrderDraft& d) {
       Declare(d, absl::StrCat("OPTIONAL: {pattern: '(x|y)*', default: ", std::string(400000, 'x'),
                               "}"));
     }},
    {"ATableOfOurOwn", v1::REASON_BLUEPRINT_INVALID,
     [](OrderDraft& d) { d.changes["schemas: [public]"] = "schemas: [public, resetctl]"; }},
    {"AnUnknownKey", v1::REASON_BLUEPRINT_INVALID,
     [](OrderDraft& d) { d.changes["redis: {flush: none}"] = "shell: id\nredis: {flush: none}"; }},
};
INSTANTIATE_TEST_SUITE_P(Blueprint, OrderForgeryTest, testing::ValuesIn(kBlueprints),
                         [](const auto& one) { return std::string(one.param.name); });

// Public for the blueprint and `sql`, secret for the agent: a pattern that fits and one that does not are answered alike.
TEST_F(OrderForgeryTest, APatternTellsNothingOfASecret) {
  const std::string whole = "{required: true, secret: true, min_length: 8}";
  std::vector<int> problems;
  for (const std::string pattern : {"^Fresh", "^Stale"}) {
    OrderDraft draft{
        house_, {{whole, "{required: true, sql: true, pattern: '" + pattern + "'}"}}, "", {}, {}};
    const v1::PlanReply reply = controller_.Order(draft.Build());
    problems.push_back(reply.problems_size());
    ExpectNoSecret(reply.DebugString());
    v1::PlanDocument plan;
    ASSERT_TRUE(plan.ParseFromString(reply.document()));
    ExpectNoSecret(plan.DebugString());
  }
  EXPECT_EQ(problems[0], problems[1]);
}

}  // namespace
}  // namespace resetctl::support

// Statements whose text or signature is not what TRUST §2 and §3 ask for, each signed by alice herself: she approves, and still
// it is no approval.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/e2e/forged_offer.h"

namespace resetctl::support {
namespace {

// The first approval's text, before it is signed.
void EditText(Draft& draft, std::function<void(std::string&)> edit) {
  draft.edit_approval = [edit = std::move(edit)](size_t i, Words& words) {
    if (i == 0) words.edit_text = edit;
  };
}
void Replace(Draft& draft, const std::string& from, const std::string& to) {
  EditText(draft, [from, to](std::string& text) {
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
  });
}
void Insert(Draft& draft, const std::string& line, const std::string& before) {
  Replace(draft, before, line + before);
}
void SignedFor(Draft& draft, const std::string& namespace_name) {
  draft.edit_approval = [namespace_name](size_t i, Words& words) {
    if (i == 0) words.namespace_name = namespace_name;
  };
}
void SetSignature(Draft& draft, std::function<void(std::string*)> edit) {
  draft.tamper = [edit = std::move(edit)](v1::RunOffer& offer) {
    edit(offer.mutable_approvals(0)->mutable_signature());
  };
}

const OfferForgery kTexts[] = {
    {"ExtraField", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { Insert(d, "comment: hello\n", "time: "); }},
    {"FieldOfAnotherType", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { Insert(d, "phrase: DELETE ALL DATA shop\n", "person: "); }},
    {"ExtraFieldAtTheEnd", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) {
       EditText(d, [](std::string& text) { text += "nonce2: AAAAAAAAAAAAAAAA\n"; });
     }},
    {"MissingField", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { Replace(d, "decision: approve\n", ""); }},
    {"RepeatedField", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { Insert(d, "decision: reject\n", "person: "); }},
    {"ReorderedFields", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) {
       Replace(d, "target: shop\ndecision: approve\n", "decision: approve\ntarget: shop\n");
     }},
    {"EmptyField", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { Insert(d, "reason: \n", "time: "); }},
    {"CarriageReturns", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) {
       EditText(d, [](std::string& text) { absl::StrReplaceAll({{"\n", "\r\n"}}, &text); });
     }},
    {"NoLastLineEnd", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { EditText(d, [](std::string& text) { text.pop_back(); }); }},
    {"EmptyLastLine", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { EditText(d, [](std::string& text) { text += "\n"; }); }},
    {"NulByte", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { Insert(d, std::string("reason: a\0b\n", 12), "time: "); }},
    {"EscapeSequence", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { Insert(d, "reason: \x1b[2Kall is well\n", "time: "); }},
    {"TextThatRunsBackwards", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { Insert(d, "reason: \xe2\x80\xaegnignahc\n", "time: "); }},
    {"ByteOrderMark", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { EditText(d, [](std::string& text) { text.insert(0, "\xef\xbb\xbf"); }); }},
    {"NotUtf8", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { Insert(d, "reason: \xff\xfe\n", "time: "); }},
    {"HugeField", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) {
       Insert(d, absl::StrCat("reason: ", std::string(70000, 'x'), "\n"), "time: ");
     }},
    {"ManyLines", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { EditText(d, [](std::string& text) { text += std::string(60000, '\n'); }); }},
    {"BlankAroundAValue", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { Replace(d, "target: shop\n", "target:  shop\n"); }},
    {"PersonThatIsAPattern", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { Replace(d, "person: alice\n", "person: *\n"); }},
    {"PersonThatIsAList", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { Replace(d, "person: alice\n", "person: alice,dana\n"); }},
    {"PersonInCapitals", v1::REASON_UNKNOWN_PERSON,
     [](Draft& d) { Replace(d, "person: alice\n", "person: Alice\n"); }},
    {"DigestInCapitals", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { Replace(d, "policy: sha256:", "policy: SHA256:"); }},
    {"DecisionInCapitals", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { Replace(d, "decision: approve\n", "decision: Approve\n"); }},
    {"TimeWithAnOffset", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { Replace(d, "Z\ntime: ", "+00:00\ntime: "); }},
    {"TimeWithoutEnd", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) {
       EditText(d, [](std::string& text) {
         const size_t at = text.find("start-before: ") + 14;
         text.replace(at, 20, "infinite-future");
       });
     }},
    {"ShortNonce", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) {
       EditText(d, [](std::string& text) { text.erase(text.find("nonce: ") + 12) += "\n"; });
     }},
    {"OfAnotherVersion", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { Replace(d, "resetctl-approval-v1\n", "resetctl-approval-v2\n"); }},
    {"OfAnotherType", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { Replace(d, "resetctl-approval-v1\n", "resetctl-plan-v1\n"); }},
    {"NoText", v1::REASON_STATEMENT_INVALID,
     [](Draft& d) { d.tamper = [](v1::RunOffer& o) { o.mutable_approvals(0)->clear_text(); }; }},
};
INSTANTIATE_TEST_SUITE_P(Text, OfferForgeryTest, testing::ValuesIn(kTexts),
                         [](const auto& one) { return std::string(one.param.name); });

const OfferForgery kSignatures[] = {
    {"ForAnotherNamespace", v1::REASON_BAD_SIGNATURE,
     [](Draft& d) { SignedFor(d, "resetctl-run-v1"); }},
    {"ForFiles", v1::REASON_BAD_SIGNATURE, [](Draft& d) { SignedFor(d, "file"); }},
    {"ForGit", v1::REASON_BAD_SIGNATURE, [](Draft& d) { SignedFor(d, "git"); }},
    {"ForALongerNamespace", v1::REASON_BAD_SIGNATURE,
     [](Draft& d) { SignedFor(d, "resetctl-approval-v1 "); }},
    {"Missing", v1::REASON_BAD_SIGNATURE,
     [](Draft& d) { SetSignature(d, [](std::string* s) { s->clear(); }); }},
    {"CutOff", v1::REASON_BAD_SIGNATURE,
     [](Draft& d) { SetSignature(d, [](std::string* s) { s->resize(s->size() / 2); }); }},
    {"OfOnlyZeros", v1::REASON_BAD_SIGNATURE,
     [](Draft& d) { SetSignature(d, [](std::string* s) { s->assign(s->size(), '\0'); }); }},
    {"WithBytesBehindIt", v1::REASON_BAD_SIGNATURE,
     [](Draft& d) { SetSignature(d, [](std::string* s) { *s += "-----BEGIN"; }); }},
    {"WithAnotherBehindIt", v1::REASON_BAD_SIGNATURE,
     [](Draft& d) { SetSignature(d, [](std::string* s) { *s += *s; }); }},
    {"OneBitOff", v1::REASON_BAD_SIGNATURE,
     [](Draft& d) {
       SetSignature(d, [](std::string* s) {
         char& c = (*s)[s->find("\n-----END") - 20];
         c = c == 'A' ? 'B' : 'A';
       });
     }},
    {"Huge", v1::REASON_BAD_SIGNATURE,
     [](Draft& d) {
       SetSignature(d, [](std::string* s) {
         s->insert(s->find('\n') + 1, std::string(1 << 20, 'A') + "\n");
       });
     }},
    {"OfTheTextWithoutItsLastLine", v1::REASON_BAD_SIGNATURE,
     [](Draft& d) {
       d.tamper = [](v1::RunOffer& o) {
         std::string shorter = o.approvals(0).text();
         shorter.erase(shorter.find("nonce: "));
         o.mutable_approvals(0)->set_signature(
             SignText(shorter, "resetctl-approval-v1", "alice").signature());
       };
     }},
};
INSTANTIATE_TEST_SUITE_P(Signature, OfferForgeryTest, testing::ValuesIn(kSignatures),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace resetctl::support

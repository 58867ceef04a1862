// Who planned, approved, ran: from the entries of the log, which hold the statements that they signed.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/output/report_parts.h"
#include "client/output/times.h"
#include "proto/contract/digest.h"
#include "proto/contract/ssh_signature.h"
#include "proto/contract/statement.h"

namespace resetctl::client {
namespace {

struct Deed {
  const char* action;
  const char* words;  // after the person's name
};
constexpr Deed kDeeds[] = {
    {"plan.create", "planned it"},
    {"plan.approve", "approved the plan"},
    {"plan.unapprove", "took the approval back"},
    {"plan.reject", "rejected the plan"},
    {"plan.withdraw", "withdrew the plan"},
    {"run.start", "ordered the run"},
    {"run.cancel", "cancelled the run"},
    {"run.resume", "resumed the run"},
    {"run.review", "reviewed the run"},
};

// Nullptr: not a deed of a person in this run.
const Deed* DeedOf(const v1::AuditEntry& entry, const ReportFacts& facts) {
  if (entry.outcome() != "ok" || !absl::StartsWith(entry.actor(), "person:")) return nullptr;
  if (entry.subject() != facts.run.id() && entry.subject() != facts.plan.id()) return nullptr;
  for (const Deed& deed : kDeeds) {
    if (entry.action() == deed.action) return &deed;
  }
  return nullptr;
}

std::string ReasonOf(const contract::Statement& statement) {
  switch (statement.type()) {
    case contract::StatementType::kPlan:
    case contract::StatementType::kApproval:
      return statement.Get("reason");
    case contract::StatementType::kRun:
      return statement.Get("break-glass");
    default:
      return "";
  }
}

void Describe(Html& page, const Look& look, const Deed& deed, const v1::AuditRecord& record) {
  const v1::AuditEntry& entry = record.decoded();
  const auto item = page.In("li");
  {
    const auto line = page.In("p");
    page.Leaf("strong", WhoDid(entry));
    page.Text(absl::StrCat(" ", deed.words, ", "));
    Moment(page, look, TimeOf(entry.time()));
  }
  const auto statement = contract::Statement::Parse(entry.statement().text());
  if (statement.ok()) {
    const std::string reason = ReasonOf(*statement);
    const bool broken = !statement->Get("break-glass").empty();
    if (broken) page.Leaf("p", "without approvals: the glass was broken", {{"class", "warn"}});
    if (!reason.empty()) page.Leaf("blockquote", reason);
  }
  const auto line = page.In("p", {{"class", "dim"}});
  const auto signature = contract::ParseSshSignature(entry.statement().signature());
  if (signature.ok()) {
    page.Text(absl::StrCat("signed with ", signature->key.type, " "));
    page.Leaf("code", signature->key.fingerprint);
  } else {
    page.Text("not signed; logged in with ");
    page.Leaf("code", entry.key_fingerprint());
  }
  page.Text(absl::StrCat(", log entry ", Count(static_cast<int64_t>(record.index()))));
}

}  // namespace

void PeopleSection(Html& page, const Look& look, const ReportFacts& facts) {
  const auto section = page.In("section", {{"id", "people"}, {"aria-labelledby", "people-title"}});
  page.Leaf("h2", "Who", {{"id", "people-title"}});
  const auto list = page.In("ol", {{"class", "people"}});
  for (const v1::AuditRecord& record : facts.entries) {
    const Deed* deed = DeedOf(record.decoded(), facts);
    if (deed != nullptr) Describe(page, look, *deed, record);
  }
}

}  // namespace resetctl::client

#include "client/commands/report_facts.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "client/app/log_entry.h"
#include "client/app/version.h"
#include "client/audit/run_entry.h"
#include "client/audit/said.h"
#include "client/audit/said_checker.h"
#include "client/commands/make_plan.h"
#include "client/output/exit_codes.h"
#include "proto/contract/merkle.h"

namespace resetctl::client {
namespace {

constexpr int kPage = 500;

// Of the plan and its runs, without the runs' steps, oldest first. What an entry says is read from the bytes that are hashed.
absl::StatusOr<std::vector<v1::AuditRecord>> FetchEntries(Controller& controller,
                                                          const std::string& plan_id) {
  std::vector<v1::AuditRecord> records;
  v1::ListEntriesRequest request;
  request.set_plan_id(plan_id);
  request.set_without_events(true);
  request.set_page_size(kPage);
  do {
    auto page = controller.ListEntries(request);
    if (!page.ok()) return page.status();
    for (v1::AuditRecord& record : *page->mutable_records()) {
      if (!record.mutable_decoded()->ParseFromString(record.entry())) {
        return contract::Error(v1::REASON_LOG_TAMPERED,
                               absl::StrCat("Entry ", record.index(), " cannot be read."),
                               "Is this program older than the controller?");
      }
      records.push_back(std::move(record));
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  std::reverse(records.begin(), records.end());
  return records;
}

// The entry of the run's end; the newest one about the run while it is open. Nullptr when there is none.
const v1::AuditRecord* EntryOf(const v1::Run& run, const std::vector<v1::AuditRecord>& entries) {
  const bool ended = EndStateOf(run.state()).ended;
  const v1::AuditRecord* found = nullptr;
  for (const v1::AuditRecord& record : entries) {
    if (record.decoded().subject() != run.id()) continue;
    if (!ended || record.index() == run.audit_entry()) found = &record;
  }
  return found;
}

absl::Status Prove(Controller& controller, ReportFacts* facts) {
  const auto now = CheckLog(controller);
  if (!now.ok()) return now.status();
  ReportProof& proof = facts->proof;
  proof.origin = now->checkpoint.origin;
  proof.size = now->checkpoint.size;
  proof.root = now->checkpoint.root;
  proof.note = now->note;
  proof.log_keys = now->log_keys;
  if (now->before) proof.seen_before = now->before->size;
  const v1::AuditRecord* own = EntryOf(facts->run, facts->entries);
  if (own == nullptr) {
    return contract::Error(v1::REASON_LOG_TAMPERED,
                           absl::StrCat("The log that the controller shows has no entry of ",
                                        facts->run.id(), " in its present state."),
                           "Try again if the run goes on. If not, do not trust this log.");
  }
  for (const v1::AuditRecord& record : facts->entries) {
    auto hashes = ProveEntry(controller, *now, record);
    if (!hashes.ok()) return hashes.status();
    if (&record == own) proof.hashes = *std::move(hashes);
  }
  proof.index = own->index();
  proof.leaf_hash = contract::LeafHash(own->entry());
  return EndStateOf(facts->run.state()).ended ? CheckRunEntry(facts->run, *own) : absl::OkStatus();
}

absl::Status CheckPersons(const contract::AllowedSigners& signers, ReportFacts* facts) {
  SaidChecker checker(signers);
  for (const v1::AuditRecord& record : facts->entries) {
    if (!IsSaid(record.decoded())) continue;
    absl::Status taken = checker.Take(record.index(), record.decoded());
    if (!taken.ok()) return taken;
  }
  absl::Status checked = checker.Finish();
  if (!checked.ok()) return checked;
  facts->proof.persons = {.names = {checker.persons().begin(), checker.persons().end()},
                          .statements = checker.proved()};
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ReportFacts> FetchReport(const std::string& run_id,
                                        const contract::AllowedSigners* signers,
                                        Controller& controller) {
  ReportFacts facts;
  v1::GetRunRequest request;
  request.set_run_id(run_id);
  auto run = controller.GetRun(request);
  if (!run.ok()) return run.status();
  facts.events.assign(run->events().begin(), run->events().end());
  facts.run = std::move(*run->mutable_run());
  auto plan = FetchPlan(controller, facts.run.plan_id());
  if (!plan.ok()) return plan.status();
  facts.plan = std::move(plan->plan);
  facts.document = std::move(plan->checked.document);
  auto entries = FetchEntries(controller, facts.plan.id());
  if (!entries.ok()) return entries.status();
  facts.entries = *std::move(entries);
  absl::Status proved = Prove(controller, &facts);
  if (proved.ok() && signers != nullptr) proved = CheckPersons(*signers, &facts);
  if (!proved.ok()) return proved;
  const Context& context = controller.connection().settings().context;
  facts.controller = context.controller;
  facts.person = context.person;
  facts.version = kVersion;
  return facts;
}

}  // namespace resetctl::client

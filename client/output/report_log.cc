// The audit log's entries, and what was proved of them.
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/output/exit_codes.h"
#include "client/output/report_parts.h"
#include "client/output/times.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"

namespace resetctl::client {
namespace {

std::string Number(uint64_t number) { return Count(static_cast<int64_t>(number)); }

// Its name, for those who compare keys; the whole key is below.
std::string KeyName(absl::string_view key) {
  const size_t plus = key.find('+');
  return base::Str(plus == absl::string_view::npos ? key : key.substr(0, plus + 9));
}

void Entry(Html& page, const Look& look, const ReportFacts& facts, const v1::AuditRecord& record) {
  const v1::AuditEntry& entry = record.decoded();
  const auto row = page.In("tr");
  page.Leaf("th", Number(record.index()), {{"scope", "row"}, {"class", "number"}});
  {
    const auto what = page.In("td");
    page.Leaf("strong", entry.action());
    page.Text(absl::StrCat(" by ", WhoDid(entry)));
    if (!entry.outcome().empty() && entry.outcome() != "ok") {
      page.Text(": ");
      page.Leaf("code", entry.outcome());
    }
    if (entry.subject() != facts.run.id() && entry.subject() != facts.plan.id()) {
      page.Text(absl::StrCat(" (", contract::ShortId(entry.subject()), ")"));
    }
    const auto more = page.In("div", {{"class", "dim"}});
    Moment(page, look, TimeOf(entry.time()));
    if (!entry.peer().empty()) page.Text(absl::StrCat(", from ", entry.peer()));
    if (!entry.detail().empty()) page.Text(absl::StrCat(". ", entry.detail()));
  }
}

void Claim(Html& page, bool proved, const std::string& text) {
  const auto item = page.In("li");
  Mark(page, proved ? Tone::kGood : Tone::kWarn, proved ? "proved" : "not proved");
  page.Text(absl::StrCat(": ", text));
}

void Claims(Html& page, const ReportFacts& facts) {
  const ReportProof& proof = facts.proof;
  const auto list = page.In("ul", {{"class", "marks"}});
  Claim(page, true, "the plan on this page is the one that its id names: its bytes were hashed");
  Claim(page, true,
        absl::StrCat("each of the ",
                     Counted(static_cast<int64_t>(facts.entries.size()), "entry", "entries"),
                     " above is in the log, whose ", Number(proof.size),
                     " entries the checkpoint below signs"));
  if (EndStateOf(facts.run.state()).ended) {
    Claim(page, true,
          absl::StrCat("entry ", Number(proof.index),
                       " records the end of this run, with the numbers that this page gives"));
  }
  std::vector<std::string> keys;
  for (const std::string& key : proof.log_keys) keys.push_back(KeyName(key));
  Claim(page, true,
        absl::StrCat("the checkpoint is signed with the log's key ", Listed(keys, " or ")));
  if (proof.seen_before) {
    Claim(page, true,
          absl::StrCat("the log goes on from the ", Number(*proof.seen_before),
                       " entries that this machine had seen of it before"));
  } else {
    Claim(page, false,
          "that the log is the one of before: this machine saw it for the first time, and took its "
          "key from the controller");
  }
  if (proof.persons) {
    Claim(page, true,
          absl::StrCat(Counted(proof.persons->statements, "statement is", "statements are"),
                       " signed by ", Listed(proof.persons->names)));
  } else {
    Claim(page, false, "that the persons signed what is said here: see below, --allowed-signers");
  }
  Claim(page, false, "that nobody was shown another history: see below, --witnesses");
}

void Again(Html& page) {
  page.Leaf("h3", "How to check it again");
  page.Leaf("p",
            "Take the log's key and the file of allowed signers from somewhere else than from this "
            "page or the controller: the key from the controller's administrators (log.pub), the "
            "signers from those who keep the agents. Then:");
  page.Leaf("pre",
            "resetctl audit export --file audit.jsonl\n"
            "resetctl audit verify --file audit.jsonl --log-key log.pub \\\n"
            "    --allowed-signers allowed_signers");
  page.Leaf("p",
            "The first takes the right to read every environment; the second needs no controller, "
            "and works years later. The lines of the export with the numbers above are the entries "
            "of this page.");
}

void Raw(Html& page, const ReportProof& proof) {
  page.Leaf("h3", "The checkpoint");
  page.Leaf("pre", proof.note);
  page.Leaf("h3", absl::StrCat("The proof of entry ", Number(proof.index)));
  page.Leaf("p", absl::StrCat("As RFC 6962 section 2.1.1 has it: the hash of entry ", proof.index,
                              ", then the hashes that lead from it to the root of the tree of ",
                              proof.size, " entries."));
  std::vector<std::string> lines = {base::ToHex(proof.leaf_hash)};
  for (const std::string& hash : proof.hashes) lines.push_back(base::ToHex(hash));
  page.Leaf("pre", absl::StrJoin(lines, "\n"));
  const auto list = page.In("dl", {{"class", "facts"}});
  CodeFact(page, "Root", base::ToHex(proof.root));
  for (const std::string& key : proof.log_keys) CodeFact(page, "Key of the log", key);
}

}  // namespace

void EntriesSection(Html& page, const Look& look, const ReportFacts& facts) {
  const auto section =
      page.In("section", {{"id", "entries"}, {"aria-labelledby", "entries-title"}});
  page.Leaf("h2", "Entries of the audit log", {{"id", "entries-title"}});
  page.Leaf("p",
            "Everything about the plan and its runs that the log has, oldest first, without "
            "the steps of runs.");
  const auto table = page.In("table", {{"class", "entries"}});
  page.Leaf("caption", "Entries of the audit log", {{"class", "sr"}});
  {
    const auto head = page.In("thead");
    const auto row = page.In("tr");
    page.Leaf("th", "Entry", {{"scope", "col"}, {"class", "number"}});
    page.Leaf("th", "What", {{"scope", "col"}});
  }
  const auto body = page.In("tbody");
  for (const v1::AuditRecord& record : facts.entries) Entry(page, look, facts, record);
}

void ProofSection(Html& page, const ReportFacts& facts) {
  const auto section = page.In("section", {{"id", "proof"}, {"aria-labelledby", "proof-title"}});
  page.Leaf("h2", "Proof", {{"id", "proof-title"}});
  page.Leaf("p", "What resetctl verified before it wrote this page, and what it could not.");
  Claims(page, facts);
  Again(page);
  Raw(page, facts.proof);
}

}  // namespace resetctl::client

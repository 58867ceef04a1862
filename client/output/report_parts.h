#ifndef RESETCTL_CLIENT_OUTPUT_REPORT_PARTS_H_
#define RESETCTL_CLIENT_OUTPUT_REPORT_PARTS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/output/html.h"
#include "client/output/report.h"

namespace resetctl::client {

// The sections of a report (report.h), in its order. Each writes a <section> with a heading and an id.
void PeopleSection(Html& page, const Look& look, const ReportFacts& facts);
void PlanSection(Html& page, const Look& look, const ReportFacts& facts);
void TimelineSection(Html& page, const Look& look, const ReportFacts& facts);
void RowsSection(Html& page, const ReportFacts& facts);
void OutcomeSection(Html& page, const ReportFacts& facts);
void EvidenceSection(Html& page, const ReportFacts& facts);
void EntriesSection(Html& page, const Look& look, const ReportFacts& facts);
void ProofSection(Html& page, const ReportFacts& facts);

// ---- what they share

// Whether the agent has reported a commit; what to say in place of its numbers when it has not.
bool IsCommitted(const ReportFacts& facts);
const char* WhyNothing(const ReportFacts& facts);

// "2026-11-24 09:12:44 CET"
void Moment(Html& page, const Look& look, absl::Time time);

// A row of a <dl>; nothing when there is nothing to say.
void Fact(Html& page, absl::string_view name, absl::string_view value);
// The same in the type of a machine's words: ids, digests, positions.
void CodeFact(Html& page, absl::string_view name, absl::string_view value);

// A bar from `from` to `to`, both of 0 to 1, that numbers beside it repeat: hidden from readers of the screen. `kind` is a class
// of the style sheet.
void Bar(Html& page, double from, double to, const std::string& kind);

// A word with a sign before it: "✓ true". Colour says nothing that they do not.
void Mark(Html& page, Tone tone, absl::string_view word);
// "✓ done", "✗ failed", "– skipped", "! warning", "! not ended"
void Mark(Html& page, v1::EventKind kind);

// The name of who did it: 'alice', 'agent production/rental-manager', 'the controller'.
std::string WhoDid(const v1::AuditEntry& entry);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_REPORT_PARTS_H_

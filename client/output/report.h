#ifndef RESETCTL_CLIENT_OUTPUT_REPORT_H_
#define RESETCTL_CLIENT_OUTPUT_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/output/text.h"
#include "resetctl/v1/audit.pb.h"
#include "resetctl/v1/event.pb.h"
#include "resetctl/v1/plan.pb.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::client {

// What was verified of the audit log before the report was written.
struct ReportProof {
  std::string origin;  // the checkpoint's
  uint64_t size = 0;
  std::string root;
  std::string note;                   // the checkpoint, signed
  std::vector<std::string> log_keys;  // that it was verified with
  // Entries that the log was proved to have grown from; nothing: it was seen for the first time.
  std::optional<uint64_t> seen_before;

  // Who signed the statements in the entries, each verified; nothing: nobody said who may sign.
  struct Persons {
    std::vector<std::string> names;
    int64_t statements = 0;
  };
  std::optional<Persons> persons;

  // The entry that recorded the run's end; its newest entry while it is open.
  uint64_t index = 0;
  std::string leaf_hash;
  std::vector<std::string> hashes;  // RFC 6962 §2.1.1: that entry in the tree of `size`
};

// Everything that a report is made of; all of it was compared with what its digest or the log says.
struct ReportFacts {
  v1::Run run;
  std::vector<v1::RunEvent> events;
  v1::Plan plan;
  v1::PlanDocument document;  // whose bytes the plan's id names
  std::vector<v1::AuditRecord>
      entries;  // of the plan and its runs, without the runs' steps, oldest first; each is in the log
  ReportProof proof;
  std::string controller;  // its address
  std::string person;      // who had the report made
  std::string version;     // of this program
};

// One page of HTML that needs nothing else: no script, nothing that is loaded, for screens of any width, dark and light, and for
// paper. Times are in the look's zone, `now` is when the facts were fetched.
std::string RenderReport(const Look& look, const ReportFacts& facts);

// The same facts as one JSON object: {"run":..,"events":[..],"plan":..,"entries":[..],"proof":{..},"made":{..}}.
std::string ReportJson(const Look& look, const ReportFacts& facts);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_REPORT_H_

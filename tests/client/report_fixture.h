#ifndef RESETCTL_TESTS_CLIENT_REPORT_FIXTURE_H_
#define RESETCTL_TESTS_CLIENT_REPORT_FIXTURE_H_

#include "client/output/report.h"

namespace resetctl::client {

// Of the fixtures' plan (fixtures.h): planned by carol, approved by bob and dana, run by carol, in a log of 4,900 entries. Only
// a run that has ended has a result and an entry of its end.
ReportFacts AReport(v1::RunState state);

}  // namespace resetctl::client

#endif  // RESETCTL_TESTS_CLIENT_REPORT_FIXTURE_H_

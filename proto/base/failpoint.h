#ifndef RESETCTL_PROTO_BASE_FAILPOINT_H_
#define RESETCTL_PROTO_BASE_FAILPOINT_H_

namespace resetctl::base {

// A named moment between two steps of a run, such as "agent.commit.sent". In the programs that are shipped this is an empty function:
// there is nothing to switch on (ADR 15). The crash matrix (tests/e2e/crash_matrix_test.cc) links the same object files with
// tests/failpoints/failpoints.cc instead, which stops there. Names are literals and stand once each: the matrix reads them from the sources.
void Failpoint(const char* name);

}  // namespace resetctl::base

#endif  // RESETCTL_PROTO_BASE_FAILPOINT_H_

#ifndef RESETCTL_TESTS_BENCH_LOG_LINES_H_
#define RESETCTL_TESTS_BENCH_LOG_LINES_H_

#include <map>
#include <string>

namespace resetctl::bench {

// How often each message stands in a program's log, warnings and errors with their level: "warning not attached to the controller".
// The facts behind the messages are left out.
std::map<std::string, int> CountLogLines(const std::string& path);

}  // namespace resetctl::bench

#endif  // RESETCTL_TESTS_BENCH_LOG_LINES_H_

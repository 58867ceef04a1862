#ifndef RESETCTL_TESTS_SUPPORT_AWAIT_H_
#define RESETCTL_TESTS_SUPPORT_AWAIT_H_

#include <functional>
#include <string>

namespace resetctl::support {

// The one place where tests poll: for what another process does and nobody announces, such as a server that comes up or
// a session that waits for a lock. What a thread of the test itself does is told by a CondVar or a future instead.

// Asks `condition` every 5 ms until it is true; false when it is not so within a minute. What the condition throws
// passes through.
[[nodiscard]] bool ComesAbout(const std::function<bool()>& condition);

// The same; throws std::runtime_error with `what` when the minute is over.
void Await(const std::string& what, const std::function<bool()>& condition);

}  // namespace resetctl::support

#endif  // RESETCTL_TESTS_SUPPORT_AWAIT_H_

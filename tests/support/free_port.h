#ifndef RESETCTL_TESTS_SUPPORT_FREE_PORT_H_
#define RESETCTL_TESTS_SUPPORT_FREE_PORT_H_

namespace resetctl::support {

// A port of 127.0.0.1 that nobody listens on now. Another program can take it before the caller's server does: try again
// with another one then. Throws std::runtime_error when there is none.
int FreePort();

}  // namespace resetctl::support

#endif  // RESETCTL_TESTS_SUPPORT_FREE_PORT_H_

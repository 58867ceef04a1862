#ifndef RESETCTL_AGENT_APP_VERSION_H_
#define RESETCTL_AGENT_APP_VERSION_H_

namespace resetctl::agent {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_APP_VERSION_H_

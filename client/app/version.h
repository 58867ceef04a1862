#ifndef RESETCTL_CLIENT_APP_VERSION_H_
#define RESETCTL_CLIENT_APP_VERSION_H_

namespace resetctl::client {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_APP_VERSION_H_

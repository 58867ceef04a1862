#ifndef RESETCTL_CONTROLLER_APP_VERSION_H_
#define RESETCTL_CONTROLLER_APP_VERSION_H_

namespace resetctl::controller {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_APP_VERSION_H_

#include "proto/base/failpoint.h"

namespace resetctl::base {

void Failpoint(const char*) {}

}  // namespace resetctl::base

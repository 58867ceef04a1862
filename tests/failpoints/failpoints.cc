// What base::Failpoint() is in the programs of the crash matrix. A folder, RESETCTL_FAILPOINTS, is what they and the test talk
// through:
//   reached      each name that was passed, one a line, when the file exists
//   NAME.armed   holds a number: so many may pass NAME yet. The next one renames the file to NAME.hit, and stops until the test opens
//                the pipe NAME.go
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <mutex>
#include <string>
#include <unistd.h>

#include "proto/base/failpoint.h"

namespace resetctl::base {

void Failpoint(const char* name) {
  static const char* const folder = std::getenv("RESETCTL_FAILPOINTS");
  if (folder == nullptr) return;
  const std::string path = std::string(folder) + "/";
  const int reached = open((path + "reached").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (reached >= 0) {
    const std::string line = std::string(name) + "\n";
    if (write(reached, line.data(), line.size()) < 0) abort();
    close(reached);
  }
  {
    static std::mutex mutex;
    const std::lock_guard<std::mutex> lock(mutex);
    const std::string armed = path + name + ".armed";
    int more = 0;
    if (!(std::ifstream(armed) >> more)) return;
    if (more > 0) {
      std::ofstream(armed) << more - 1;
      return;
    }
    if (rename(armed.c_str(), (path + name + ".hit").c_str()) != 0) return;
  }
  const int go =
      open((path + name + ".go").c_str(), O_RDONLY | O_CLOEXEC);  // waits for the other end
  if (go >= 0) close(go);
}

}  // namespace resetctl::base

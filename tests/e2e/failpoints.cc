#include "tests/e2e/failpoints.h"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

#include <sys/stat.h>

#include "tests/support/await.h"

namespace resetctl::support {
namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace

std::vector<std::string> FailpointsOfTheSources() {
  std::set<std::string> names;
  const std::regex call("base::Failpoint\\(\"([^\"]+)\"\\)");
  for (const char* part : {"agent", "controller"}) {
    for (const auto& file :
         fs::recursive_directory_iterator(fs::path(RESETCTL_SOURCE_DIR) / part)) {
      if (file.path().extension() != ".cc") continue;
      const std::string text = ReadFile(file.path());
      for (auto match = std::sregex_iterator(text.begin(), text.end(), call);
           match != std::sregex_iterator(); ++match) {
        const auto [name, added] = names.insert((*match)[1]);
        if (!added) throw std::runtime_error("two failpoints are named " + *name);
      }
    }
  }
  return {names.begin(), names.end()};
}

Failpoints::Failpoints() {
  folder_ = (fs::temp_directory_path() / "resetctl-failpoints-XXXXXX").string();
  if (mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no folder for failpoints");
  for (const std::string& failpoint : FailpointsOfTheSources()) {
    if (mkfifo(File(failpoint, ".go").c_str(), 0600) != 0) {
      throw std::runtime_error("no pipe for " + failpoint);
    }
  }
}

Failpoints::~Failpoints() { fs::remove_all(folder_); }

std::string Failpoints::File(const std::string& failpoint, const char* ending) const {
  return folder_ + "/" + failpoint + ending;
}

void Failpoints::Arm(const std::string& failpoint, int skip) {
  fs::remove(File(failpoint, ".hit"));  // of a program that was killed there
  std::ofstream(File(failpoint, ".new")) << skip;
  fs::rename(File(failpoint, ".new"), File(failpoint, ".armed"));
}

void Failpoints::Disarm(const std::string& failpoint) {
  if (!fs::remove(File(failpoint, ".armed")) && Stands(failpoint)) Go(failpoint);
}

bool Failpoints::Stands(const std::string& failpoint) const {
  return fs::exists(File(failpoint, ".hit"));
}

void Failpoints::AwaitAt(const std::string& failpoint) const {
  Await("a program to stand at " + failpoint, [&] { return Stands(failpoint); });
}

void Failpoints::Go(const std::string& failpoint) {
  fs::remove(File(failpoint, ".hit"));
  Await("the program at " + failpoint + " to wait", [&] {
    const int go = open(File(failpoint, ".go").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (go < 0) return false;
    close(go);
    return true;
  });
}

std::map<std::string, int> Failpoints::Passings() const {
  const std::string path = folder_ + "/reached";
  if (!fs::exists(path)) std::ofstream(path).flush();
  std::istringstream lines(ReadFile(path));
  std::map<std::string, int> passings;
  for (std::string line; std::getline(lines, line);) ++passings[line];
  return passings;
}

}  // namespace resetctl::support

#include "tests/bench/log_lines.h"

#include <fstream>
#include <set>
#include <sstream>

namespace resetctl::bench {

std::map<std::string, int> CountLogLines(const std::string& path) {
  static const auto& levels = *new std::set<std::string>{"debug", "info", "warning", "error"};
  std::map<std::string, int> counts;
  std::ifstream log(path);
  for (std::string line; std::getline(log, line);) {
    std::istringstream words(line);
    std::string time, level, program, message;
    words >> time >> level >> program;
    if (levels.count(level) == 0) {  // a library's
      ++counts["? " + line.substr(line.rfind(']') + 1)];
      continue;
    }
    for (std::string word; words >> word && word.find('=') == std::string::npos;) {
      message.append(" ").append(word);
    }
    ++counts[level + message];
  }
  return counts;
}

}  // namespace resetctl::bench

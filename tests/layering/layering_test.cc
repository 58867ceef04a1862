// Dependencies point one way (ARCHITECTURE.md). This names the include that does not.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace resetctl {
namespace {

namespace fs = std::filesystem;

struct Include {
  std::string file;  // relative to the root
  int line;
  std::string path;
};

std::vector<Include> IncludesBelow(const std::string& folder) {
  static const std::regex directive("^\\s*#include [<\"]([^>\"]+)[>\"]");
  std::vector<Include> includes;
  const fs::path root = RESETCTL_SOURCE_DIR;
  for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".cc" && extension != ".h") continue;
    std::ifstream in(entry.path());
    std::string text;
    for (int line = 1; std::getline(in, text); ++line) {
      std::smatch match;
      if (std::regex_search(text, match, directive)) {
        includes.push_back({fs::relative(entry.path(), root).string(), line, match[1].str()});
      }
    }
  }
  EXPECT_FALSE(includes.empty()) << folder << " has no sources";
  return includes;
}

bool StartsWith(const std::string& text, const std::string& prefix) {
  return text.rfind(prefix, 0) == 0;
}

// No file below `folder` includes anything that starts with one of `forbidden`.
void Forbid(const std::string& folder, const std::vector<std::string>& forbidden) {
  for (const Include& include : IncludesBelow(folder)) {
    for (const std::string& prefix : forbidden) {
      EXPECT_FALSE(StartsWith(include.path, prefix))
          << include.file << ":" << include.line << " includes " << include.path;
    }
  }
}

const std::vector<std::string> kGrpc = {"grpc", "proto/transport/"};

TEST(LayeringTest, ProgramsNeverIncludeEachOther) {
  Forbid("agent", {"controller/", "client/", "tests/"});
  Forbid("controller", {"agent/", "client/", "tests/"});
  Forbid("client", {"agent/", "controller/", "tests/"});
  Forbid("proto", {"agent/", "controller/", "client/", "tests/"});
}

TEST(LayeringTest, BaseKnowsNoDomainWordAndTheContractNoGrpc) {
  Forbid("proto/base", {"proto/contract/", "proto/transport/", "resetctl/", "grpc"});
  Forbid("proto/contract", kGrpc);
}

TEST(LayeringTest, DomainIsPure) {
  for (const std::string program : {"agent", "controller"}) {
    std::vector<std::string> forbidden = kGrpc;
    for (const char* part : {"/app/", "/service/", "/store/", "/rpc/", "/link/", "/postgres/",
                             "/redis/", "/hooks/", "/journal/", "/notify/", "/archive/"}) {
      forbidden.push_back(program + part);
    }
    forbidden.insert(forbidden.end(),
                     {"libpq", "pqxx", "hiredis", "sqlite3", "curl/", "proto/base/file.h",
                      "proto/base/clock.h", "proto/base/subprocess.h"});
    Forbid(program + "/domain", forbidden);
  }
}

TEST(LayeringTest, ServicesKnowNoGrpcAndNoAdapter) {
  Forbid("agent/service",
         {"grpc", "proto/transport/", "agent/app/", "agent/link/", "agent/postgres/",
          "agent/redis/", "agent/hooks/", "libpq", "hiredis", "curl/"});
  Forbid("controller/service",
         {"grpc", "controller/app/", "controller/archive/", "controller/notify/", "controller/rpc/",
          "controller/store/", "curl/", "sqlite3"});
}

TEST(LayeringTest, HeavyHeadersStayOutOfHeaders) {
  for (const std::string folder : {"agent", "controller", "client", "proto"}) {
    for (const Include& include : IncludesBelow(folder)) {
      if (include.file.substr(include.file.size() - 2) != ".h") continue;
      for (const char* heavy :
           {"CLI/", "nlohmann/", "yaml-cpp/", "spdlog/", "sqlite3.h", "pqxx/"}) {
        EXPECT_FALSE(StartsWith(include.path, heavy))
            << include.file << ":" << include.line << " includes " << include.path;
      }
    }
  }
}

}  // namespace
}  // namespace resetctl

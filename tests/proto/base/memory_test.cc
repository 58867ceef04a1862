#include "proto/base/memory.h"

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace resetctl::base {
namespace {

long AnonymousKib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("RssAnon:", 0) == 0) return std::stol(line.substr(sizeof("RssAnon:")));
  }
  return 0;
}

// 80 MB in small pieces, of another thread's arena; one in 400 stays.
std::vector<std::unique_ptr<std::string>> FillAndFree() {
  std::vector<std::unique_ptr<std::string>> left;
  std::thread([&left] {
    std::vector<std::unique_ptr<std::string>> pieces;
    for (int i = 0; i < 40'000; ++i) pieces.push_back(std::make_unique<std::string>(2000, 'x'));
    for (size_t i = 0; i < pieces.size(); i += 400) left.push_back(std::move(pieces[i]));
  }).join();
  return left;
}

TEST(MemoryTest, WhatWasFreedBetweenWhatStaysGoesBack) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer has an allocator of its own";
#endif
  const auto left = FillAndFree();
  const long kept = AnonymousKib();
  ASSERT_GT(kept, 60'000) << "the allocator has given it back by itself";
  GiveBackFreeMemory();
  EXPECT_LT(AnonymousKib(), 30'000);
}

}  // namespace
}  // namespace resetctl::base

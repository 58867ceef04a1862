#include "proto/base/memory.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#ifdef __GLIBC__
#include <malloc.h>
#endif

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

#ifdef __GLIBC__
int Arenas() {
  char* text = nullptr;
  size_t size = 0;
  FILE* const out = open_memstream(&text, &size);
  malloc_info(0, out);
  fclose(out);
  const std::string info(text, size);
  free(text);
  int arenas = 0;
  for (size_t at = info.find("<heap nr"); at != std::string::npos;
       at = info.find("<heap nr", at + 1)) {
    ++arenas;
  }
  return arenas;
}

TEST(MemoryTest, AllThreadsUseFewArenas) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer has an allocator of its own";
#endif
  UseFewArenas();
  const int before = Arenas();
  std::vector<std::unique_ptr<std::string>> kept(8);
  std::vector<std::thread> threads;
  std::latch all_have(static_cast<std::ptrdiff_t>(kept.size()));
  for (std::unique_ptr<std::string>& mine : kept) {
    threads.emplace_back([&mine, &all_have] {
      mine = std::make_unique<std::string>(2000, 'x');
      all_have.arrive_and_wait();  // the arena of a thread that has ended is used again
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(Arenas(), std::max(before, 2));
}
#endif

}  // namespace
}  // namespace resetctl::base

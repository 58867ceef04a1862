#ifndef RESETCTL_TESTS_PROTO_CONTRACT_B_BLUEPRINT_FOR_TEST_H_
#define RESETCTL_TESTS_PROTO_CONTRACT_B_BLUEPRINT_FOR_TEST_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/blueprint.h"

namespace resetctl::contract {

// Six lines that make a whole blueprint; what a test is about follows from line 7 on.
inline constexpr char kHead[] =
    "version: 1\n"
    "name: shop\n"
    "postgres:\n"
    "  schemas: [public, audit]\n"
    "  clear:\n"
    "    - {group: All, tables: ['*']}\n";

inline ParsedBlueprint ParseText(const std::string& text,
                                 std::map<std::string, std::string> files = {}) {
  files["b.yaml"] = text;
  return ParseBlueprint({"b.yaml", std::move(files)});
}

// 'file:line:column message', in the order people get them.
inline std::vector<std::string> Lines(const ParsedBlueprint& parsed) {
  std::vector<std::string> lines;
  for (const v1::Problem& problem : parsed.problems) {
    lines.push_back(absl::StrCat(problem.file(), ":", problem.line(), ":", problem.column(), " ",
                                 problem.message()));
  }
  return lines;
}

// Of kHead followed by `tail`.
inline std::vector<std::string> ProblemsOf(const std::string& tail,
                                           std::map<std::string, std::string> files = {}) {
  return Lines(ParseText(kHead + tail, std::move(files)));
}

}  // namespace resetctl::contract

#endif  // RESETCTL_TESTS_PROTO_CONTRACT_B_BLUEPRINT_FOR_TEST_H_

#ifndef RESETCTL_TESTS_AGENT_POSTGRES_RANDOM_SCHEMA_H_
#define RESETCTL_TESTS_AGENT_POSTGRES_RANDOM_SCHEMA_H_

#include <string>
#include <vector>

namespace resetctl::agent {

// Tables t0..tN with serial keys and rows, foreign keys between any of them with any action (cycles and self references too),
// partition trees, triggers in every state, and a choice of what is cleared. The same for the same seed.
struct RandomSchema {
  std::string sql;
  std::vector<std::string> cleared;
  std::vector<std::string> kept;
  bool null_references_allowed = false;
};
RandomSchema MakeRandomSchema(unsigned seed);

}  // namespace resetctl::agent

#endif  // RESETCTL_TESTS_AGENT_POSTGRES_RANDOM_SCHEMA_H_

#ifndef RESETCTL_TESTS_E2E_SHOP_H_
#define RESETCTL_TESTS_E2E_SHOP_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/e2e/stack.h"
#include "tests/support/postgres_cluster.h"
#include "tests/support/redis_server.h"

namespace resetctl::support {

// A small shop in one or two environments: a real database of a plain owner, a real Redis, an agent, and a blueprint that
// tests change by replacing text.
//   users, companies, items (1000 rows) are cleared; notes and alembic_version are kept.
class ShopTest : public ::testing::Test {
 protected:
  struct Environment {
    std::unique_ptr<TestDatabase> database;
    std::unique_ptr<RedisServer> redis;
  };

  void SetUp() override;

  // Makes database and Redis, fills both, and starts the agent. `agent` is what differs from the usual one.
  void Open(const std::string& environment, Stack::Agent agent = {});
  // The usual variables of an agent.
  static std::map<std::string, std::string> Variables();

  // Writes the blueprint with `changes` (text to replace -> with what) below a folder of its own; the blueprint's path.
  std::string Blueprint(const std::map<std::string, std::string>& changes = {},
                        const std::map<std::string, std::string>& more_files = {});

  TestDatabase& Database(const std::string& environment) {
    return *environments_.at(environment).database;
  }
  RedisServer& Redis(const std::string& environment) {
    return *environments_.at(environment).redis;
  }

  // One line a table: name, rows, md5 of its content. Equal before and after means that nothing was changed.
  std::string Contents(const std::string& environment);
  // The run's state by `show`, as alice.
  std::string StateOf(const std::string& run);
  // Of what `show RUN -o json` said: events from 1 on, without gaps, as many as the run has.
  static void ExpectEventsOnceEach(const std::string& shown);
  // Plan by carol, approvals by alice and dana.
  std::string ApprovedPlan(const std::string& blueprint,
                           const std::string& environment = "production");
  // Starts a run in the background and waits until the target has `sql` true.
  std::string OnlyRun();

  Said As(const std::string& person, const std::vector<std::string>& arguments) {
    return stack_->As(person, arguments);
  }

  Stack::Options options_;
  std::unique_ptr<Stack> stack_;
  std::map<std::string, Environment> environments_;
  int blueprints_ = 0;
};

inline constexpr char kPhrase[] = "DELETE ALL DATA shop";
inline constexpr char kAdminPassword[] = "Fresh-Start-2026!";

}  // namespace resetctl::support

#endif  // RESETCTL_TESTS_E2E_SHOP_H_

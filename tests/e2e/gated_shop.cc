#include "tests/e2e/gated_shop.h"

#include <utility>

namespace resetctl::support {

std::string GatedShopTest::Gated() {
  return Blueprint(
      {{"  - name: Company", "  - {name: Gate, sql: sql/gate.sql}\n  - name: Company"}},
      {{"sql/gate.sql", "select pg_advisory_xact_lock(4711);\n"}});
}

TestConnection GatedShopTest::CloseGate() {
  TestConnection gate = Database("staging").Connect("gate");
  gate.Execute("select pg_advisory_lock(4711)");
  return gate;
}

void GatedShopTest::OpenGate(TestConnection& gate) {
  gate.Execute("select pg_advisory_unlock(4711)");
}

bool GatedShopTest::SomebodyIsAtTheGate() {
  return Database("staging").Scalar(
             "select count(*) from pg_locks where locktype = 'advisory' and not granted and "
             "objid = 4711") == "1";
}

void GatedShopTest::AwaitAtGate() {
  Await("the run to stand at the gate", [&] { return SomebodyIsAtTheGate(); });
}

void GatedShopTest::AwaitLooks(int looks) {
  const auto sessions = [this] {
    return std::stoi(Database("staging").Scalar(
        "select sessions from pg_stat_database where datname = current_database()"));
  };
  const int before = sessions();
  Await("the agent to look after its backend", [&] { return sessions() >= before + looks; });
}

std::unique_ptr<Daemon> GatedShopTest::StartRun(const std::string& plan) {
  log_ = stack_->folder() + "/run.log";
  return stack_->InBackground("alice", {"run", plan}, log_);
}

GatedShopTest::RunAtGate GatedShopTest::RunToTheGate() {
  std::string plan = stack_->Plan("alice", Gated(), "staging");
  TestConnection gate = CloseGate();
  std::unique_ptr<Daemon> client = StartRun(plan);
  AwaitAtGate();
  return {std::move(plan), std::move(gate), std::move(client), OnlyRun()};
}

std::string GatedShopTest::StateOfPlan(const std::string& plan) {
  return Stack::Field(As("alice", {"show", plan, "-o", "json"}).out, "plan.state");
}

void GatedShopTest::AwaitState(const std::string& run, const std::string& state) {
  Await(run + " to be " + state, [&] { return StateOf(run) == state; });
}

int GatedShopTest::EndOf(Daemon& program) {
  Await("a program to end", [&] { return !program.Running(); });
  return program.Stop();
}

}  // namespace resetctl::support

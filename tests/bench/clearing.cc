// How long a reset of empty, small and large tables takes, as the agent works, against one TRUNCATE ... RESTART IDENTITY of
// the same tables; and a plan against counting the same tables with psql. Both sides alternate in one run, on databases of their
// own with the same content, on a server that really writes to its disk. docs/guide/performance.md says how to read it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/postgres/postgres_target.h"
#include "proto/contract/digest.h"
#include "tests/support/postgres_cluster.h"

namespace resetctl::agent {
namespace {

using support::PostgresCluster;
using support::TestDatabase;

double Milliseconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

class NoObserver : public StepObserver {
 public:
  void OnStep(const StepNote&) override {}
  absl::Status OnAboutToCommit(const CommitFacts&) override { return absl::OkStatus(); }
};

// Tables t1..tN as POSTGRES.md's measurements have them: a serial key, a text with an index, one foreign key per five tables.
void MakeTables(TestDatabase& db, int tables) {
  for (int first = 1; first <= tables; first += 50) {
    db.Execute(absl::StrCat(
        "do $$ begin for i in ", first, "..", std::min(first + 49, tables),
        " loop execute format('create table t%s (id serial primary key, name text, ref int)', i); "
        "execute format('create index on t%s (name)', i); if i % 5 = 0 then execute "
        "format('alter table t%s add foreign key (ref) references t%s', i, i - 1); end if; "
        "end loop; end $$"));
  }
}

// Fills tables `from`, from + step, ... up to `to` with rows each.
void Fill(TestDatabase& db, int from, int to, int step, int rows) {
  db.Execute(absl::StrCat("do $$ begin for i in ", from, "..", to, " by ", step,
                          " loop execute format('insert into t%s (name) select ''row '' || g from "
                          "generate_series(1, ",
                          rows, ") g', i); end loop; end $$"));
}

struct Workload {
  std::string name;
  int tables;
  std::function<void(TestDatabase&)> fill;
  double goal;
  bool large = false;
};

// What no side can do without, when three tables hold a million rows each: they are counted, and their files are given back at
// COMMIT. Each on its own, on the server's own time.
class LargeTables {
 public:
  explicit LargeTables(PostgresCluster& cluster) : db_(TestDatabase::CreateIn(cluster)) {
    MakeTables(db_, 3);
  }

  void Measure() {
    Fill(db_, 1, 3, 1, 1000000);
    db_.ExecuteAsSuperuser("checkpoint");
    counts_.push_back(Milliseconds([&] {
      for (const char* table : {"t1", "t2", "t3"}) {
        db_.Execute(absl::StrCat("select count(*) from ", table));
      }
    }));
    truncates_.push_back(
        Milliseconds([&] { db_.Execute("truncate t1, t2, t3 restart identity"); }));
  }

  void Print() const {
    std::printf("%-46s %9.0f ms to truncate the three large tables alone, %.0f ms to count them\n",
                "  of these, for whoever does it:", Median(truncates_), Median(counts_));
  }

 private:
  TestDatabase db_;
  std::vector<double> truncates_, counts_;
};

// A database with a blueprint that clears all of it.
class Target {
 public:
  Target(PostgresCluster& cluster, int tables)
      : db(TestDatabase::CreateIn(cluster)),
        target_(base::Secret(db.OwnerUrl()), "bench", "bench") {
    MakeTables(db, tables);
    bundle_.blueprint_path = "blueprint.yaml";
    bundle_.files["blueprint.yaml"] =
        "version: 1\nname: bench\npostgres: {clear: [{group: All, tables: ['t*']}]}\n"
        "redis: {flush: none}\n";
    contract::ParsedBlueprint parsed = contract::ParseBlueprint(bundle_);
    if (!parsed.ok()) Die(parsed.problems[0].message());
    blueprint_ = std::move(parsed.blueprint);
  }

  void Plan() {
    absl::StatusOr<Survey> survey = target_.MakeSurvey(blueprint_, bundle_, {});
    if (!survey.ok()) Die(survey.status().ToString());
    if (!survey->problems.empty()) Die(survey->problems[0].message());
    plan_ = std::move(survey->document);
    plan_.set_environment("bench");
    plan_.set_target("bench");
    digest_ = contract::Digest(absl::StrCat(++plans_, plan_.schema_fingerprint()));
  }

  v1::RunResult Reset() {
    const std::string run = absl::StrCat("r-", plans_);
    const absl::StatusOr<int64_t> fence = target_.Claim({run, digest_, run, "bench"});
    if (!fence.ok()) Die(fence.status().ToString());
    ResetOrder order;
    order.run_id = run;
    order.plan_digest = digest_;
    order.fence = *fence;
    order.plan = &plan_;
    order.blueprint = &blueprint_;
    order.bundle = &bundle_;
    order.parameters = &parameters_;
    NoObserver observer;
    ResetOutcome outcome = target_.Reset(order, observer);
    if (outcome.end != ResetEnd::kCommitted) Die(outcome.problem.message());
    return outcome.result;
  }

  TestDatabase db;

 private:
  PostgresTarget target_;
  contract::BundleFiles bundle_;
  contract::Blueprint blueprint_;
  ResolvedParameters parameters_;
  v1::PlanDocument plan_;
  std::string digest_;
  int plans_ = 0;
};

std::string AllTables(int tables) {
  std::string list;
  for (int i = 1; i <= tables; ++i) absl::StrAppend(&list, i > 1 ? ", t" : "t", i);
  return list;
}

void Report(const std::string& what, std::vector<double> ours, std::vector<double> theirs,
            double goal, bool at_most) {
  std::vector<double> ratios;
  for (size_t i = 0; i < ours.size(); ++i) {
    ratios.push_back(at_most ? ours[i] / theirs[i] : theirs[i] / ours[i]);
  }
  std::printf("%-46s %9.0f %9.0f  %6.2f x  (goal %s %.1f x)\n", what.c_str(), Median(ours),
              Median(theirs), Median(ratios), at_most ? "<=" : ">=", goal);
  std::fflush(stdout);
}

// psql counts each table exactly, one statement each.
double PsqlCounts(TestDatabase& db, int tables) {
  const std::string script = "/tmp/resetctl_bench_counts.sql";
  std::ofstream out(script);
  for (int i = 1; i <= tables; ++i) out << "select count(*) from t" << i << ";\n";
  out.close();
  const std::string command =
      absl::StrCat("psql -qAtX -f ", script, " '", db.OwnerUrl(), "' >/dev/null");
  return Milliseconds([&] {
    if (std::system(command.c_str()) != 0) Die("psql failed");
  });
}

void InTurn(int round, const std::function<void()>& a, const std::function<void()>& b) {
  if (round % 2 == 1) b();
  a();
  if (round % 2 == 0) b();
}

void Compare(PostgresCluster& cluster, const Workload& workload, int rounds) {
  Target ours(cluster, workload.tables);
  TestDatabase theirs = TestDatabase::CreateIn(cluster);
  MakeTables(theirs, workload.tables);
  const std::string truncate =
      absl::StrCat("truncate ", AllTables(workload.tables), " restart identity");
  std::vector<double> reset, one_truncate, plan, counts;
  double writers = 0, readers = 0;
  std::optional<LargeTables> large;
  if (workload.large) large.emplace(cluster);
  for (int round = 0; round < rounds; ++round) {
    ours.db.Execute("vacuum");
    workload.fill(ours.db);
    workload.fill(theirs);
    ours.db.ExecuteAsSuperuser("checkpoint");
    // Whoever reads new rows first writes the hint bits.
    InTurn(
        round, [&] { plan.push_back(Milliseconds([&] { ours.Plan(); })); },
        [&] { counts.push_back(PsqlCounts(ours.db, workload.tables)); });
    v1::RunResult result;
    InTurn(
        round, [&] { reset.push_back(Milliseconds([&] { result = ours.Reset(); })); },
        [&] { one_truncate.push_back(Milliseconds([&] { theirs.Execute(truncate); })); });
    if (large) large->Measure();
    writers = static_cast<double>(result.writers_waited().seconds()) * 1e3 +
              result.writers_waited().nanos() / 1e6;
    readers = static_cast<double>(result.readers_waited().seconds()) * 1e3 +
              result.readers_waited().nanos() / 1e6;
  }
  Report(workload.name, reset, one_truncate, workload.goal, false);
  std::printf("%-46s writers waited %.0f ms, readers %.0f ms (last round)\n", "", writers, readers);
  if (large) large->Print();
  Report("  its plan, against psql counting", plan, counts, 1.5, true);
}

// The most memory that this process has held, in MiB.
double PeakMemory() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word == "VmHWM:") break;
  }
  double kilobytes = 0;
  status >> kilobytes;
  return kilobytes / 1024;
}

void MeasureMemory(PostgresCluster& cluster) {
  Target target(cluster, 5000);
  Fill(target.db, 1, 5000, 10, 10);
  const double before = PeakMemory();
  target.Plan();
  target.Reset();
  std::printf(
      "memory while counting and clearing 5,000 tables: %.0f MiB at the most, %.0f before "
      "(goal <= 64)\n",
      PeakMemory(), before);
}

// `only`: part of a workload's name; empty: all of them, and the memory.
void Main(int rounds, const std::string& only) {
  PostgresCluster::Options options;
  options.on_disk = true;
  options.settings = {"fsync=on", "max_locks_per_transaction=1024", "shared_buffers=256MB",
                      "max_wal_size=4GB"};
  PostgresCluster cluster(options);
  std::ifstream cpu("/proc/cpuinfo");
  std::string line;
  while (std::getline(cpu, line) && line.rfind("model name", 0) != 0) {
  }
  std::printf("%s; PostgreSQL 15, fsync on; medians of %d rounds, both sides in turn\n\n",
              line.c_str(), rounds);
  if (only.empty()) MeasureMemory(cluster);
  std::printf("\n%-46s %9s %9s\n", "", "ours, ms", "other, ms");
  const auto nothing = [](TestDatabase&) {};
  const auto tenth = [](TestDatabase& db) { Fill(db, 1, 1000, 10, 10); };
  const auto large = [](TestDatabase& db) {
    Fill(db, 1, 1000, 10, 10);
    Fill(db, 2, 502, 250, 1000000);
  };
  const auto few = [](TestDatabase& db) { Fill(db, 1, 50, 10, 240000); };
  for (const Workload& workload :
       std::vector<Workload>{{"1,000 tables, empty", 1000, nothing, 15},
                             {"1,000 tables, 10% with 10 rows", 1000, tenth, 15},
                             {"1,000 tables, 10% with 10 rows, 3 x 1M rows", 1000, large, 8, true},
                             {"50 tables, 1.2M rows in 5 of them", 50, few, 0.9}}) {
    if (workload.name.find(only) != std::string::npos) Compare(cluster, workload, rounds);
  }
}

}  // namespace
}  // namespace resetctl::agent

int main(int argc, char** argv) {
  resetctl::agent::Main(argc > 1 ? std::atoi(argv[1]) : 5, argc > 2 ? argv[2] : "");
  return 0;
}

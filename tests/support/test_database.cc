#include <atomic>
#include <stdexcept>
#include <utility>

#include <pqxx/pqxx>

#include "proto/base/subprocess.h"
#include "tests/support/postgres_cluster.h"

// libpqxx 6.4 loses a result of its own when a server ends the session in the middle of a query. Asked by LeakSanitizer.
extern "C" const char* __lsan_default_suppressions() { return "leak:libpqxx-6.4.so\n"; }

namespace resetctl::support {
namespace {

std::string PasswordOf(const std::string& role) { return "pw-" + role; }

}  // namespace

struct TestConnection::Impl {
  explicit Impl(const std::string& url) : connection(url), work(connection) {}
  pqxx::connection connection;
  pqxx::nontransaction work;
};

TestConnection::TestConnection(const std::string& url, const std::string& application)
    : impl_(std::make_unique<Impl>(url)) {
  Execute("SET application_name = " + impl_->connection.quote(application));
  Execute("SET client_min_messages = warning");
}
TestConnection::~TestConnection() = default;
TestConnection::TestConnection(TestConnection&&) noexcept = default;
TestConnection& TestConnection::operator=(TestConnection&&) noexcept = default;

void TestConnection::Execute(const std::string& sql) {
  try {
    impl_->work.exec(sql);
  } catch (const pqxx::sql_error& error) {
    throw std::runtime_error(error.sqlstate() + ": " + error.what() + " in: " + sql);
  }
}

std::vector<std::string> TestConnection::Column(const std::string& sql) {
  try {
    std::vector<std::string> values;
    for (const pqxx::row row : impl_->work.exec(sql)) {
      values.push_back(row[0].is_null() ? "" : row[0].c_str());
    }
    return values;
  } catch (const pqxx::sql_error& error) {
    throw std::runtime_error(error.sqlstate() + ": " + error.what() + " in: " + sql);
  }
}

std::string TestConnection::Scalar(const std::string& sql) {
  const std::vector<std::string> values = Column(sql);
  return values.empty() ? "" : values[0];
}

std::string TestConnection::ErrorOf(const std::string& sql) {
  try {
    impl_->work.exec(sql);
    return "";
  } catch (const pqxx::sql_error& error) {
    // libpqxx 6.4 forgets the SQLSTATE of some, 42501 for one: no failure may look like a success.
    return error.sqlstate().empty() ? error.what() : error.sqlstate();
  }
}

int TestConnection::backend_pid() { return impl_->connection.backendpid(); }

TestDatabase::TestDatabase(PostgresCluster& cluster, std::string name, std::string owner)
    : cluster_(&cluster), name_(std::move(name)), owner_(std::move(owner)) {}

TestDatabase TestDatabase::Create() { return CreateIn(PostgresCluster::Shared()); }

TestDatabase TestDatabase::CreateIn(PostgresCluster& cluster) {
  static std::atomic<int> count{0};
  const std::string name = "test" + std::to_string(++count);
  const std::string owner = name + "_owner";
  TestConnection superuser(cluster.SuperuserUrl());
  superuser.Execute("CREATE ROLE " + owner + " LOGIN PASSWORD '" + PasswordOf(owner) + "'");
  superuser.Execute("CREATE DATABASE " + name + " OWNER " + owner);
  return TestDatabase(cluster, name, owner);
}

std::string TestDatabase::UrlFor(const std::string& role) const {
  return cluster_->Url(role, PasswordOf(role), name_);
}
std::string TestDatabase::OwnerUrl() const { return UrlFor(owner_); }
std::string TestDatabase::SuperuserUrl() const { return cluster_->SuperuserUrl(name_); }

TestConnection& TestDatabase::Owner() {
  if (as_owner_ == nullptr) as_owner_ = std::make_unique<TestConnection>(OwnerUrl());
  return *as_owner_;
}
TestConnection& TestDatabase::Superuser() {
  if (as_superuser_ == nullptr) as_superuser_ = std::make_unique<TestConnection>(SuperuserUrl());
  return *as_superuser_;
}

void TestDatabase::Execute(const std::string& sql) { Owner().Execute(sql); }
void TestDatabase::ExecuteAsSuperuser(const std::string& sql) { Superuser().Execute(sql); }
std::string TestDatabase::Scalar(const std::string& sql) { return Superuser().Scalar(sql); }
std::vector<std::string> TestDatabase::Column(const std::string& sql) {
  return Superuser().Column(sql);
}

std::string TestDatabase::CreateRole(const std::string& suffix) {
  std::string role = name_ + "_" + suffix;
  ExecuteAsSuperuser("CREATE ROLE " + role + " LOGIN PASSWORD '" + PasswordOf(role) + "'");
  return role;
}

void TestDatabase::RunPsql(const std::string& file, const std::vector<std::string>& variables) {
  base::SubprocessOptions psql;
  psql.argv = {"/usr/lib/postgresql/15/bin/psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"};
  for (const std::string& variable : variables) {
    psql.argv.insert(psql.argv.end(), {"-v", variable});
  }
  psql.argv.insert(psql.argv.end(), {"-f", file, OwnerUrl()});
  psql.timeout = absl::Minutes(4);
  const auto result = base::RunSubprocess(psql);
  if (!result.ok() || result->exit_code != 0) {
    throw std::runtime_error(file + ": " +
                             (result.ok() ? result->standard_error : result.status().ToString()));
  }
}

TestConnection TestDatabase::Connect(const std::string& application) const {
  return TestConnection(OwnerUrl(), application);
}

}  // namespace resetctl::support

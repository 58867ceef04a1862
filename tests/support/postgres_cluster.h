#ifndef RESETCTL_TESTS_SUPPORT_POSTGRES_CLUSTER_H_
#define RESETCTL_TESTS_SUPPORT_POSTGRES_CLUSTER_H_

#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

namespace resetctl::support {

// A real PostgreSQL 15 server of our own: unix socket and 127.0.0.1 on a free port, data below the
// temporary folder, fsync off, autovacuum off. Stopped by its pid, and its data removed, when the
// object goes or the process ends (also by kill -9: the server is told by its parent's death). As
// root it runs as user `postgres`, else as ourselves. A server that does not come up throws
// std::runtime_error with its log.
class PostgresCluster {
 public:
  struct Options {
    std::vector<std::string> settings;  // 'wal_level=logical'
    // The data folder is copied from one that was made once, so that every cluster has the same
    // system identifier, as physical clones have. True: a real initdb, half a second slower.
    bool own_identity = false;
    // In the temporary folder, as benchmarks need it; others are in memory where there is room.
    bool on_disk = false;
    const PostgresCluster* primary = nullptr;  // a standby of this one, copied by pg_basebackup
  };

  // The one that this process shares, started at the first call. Call it from the main thread: the
  // server ends with the thread that started it.
  static PostgresCluster& Shared();

  PostgresCluster();
  explicit PostgresCluster(const Options& options);
  ~PostgresCluster();
  PostgresCluster(const PostgresCluster&) = delete;
  PostgresCluster& operator=(const PostgresCluster&) = delete;

  int port() const { return port_; }
  const std::string& socket_folder() const { return folder_; }
  pid_t pid() const { return pid_; }
  // postgresql://user:password@127.0.0.1:port/database
  std::string Url(const std::string& user, const std::string& password,
                  const std::string& database) const;
  std::string SuperuserUrl(const std::string& database = "postgres") const;
  // Everything that the server has logged so far.
  std::string Log() const;

  void Stop();            // immediate, as in a crash
  void Start();           // again, on the same port and data
  void StopGracefully();  // fast shutdown: transactions are rolled back, a checkpoint is written

 private:
  void End(int signal);

  std::string folder_;  // socket, log and data
  std::vector<std::string> settings_;
  int port_ = 0;
  pid_t pid_ = 0;
};

// One session, by libpqxx: an independent witness of what our own libpq code does. Errors are
// std::runtime_error with SQLSTATE and message.
class TestConnection {
 public:
  explicit TestConnection(const std::string& url, const std::string& application = "witness");
  ~TestConnection();
  TestConnection(TestConnection&&) noexcept;
  TestConnection& operator=(TestConnection&&) noexcept;

  // One or several statements. Transactions are the caller's: Execute("BEGIN").
  void Execute(const std::string& sql);
  // First column of the first row; "" for NULL or no row.
  std::string Scalar(const std::string& sql);
  // First column of all rows.
  std::vector<std::string> Column(const std::string& sql);
  // SQLSTATE of the failure (its message, where libpqxx does not tell), "" when it succeeds.
  std::string ErrorOf(const std::string& sql);
  int backend_pid();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A fresh database of its own plain owner, who is no superuser, in the shared cluster (or another).
class TestDatabase {
 public:
  static TestDatabase Create();
  static TestDatabase CreateIn(PostgresCluster& cluster);

  const std::string& name() const { return name_; }
  const std::string& owner() const { return owner_; }
  PostgresCluster& cluster() const { return *cluster_; }
  std::string OwnerUrl() const;  // TCP, with a password
  std::string SuperuserUrl() const;
  std::string UrlFor(const std::string& role) const;  // of a role made by CreateRole

  // As owner. Connections are opened when first needed and stay open.
  void Execute(const std::string& sql);
  void ExecuteAsSuperuser(const std::string& sql);
  // As superuser, so that neither privileges nor row security hide anything.
  std::string Scalar(const std::string& sql);
  std::vector<std::string> Column(const std::string& sql);
  // A login role '<database>_<suffix>' with a password, without any privileges. Its name.
  std::string CreateRole(const std::string& suffix);
  // A script with psql's own commands, as owner: RunPsql("fill.sql", {"rows=1000"}).
  void RunPsql(const std::string& file, const std::vector<std::string>& variables = {});
  // Another session of the owner.
  TestConnection Connect(const std::string& application = "application") const;

 private:
  TestDatabase(PostgresCluster& cluster, std::string name, std::string owner);
  TestConnection& Owner();
  TestConnection& Superuser();

  PostgresCluster* cluster_;
  std::string name_;
  std::string owner_;
  std::unique_ptr<TestConnection> as_owner_;
  std::unique_ptr<TestConnection> as_superuser_;
};

}  // namespace resetctl::support

#endif  // RESETCTL_TESTS_SUPPORT_POSTGRES_CLUSTER_H_

#include "tests/support/postgres_cluster.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

#include <libpq-fe.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "tests/support/await.h"
#include "tests/support/free_port.h"

namespace resetctl::support {
namespace {

namespace fs = std::filesystem;

constexpr char kBinaries[] = "/usr/lib/postgresql/15/bin/";
constexpr char kSuperuserPassword[] = "witness";

// Who runs the server: PostgreSQL refuses root.
struct Account {
  uid_t uid;
  gid_t gid;
};
Account ServerAccount() {
  if (geteuid() != 0) return {geteuid(), getegid()};
  const passwd* entry = getpwnam("postgres");
  if (entry == nullptr) throw std::runtime_error("no user 'postgres' to run PostgreSQL as");
  return {entry->pw_uid, entry->pw_gid};
}

// Output goes to `log`. The server must not outlive us: it gets SIGQUIT when the starting thread
// ends.
pid_t Spawn(const std::vector<std::string>& arguments, const std::string& log) {
  const Account account = ServerAccount();
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const bool drop = geteuid() == 0;
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    setpgid(0, 0);
    if (drop &&
        (setgroups(0, nullptr) != 0 || setgid(account.gid) != 0 || setuid(account.uid) != 0)) {
      _exit(126);
    }
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (getppid() != parent) _exit(125);
    if (chdir("/") != 0) _exit(124);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(in);
  close(out);
  if (child < 0) throw std::runtime_error("fork failed");
  return child;
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void RunToEnd(const std::vector<std::string>& arguments, const std::string& log) {
  const pid_t child = Spawn(arguments, log);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw std::runtime_error(arguments[0] + " failed: " + ReadAll(log));
  }
}

// A thousand new files for each cluster: on ext4, where thousands have just been removed, that takes two seconds.
fs::path InMemory() {
  static constexpr uint64_t kRoom = uint64_t{2} << 30;
  const char* const shared_memory = "/dev/shm";
  struct statvfs facts {};
  const bool room = getenv("TMPDIR") == nullptr && access(shared_memory, W_OK | X_OK) == 0 &&
                    statvfs(shared_memory, &facts) == 0 &&
                    uint64_t{facts.f_bavail} * facts.f_frsize >= kRoom;
  return room ? fs::path(shared_memory) : fs::temp_directory_path();
}

std::string MakeFolder(const fs::path& where) {
  std::string path = (where / "resetctl-pg-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp failed for " + path);
  const Account account = ServerAccount();
  if (geteuid() == 0 && chown(path.c_str(), account.uid, account.gid) != 0) {
    throw std::runtime_error("chown failed for " + path);
  }
  return path;
}

void InitDb(const std::string& folder) {
  const std::string password = folder + "/password";
  std::ofstream(password) << kSuperuserPassword << "\n";
  RunToEnd({std::string(kBinaries) + "initdb", "-D", folder + "/data", "-U", "postgres",
            "--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C.UTF-8",
            "--auth-local=trust", "--auth-host=scram-sha-256", "--pwfile=" + password},
           folder + "/initdb.log");
  fs::remove(password);
}

void GiveAway(const std::string& tree) {
  if (geteuid() != 0) return;
  const Account account = ServerAccount();
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(tree)) {
    if (lchown(entry.path().c_str(), account.uid, account.gid) != 0) {
      throw std::runtime_error("chown failed below " + tree);
    }
  }
  if (chown(tree.c_str(), account.uid, account.gid) != 0) throw std::runtime_error("chown " + tree);
}

// The data folder that all are copied from; made once per user and machine, under a lock.
std::string Template() {
  const fs::path home =
      fs::temp_directory_path() / ("resetctl-tests-" + std::to_string(geteuid()) + "-pg15-v1");
  if (mkdir(home.c_str(), 0755) != 0 && errno != EEXIST) {
    throw std::runtime_error("cannot make " + home.string());
  }
  struct stat facts {};
  if (lstat(home.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode) || facts.st_uid != geteuid()) {
    throw std::runtime_error(home.string() + " belongs to somebody else");
  }
  const fs::path done = home / "data";
  if (fs::exists(done / "PG_VERSION")) return done.string();
  const int lock = open((home / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  flock(lock, LOCK_EX);
  if (!fs::exists(done / "PG_VERSION")) {
    const std::string work = MakeFolder(fs::temp_directory_path());
    InitDb(work);
    const fs::path half = home / "half";
    fs::remove_all(half);
    fs::copy(work + "/data", half, fs::copy_options::recursive);
    fs::rename(half, done);
    fs::remove_all(work);
  }
  close(lock);
  return done.string();
}

}  // namespace

PostgresCluster& PostgresCluster::Shared() {
  static PostgresCluster cluster;
  return cluster;
}

PostgresCluster::PostgresCluster() : PostgresCluster(Options()) {}

PostgresCluster::PostgresCluster(const Options& options) : settings_(options.settings) {
  folder_ = MakeFolder(options.on_disk ? fs::temp_directory_path() : InMemory());
  if (options.primary != nullptr) {
    RunToEnd({std::string(kBinaries) + "pg_basebackup", "-D", folder_ + "/data", "-R", "-c", "fast",
              "-h", options.primary->socket_folder(), "-p", std::to_string(options.primary->port()),
              "-U", "postgres"},
             folder_ + "/basebackup.log");
  } else if (options.own_identity) {
    InitDb(folder_);
  } else {
    fs::copy(Template(), folder_ + "/data", fs::copy_options::recursive);
    GiveAway(folder_ + "/data");
    fs::permissions(folder_ + "/data", fs::perms::owner_all);
  }
  // Another program can take the port between our look and the server's start: then another one.
  for (int attempt = 0;; ++attempt) {
    port_ = FreePort();
    try {
      Start();
      return;
    } catch (const std::runtime_error&) {
      if (attempt == 3 || Log().find("could not bind") == std::string::npos) {
        fs::remove_all(folder_);
        throw;
      }
    }
  }
}

PostgresCluster::~PostgresCluster() {
  End(SIGQUIT);
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void PostgresCluster::Start() {
  if (pid_ != 0) return;
  std::vector<std::string> arguments = {std::string(kBinaries) + "postgres",
                                        "-D",
                                        folder_ + "/data",
                                        "-p",
                                        std::to_string(port_),
                                        "-k",
                                        folder_,
                                        "-c",
                                        "listen_addresses=127.0.0.1",
                                        "-c",
                                        "fsync=off",
                                        "-c",
                                        "full_page_writes=off",
                                        "-c",
                                        "autovacuum=off",
                                        "-c",
                                        "max_prepared_transactions=10",
                                        "-c",
                                        "max_connections=60",
                                        "-c",
                                        "shared_buffers=32MB",
                                        "-c",
                                        "log_line_prefix=%m [%p] %a "};
  for (const std::string& setting : settings_) {
    arguments.push_back("-c");
    arguments.push_back(setting);
  }
  pid_ = Spawn(arguments, folder_ + "/server.log");
  const std::string where = "host=" + folder_ + " port=" + std::to_string(port_) +
                            " user=postgres dbname=postgres connect_timeout=5";
  const bool up = ComesAbout([&] {
    if (PQping(where.c_str()) == PQPING_OK) return true;
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = 0;
      throw std::runtime_error("PostgreSQL ended at once: " + Log());
    }
    return false;
  });
  if (up) return;
  End(SIGQUIT);
  throw std::runtime_error("PostgreSQL did not come up: " + Log());
}

void PostgresCluster::Stop() { End(SIGQUIT); }

void PostgresCluster::StopGracefully() { End(SIGINT); }

void PostgresCluster::End(int signal) {
  if (pid_ == 0) return;
  kill(pid_, signal);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
}

std::string PostgresCluster::Url(const std::string& user, const std::string& password,
                                 const std::string& database) const {
  return "postgresql://" + user + ":" + password + "@127.0.0.1:" + std::to_string(port_) + "/" +
         database;
}

std::string PostgresCluster::SuperuserUrl(const std::string& database) const {
  return Url("postgres", kSuperuserPassword, database);
}

std::string PostgresCluster::Log() const { return ReadAll(folder_ + "/server.log"); }

}  // namespace resetctl::support

#include "tests/e2e/stack.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <stdlib.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "proto/base/subprocess.h"

namespace resetctl::support {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPeople[] = {"alice", "bob", "carol", "dana", "nightly", "mallory"};

constexpr char kDefaultEnvironments[] = R"(environments:
  staging:
    plan: [dba, robots]
    run: [dba, robots]
    approvals: {required: 0}
  production:
    plan: [dba]
    run: [dba]
    approvals: {required: 2, groups: [dba, product], self: false, distinct_groups: true, ttl: 4h}
    confirm: DELETE ALL DATA
)";

constexpr char kDefaultFloors[][600] = {
    R"(groups: {dba: [alice, bob, carol], product: [dana], robots: [nightly]}
robots: [nightly]
plan: [dba, robots]
run: [dba, robots]
approvals: {required: 0}
)",
    R"(groups: {dba: [alice, bob, carol], product: [dana]}
plan: [dba]
run: [dba]
approvals: {required: 2, groups: [dba, product], self: false, distinct_groups: true, ttl: 4h}
)"};

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void WriteAll(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
}

Said RunProgram(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                const std::string& standard_input = "") {
  base::SubprocessOptions options;
  options.argv = argv;
  options.environment = environment;
  options.standard_input = standard_input;
  options.timeout = absl::Minutes(2);
  options.max_output = 8 << 20;
  auto result = base::RunSubprocess(options);
  if (!result.ok()) throw std::runtime_error(result.status().ToString());
  Said said;
  said.exit_code = result->exit_code;
  said.out = result->standard_output;
  said.err = result->standard_error;
  if (result->timed_out) said.err += "\n(timed out)";
  return said;
}

}  // namespace

Programs Programs::OfThisBuild() { return {RESETCTL_CLIENT, RESETCTL_AGENT, RESETCTL_CONTROLLER}; }

Stack::Stack(const Options& options)
    : programs_(options.failpoints.empty() ? options.programs
                                           : Programs{RESETCTL_CLIENT, RESETCTL_AGENT_FAILPOINTS,
                                                      RESETCTL_CONTROLLER_FAILPOINTS}),
      failpoints_(options.failpoints) {
  std::string pattern = (fs::temp_directory_path() / "resetctl-e2e-XXXXXX").string();
  folder_ = mkdtemp(pattern.data());
  std::string people = "people:\n";
  for (const char* person : kPeople) {
    fs::create_directories(folder_ + "/keys");
    fs::create_directories(folder_ + "/home/" + person);
    const Said made =
        RunProgram({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", Key(person)},
                   {"HOME=" + folder_});
    if (made.exit_code != 0) throw std::runtime_error("ssh-keygen: " + made.err);
    const std::string name = person;
    if (name == "mallory") continue;
    std::string key = ReadAll(Key(name) + ".pub");
    key.erase(key.find_last_not_of('\n') + 1);
    const char* group = name == "dana" ? "product" : name == "nightly" ? "robots" : "dba";
    absl::StrAppend(&people, "  ", name, ": {keys: ['", key, "'], groups: [", group, "]",
                    name == "nightly" ? ", robot: true" : "", "}\n");
  }
  const Said init = RunProgram({programs_.controller, "init", "--dir", folder_ + "/controller"},
                               {"HOME=" + folder_});
  if (init.exit_code != 0) throw std::runtime_error("init: " + init.both());
  const size_t pin = init.out.find("sha256:");
  ca_pin_ = init.out.substr(pin, init.out.find_first_of(" \n", pin) - pin);
  WriteAll(folder_ + "/controller/policy.yaml",
           people + (options.policy.empty() ? kDefaultEnvironments : options.policy) +
               options.more_environments + "admin: {groups: [dba]}\n");
  std::string config = ReadAll(folder_ + "/controller/controller.yaml");
  const size_t listen = config.find("listen:");
  config.replace(listen, config.find('\n', listen) - listen, "listen: 127.0.0.1:0");
  WriteAll(folder_ + "/controller/controller.yaml",
           config + "lease: " + options.lease + "\ncertificate_lifetime: " +
               options.certificate_lifetime + "\n" + options.controller_yaml);
  StartController();
}

Stack::~Stack() {
  agent_daemons_.clear();
  controller_.reset();
  if (getenv("RESETCTL_KEEP") == nullptr) fs::remove_all(folder_);
}

void Stack::StartController() {
  const std::string address_file = folder_ + "/address";
  fs::remove(address_file);
  // Again on the same port, for agents that reconnect.
  if (!address_.empty()) {
    std::string config = ReadAll(folder_ + "/controller/controller.yaml");
    const size_t listen = config.find("listen:");
    config.replace(listen, config.find('\n', listen) - listen, "listen: " + address_);
    WriteAll(folder_ + "/controller/controller.yaml", config);
  }
  controller_ = std::make_unique<Daemon>(
      std::vector<std::string>{programs_.controller, "serve", "--config",
                               folder_ + "/controller/controller.yaml", "--listen-file",
                               address_file},
      std::vector<std::string>{"HOME=" + folder_, "RESETCTL_FAILPOINTS=" + failpoints_},
      folder_ + "/controller.log");
  Await("controller", [&] {
    if (!controller_->Running())
      throw std::runtime_error("controller ended: " + ReadAll(folder_ + "/controller.log"));
    return fs::exists(address_file) && fs::file_size(address_file) > 0;
  });
  address_ = ReadAll(address_file);
  address_.erase(address_.find_last_not_of(" \n") + 1);
}

std::vector<std::string> Stack::ClientEnvironment(const std::string& person) const {
  return {"PATH=/usr/bin:/bin",
          "HOME=" + folder_ + "/home/" + person,
          "RESETCTL_CONTROLLER=" + address_,
          "RESETCTL_CA_PIN=" + ca_pin_,
          "RESETCTL_KEY=" + Key(person),
          "RESETCTL_PERSON=" + person};
}

Said Stack::As(const std::string& person, const std::vector<std::string>& arguments,
               const std::string& standard_input) {
  std::vector<std::string> argv = {programs_.client};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return RunProgram(argv, ClientEnvironment(person), standard_input);
}

std::unique_ptr<Daemon> Stack::InBackground(const std::string& person,
                                            const std::vector<std::string>& arguments,
                                            const std::string& log_path) {
  std::vector<std::string> argv = {programs_.client};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return std::make_unique<Daemon>(argv, ClientEnvironment(person), log_path);
}

void Stack::AddAgent(const Agent& agent) {
  agents_[agent.environment] = agent;
  const std::string folder = folder_ + "/agent-" + agent.environment;
  std::string parameters;
  for (const auto& [name, value] : agent.variables) {
    if (std::count(agent.unlisted.begin(), agent.unlisted.end(), name) > 0) continue;
    const bool secret = name.find("PASSWORD") != std::string::npos;
    parameters += "  - {name: " + name + (secret ? "" : ", public: true") + "}\n";
  }
  std::string commands;
  for (const std::string& command : agent.commands) commands += "  - " + command + "\n";
  WriteAll(folder + "/agent.yaml",
           "controller: " + (agent.controller.empty() ? address_ : agent.controller) +
               "\nca_pin: " + ca_pin_ + "\nstate_dir: " + folder +
               "/state\ndatabase_url: ${DATABASE_URL}\nredis_url: ${REDIS_URL}\n" +
               (parameters.empty() ? "" : "parameters:\n" + parameters) +
               (agent.http_origin.empty() ? "" : "http_origins: ['" + agent.http_origin + "']\n") +
               (commands.empty() ? "" : "commands:\n" + commands) + "trust: {dir: " + folder +
               "/trust, same_owner: accept}\nreconnect: {min: 50ms, max: 200ms}\n");
  WriteAll(folder + "/trust/floor.yaml",
           agent.floor.empty() ? kDefaultFloors[agent.environment == "production"] : agent.floor);
  std::string signers;
  for (const char* person : kPeople) {
    const std::string name = person;
    if (name == "mallory") continue;
    signers +=
        name +
        " namespaces=\"resetctl-plan-v1,resetctl-approval-v1,resetctl-run-v1,resetctl-resume-v1,"
        "resetctl-admin-v1\" " +
        ReadAll(Key(name) + ".pub");
  }
  WriteAll(folder + "/trust/allowed_signers", signers);

  const Said invited =
      As("alice", {"agent", "invite", agent.target, "--env", agent.environment, "-o", "json"});
  const std::string token = Field(invited.out, "token");
  if (token.empty()) throw std::runtime_error("invite: " + invited.both());
  WriteAll(folder + "/token", token + "\n");
  const Said enrolled = RunAgent(agent.environment, {"enroll", "--controller", address_, "--ca-pin",
                                                     ca_pin_, "--token-file", folder + "/token"});
  if (enrolled.exit_code != 0) throw std::runtime_error("enroll: " + enrolled.both());
  StartAgent(agent.environment);
  AwaitAgent(agent.environment);
}

std::vector<std::string> Stack::AgentEnvironment(const std::string& environment) const {
  const Agent& agent = agents_.at(environment);
  std::vector<std::string> variables = {"PATH=/usr/bin:/bin", "HOME=" + folder_,
                                        "DATABASE_URL=" + agent.database_url};
  if (!agent.redis_url.empty()) variables.push_back("REDIS_URL=" + agent.redis_url);
  if (!failpoints_.empty()) variables.push_back("RESETCTL_FAILPOINTS=" + failpoints_);
  for (const auto& [name, value] : agent.variables)
    variables.push_back(absl::StrCat(name, "=", value));
  return variables;
}

void Stack::StartAgent(const std::string& environment,
                       const std::map<std::string, std::string>& more_variables) {
  for (const auto& [name, value] : more_variables) {
    if (name == "DATABASE_URL")
      agents_.at(environment).database_url = value;
    else if (name == "REDIS_URL")
      agents_.at(environment).redis_url = value;
    else
      agents_.at(environment).variables[name] = value;
  }
  agent_daemons_[environment] = std::make_unique<Daemon>(
      std::vector<std::string>{programs_.agent, "serve", "--config",
                               folder_ + "/agent-" + environment + "/agent.yaml"},
      AgentEnvironment(environment), folder_ + "/agent-" + environment + ".log");
}

std::unique_ptr<Daemon> Stack::StartCopyOfAgent(const std::string& environment) {
  const std::string folder = folder_ + "/agent-" + environment;
  const std::string copy = folder + "-copy";
  fs::copy(folder, copy, fs::copy_options::recursive);
  std::string config = ReadAll(copy + "/agent.yaml");
  for (size_t at = 0; (at = config.find(folder + "/", at)) != std::string::npos;) {
    config.replace(at, folder.size(), copy);
    at += copy.size();
  }
  WriteAll(copy + "/agent.yaml", config);
  return std::make_unique<Daemon>(
      std::vector<std::string>{programs_.agent, "serve", "--config", copy + "/agent.yaml"},
      AgentEnvironment(environment), copy + ".log");
}

void Stack::AwaitAgent(const std::string& environment) {
  Await("agent of " + environment, [&] {
    if (!AgentOf(environment).Running()) {
      throw std::runtime_error("agent ended: " +
                               ReadAll(folder_ + "/agent-" + environment + ".log"));
    }
    return IsOnline(environment);
  });
}

bool Stack::IsOnline(const std::string& environment) {
  const Said shown = As("alice", {"target", "show", agents_.at(environment).target, "--env",
                                  environment, "-o", "json"});
  return Field(shown.out, "target.online") == "true";
}

Daemon& Stack::AgentOf(const std::string& environment) { return *agent_daemons_.at(environment); }

Said Stack::RunAgent(const std::string& environment, const std::vector<std::string>& arguments) {
  std::vector<std::string> argv = {programs_.agent};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  argv.insert(argv.end(), {"--config", folder_ + "/agent-" + environment + "/agent.yaml"});
  return RunProgram(argv, AgentEnvironment(environment));
}

std::string Stack::Field(const std::string& json, const std::string& path) {
  nlohmann::json node = nlohmann::json::parse(json, nullptr, false);
  std::istringstream names(path);
  for (std::string name; std::getline(names, name, '.');) {
    if (node.is_array()) {
      const size_t index = std::stoul(name);
      if (index >= node.size()) return "";
      node = nlohmann::json(node[index]);
      continue;
    }
    if (!node.is_object() || !node.contains(name)) return "";
    node = nlohmann::json(node[name]);
  }
  return node.is_string() ? node.get<std::string>() : node.dump();
}

std::string Stack::Plan(const std::string& person, const std::string& blueprint,
                        const std::string& environment, const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"plan", blueprint, "--env", environment, "-o", "json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const Said said = As(person, arguments);
  std::string id = Field(said.out, "plan.id");
  if (said.exit_code != 0 || id.empty()) throw std::runtime_error("plan: " + said.both());
  return id;
}

std::map<std::string, std::string> Stack::AllFiles() const {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    if (entry.is_regular_file()) files[entry.path().string()] = ReadAll(entry.path());
  }
  return files;
}

}  // namespace resetctl::support

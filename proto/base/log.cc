#include "proto/base/log.h"

#include <memory>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "proto/base/text.h"

namespace resetctl::base {
namespace {

std::shared_ptr<spdlog::logger> MakeLogger(const std::string& program) {
  auto logger =
      std::make_shared<spdlog::logger>(program, std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %n %v", spdlog::pattern_time_type::utc);
  logger->flush_on(spdlog::level::trace);
  return logger;
}

// Never destroyed: a thread may log while the program ends.
std::shared_ptr<spdlog::logger>& Logger() {
  static auto* const logger = new std::shared_ptr<spdlog::logger>(MakeLogger("resetctl"));
  return *logger;
}

spdlog::level::level_enum LevelOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// Quoted when it would not read as one word: nobody's text can pretend to be another fact or line.
std::string Value(absl::string_view value) {
  bool plain = !value.empty();
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == 0x7F || c == '"' || c == '=' || c == '\\') plain = false;
  }
  if (plain) return Str(value);
  return absl::StrCat("\"", absl::Utf8SafeCEscape(value), "\"");
}

}  // namespace

void InitLogging(absl::string_view program, LogLevel level) {
  Logger() = MakeLogger(Str(program));
  Logger()->set_level(LevelOf(level));
}

void Log(LogLevel level, absl::string_view message,
         std::initializer_list<std::pair<absl::string_view, absl::string_view>> facts) {
  const std::shared_ptr<spdlog::logger>& logger = Logger();
  if (!logger->should_log(LevelOf(level))) return;
  std::string line = Str(message);
  for (const auto& [key, value] : facts) absl::StrAppend(&line, " ", key, "=", Value(value));
  logger->log(LevelOf(level), spdlog::string_view_t(line));
}

}  // namespace resetctl::base

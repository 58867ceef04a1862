#include "agent/journal/journal.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <tuple>
#include <unistd.h>
#include <utility>
#include <zlib.h>

#include <sys/file.h>
#include <sys/stat.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/base/failpoint.h"
#include "proto/base/file.h"
#include "proto/base/text.h"

namespace resetctl::agent {
namespace {

constexpr size_t kHeaderBytes = 8;  // length and CRC-32, little endian
constexpr uint32_t kMaxRecordBytes = 64 << 20;
constexpr size_t kKeepDone = 200;
constexpr char kSuffix[] = ".journal";

absl::Status SystemError(absl::string_view doing, absl::string_view path) {
  return absl::InternalError(absl::StrCat("cannot ", doing, " ", path, ": ", strerror(errno)));
}

void PutUint32(uint32_t value, std::string* out) {
  for (int shift = 0; shift < 32; shift += 8) out->push_back(static_cast<char>(value >> shift));
}

uint32_t GetUint32(absl::string_view bytes) {
  uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

uint32_t Crc(absl::string_view bytes) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

bool WriteAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

struct Parsed {
  std::vector<v1::JournalRecord> records;
  size_t good_bytes = 0;
};

// A record that does not fit or does not match its checksum is a torn write when nothing follows
// it, and damage otherwise.
absl::StatusOr<Parsed> ParseRecords(absl::string_view bytes, absl::string_view path) {
  Parsed parsed;
  while (parsed.good_bytes < bytes.size()) {
    const absl::string_view rest = bytes.substr(parsed.good_bytes);
    if (rest.size() < kHeaderBytes) break;
    const uint32_t length = GetUint32(rest);
    if (length > kMaxRecordBytes || rest.size() - kHeaderBytes < length) break;
    const absl::string_view body = rest.substr(kHeaderBytes, length);
    v1::JournalRecord record;
    if (Crc(body) != GetUint32(rest.substr(4)) ||
        !record.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
      if (rest.size() == kHeaderBytes + length) break;
      return absl::DataLossError(
          absl::StrCat("journal ", path, " is damaged at byte ", parsed.good_bytes));
    }
    parsed.records.push_back(std::move(record));
    parsed.good_bytes += kHeaderBytes + length;
  }
  return parsed;
}

struct NamedTime {
  std::string name;
  int64_t nanos;
  bool operator<(const NamedTime& other) const {
    return std::tie(nanos, name) < std::tie(other.nanos, other.name);
  }
};

absl::StatusOr<std::vector<NamedTime>> ListJournals(const std::string& folder) {
  DIR* dir = opendir(folder.c_str());
  if (dir == nullptr) return SystemError("list", folder);
  std::vector<NamedTime> found;
  while (const dirent* entry = readdir(dir)) {
    std::string name = entry->d_name;
    struct stat info;
    if (!absl::EndsWith(name, kSuffix) || stat(absl::StrCat(folder, "/", name).c_str(), &info) != 0)
      continue;
    name.resize(name.size() - strlen(kSuffix));
    found.push_back({name, info.st_ctim.tv_sec * 1'000'000'000 + info.st_ctim.tv_nsec});
  }
  closedir(dir);
  std::sort(found.begin(), found.end());
  return found;
}

absl::Status SyncFolder(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return SystemError("open", folder);
  const int result = fsync(fd);
  close(fd);
  return result == 0 ? absl::OkStatus() : SystemError("sync", folder);
}

bool IsPlainId(absl::string_view id) {
  return !id.empty() && id.size() < 200 && std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-';
  });
}

}  // namespace

RunJournal::RunJournal(std::string run_id, int fd, std::vector<v1::JournalRecord> records)
    : run_id_(std::move(run_id)), fd_(fd), records_(std::move(records)) {}

RunJournal::~RunJournal() { close(fd_); }

absl::Status RunJournal::Append(const v1::JournalRecord& record, bool durable) {
  const std::string body = record.SerializeAsString();
  std::string framed;
  framed.reserve(kHeaderBytes + body.size());
  PutUint32(static_cast<uint32_t>(body.size()), &framed);
  PutUint32(Crc(body), &framed);
  framed += body;

  base::MutexLock lock(mutex_);
  const off_t end = lseek(fd_, 0, SEEK_END);
  if (!WriteAll(fd_, framed)) {
    absl::Status status = SystemError("write journal of", run_id_);
    if (ftruncate(fd_, end) != 0) return absl::DataLossError(status.message());
    return status;
  }
  synced_ = false;
  base::Failpoint("agent.journal.written");
  if (durable && fdatasync(fd_) != 0) return SystemError("sync journal of", run_id_);
  base::Failpoint("agent.journal.appended");
  synced_ = durable;
  records_.push_back(record);
  return absl::OkStatus();
}

absl::Status RunJournal::Sync() {
  base::MutexLock lock(mutex_);
  if (synced_) return absl::OkStatus();
  if (fdatasync(fd_) != 0) return SystemError("sync journal of", run_id_);
  base::Failpoint("agent.events.synced");
  synced_ = true;
  return absl::OkStatus();
}

std::vector<v1::JournalRecord> RunJournal::Records() const {
  base::MutexLock lock(mutex_);
  return records_;
}

Journal::Journal(std::string state_dir, int lock_fd)
    : state_dir_(std::move(state_dir)), lock_fd_(lock_fd) {}

Journal::~Journal() { close(lock_fd_); }

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(const std::string& state_dir) {
  const absl::Status made = base::MakeFolders(state_dir + "/runs/done");
  if (!made.ok()) return made;
  const std::string lock_path = state_dir + "/lock";
  const int fd = open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return SystemError("open", lock_path);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    close(fd);
    return absl::FailedPreconditionError(
        absl::StrCat("another agent works with the state directory ", state_dir));
  }
  return std::unique_ptr<Journal>(new Journal(state_dir, fd));
}

std::string Journal::PathOf(absl::string_view run_id, bool done) const {
  return absl::StrCat(state_dir_, done ? "/runs/done/" : "/runs/", run_id, kSuffix);
}

absl::StatusOr<std::unique_ptr<RunJournal>> Journal::OpenRun(absl::string_view run_id) {
  if (!IsPlainId(run_id)) return absl::InvalidArgumentError("malformed run id");
  const std::string path = PathOf(run_id, false);
  std::string bytes;
  auto content = base::ReadFile(path);
  if (content.ok()) {
    bytes = *std::move(content);
  } else if (!absl::IsNotFound(content.status())) {
    return content.status();
  }
  auto parsed = ParseRecords(bytes, path);
  if (!parsed.ok()) return parsed.status();
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return SystemError("open", path);
  const bool torn = parsed->good_bytes < bytes.size();
  if (torn && ftruncate(fd, static_cast<off_t>(parsed->good_bytes)) != 0) {
    const absl::Status status = SystemError("cut", path);
    close(fd);
    return status;
  }
  std::unique_ptr<RunJournal> journal(
      new RunJournal(base::Str(run_id), fd, std::move(parsed->records)));
  const absl::Status synced = SyncFolder(state_dir_ + "/runs");
  if (!synced.ok()) return synced;
  return journal;
}

absl::StatusOr<std::vector<std::string>> Journal::OpenRuns() const {
  auto found = ListJournals(state_dir_ + "/runs");
  if (!found.ok()) return found.status();
  std::vector<std::string> ids;
  for (const NamedTime& entry : *found) ids.push_back(entry.name);
  return ids;
}

absl::Status Journal::Close(absl::string_view run_id) {
  if (!IsPlainId(run_id)) return absl::InvalidArgumentError("malformed run id");
  if (rename(PathOf(run_id, false).c_str(), PathOf(run_id, true).c_str()) != 0) {
    return errno == ENOENT ? absl::OkStatus() : SystemError("move", PathOf(run_id, false));
  }
  auto done = ListJournals(state_dir_ + "/runs/done");
  if (!done.ok()) return done.status();
  for (size_t i = 0; i + kKeepDone < done->size(); ++i)
    unlink(PathOf((*done)[i].name, true).c_str());
  return SyncFolder(state_dir_ + "/runs");
}

absl::StatusOr<std::unique_ptr<RunJournal>> Journal::Reopen(absl::string_view run_id) {
  if (!IsPlainId(run_id)) return absl::InvalidArgumentError("malformed run id");
  if (access(PathOf(run_id, false).c_str(), F_OK) != 0 &&
      rename(PathOf(run_id, true).c_str(), PathOf(run_id, false).c_str()) != 0) {
    return absl::NotFoundError(absl::StrCat("no journal of run ", run_id));
  }
  return OpenRun(run_id);
}

}  // namespace resetctl::agent

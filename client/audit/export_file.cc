#include "client/audit/export_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include <sys/file.h>

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {
namespace {

constexpr size_t kBufferBytes = 256 << 10;

absl::Status CannotWrite(const std::string& path) {
  return contract::Error(v1::REASON_INVALID_ARGUMENT,
                         absl::StrCat("cannot write ", path, ": ", strerror(errno)),
                         "give a file in a folder that you may write to");
}

}  // namespace

ExportFile::~ExportFile() {
  if (descriptor_ < 0) return;
  if (cut_ >= 0) (void)!ftruncate(descriptor_, cut_);
  if (made_ && lseek(descriptor_, 0, SEEK_END) == 0) unlink(path_.c_str());
  close(descriptor_);
}

absl::Status ExportFile::Open() {
  descriptor_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  made_ = descriptor_ >= 0;
  if (!made_) descriptor_ = open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor_ < 0) return CannotWrite(path_);
  if (flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return absl::OkStatus();
  if (errno != EWOULDBLOCK) return CannotWrite(path_);
  return contract::Error(v1::REASON_INVALID_ARGUMENT,
                         absl::StrCat("another export is writing ", path_),
                         "wait until it has ended, or export into another file");
}

absl::Status ExportFile::CutTo(int64_t bytes) {
  if (ftruncate(descriptor_, bytes) != 0 || lseek(descriptor_, bytes, SEEK_SET) < 0) {
    return CannotWrite(path_);
  }
  cut_ = bytes;
  return absl::OkStatus();
}

absl::Status ExportFile::Line(absl::string_view line) {
  absl::StrAppend(&buffer_, line, "\n");
  return buffer_.size() < kBufferBytes ? absl::OkStatus() : Flush();
}

absl::Status ExportFile::Keep() {
  absl::Status flushed = Flush();
  if (!flushed.ok()) return flushed;
  if (fsync(descriptor_) != 0) return CannotWrite(path_);
  cut_ = -1;
  return absl::OkStatus();
}

absl::Status ExportFile::Flush() {
  absl::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno != EINTR) return CannotWrite(path_);
    if (written > 0) rest.remove_prefix(static_cast<size_t>(written));
  }
  buffer_.clear();
  return absl::OkStatus();
}

}  // namespace resetctl::client

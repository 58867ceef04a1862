#include "proto/base/file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <unistd.h>

#include <sys/stat.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "proto/base/text.h"

namespace resetctl::base {
namespace {

absl::Status Failed(absl::string_view verb, const std::string& path, int error) {
  return absl::ErrnoToStatus(error, absl::StrCat("cannot ", verb, " ", path));
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

absl::Status SyncFolder(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Failed("open", folder, errno);
  const int error = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  return error == 0 ? absl::OkStatus() : Failed("sync", folder, error);
}

absl::Status WriteAll(int fd, const std::string& path, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed("write", path, errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

// A temporary file with the bytes, durable; then `put` gives it the name.
absl::Status WriteBeside(const std::string& path, absl::string_view bytes, int mode,
                         const std::function<absl::Status(const char* temporary)>& put) {
  std::string temporary = path + ".XXXXXX";
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return Failed("create a file beside", path, errno);
  const absl::Cleanup remover = [&temporary] { unlink(temporary.c_str()); };
  {
    const absl::Cleanup closer = [fd] { close(fd); };
    if (fchmod(fd, static_cast<mode_t>(mode)) != 0) return Failed("set the mode of", path, errno);
    absl::Status written = WriteAll(fd, path, bytes);
    if (!written.ok()) return written;
    if (fsync(fd) != 0) return Failed("sync", path, errno);
  }
  absl::Status done = put(temporary.c_str());
  return done.ok() ? SyncFolder(FolderOf(path)) : done;
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t max_bytes) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Failed("open", path, errno);
  const absl::Cleanup closer = [fd] { close(fd); };
  std::string bytes;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t count = read(fd, buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failed("read", path, errno);
    if (count == 0) return bytes;
    bytes.append(buffer, static_cast<size_t>(count));
    if (static_cast<int64_t>(bytes.size()) > max_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat(path, " is larger than ", max_bytes, " bytes"));
    }
  }
}

absl::Status WriteFileDurably(const std::string& path, absl::string_view bytes, int mode) {
  return WriteBeside(path, bytes, mode, [&path](const char* temporary) {
    return rename(temporary, path.c_str()) == 0 ? absl::OkStatus() : Failed("replace", path, errno);
  });
}

absl::Status WriteNewFileDurably(const std::string& path, absl::string_view bytes, int mode) {
  return WriteBeside(path, bytes, mode, [&path](const char* temporary) {
    // Unlike a rename it fails when the name is taken.
    return link(temporary, path.c_str()) == 0 ? absl::OkStatus() : Failed("make", path, errno);
  });
}

absl::Status MakeFolders(const std::string& path, int mode) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (mkdir(part.c_str(), static_cast<mode_t>(mode)) != 0 && errno != EEXIST) {
      return Failed("make the folder", part, errno);
    }
    if (end == std::string::npos) break;
  }
  struct stat found;
  if (stat(path.c_str(), &found) != 0) return Failed("look at", path, errno);
  if (!S_ISDIR(found.st_mode)) return Failed("make the folder", path, ENOTDIR);
  return absl::OkStatus();
}

}  // namespace resetctl::base

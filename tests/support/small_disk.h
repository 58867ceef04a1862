#ifndef RESETCTL_TESTS_SUPPORT_SMALL_DISK_H_
#define RESETCTL_TESTS_SUPPORT_SMALL_DISK_H_

#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <sched.h>
#include <string>
#include <unistd.h>

#include <sys/mount.h>

namespace resetctl::test {

// A file system of a few MiB below a folder, which a test can fill and empty. It is mounted for this thread, for the threads and
// processes that it starts from then on, and goes with them.
class SmallDisk {
 public:
  // Null without the right to mount file systems.
  static std::unique_ptr<SmallDisk> MountAt(const std::string& folder) {
    const bool mounted = unshare(CLONE_NEWNS) == 0 &&
                         mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                         mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=8m,mode=0755") == 0;
    return mounted ? std::unique_ptr<SmallDisk>(new SmallDisk(folder)) : nullptr;
  }
  ~SmallDisk() { umount2(folder_.c_str(), MNT_DETACH); }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  // To the last byte.
  void Fill() const {
    const int fd = open(filler_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) std::abort();
    const std::string block(4096, 'x');
    while (write(fd, block.data(), block.size()) > 0) {
    }
    close(fd);
  }
  void MakeRoom() const { unlink(filler_.c_str()); }

 private:
  explicit SmallDisk(const std::string& folder) : folder_(folder), filler_(folder + "/filler") {}

  const std::string folder_;
  const std::string filler_;
};

}  // namespace resetctl::test

#endif  // RESETCTL_TESTS_SUPPORT_SMALL_DISK_H_

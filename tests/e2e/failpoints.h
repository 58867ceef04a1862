#ifndef RESETCTL_TESTS_E2E_FAILPOINTS_H_
#define RESETCTL_TESTS_E2E_FAILPOINTS_H_

#include <map>
#include <string>
#include <vector>

namespace resetctl::support {

// The names in the sources of agent and controller, sorted: who adds a failpoint has it in the matrix. Throws when two have one name.
std::vector<std::string> FailpointsOfTheSources();

// The test's end of what tests/failpoints/failpoints.cc says: a folder, in which programs are stopped at failpoints. Make it before the
// programs, and let it go after them.
class Failpoints {
 public:
  Failpoints();
  ~Failpoints();
  Failpoints(const Failpoints&) = delete;
  Failpoints& operator=(const Failpoints&) = delete;

  const std::string& folder() const { return folder_; }

  // Whoever passes next stops, or after `skip` others have passed.
  void Arm(const std::string& failpoint, int skip = 0);
  // Nobody stops there any more; whoever has come there meanwhile goes on.
  void Disarm(const std::string& failpoint);
  // A program has come there since it was armed, and nobody has let it go on.
  bool Stands(const std::string& failpoint) const;
  void AwaitAt(const std::string& failpoint) const;
  // Lets the program go on that stands there.
  void Go(const std::string& failpoint);
  // How often each failpoint was passed since this was called first.
  std::map<std::string, int> Passings() const;

 private:
  std::string File(const std::string& failpoint, const char* ending) const;

  std::string folder_;
};

}  // namespace resetctl::support

#endif  // RESETCTL_TESTS_E2E_FAILPOINTS_H_

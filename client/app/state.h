#ifndef RESETCTL_CLIENT_APP_STATE_H_
#define RESETCTL_CLIENT_APP_STATE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proto/base/secret.h"

namespace resetctl::client {

struct SavedSession {
  base::Secret token;
  absl::Time expire_time;
};

// The newest checkpoint of the audit log that was seen here, and the log's keys (vkeys) that it was verified with.
struct SeenLog {
  std::vector<std::string> log_keys;
  std::string note;
};

// What one controller and person leave behind between calls; the folder is 0700, its files 0600. A cache: all of it can
// be had again, so nothing fails because it cannot be read. But for the log: what was seen of it cannot be had from
// whoever would deny it.
class State {
 public:
  explicit State(std::string folder) : folder_(std::move(folder)) {}

  // The controller's CA certificate (PEM), only when its digest still is `pin`.
  std::optional<std::string> Ca(absl::string_view pin) const;
  absl::Status SaveCa(absl::string_view pem) const;

  // Nothing when there is none, or it has expired at `now`.
  std::optional<SavedSession> Session(absl::Time now) const;
  absl::Status SaveSession(const SavedSession& session) const;
  void ForgetSession() const;

  // Nothing when none was seen yet. CONFIG_INVALID when the file is there and cannot be understood.
  absl::StatusOr<std::optional<SeenLog>> Log() const;
  absl::Status SaveLog(const SeenLog& log) const;
  std::string log_path() const { return folder_ + "/log"; }

 private:
  absl::Status Save(const char* name, absl::string_view bytes) const;

  const std::string folder_;
};

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_APP_STATE_H_

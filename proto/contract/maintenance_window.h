#ifndef RESETCTL_PROTO_CONTRACT_MAINTENANCE_WINDOW_H_
#define RESETCTL_PROTO_CONTRACT_MAINTENANCE_WINDOW_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace resetctl::contract {

// When runs may start (DESIGN §8): 'Sat 02:00-06:00 Europe/Berlin', 'Mon-Fri 22:00-04:00 UTC', 'Sat,Sun 00:00-24:00 UTC',
// 'daily 03:00-04:00 UTC'. It is open exactly while a clock on the wall there shows such a time: an hour that daylight saving
// skips is no part of it, one that comes twice is part of it twice. An end at or before the start is on the next day; the
// days are those of the start.
class MaintenanceWindow {
 public:
  // POLICY_INVALID: says what is wrong. Reads the system's time zones.
  static absl::StatusOr<MaintenanceWindow> Parse(absl::string_view text);

  bool IsOpen(absl::Time at) const;
  // The first moment from `now` on at which it is open; within nine days, or, where a day has no such time, InfiniteFuture.
  absl::Time NextOpening(absl::Time now) const;
  // The first moment from `now` on at which it is not open. For an open window.
  absl::Time Closing(absl::Time now) const;

  const std::string& text() const { return text_; }
  const absl::TimeZone& zone() const { return zone_; }

 private:
  absl::Time NextChange(absl::Time now, bool to_open) const;

  std::string text_;
  std::set<absl::Weekday> days_;
  int start_minute_ = 0;  // of the day, 0 to 1439
  int end_minute_ = 0;    // 1 to 1440; not after the start: on the next day
  absl::TimeZone zone_;
};

// Over all of an environment's windows; none: always open.
struct WindowAnswer {
  bool open = true;
  const MaintenanceWindow* window = nullptr;  // the one that is open longest, or opens first
  absl::Time until = absl::InfiniteFuture();  // it closes (open) or opens (not open)
};
WindowAnswer AskWindows(const std::vector<MaintenanceWindow>& windows, absl::Time now);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_MAINTENANCE_WINDOW_H_

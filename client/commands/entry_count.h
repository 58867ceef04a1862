#ifndef RESETCTL_CLIENT_COMMANDS_ENTRY_COUNT_H_
#define RESETCTL_CLIENT_COMMANDS_ENTRY_COUNT_H_

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/output/printer.h"
#include "proto/base/clock.h"

namespace resetctl::client {

// How many entries have been gone through, on one line of a terminal; on nothing else.
class EntryCount {
 public:
  EntryCount(Printer& printer, const base::Clock& clock) : printer_(printer), clock_(clock) {}
  ~EntryCount() {
    if (shown_) printer_.Progress("\r\x1b[K");
  }
  EntryCount(const EntryCount&) = delete;
  EntryCount& operator=(const EntryCount&) = delete;

  void Show(uint64_t entries) {
    // The clock is not asked for each of millions.
    if (!printer_.screen().live || entries % 1024 != 0) return;
    const absl::Time now = clock_.Now();
    if (now < next_) return;
    next_ = now + absl::Milliseconds(200);
    shown_ = true;
    printer_.Progress(absl::StrCat("\r\x1b[K", Count(static_cast<int64_t>(entries)), " entries"));
  }

 private:
  Printer& printer_;
  const base::Clock& clock_;
  absl::Time next_ = absl::InfinitePast();
  bool shown_ = false;
};

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_COMMANDS_ENTRY_COUNT_H_

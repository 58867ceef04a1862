#include "client/output/printer.h"

#include <cerrno>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "client/output/json.h"
#include "client/output/problems.h"

namespace resetctl::client {

void FileSink::Write(absl::string_view text) {
  while (!closed_ && !text.empty()) {
    const ssize_t written = write(descriptor_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR) {
      closed_ = true;
    }
  }
}

void Printer::Page(absl::string_view text) {
  if (!screen_.json) out_.Write(text);
}

void Printer::Progress(absl::string_view text) {
  if (!screen_.json) err_.Write(text);
}

void Printer::Json(const google::protobuf::Message& message) {
  if (screen_.json) JsonLine(ToJson(message));
}

void Printer::JsonLine(absl::string_view line) {
  if (screen_.json) out_.Write(absl::StrCat(line, "\n"));
}

void Printer::Error(const absl::Status& status) {
  if (screen_.json) {
    JsonLine(ErrorJson(status));
  } else {
    err_.Write(RenderError(ErrLook(), status));
  }
}

void Printer::Problems(v1::Reason reason, absl::string_view message,
                       const std::vector<v1::Problem>& problems, absl::string_view page) {
  if (screen_.json) {
    JsonLine(ErrorJson(reason, message, problems));
  } else {
    err_.Write(page);
  }
}

Look Printer::MakeLook(bool color) const {
  return {.width = screen_.width(), .color = color, .zone = screen_.zone, .now = clock_.Now()};
}

}  // namespace resetctl::client

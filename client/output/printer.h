#ifndef RESETCTL_CLIENT_OUTPUT_PRINTER_H_
#define RESETCTL_CLIENT_OUTPUT_PRINTER_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/output/text.h"
#include "proto/base/clock.h"
#include "resetctl/v1/reason.pb.h"

namespace google::protobuf {
class Message;
}

namespace resetctl::client {

// Where text goes. A reader that went away is no error: what is written after that is dropped, and
// the program's exit code stays the true one.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void Write(absl::string_view text) = 0;
};

class FileSink : public Sink {
 public:
  explicit FileSink(int descriptor) : descriptor_(descriptor) {}
  void Write(absl::string_view text) override;

 private:
  const int descriptor_;
  bool closed_ = false;
};

class StringSink : public Sink {
 public:
  void Write(absl::string_view text) override { text_.append(text.data(), text.size()); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

struct Screen {
  bool json = false;
  bool out_is_terminal = false;
  bool live = false;  // stderr is a terminal that can move its cursor
  bool color_out = false;
  bool color_err = false;
  std::function<int()> width = [] { return 80; };  // asked each time: windows change
  absl::TimeZone zone = absl::UTCTimeZone();
};

// Results go to stdout, progress and questions to stderr. With -o json stdout holds JSON lines and
// nothing else.
class Printer {
 public:
  Printer(Sink& out, Sink& err, const base::Clock& clock, const Screen& screen)
      : out_(out), err_(err), clock_(clock), screen_(screen) {}

  bool json() const { return screen_.json; }
  const Screen& screen() const { return screen_; }
  Look OutLook() const {
    Look look = MakeLook(screen_.color_out);
    look.cut = screen_.out_is_terminal;
    return look;
  }
  Look ErrLook() const { return MakeLook(screen_.color_err); }

  // A result for people; silent with -o json.
  void Page(absl::string_view text);
  // Progress for people; silent with -o json.
  void Progress(absl::string_view text);
  // A question, what is about to be signed, or what a program that reads stdout should not miss: on stderr, also with
  // -o json.
  void Ask(absl::string_view text) { err_.Write(text); }
  // One JSON line; silent without -o json.
  void Json(const google::protobuf::Message& message);
  void JsonLine(absl::string_view line);

  void Error(const absl::Status& status);
  // `page` for people, an error object of all problems for scripts.
  void Problems(v1::Reason reason, absl::string_view message,
                const std::vector<v1::Problem>& problems, absl::string_view page);

 private:
  Look MakeLook(bool color) const;

  Sink& out_;
  Sink& err_;
  const base::Clock& clock_;
  const Screen screen_;
};

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_PRINTER_H_

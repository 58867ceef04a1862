#include "controller/notify/message.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"

namespace resetctl::controller {
namespace {

using Json = nlohmann::ordered_json;

std::string Written(const Json& json) {
  // Throws on bytes that are not UTF-8 otherwise.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string WebhookBody(const Notification& notification) {
  const Json body = {
      {"id", absl::StrCat(notification.id)},
      {"event", base::Str(NameOf(notification.event))},
      {"time", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", notification.time, absl::UTCTimeZone())},
      {"environment", notification.environment},
      {"target", notification.target},
      {"plan", notification.plan},
      {"run", notification.run},
      {"person", notification.person},
      {"text", notification.text},
      {"waiting_for", Json(notification.waiting_for)},
      {"state", notification.state},
      {"reason", notification.reason},
  };
  return Written(body);
}

}  // namespace

std::string EscapeForSlack(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}});
}

base::HttpRequest RequestFor(const Sink& sink, const Notification& notification) {
  base::HttpRequest request;
  request.url = sink.url.Reveal();
  request.method = "POST";
  request.timeout = sink.timeout;
  if (sink.kind == SinkKind::kSlack) {
    request.json = Written(Json{{"text", EscapeForSlack(notification.text)}});
    return request;
  }
  request.json = WebhookBody(notification);
  const std::string mac = contract::HmacSha256(sink.key.Reveal(), request.json);
  request.headers = {{"X-Resetctl-Event", base::Str(NameOf(notification.event))},
                     {"X-Resetctl-Signature", absl::StrCat("sha256=", base::ToHex(mac))}};
  return request;
}

}  // namespace resetctl::controller

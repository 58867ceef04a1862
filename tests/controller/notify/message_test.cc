#include "controller/notify/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/controller_builders.h"

namespace resetctl::controller {
namespace {

using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

Sink ASink(SinkKind kind) {
  Sink sink;
  sink.name = "ops";
  sink.kind = kind;
  sink.url = base::Secret("https://hooks.example.com/T0/B0/secret");
  sink.key = base::Secret("0123456789abcdef");
  sink.timeout = absl::Seconds(7);
  return sink;
}

Notification ANotification() {
  Notification told;
  told.id = 42;
  told.event = NotificationEvent::kRejected;
  told.time = Start();
  told.environment = "production";
  told.target = "shop";
  told.plan = "p-aa";
  told.person = "bob";
  told.text = "bob rejected plan p-aa: \"<b> & co\".";
  told.waiting_for = {"carol", "dave"};
  told.state = "REJECTED";
  told.reason = "not now";
  return told;
}

TEST(MessageTest, AWebhookGetsEveryFieldInOneOrder) {
  const base::HttpRequest request = RequestFor(ASink(SinkKind::kWebhook), ANotification());
  EXPECT_EQ(
      request.json,
      R"({"id":"42","event":"rejected","time":"2026-11-24T08:00:00Z","environment":"production",)"
      R"("target":"shop","plan":"p-aa","run":"","person":"bob",)"
      R"("text":"bob rejected plan p-aa: \"<b> & co\".","waiting_for":["carol","dave"],)"
      R"("state":"REJECTED","reason":"not now"})");
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://hooks.example.com/T0/B0/secret");
  EXPECT_EQ(request.timeout, absl::Seconds(7));
}

TEST(MessageTest, AnEmptyListStaysAList) {
  Notification told = ANotification();
  told.waiting_for.clear();
  EXPECT_THAT(RequestFor(ASink(SinkKind::kWebhook), told).json,
              testing::HasSubstr(R"("waiting_for":[])"));
}

// Python: hmac.new(b'0123456789abcdef', body, 'sha256').hexdigest()
TEST(MessageTest, TheSignatureIsWhatOtherProgramsCompute) {
  EXPECT_THAT(RequestFor(ASink(SinkKind::kWebhook), ANotification()).headers,
              UnorderedElementsAre(
                  Pair("X-Resetctl-Event", "rejected"),
                  Pair("X-Resetctl-Signature",
                       "sha256=5538317f7e1db540e07f059a3e090445eebd39aab7832a291eba1ec0669e5a1a")));
}

TEST(MessageTest, SlackGetsTheTextAndNoSignature) {
  const base::HttpRequest request = RequestFor(ASink(SinkKind::kSlack), ANotification());
  EXPECT_EQ(request.json, R"({"text":"bob rejected plan p-aa: \"&lt;b&gt; &amp; co\"."})");
  EXPECT_THAT(request.headers, IsEmpty());
}

TEST(MessageTest, NobodyMentionsAChannelThroughAReason) {
  EXPECT_EQ(EscapeForSlack("<!channel> <https://evil.example|look> a&b"),
            "&lt;!channel&gt; &lt;https://evil.example|look&gt; a&amp;b");
}

TEST(MessageTest, BytesThatAreNoTextDoNotStopIt) {
  Notification told = ANotification();
  told.text = "a\xff";
  EXPECT_THAT(RequestFor(ASink(SinkKind::kSlack), told).json, testing::HasSubstr("a\xef\xbf\xbd"));
}

}  // namespace
}  // namespace resetctl::controller

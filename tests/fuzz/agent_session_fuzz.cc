// What a controller may say to an agent: AttachResponses, each behind its length, into the session and on into everything that
// looks at an order before anything is done. Nothing may be believed: the key that signs for these people is not in the corpus.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/util/delimited_message_util.h>

#include "agent/journal/journal.h"
#include "agent/link/session.h"
#include "agent/service/log_proof.h"
#include "agent/service/offer_verifier.h"
#include "agent/service/rebinder.h"
#include "agent/service/run_book.h"
#include "proto/base/log.h"
#include "proto/contract/blueprint.h"
#include "proto/contract/bundle.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"

namespace resetctl::agent {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1795510800);
const AgentIdentity kIdentity = {"production", "shop"};

constexpr char kFloor[] =
    "groups: {dba: [alice, bob], product: [dana]}\nplan: [dba]\nrun: [dba]\n"
    "approvals: {required: 1, groups: [dba, product]}\nbreak_glass: {groups: [dba], approvals: "
    "0}\n";
constexpr char kNamespaces[] =
    " namespaces=\"resetctl-plan-v1,resetctl-approval-v1,resetctl-run-v1,resetctl-resume-v1,"
    "resetctl-admin-v1\" ";
// Public halves of keys that were thrown away.
constexpr char kSigners[][96] = {
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMVgt//OMe3bPAkyJThOrfb6IDe4JG7liov+lt/Z+ru",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBgmNHGItvhSJxwcicvSLvgJEb2nKbifOb5zvIzOUruW",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPNpSF1vkMAcUQkKVgqBGdCU5v8/+0WNAbjLweAJp5F4"};

Trust MakeTrust() {
  std::string signers;
  const char* const people[] = {"alice", "bob", "dana"};
  for (size_t i = 0; i < 3; ++i)
    signers += std::string(people[i]) + kNamespaces + kSigners[i] + "\n";
  absl::StatusOr<Floor> floor = ParseFloor(kFloor);
  absl::StatusOr<contract::AllowedSigners> allowed = contract::AllowedSigners::Parse(signers);
  if (!floor.ok() || !allowed.ok()) abort();
  return {*std::move(floor), *std::move(allowed)};
}

// As the agent's workbench, as far as the verification; whatever passes is a hole.
class Verifier : public LinkWork {
 public:
  v1::AgentHello MakeHello() override { return v1::AgentHello(); }
  void TakePlanOrder(v1::PlanOrder order) override {
    if (VerifyPlanOrder(order, kIdentity, trust_, kNow).ok()) abort();
    (void)contract::ParseCanonicalJson(order.rules());
    const auto bundle = contract::UnpackBundle(order.bundle());
    if (bundle.ok()) (void)contract::ParseBlueprint(*bundle);
  }
  void TakeOffer(v1::RunOffer offer) override {
    if (VerifyOffer(offer, kIdentity, key_, trust_, kNow).ok()) abort();
    offer.set_mac(key_.PlanMac(offer.document()));  // as if the agent had made it
    if (VerifyOffer(offer, kIdentity, key_, trust_, kNow).ok()) abort();
  }
  void TakeResume(v1::ResumeOffer offer) override {
    offer.set_mac(key_.PlanMac(offer.document()));
    if (VerifyResume(offer, kIdentity, key_, trust_, kNow).ok()) abort();
  }
  void TakeRebind(v1::RebindOrder order) override {
    if (VerifyRebind(order.admin_statement(), kIdentity, trust_, kNow).ok()) abort();
  }
  void TakeTwin(v1::TwinOrder) override {}
  void Cancel(const std::string&) override {}
  void AnswerExpected(const std::string& run_id) override { (void)IsRunId(run_id); }
  bool Draining() override { return false; }
  std::string ActiveRun() override { return ""; }
  std::optional<v1::AttachRequest> TakeLogProof(const v1::LogProof* proof) override {
    if (proof == nullptr) return std::nullopt;
    if (CheckLogProof(seen_, *proof).ok()) abort();
    v1::LogProof signed_by_ours = *proof;
    signed_by_ours.set_checkpoint(seen_->checkpoint());
    (void)CheckLogProof(seen_, signed_by_ours);
    return std::nullopt;
  }
  bool WantsNewStream() override { return false; }

 private:
  static v1::SeenLog MakeSeen() {
    const auto key = contract::MakeLogKey("resetctl.controller/main");
    const auto note =
        contract::SignCheckpoint({"resetctl.controller/main", 7, std::string(32, 'r')},
                                 "resetctl.controller/main", key.ok() ? key->private_pem : "");
    if (!note.ok()) abort();
    v1::SeenLog seen;
    seen.set_log_key(key->verifier);
    seen.set_checkpoint(*note);
    return seen;
  }

  const std::optional<v1::SeenLog> seen_ = MakeSeen();
  const Trust trust_ = MakeTrust();
  const LocalKey key_{base::Secret("0123456789abcdef0123456789abcdef")};
};

class NoSink : public MessageSink {
 public:
  void Send(v1::AttachRequest) override {}
  void Close() override {}
};

void Converse(const uint8_t* data, size_t size) {
  static Verifier verifier;
  static test::TempFolder folder;
  static const test::FakeClock clock(kNow);
  {
    absl::StatusOr<std::unique_ptr<Journal>> journal = Journal::Open(folder.path());
    if (!journal.ok()) abort();
    RunBook book(**journal, clock, WitnessKey());
    if (!book.Open("r-1").ok()) abort();
    book.Say("r-1", StepNote());
    v1::RunReport report;
    report.set_run_id("r-1");
    report.set_state(v1::RUN_STATE_SUCCEEDED);
    book.Report(std::move(report));

    NoSink sink;
    LinkSession session(verifier, book);
    base::Moment now{kNow, absl::ZeroDuration()};
    session.Start(&sink, now);
    google::protobuf::io::CodedInputStream in(data, static_cast<int>(size));
    for (bool end = false; !end;) {
      v1::AttachResponse message;
      if (!google::protobuf::util::ParseDelimitedFromCodedStream(&message, &in, &end)) break;
      session.Receive(std::move(message), now);
      now.steady = std::min(session.NextTime(), now.steady + absl::Minutes(1));
      session.OnTime(now.steady);
    }
    session.End();
  }
  std::filesystem::remove_all(folder.File("runs"));
}

}  // namespace
}  // namespace resetctl::agent

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  resetctl::base::InitLogging("fuzz", resetctl::base::LogLevel::kError);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  resetctl::agent::Converse(data, size);
  return 0;
}

#include "client/commands/decide.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "client/output/plan_tables.h"
#include "client/output/sanitize.h"
#include "proto/contract/digest.h"
#include "proto/contract/ssh_signature.h"

namespace resetctl::client {
namespace {

// "key SHA256:lCch…" where the public half lies beside the private one; asking ssh-keygen for it could ask the person for a
// passphrase twice.
std::string KeyText(const std::string& path) {
  const std::string public_path = absl::EndsWith(path, ".pub") ? path : absl::StrCat(path, ".pub");
  const auto key = contract::PublicKeyOf(public_path);
  return key.ok() ? absl::StrCat(" (", key->type, " ", key->fingerprint, ")") : "";
}

}  // namespace

absl::StatusOr<v1::DecidePlanResponse> Decide(Controller& controller, const FetchedPlan& fetched,
                                              absl::string_view decision, absl::string_view reason,
                                              absl::Time now) {
  Connection& connection = controller.connection();
  const auto statement =
      ApprovalStatement(fetched.checked, decision, reason, connection.person(), now);
  if (!statement.ok()) return statement.status();
  auto signed_statement = connection.Sign(*statement);
  if (!signed_statement.ok()) return signed_statement.status();
  v1::DecidePlanRequest request;
  request.set_plan_id(fetched.checked.id);
  *request.mutable_statement() = *std::move(signed_statement);
  request.set_request_id(NewRequestId());
  return controller.DecidePlan(request);
}

std::string RenderAboutToSign(const Look& look, const CheckedPlan& plan, absl::string_view decision,
                              absl::string_view reason, const Connection& connection) {
  const v1::PlanDocument document = Cleaned(plan.document);
  const TablesTotal total = TotalOf(document);
  const std::string key = KeyText(connection.settings().context.key);
  std::string out =
      absl::StrCat(Wrap(absl::StrCat("You are about to sign, as ", connection.person(), key, ":"),
                        look.width, 2),
                   "\n\n");
  const auto line = [&](absl::string_view label, absl::string_view text) {
    absl::StrAppend(&out, "  ", Pad(label, 12), Wrap(text, look.width, 14), "\n");
  };
  line("plan", absl::StrCat(contract::ShortId(plan.id), "   ", total.CountedRows(), " in ",
                            Counted(total.tables, "table", "tables"), " of ",
                            document.environment(), " / ", document.target()));
  line("decision",
       absl::StrCat(decision, "   start before ", When(look, ApprovalStartBefore(plan, look.now))));
  if (!reason.empty()) line("reason", Clean(reason));
  absl::StrAppend(&out, "\n");
  return out;
}

}  // namespace resetctl::client

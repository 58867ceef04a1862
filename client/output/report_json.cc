#include "absl/strings/str_cat.h"
#include "client/output/json.h"
#include "client/output/report.h"
#include "proto/base/text.h"

namespace resetctl::client {
namespace {

template <typename Messages>
std::string ArrayOf(const Messages& messages) {
  std::vector<std::string> values;
  for (const auto& message : messages) values.push_back(ToJson(message));
  return JsonArray(values);
}

std::string ProofJson(const ReportProof& proof) {
  std::vector<std::string> keys, hashes;
  for (const std::string& key : proof.log_keys) keys.push_back(JsonText(key));
  std::string persons = "null";
  if (proof.persons) {
    std::vector<std::string> names;
    for (const std::string& name : proof.persons->names) names.push_back(JsonText(name));
    persons = JsonArray(names);
  }
  for (const std::string& hash : proof.hashes) hashes.push_back(JsonText(base::ToBase64(hash)));
  return JsonObject(
      {{"origin", JsonText(proof.origin)},
       {"size", JsonText(absl::StrCat(proof.size))},
       {"root", JsonText(base::ToBase64(proof.root))},
       {"checkpoint", JsonText(proof.note)},
       {"logKeys", JsonArray(keys)},
       {"seenBefore", proof.seen_before ? JsonText(absl::StrCat(*proof.seen_before)) : "null"},
       {"signedBy", persons},
       {"index", JsonText(absl::StrCat(proof.index))},
       {"leafHash", JsonText(base::ToBase64(proof.leaf_hash))},
       {"hashes", JsonArray(hashes)}});
}

}  // namespace

std::string ReportJson(const Look& look, const ReportFacts& facts) {
  v1::Plan plan = facts.plan;
  *plan.mutable_decoded() = facts.document;
  return JsonObject({{"run", ToJson(facts.run)},
                     {"events", ArrayOf(facts.events)},
                     {"plan", ToJson(plan)},
                     {"entries", ArrayOf(facts.entries)},
                     {"proof", ProofJson(facts.proof)},
                     {"made", JsonObject({{"time", JsonText(Iso(look, look.now))},
                                          {"person", JsonText(facts.person)},
                                          {"controller", JsonText(facts.controller)},
                                          {"version", JsonText(facts.version)}})}});
}

}  // namespace resetctl::client

#ifndef RESETCTL_PROTO_CONTRACT_DIGEST_H_
#define RESETCTL_PROTO_CONTRACT_DIGEST_H_

#include <initializer_list>
#include <string>

#include "absl/strings/string_view.h"

namespace resetctl::contract {

// SHA-256, 32 raw bytes.
std::string Sha256(absl::string_view bytes);
// Of the parts, one after the other.
std::string Sha256(std::initializer_list<absl::string_view> parts);
// "sha256:" + 64 hex digits: how digests stand in statements, plans and messages.
std::string Digest(absl::string_view bytes);
bool IsDigest(absl::string_view text);
// HMAC-SHA256, 32 raw bytes.
std::string HmacSha256(absl::string_view key, absl::string_view bytes);

// 'p-' + 64 hex digits.
std::string PlanId(absl::string_view plan_document);
// "sha256:..." of a plan id, and back. Empty when malformed.
std::string DigestOfPlanId(absl::string_view plan_id);
std::string PlanIdOfDigest(absl::string_view digest);
// 'p-7f3a91c2': type and eight digits, for people.
std::string ShortId(absl::string_view id);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_DIGEST_H_

#include "proto/contract/digest.h"

#include <cstdlib>
#include <memory>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/base/text.h"

namespace resetctl::contract {
namespace {

constexpr char kDigestPrefix[] = "sha256:";
constexpr char kPlanPrefix[] = "p-";

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

bool IsHexDigest(absl::string_view text) {
  if (text.size() != size_t{2} * SHA256_DIGEST_LENGTH) return false;
  for (const char c : text) {
    if (!absl::ascii_isdigit(c) && (c < 'a' || c > 'f')) return false;
  }
  return true;
}

}  // namespace

std::string Sha256(std::initializer_list<absl::string_view> parts) {
  // OpenSSL's own one-shot function looks the algorithm up and makes a context each time, which takes longer than the
  // hash of a tree's node.
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  bool good = algorithm != nullptr && context != nullptr &&
              EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1;
  for (const absl::string_view part : parts) {
    good = good && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  }
  if (!good || EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()),
                                  nullptr) != 1) {
    std::abort();  // only when memory is gone; no wrong digest must ever come out of here
  }
  return digest;
}

std::string Sha256(absl::string_view bytes) { return Sha256({bytes}); }

std::string Digest(absl::string_view bytes) {
  return absl::StrCat(kDigestPrefix, base::ToHex(Sha256(bytes)));
}

bool IsDigest(absl::string_view text) {
  return absl::ConsumePrefix(&text, kDigestPrefix) && IsHexDigest(text);
}

std::string HmacSha256(absl::string_view key, absl::string_view bytes) {
  std::string mac(SHA256_DIGEST_LENGTH, '\0');
  unsigned int length = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
           reinterpret_cast<unsigned char*>(mac.data()), &length) == nullptr) {
    std::abort();  // only when memory is gone; an empty MAC must never come out of here
  }
  return mac;
}

std::string PlanId(absl::string_view plan_document) {
  return absl::StrCat(kPlanPrefix, base::ToHex(Sha256(plan_document)));
}

std::string DigestOfPlanId(absl::string_view plan_id) {
  if (!absl::ConsumePrefix(&plan_id, kPlanPrefix) || !IsHexDigest(plan_id)) return "";
  return absl::StrCat(kDigestPrefix, plan_id);
}

std::string PlanIdOfDigest(absl::string_view digest) {
  if (!absl::ConsumePrefix(&digest, kDigestPrefix) || !IsHexDigest(digest)) return "";
  return absl::StrCat(kPlanPrefix, digest);
}

std::string ShortId(absl::string_view id) {
  constexpr size_t kDigits = 8;
  const size_t dash = id.find('-');
  const size_t begin = dash == absl::string_view::npos ? 0 : dash + 1;
  return base::Str(id.substr(0, begin + kDigits));
}

}  // namespace resetctl::contract

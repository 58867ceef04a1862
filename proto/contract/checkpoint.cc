#include "proto/contract/checkpoint.h"

#include <algorithm>
#include <memory>
#include <vector>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/base/text.h"
#include "proto/base/utf8.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::contract {
namespace {

constexpr size_t kPublicKeyBytes = 32;
constexpr size_t kSignatureBytes = 64;
constexpr size_t kKeyHashBytes = 4;
constexpr size_t kRootBytes = 32;
constexpr size_t kMaxNoteBytes = 64 << 10;
constexpr absl::string_view kEd25519("\x01", 1);        // the algorithm's byte in C2SP signed-note
constexpr absl::string_view kDash("\xE2\x80\x94 ", 4);  // U+2014 and a blank

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

absl::Status Malformed(absl::string_view what) {
  return Error(v1::REASON_INVALID_ARGUMENT,
               absl::StrCat("The checkpoint is malformed: ", what, "."),
               "Fetch it again; if that does not help, compare with another witness.");
}

absl::Status BadSignature(absl::string_view what) {
  return Error(v1::REASON_BAD_SIGNATURE, what,
               "Do not trust this log until somebody has found out why.");
}

absl::Status NoCryptography() {
  return Error(v1::REASON_INTERNAL, "OpenSSL could not use the log's Ed25519 key.",
               "Check that the key file is a PEM file with an Ed25519 key.");
}

// A key's name in C2SP signed-note: not empty, no blanks, no '+'.
bool IsKeyName(absl::string_view name) {
  return !name.empty() && name.size() <= 200 && base::IsUtf8(name) &&
         !base::HasControlCharacters(name, /*lines=*/false) &&
         name.find_first_of(" +") == absl::string_view::npos;
}

// First four bytes of SHA-256(name || 0x0A || 0x01 || public key).
std::string KeyHash(absl::string_view name, absl::string_view public_key) {
  return Sha256(absl::StrCat(name, "\n", kEd25519, public_key)).substr(0, kKeyHashBytes);
}

absl::StatusOr<std::string> PublicKeyOf(EVP_PKEY* key) {
  std::string bytes(kPublicKeyBytes, '\0');
  size_t size = bytes.size();
  if (EVP_PKEY_get_raw_public_key(key, Bytes(bytes), &size) != 1 || size != kPublicKeyBytes) {
    return NoCryptography();
  }
  return bytes;
}

// A line of the body: text, printable, not empty.
bool IsLine(absl::string_view text) {
  return !text.empty() && base::IsUtf8(text) && !base::HasControlCharacters(text, false);
}

struct Verifier {
  std::string name;
  std::string hash;
  std::string public_key;
};

absl::StatusOr<Verifier> ParseVerifier(absl::string_view text) {
  const absl::Status malformed =
      Error(v1::REASON_INVALID_ARGUMENT, "The log's public key is malformed.",
            "It looks like name+1a2b3c4d+AQ... on one line.");
  // Base64 may hold '+' too: only the first two divide.
  const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits('+', 2));
  std::string key;
  if (parts.size() != 3 || !IsKeyName(parts[0]) || !base::FromBase64(parts[2], &key) ||
      key.size() != 1 + kPublicKeyBytes || absl::string_view(key).substr(0, 1) != kEd25519) {
    return malformed;
  }
  Verifier verifier{parts[0], "", key.substr(1)};
  verifier.hash = KeyHash(verifier.name, verifier.public_key);
  if (base::ToHex(verifier.hash) != parts[1]) return malformed;
  return verifier;
}

bool SignatureHolds(const Verifier& verifier, absl::string_view text, absl::string_view signature) {
  const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(verifier.public_key),
                                            verifier.public_key.size()));
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  return key != nullptr && context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(text),
                          text.size()) == 1;
}

// C2SP tlog-checkpoint: origin, size, root; further lines are extensions that the signature covers
// too.
absl::StatusOr<Checkpoint> ParseBody(absl::string_view body) {
  if (!absl::ConsumeSuffix(&body, "\n")) return Malformed("its text does not end with a line end");
  const std::vector<std::string> lines = absl::StrSplit(body, '\n');
  if (lines.size() < 3 || !std::all_of(lines.begin(), lines.end(), IsLine)) {
    return Malformed("origin, size and root are not three lines of text");
  }
  Checkpoint checkpoint;
  checkpoint.origin = lines[0];
  const std::string& size = lines[1];
  const bool digits =
      std::all_of(size.begin(), size.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || (size.size() > 1 && size[0] == '0') || !absl::SimpleAtoi(size, &checkpoint.size)) {
    return Malformed("its size is no number");
  }
  if (!base::FromBase64(lines[2], &checkpoint.root) || checkpoint.root.size() != kRootBytes) {
    return Malformed("its root is no SHA-256 hash");
  }
  return checkpoint;
}

}  // namespace

absl::StatusOr<LogKeyPair> MakeLogKey(absl::string_view name) {
  if (!IsKeyName(name)) {
    return Error(v1::REASON_INVALID_ARGUMENT, "The log's name is not usable for a key.",
                 "Use a name without blanks and '+'.");
  }
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new(BIO_s_secmem()));
  if (key == nullptr || bio == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1) {
    return NoCryptography();
  }
  const absl::StatusOr<std::string> public_key = PublicKeyOf(key.get());
  if (!public_key.ok()) return public_key.status();
  char* pem = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &pem);
  LogKeyPair pair;
  pair.private_pem.assign(pem, static_cast<size_t>(size));
  pair.verifier = absl::StrCat(name, "+", base::ToHex(KeyHash(name, *public_key)), "+",
                               base::ToBase64(absl::StrCat(kEd25519, *public_key)));
  return pair;
}

absl::StatusOr<std::string> SignCheckpoint(const Checkpoint& checkpoint, absl::string_view key_name,
                                           absl::string_view private_pem) {
  if (!IsKeyName(key_name) || !IsLine(checkpoint.origin) || checkpoint.root.size() != kRootBytes) {
    return Error(v1::REASON_INVALID_ARGUMENT, "The checkpoint to sign is malformed.",
                 "Origin and key name are single lines, the root has 32 bytes.");
  }
  const std::unique_ptr<BIO, FreeBio> bio(
      BIO_new_mem_buf(private_pem.data(), static_cast<int>(private_pem.size())));
  // The callback keeps OpenSSL from asking for a passphrase at the terminal.
  const auto no_passphrase = [](char*, int, int, void*) { return 0; };
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (key == nullptr || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) return NoCryptography();
  const absl::StatusOr<std::string> public_key = PublicKeyOf(key.get());
  if (!public_key.ok()) return public_key.status();

  const std::string text = absl::StrCat(checkpoint.origin, "\n", checkpoint.size, "\n",
                                        base::ToBase64(checkpoint.root), "\n");
  std::string signature(kSignatureBytes, '\0');
  size_t size = signature.size();
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), Bytes(signature), &size, Bytes(text), text.size()) != 1 ||
      size != kSignatureBytes) {
    return NoCryptography();
  }
  return absl::StrCat(text, "\n", kDash, key_name, " ",
                      base::ToBase64(absl::StrCat(KeyHash(key_name, *public_key), signature)),
                      "\n");
}

absl::StatusOr<Checkpoint> OpenCheckpoint(absl::string_view note, absl::string_view verifier) {
  const absl::StatusOr<Verifier> key = ParseVerifier(verifier);
  if (!key.ok()) return key.status();
  if (note.size() > kMaxNoteBytes) return Malformed("it is too long");
  const size_t gap = note.rfind("\n\n");
  if (gap == absl::string_view::npos) return Malformed("it has no signatures");
  const absl::string_view text = note.substr(0, gap + 1);
  absl::string_view signatures = note.substr(gap + 2);
  if (!absl::ConsumeSuffix(&signatures, "\n")) return Malformed("its last line has no end");

  bool ours = false;
  for (absl::string_view line : absl::StrSplit(signatures, '\n')) {
    if (!absl::ConsumePrefix(&line, kDash)) return Malformed("a signature line lacks its dash");
    const size_t blank = line.find(' ');
    std::string blob;
    if (blank == absl::string_view::npos || !IsKeyName(line.substr(0, blank)) ||
        !base::FromBase64(line.substr(blank + 1), &blob) || blob.size() <= kKeyHashBytes) {
      return Malformed("a signature line is no name and base64");
    }
    const absl::string_view bytes(blob);
    // Signatures by other keys are other witnesses' business.
    if (line.substr(0, blank) != absl::string_view(key->name) ||
        bytes.substr(0, kKeyHashBytes) != absl::string_view(key->hash)) {
      continue;
    }
    if (bytes.size() != kKeyHashBytes + kSignatureBytes ||
        !SignatureHolds(*key, text, bytes.substr(kKeyHashBytes))) {
      return BadSignature(absl::StrCat("The checkpoint's signature by ", key->name, " is wrong."));
    }
    ours = true;
  }
  if (!ours) {
    return BadSignature(absl::StrCat("The checkpoint is not signed by ", key->name, "."));
  }
  return ParseBody(text);
}

}  // namespace resetctl::contract

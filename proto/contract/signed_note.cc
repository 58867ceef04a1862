#include "proto/contract/signed_note.h"

#include <memory>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

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
constexpr size_t kKeyIdBytes = 4;
constexpr size_t kMaxNoteBytes = 64 << 10;
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

absl::Status NoCryptography() {
  return Error(v1::REASON_INTERNAL, "OpenSSL could not use the log's Ed25519 key.",
               "Check that the key file is a PEM file with an Ed25519 key.");
}

std::string TypedKey(NoteKeyType type, absl::string_view public_key) {
  std::string typed(1, static_cast<char>(type));
  typed.append(public_key.data(), public_key.size());
  return typed;
}

std::string KeyId(absl::string_view name, NoteKeyType type, absl::string_view public_key) {
  return Sha256(absl::StrCat(name, "\n", TypedKey(type, public_key))).substr(0, kKeyIdBytes);
}

absl::StatusOr<std::string> PublicKeyOf(EVP_PKEY* key) {
  std::string bytes(kPublicKeyBytes, '\0');
  size_t size = bytes.size();
  if (EVP_PKEY_get_raw_public_key(key, Bytes(bytes), &size) != 1 || size != kPublicKeyBytes) {
    return NoCryptography();
  }
  return bytes;
}

absl::StatusOr<Key> ReadPrivateKey(absl::string_view pem) {
  const std::unique_ptr<BIO, FreeBio> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  // The callback keeps OpenSSL from asking for a passphrase at the terminal.
  const auto no_passphrase = [](char*, int, int, void*) { return 0; };
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (key == nullptr || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) return NoCryptography();
  return key;
}

std::string WriteVerifier(absl::string_view name, NoteKeyType type, absl::string_view public_key) {
  return absl::StrCat(name, "+", base::ToHex(KeyId(name, type, public_key)), "+",
                      base::ToBase64(TypedKey(type, public_key)));
}

}  // namespace

bool IsNoteKeyName(absl::string_view name) {
  return !name.empty() && name.size() <= 200 && base::IsUtf8(name) &&
         !base::HasControlCharacters(name, /*lines=*/false) &&
         name.find_first_of(" +") == absl::string_view::npos;
}

absl::Status MalformedNote(absl::string_view what) {
  return Error(v1::REASON_INVALID_ARGUMENT,
               absl::StrCat("The checkpoint is malformed: ", what, "."),
               "Fetch it again; if that does not help, compare with another witness.");
}

absl::Status BadNoteSignature(absl::string_view what) {
  return Error(v1::REASON_BAD_SIGNATURE, what,
               "Do not trust this log until somebody has found out why.");
}

absl::StatusOr<NoteKeyPair> MakeNoteKey(absl::string_view name, NoteKeyType type) {
  if (!IsNoteKeyName(name)) {
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
  NoteKeyPair pair;
  pair.private_pem.assign(pem, static_cast<size_t>(size));
  pair.verifier = WriteVerifier(name, type, *public_key);
  return pair;
}

absl::StatusOr<std::string> VerifierOfKey(absl::string_view name, NoteKeyType type,
                                          absl::string_view private_pem) {
  const absl::StatusOr<Key> key = ReadPrivateKey(private_pem);
  if (!key.ok()) return key.status();
  const absl::StatusOr<std::string> public_key = PublicKeyOf(key->get());
  if (!public_key.ok()) return public_key.status();
  return WriteVerifier(name, type, *public_key);
}

absl::StatusOr<NoteVerifier> ParseNoteVerifier(absl::string_view vkey, NoteKeyType type) {
  absl::Status malformed =
      Error(v1::REASON_INVALID_ARGUMENT,
            type == NoteKeyType::kLog ? "The log's public key is malformed."
                                      : "The witness's public key is malformed.",
            absl::StrCat("It looks like name+1a2b3c4d+", type == NoteKeyType::kLog ? "A" : "B",
                         "... on one line."));
  // Base64 may hold '+' too: only the first two divide.
  const std::vector<std::string> parts = absl::StrSplit(vkey, absl::MaxSplits('+', 2));
  std::string key;
  if (parts.size() != 3 || !IsNoteKeyName(parts[0]) || !base::FromBase64(parts[2], &key) ||
      key.size() != 1 + kPublicKeyBytes || key[0] != static_cast<char>(type)) {
    return malformed;
  }
  NoteVerifier verifier{parts[0], "", key.substr(1)};
  verifier.id = KeyId(verifier.name, type, verifier.public_key);
  if (base::ToHex(verifier.id) != parts[1]) return malformed;
  return verifier;
}

bool SignatureHolds(const NoteVerifier& verifier, absl::string_view message,
                    absl::string_view signature) {
  const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(verifier.public_key),
                                            verifier.public_key.size()));
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  return key != nullptr && context != nullptr && signature.size() == kSignatureBytes &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message),
                          message.size()) == 1;
}

absl::StatusOr<SignedNote> ParseSignedNote(absl::string_view note) {
  if (note.size() > kMaxNoteBytes) return MalformedNote("it is too long");
  const size_t gap = note.rfind("\n\n");
  if (gap == absl::string_view::npos) return MalformedNote("it has no signatures");
  absl::string_view lines = note.substr(gap + 2);
  if (!absl::ConsumeSuffix(&lines, "\n")) return MalformedNote("its last line has no end");
  SignedNote parsed;
  parsed.text = base::Str(note.substr(0, gap + 1));
  for (absl::string_view line : absl::StrSplit(lines, '\n')) {
    if (!absl::ConsumePrefix(&line, kDash)) return MalformedNote("a signature line lacks its dash");
    const size_t blank = line.find(' ');
    std::string blob;
    if (blank == absl::string_view::npos || !IsNoteKeyName(line.substr(0, blank)) ||
        !base::FromBase64(line.substr(blank + 1), &blob) || blob.size() <= kKeyIdBytes) {
      return MalformedNote("a signature line is no name and base64");
    }
    parsed.signatures.push_back(
        {base::Str(line.substr(0, blank)), blob.substr(0, kKeyIdBytes), blob.substr(kKeyIdBytes)});
  }
  return parsed;
}

absl::StatusOr<MadeSignature> MakeSignature(absl::string_view message, absl::string_view key_name,
                                            NoteKeyType type, absl::string_view private_pem) {
  const absl::StatusOr<Key> key = ReadPrivateKey(private_pem);
  if (!key.ok()) return key.status();
  const absl::StatusOr<std::string> public_key = PublicKeyOf(key->get());
  if (!public_key.ok()) return public_key.status();
  MadeSignature made{KeyId(key_name, type, *public_key), std::string(kSignatureBytes, '\0')};
  size_t size = made.bytes.size();
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key->get()) != 1 ||
      EVP_DigestSign(context.get(), Bytes(made.bytes), &size, Bytes(message), message.size()) !=
          1 ||
      size != kSignatureBytes) {
    return NoCryptography();
  }
  return made;
}

std::string SignatureLine(const NoteSignature& signature) {
  return absl::StrCat(kDash, signature.name, " ",
                      base::ToBase64(absl::StrCat(signature.id, signature.bytes)), "\n");
}

}  // namespace resetctl::contract

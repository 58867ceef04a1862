#include <algorithm>

#include <arpa/inet.h>
#include <openssl/pem.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "proto/contract/statement.h"
#include "proto/transport/openssl_ptr.h"
#include "proto/transport/tls.h"

namespace resetctl::transport {
namespace {

constexpr char kUriPrefix[] = "resetctl://agent/";
// A machine whose clock is a little behind must not refuse a fresh certificate.
constexpr absl::Duration kSkew = absl::Minutes(5);

absl::Status Invalid(absl::string_view what) {
  return contract::Error(v1::REASON_INVALID_ARGUMENT, what,
                         "Give a PEM text as openssl writes it.");
}

absl::Status Failed(absl::string_view what) {
  return contract::Error(v1::REASON_INTERNAL, absl::StrCat("OpenSSL could not ", what));
}

Owned<BIO> Reading(absl::string_view text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string Written(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

absl::StatusOr<Owned<EVP_PKEY>> ParseKey(absl::string_view pem) {
  // An empty passphrase callback: OpenSSL would ask at the terminal otherwise.
  const auto nothing = [](char*, int, int, void*) { return 0; };
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(Reading(pem).get(), nullptr, nothing, nullptr));
  if (key == nullptr) return Invalid("there is no private key in the PEM text");
  return key;
}

std::string KeyToPem(EVP_PKEY* key) {
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return Written(bio.get());
}

absl::StatusOr<Owned<EVP_PKEY>> GenerateKey() {
  Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  if (key == nullptr) return Failed("make a key");
  return key;
}

bool SetName(X509_NAME* name, absl::string_view common_name) {
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1;
}

bool SetSerial(X509* certificate) {
  std::string bytes = base::RandomBytes(16);
  bytes[0] = static_cast<char>(bytes[0] & 0x7F);  // positive (RFC 5280 §4.1.2.2)
  const Owned<BIGNUM> number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                                       static_cast<int>(bytes.size()), nullptr));
  return BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool AddName(GENERAL_NAMES* names, int type, absl::string_view value) {
  ASN1_STRING* text =
      type == GEN_IPADD ? ASN1_OCTET_STRING_new() : static_cast<ASN1_STRING*>(ASN1_IA5STRING_new());
  if (text == nullptr || ASN1_STRING_set(text, value.data(), static_cast<int>(value.size())) != 1) {
    ASN1_STRING_free(text);
    return false;
  }
  GENERAL_NAME* name = GENERAL_NAME_new();
  GENERAL_NAME_set0_value(name, type, text);
  return sk_GENERAL_NAME_push(names, name) > 0;
}

// A certificate without extensions and signature. Null when OpenSSL has no memory.
Owned<X509> Begin(absl::string_view common_name, X509* issuer, EVP_PKEY* public_key, absl::Time now,
                  absl::Time until) {
  Owned<X509> certificate(X509_new());
  X509* const raw = certificate.get();
  const bool done =
      raw != nullptr && X509_set_version(raw, X509_VERSION_3) == 1 && SetSerial(raw) &&
      ASN1_TIME_set(X509_getm_notBefore(raw), absl::ToTimeT(now - kSkew)) != nullptr &&
      ASN1_TIME_set(X509_getm_notAfter(raw), absl::ToTimeT(until)) != nullptr &&
      SetName(X509_get_subject_name(raw), common_name) &&
      X509_set_issuer_name(raw, X509_get_subject_name(issuer == nullptr ? raw : issuer)) == 1 &&
      X509_set_pubkey(raw, public_key) == 1;
  return done ? std::move(certificate) : nullptr;
}

absl::Time TimeOf(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return absl::InfinitePast();
  return absl::FromCivil(absl::CivilSecond(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                                           parts.tm_hour, parts.tm_min, parts.tm_sec),
                         absl::UTCTimeZone());
}

// What both kinds of end certificate share: issued by `ca`, for one use, never longer than the CA
// itself.
absl::StatusOr<std::string> IssueLeaf(const KeyAndCertificate& ca, EVP_PKEY* public_key,
                                      absl::string_view common_name, GENERAL_NAMES* names,
                                      const char* usage, absl::Time now, absl::Duration lifetime) {
  const auto issuer = ParseCertificate(ca.certificate_pem);
  if (!issuer.ok()) return issuer.status();
  const auto issuer_key = ParseKey(ca.key_pem);
  if (!issuer_key.ok()) return issuer_key.status();
  if (X509_check_private_key(issuer->get(), issuer_key->get()) != 1) {
    return Invalid("the CA's key does not belong to its certificate");
  }
  const absl::Time until = std::min(now + lifetime, TimeOf(X509_get0_notAfter(issuer->get())));
  const Owned<X509> certificate = Begin(common_name, issuer->get(), public_key, now, until);
  X509* const raw = certificate.get();
  if (raw == nullptr ||
      !AddExtension(raw, issuer->get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !AddExtension(raw, issuer->get(), NID_key_usage, "critical,digitalSignature") ||
      !AddExtension(raw, issuer->get(), NID_ext_key_usage, usage) ||
      !AddExtension(raw, issuer->get(), NID_subject_key_identifier, "hash") ||
      !AddExtension(raw, issuer->get(), NID_authority_key_identifier, "keyid:always") ||
      X509_add1_ext_i2d(raw, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) != 1 ||
      X509_sign(raw, issuer_key->get(), EVP_sha256()) == 0) {
    return Failed("issue a certificate");
  }
  return CertificateToPem(raw);
}

// The only URI of the certificate, when it is an agent's.
void ReadAgentUri(X509* certificate, CertificateFacts* facts) {
  const Owned<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr || sk_GENERAL_NAME_num(names.get()) != 1) return;
  const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), 0);
  if (name->type != GEN_URI) return;
  absl::string_view uri(
      reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.uniformResourceIdentifier)),
      static_cast<size_t>(ASN1_STRING_length(name->d.uniformResourceIdentifier)));
  if (!absl::ConsumePrefix(&uri, kUriPrefix)) return;
  const std::vector<std::string> parts = absl::StrSplit(uri, '/');
  if (parts.size() != 2 || !contract::IsName(parts[0]) || !contract::IsName(parts[1])) return;
  facts->environment = parts[0];
  facts->target = parts[1];
}

}  // namespace

absl::StatusOr<Owned<X509>> ParseCertificate(absl::string_view pem) {
  Owned<X509> certificate(PEM_read_bio_X509(Reading(pem).get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) return Invalid("there is no certificate in the PEM text");
  return certificate;
}

std::string CertificateToPem(X509* certificate) {
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return Written(bio.get());
}

std::string PinOf(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size < 0) return "";
  const std::string bytes(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return contract::Digest(bytes);
}

absl::StatusOr<std::string> CertificatePin(absl::string_view pem) {
  const auto certificate = ParseCertificate(pem);
  if (!certificate.ok()) return certificate.status();
  return PinOf(certificate->get());
}

absl::StatusOr<KeyAndCertificate> MakeCa(absl::string_view common_name, absl::Time now,
                                         absl::Duration lifetime) {
  const auto key = GenerateKey();
  if (!key.ok()) return key.status();
  const Owned<X509> certificate = Begin(common_name, nullptr, key->get(), now, now + lifetime);
  X509* const raw = certificate.get();
  if (raw == nullptr ||
      !AddExtension(raw, raw, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !AddExtension(raw, raw, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !AddExtension(raw, raw, NID_subject_key_identifier, "hash") ||
      X509_sign(raw, key->get(), EVP_sha256()) == 0) {
    return Failed("make a CA certificate");
  }
  return KeyAndCertificate{KeyToPem(key->get()), CertificateToPem(raw)};
}

absl::StatusOr<KeyAndCertificate> IssueServerCertificate(const KeyAndCertificate& ca,
                                                         const std::vector<std::string>& names,
                                                         absl::Time now, absl::Duration lifetime) {
  if (names.empty()) return Invalid("a server certificate needs at least one name");
  const Owned<GENERAL_NAMES> alternatives(GENERAL_NAMES_new());
  for (const std::string& name : names) {
    unsigned char address[16];
    int type = GEN_DNS;
    std::string value = name;
    if (inet_pton(AF_INET, name.c_str(), address) == 1) {
      type = GEN_IPADD;
      value.assign(reinterpret_cast<char*>(address), 4);
    } else if (inet_pton(AF_INET6, name.c_str(), address) == 1) {
      type = GEN_IPADD;
      value.assign(reinterpret_cast<char*>(address), 16);
    } else if (!contract::IsName(name)) {
      return Invalid(absl::StrCat("'", name, "' is neither a host name nor an address"));
    }
    if (!AddName(alternatives.get(), type, value)) return Failed("add a name to a certificate");
  }
  const auto key = GenerateKey();
  if (!key.ok()) return key.status();
  auto certificate = IssueLeaf(ca, key->get(), "resetctl controller", alternatives.get(),
                               "serverAuth", now, lifetime);
  if (!certificate.ok()) return certificate.status();
  return KeyAndCertificate{KeyToPem(key->get()), *std::move(certificate)};
}

absl::StatusOr<std::string> ReissueServerCertificate(const KeyAndCertificate& ca,
                                                     const KeyAndCertificate& old, absl::Time now,
                                                     absl::Duration lifetime) {
  const auto certificate = ParseCertificate(old.certificate_pem);
  if (!certificate.ok()) return certificate.status();
  const auto key = ParseKey(old.key_pem);
  if (!key.ok()) return key.status();
  const Owned<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate->get(), NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr) return Invalid("the server's certificate names no host");
  return IssueLeaf(ca, key->get(), "resetctl controller", names.get(), "serverAuth", now, lifetime);
}

absl::StatusOr<std::string> MakeKey() {
  const auto key = GenerateKey();
  if (!key.ok()) return key.status();
  return KeyToPem(key->get());
}

absl::StatusOr<std::string> MakeCsr(absl::string_view key_pem) {
  const auto key = ParseKey(key_pem);
  if (!key.ok()) return key.status();
  const Owned<X509_REQ> request(X509_REQ_new());
  if (request == nullptr || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
      !SetName(X509_REQ_get_subject_name(request.get()), "resetctl agent") ||
      X509_REQ_set_pubkey(request.get(), key->get()) != 1 ||
      X509_REQ_sign(request.get(), key->get(), EVP_sha256()) == 0) {
    return Failed("make a certificate request");
  }
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_REQ(bio.get(), request.get());
  return Written(bio.get());
}

absl::StatusOr<std::string> IssueAgentCertificate(const KeyAndCertificate& ca,
                                                  absl::string_view csr_pem,
                                                  absl::string_view environment,
                                                  absl::string_view target, absl::Time now,
                                                  absl::Duration lifetime) {
  const Owned<X509_REQ> request(
      PEM_read_bio_X509_REQ(Reading(csr_pem).get(), nullptr, nullptr, nullptr));
  if (request == nullptr) return Invalid("there is no certificate request in the PEM text");
  EVP_PKEY* const key = X509_REQ_get0_pubkey(request.get());
  if (key == nullptr || X509_REQ_verify(request.get(), key) != 1) {
    return Invalid("the certificate request is not signed by its own key");
  }
  char curve[32] = "";
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
      EVP_PKEY_get_group_name(key, curve, sizeof(curve), nullptr) != 1 ||
      absl::string_view(curve) != "prime256v1") {
    return Invalid("the certificate request's key is not on the curve P-256");
  }
  if (!contract::IsName(environment) || !contract::IsName(target)) {
    return Invalid("an agent's environment and target need names");
  }
  // Nothing of the request but its key: what it asks for is not its to say.
  const Owned<GENERAL_NAMES> names(GENERAL_NAMES_new());
  if (!AddName(names.get(), GEN_URI, AgentUri(environment, target))) {
    return Failed("add a name to a certificate");
  }
  return IssueLeaf(ca, key, "resetctl agent", names.get(), "clientAuth", now, lifetime);
}

absl::Status CheckSameKey(absl::string_view ca_pem, absl::string_view certificate_pem,
                          absl::string_view csr_pem) {
  const auto ca = ParseCertificate(ca_pem);
  if (!ca.ok()) return ca.status();
  const auto certificate = ParseCertificate(certificate_pem);
  if (!certificate.ok()) return certificate.status();
  const Owned<X509_REQ> request(
      PEM_read_bio_X509_REQ(Reading(csr_pem).get(), nullptr, nullptr, nullptr));
  if (request == nullptr) return Invalid("there is no certificate request in the PEM text");
  if (X509_verify(certificate->get(), X509_get0_pubkey(ca->get())) != 1) {
    return Invalid("the certificate was not issued by this CA");
  }
  EVP_PKEY* const key = X509_get0_pubkey(certificate->get());
  if (key == nullptr || EVP_PKEY_eq(key, X509_REQ_get0_pubkey(request.get())) != 1 ||
      X509_REQ_verify(request.get(), key) != 1) {
    return Invalid("the certificate request is not signed by the certificate's key");
  }
  return absl::OkStatus();
}

absl::StatusOr<CertificateFacts> ReadCertificate(absl::string_view pem) {
  const auto certificate = ParseCertificate(pem);
  if (!certificate.ok()) return certificate.status();
  CertificateFacts facts;
  const Owned<BIGNUM> serial(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate->get()), nullptr));
  char* hex = serial == nullptr ? nullptr : BN_bn2hex(serial.get());
  if (hex == nullptr) return Failed("read a serial number");
  facts.serial = absl::AsciiStrToLower(hex);
  OPENSSL_free(hex);
  facts.not_before = TimeOf(X509_get0_notBefore(certificate->get()));
  facts.not_after = TimeOf(X509_get0_notAfter(certificate->get()));
  ReadAgentUri(certificate->get(), &facts);
  return facts;
}

std::string AgentUri(absl::string_view environment, absl::string_view target) {
  return absl::StrCat(kUriPrefix, environment, "/", target);
}

}  // namespace resetctl::transport

#ifndef RESETCTL_PROTO_TRANSPORT_OPENSSL_PTR_H_
#define RESETCTL_PROTO_TRANSPORT_OPENSSL_PTR_H_

#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace resetctl::transport {

struct OpensslFree {
  void operator()(BIO* p) const { BIO_free_all(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_REQ* p) const { X509_REQ_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
  void operator()(GENERAL_NAMES* p) const { GENERAL_NAMES_free(p); }
  void operator()(ASN1_INTEGER* p) const { ASN1_INTEGER_free(p); }
  void operator()(BIGNUM* p) const { BN_free(p); }
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(SSL* p) const { SSL_free(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, OpensslFree>;

// The first certificate of a PEM text.
absl::StatusOr<Owned<X509>> ParseCertificate(absl::string_view pem);
std::string CertificateToPem(X509* certificate);
// "sha256:<hex>" over the DER.
std::string PinOf(X509* certificate);

}  // namespace resetctl::transport

#endif  // RESETCTL_PROTO_TRANSPORT_OPENSSL_PTR_H_

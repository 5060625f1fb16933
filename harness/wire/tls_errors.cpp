#include "harness/wire/tls_errors.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>

#include <limits>

namespace stormproof::wire {
namespace {

class TlsCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "tls"; }
  std::string message(int value) const override {
    if (value < static_cast<int>(TlsError::no_reason)) {
      return std::string("its certificate is not accepted: ") + X509_verify_cert_error_string(value);
    }
    switch (static_cast<TlsError>(value)) {
      case TlsError::no_reason: return "TLS failed";
      case TlsError::ended_in_handshake: return "the other side ended the connection within the TLS handshake";
      case TlsError::no_name: return "there is no name to hold the certificate against";
    }
    OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS, nullptr);  // once; then nothing
    const char* const reason = ERR_reason_error_string(static_cast<unsigned long>(value));
    return std::string("TLS: ") + (reason != nullptr ? reason : "error " + std::to_string(value));
  }
};

bool is_unverified(unsigned long error) {
  return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED;
}

}  // namespace

const boost::system::error_category& tls_category() {
  static const TlsCategory category;
  return category;
}

ErrorCode certificate_error(long verify_result) { return {static_cast<int>(verify_result), tls_category()}; }

bool is_unverified(const ErrorCode& error) {
  return error.category() == tls_category() && is_unverified(static_cast<unsigned long>(error.value()));
}

ErrorCode take_tls_error() {
  unsigned long error = ERR_get_error();
  while (const unsigned long later = ERR_get_error()) {
    if (is_unverified(later)) error = later;
  }
  if (error == 0) return make_tls_error(TlsError::no_reason);
  if (ERR_SYSTEM_ERROR(error)) return {ERR_GET_REASON(error), boost::system::system_category()};
  static_assert((0xFFul << ERR_LIB_OFFSET | 0x7FFFFFul) <= std::numeric_limits<int>::max());
  return {static_cast<int>(error), tls_category()};
}

ErrorCode make_tls_error(TlsError error) { return {static_cast<int>(error), tls_category()}; }

}  // namespace stormproof::wire

#include "harness/wire/tls_errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <cerrno>

namespace stormproof::wire {
namespace {

TEST(TlsErrors, SayWhy) {
  EXPECT_EQ(certificate_error(X509_V_ERR_CERT_HAS_EXPIRED).message(),
            "its certificate is not accepted: certificate has expired");
  EXPECT_EQ(make_tls_error(TlsError::no_reason).message(), "TLS failed");
  EXPECT_THAT(make_tls_error(TlsError::ended_in_handshake).message(), testing::HasSubstr("within the TLS handshake"));
  EXPECT_THAT(make_tls_error(TlsError::no_name).message(), testing::HasSubstr("no name"));
  EXPECT_STREQ(tls_category().name(), "tls");
}

TEST(TlsErrors, TheOldestOfTheQueueIsTheCauseAndTheQueueIsEmptyThen) {
  ERR_raise(ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER);
  ERR_raise(ERR_LIB_SSL, SSL_R_NO_CIPHERS_AVAILABLE);
  const ErrorCode error = take_tls_error();
  EXPECT_EQ(error.category(), tls_category());
  EXPECT_EQ(error.message(), "TLS: wrong version number");
  EXPECT_EQ(take_tls_error(), make_tls_error(TlsError::no_reason));
}

TEST(TlsErrors, WhatTheSystemSaidStaysTheSystems) {
  ERR_raise(ERR_LIB_SYS, ECONNRESET);
  EXPECT_EQ(take_tls_error(), asio::error::connection_reset);
}

TEST(TlsErrors, ACertificateThatWasNotAcceptedIsTold) {
  ERR_raise(ERR_LIB_EVP, ERR_R_EVP_LIB);
  ERR_raise(ERR_LIB_SSL, SSL_R_CERTIFICATE_VERIFY_FAILED);
  EXPECT_TRUE(is_unverified(take_tls_error()));
  ERR_raise(ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER);
  EXPECT_FALSE(is_unverified(take_tls_error()));
  EXPECT_FALSE(is_unverified(certificate_error(X509_V_ERR_CERT_HAS_EXPIRED)));
  EXPECT_FALSE(is_unverified(asio::error::connection_reset));
}

}  // namespace
}  // namespace stormproof::wire

#include "tests/support/certificates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>

#include "tests/support/files.h"

namespace stormproof::support {
namespace {

using Certificate = std::shared_ptr<X509>;

Certificate read_certificate(const std::filesystem::path& file) {
  const std::unique_ptr<BIO, int (*)(BIO*)> in(BIO_new_file(file.c_str(), "r"), BIO_free);
  return {in == nullptr ? nullptr : PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr), X509_free};
}

// The verdict on a certificate for this host, where the authority is trusted.
int verdict(const Certificates& certificates, const Identity& identity, const char* host) {
  const std::unique_ptr<X509_STORE, void (*)(X509_STORE*)> trusted(X509_STORE_new(), X509_STORE_free);
  X509_STORE_load_file(trusted.get(), certificates.authority().c_str());
  const std::unique_ptr<X509_STORE_CTX, void (*)(X509_STORE_CTX*)> check(X509_STORE_CTX_new(), X509_STORE_CTX_free);
  const Certificate certificate = read_certificate(identity.certificate);
  X509_STORE_CTX_init(check.get(), trusted.get(), certificate.get(), nullptr);
  X509_VERIFY_PARAM_set1_host(X509_STORE_CTX_get0_param(check.get()), host, 0);
  X509_verify_cert(check.get());
  return X509_STORE_CTX_get_error(check.get());
}

TEST(Certificates, AreGoodForTheirNamesAndOtherwiseAsAsked) {
  Certificates certificates;
  const Identity good = certificates.issue({"shop.test", "127.0.0.1", "::1"});
  EXPECT_EQ(verdict(certificates, good, "shop.test"), X509_V_OK);
  EXPECT_EQ(verdict(certificates, good, "other.test"), X509_V_ERR_HOSTNAME_MISMATCH);
  const Certificate certificate = read_certificate(good.certificate);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "::1", 0), 1);
  EXPECT_EQ(verdict(certificates, certificates.issue_expired({"shop.test"}), "shop.test"), X509_V_ERR_CERT_HAS_EXPIRED);
  EXPECT_EQ(verdict(certificates, certificates.self_signed({"shop.test"}), "shop.test"),
            X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
  EXPECT_THAT(read_file(good.key).value(), testing::HasSubstr("PRIVATE KEY"));
}

}  // namespace
}  // namespace stormproof::support

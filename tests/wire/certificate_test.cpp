#include "harness/wire/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "harness/wire/tls.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace stormproof::wire {
namespace {

class Authority : public testing::Test {
 protected:
  std::string file() const { return (folder_.path() / "authority.pem").string(); }

  // What `openssl verify` says of a certificate that was issued.
  std::string verdict(CertificateFlaw flaw, const std::vector<std::string>& names, const std::string& host) {
    const auto authority = CertificateAuthority::open(file());
    if (!authority) return authority.error().message;
    const auto pem = authority->issue(names, flaw);
    if (!pem) return pem.error().message;
    support::write_file(folder_.path() / "one.pem", *pem);
    const auto said = support::run_to_end({.argv = {"openssl", "verify", "-CAfile", file(), "-verify_hostname", host,
                                                    (folder_.path() / "one.pem").string()}});
    return said ? said->out + said->err : "openssl cannot be run";
  }

  support::TempDir folder_;
};

TEST_F(Authority, WhatItIssuesIsTrustedByThoseWhoTrustIt) {
  EXPECT_THAT(verdict(CertificateFlaw::none, {"payments.internal", "127.0.0.1"}, "payments.internal"),
              testing::HasSubstr(": OK"));
}

TEST_F(Authority, EachFlawIsWhatOpensslFinds) {
  EXPECT_THAT(verdict(CertificateFlaw::expired, {"a"}, "a"), testing::HasSubstr("certificate has expired"));
  EXPECT_THAT(verdict(CertificateFlaw::self_signed, {"a"}, "a"), testing::HasSubstr("self-signed certificate"));
  EXPECT_THAT(verdict(CertificateFlaw::wrong_host, {"a"}, "a"), testing::HasSubstr("hostname mismatch"));
}

TEST_F(Authority, IsMadeOnceAndItsKeyIsItsOwners) {
  ASSERT_TRUE(CertificateAuthority::open(file()));
  const std::string first = support::read_file(file()).value_or("");
  struct stat key = {};
  ASSERT_EQ(::stat((file() + ".key").c_str(), &key), 0);
  EXPECT_EQ(key.st_mode & 0777, 0600U);
  ASSERT_TRUE(CertificateAuthority::open(file()));
  EXPECT_EQ(support::read_file(file()).value_or(""), first);
}

TEST_F(Authority, HalfOfOneIsRefused) {
  ASSERT_TRUE(CertificateAuthority::open(file()));
  std::filesystem::remove(file() + ".key");
  const auto half = CertificateAuthority::open(file());
  ASSERT_FALSE(half);
  EXPECT_THAT(half.error().message, testing::HasSubstr("only one is there"));
  support::write_file(file() + ".key", "no key");
  EXPECT_FALSE(CertificateAuthority::open(file()));
}

TEST_F(Authority, AServerShowsWhatItWasGivenAsText) {
  const auto authority = CertificateAuthority::open(file());
  ASSERT_TRUE(authority);
  EXPECT_TRUE(TlsContext::server({.pem = authority->issue({"localhost"}, CertificateFlaw::none).value()}));
  EXPECT_FALSE(TlsContext::server({.pem = "neither"}));
}

}  // namespace
}  // namespace stormproof::wire

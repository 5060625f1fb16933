#include "harness/wire/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include "tests/support/files.h"
#include "tests/wire/tls_pair.h"

namespace stormproof::wire {
namespace {

using support::Identity;
using testing::AllOf;
using testing::HasSubstr;

class TlsTest : public testing::Test {
 protected:
  static std::string refusal(const Identity& identity, TlsServerOptions options = {}) {
    options.certificate = identity.certificate.string();
    options.key = identity.key.string();
    const auto context = TlsContext::server(options);
    return context ? "" : context.error().message;
  }
  static std::string refusal(const TlsClientOptions& options) {
    const auto context = TlsContext::client(options);
    return context ? "" : context.error().message;
  }

  support::Certificates certificates;
  Identity identity = certificates.issue({"shop.test"});
  std::string none = (certificates.folder() / "none").string();
};

TEST_F(TlsTest, ServersAreMadeFromFiles) {
  EXPECT_EQ(refusal(identity), "");
  EXPECT_TRUE(server_of(identity)->is_server());
  EXPECT_FALSE(client_of(certificates)->is_server());
}

TEST_F(TlsTest, WhatIsWrongWithTheFilesIsSaid) {
  EXPECT_EQ(refusal({none, identity.key}), "cannot read the certificate " + none + ": No such file or directory");
  EXPECT_EQ(refusal({identity.certificate, none}), "cannot read the key " + none + ": No such file or directory");
  EXPECT_THAT(refusal({identity.key, identity.key}),
              AllOf(HasSubstr(identity.key.string()), HasSubstr("does not begin with a certificate in PEM")));
  EXPECT_THAT(refusal({identity.certificate, identity.certificate}),
              AllOf(HasSubstr(identity.certificate.string()), HasSubstr("no private key in PEM")));
  const Identity other = certificates.issue({"other.test"});
  EXPECT_EQ(refusal({identity.certificate, other.key}),
            "the key " + other.key.string() + " does not belong to the certificate " + identity.certificate.string());
}

TEST_F(TlsTest, AKeyWithAPassphraseIsRefusedWithoutAsking) {
  const auto locked = certificates.folder() / "locked.key";
  const std::unique_ptr<BIO, int (*)(BIO*)> in(BIO_new_file(identity.key.c_str(), "r"), BIO_free);
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr),
                                                           EVP_PKEY_free);
  {
    const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new_file(locked.c_str(), "w"), BIO_free);
    ASSERT_EQ(PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(), "secret", 6, nullptr, nullptr), 1);
  }
  EXPECT_THAT(refusal({identity.certificate, locked}), HasSubstr("without a passphrase"));
}

TEST_F(TlsTest, WhatIsWrongWithAClientsOptionsIsSaid) {
  EXPECT_EQ(refusal(TlsClientOptions{}), "") << "the system's own";
  EXPECT_EQ(refusal({.ca_file = none}), "cannot read the trusted certificates " + none + ": No such file or directory");
  EXPECT_THAT(refusal({.ca_file = identity.key.string()}), HasSubstr("holds no certificate in PEM"));
  EXPECT_THAT(refusal({.alpn = {""}}), HasSubstr("empty or too long"));
  EXPECT_THAT(refusal({.alpn = {std::string(300, 'x')}}), HasSubstr("empty or too long"));
  EXPECT_EQ(refusal({.key_log = none + "/log"}),
            "cannot write the key log " + none + "/log: No such file or directory");
}

TEST_F(TlsTest, TheKeyLogHasTheSecretsOfEverySession) {
  const auto log = certificates.folder() / "keys";
  IoRun run;
  const Context server = server_of(identity, {.key_log = log.string()});
  const Context client = client_of(certificates, {.key_log = log.string()});
  for (int i = 0; i < 2; ++i) {
    TlsPair pair(run);
    ASSERT_TRUE(pair.shake_hands(client, server, "shop.test"));
  }
  const std::string text = support::read_file(log).value();
  std::size_t lines = 0;
  for (std::size_t at = text.find("CLIENT_TRAFFIC_SECRET_0 "); at != std::string::npos;
       at = text.find("CLIENT_TRAFFIC_SECRET_0 ", at + 1)) {
    ++lines;
  }
  EXPECT_EQ(lines, 4u) << "each side, twice";
  EXPECT_TRUE(text.ends_with('\n'));
  struct stat about = {};
  ASSERT_EQ(::stat(log.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u) << "secrets";
}

TEST_F(TlsTest, ForAnOrigin) {
  EXPECT_EQ(tls_for(*parse_origin("http://shop.test")).value().context, nullptr);
  const TlsPeer peer = tls_for(*parse_origin("https://shop.test:8443"), {.ca_file = certificates.authority()}).value();
  ASSERT_NE(peer.context, nullptr);
  EXPECT_EQ(peer.name, "shop.test");
  EXPECT_EQ(tls_for(*parse_origin("https://[::1]")).value().name, "::1");
  EXPECT_THAT(tls_for(*parse_origin("https://shop.test"), {.ca_file = none}).error().message, HasSubstr(none));
}

}  // namespace
}  // namespace stormproof::wire

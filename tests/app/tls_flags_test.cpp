#include "harness/app/tls_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/certificates.h"

namespace stormproof::app {
namespace {

using testing::HasSubstr;

class TlsFlagsTest : public testing::Test {
 protected:
  TlsFlagsTest() {
    upstream.add_to(command);
    listener.add_to(command);
  }
  // Whether the command line is one.
  bool parse(const std::string& line) {
    try {
      command.parse(line);
      return true;
    } catch (const CLI::ParseError&) {
      return false;
    }
  }

  CLI::App command;
  UpstreamTlsFlags upstream;
  ListenerTlsFlags listener;
  support::Certificates certificates;
  const wire::Origin plain = wire::parse_origin("http://shop.test").value();
  const wire::Origin secure = wire::parse_origin("https://shop.test").value();
};

TEST_F(TlsFlagsTest, WithoutAnyTheUrlDecides) {
  ASSERT_TRUE(parse(""));
  EXPECT_EQ(upstream.peer(plain).value().context, nullptr);
  EXPECT_NE(upstream.peer(secure).value().context, nullptr);
  EXPECT_EQ(upstream.peer(secure).value().name, "shop.test");
  EXPECT_EQ(listener.context().value(), nullptr);
}

TEST_F(TlsFlagsTest, WhomToTrust) {
  ASSERT_TRUE(parse("--ca " + certificates.authority().string()));
  EXPECT_NE(upstream.peer(secure).value().context, nullptr);
  EXPECT_THAT(upstream.peer(plain).error().message, HasSubstr("--ca is for an https:// URL"));
  ASSERT_TRUE(parse("--ca " + (certificates.folder() / "none").string()));
  EXPECT_THAT(upstream.peer(secure).error().message, HasSubstr("cannot read the trusted certificates"));
}

TEST_F(TlsFlagsTest, Insecure) {
  ASSERT_TRUE(parse("--insecure"));
  EXPECT_NE(upstream.peer(secure).value().context, nullptr);
  EXPECT_THAT(upstream.peer(plain).error().message, HasSubstr("--insecure is for an https:// URL"));
  EXPECT_FALSE(parse("--insecure --ca x")) << "one or the other";
}

TEST_F(TlsFlagsTest, TheListenersCertificateAndKeyComeTogether) {
  EXPECT_FALSE(parse("--tls-cert a"));
  EXPECT_FALSE(parse("--tls-key a"));
  const support::Identity identity = certificates.issue({"front.test"});
  ASSERT_TRUE(parse("--tls-cert " + identity.certificate.string() + " --tls-key " + identity.key.string()));
  const auto context = listener.context();
  ASSERT_TRUE(context.has_value()) << context.error().message;
  ASSERT_NE(*context, nullptr);
  EXPECT_TRUE((*context)->is_server());
  EXPECT_THAT(listener.context("/no/such/folder/keys").error().message, HasSubstr("cannot write the key log"));
  listener.key = identity.certificate.string();
  EXPECT_THAT(listener.context().error().message, HasSubstr("no private key in PEM"));
}

}  // namespace
}  // namespace stormproof::app

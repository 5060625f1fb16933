#include "harness/run/control_http.h"

#include <gtest/gtest.h>

namespace stormproof::run {
namespace {

TEST(PathParts, AreDecodedOneByOne) {
  EXPECT_EQ(path_parts("/a/b%2Fc/d%20e"), (std::vector<std::string>{"a", "b/c", "d e"}));
  EXPECT_EQ(path_parts("/"), (std::vector<std::string>{""}));
  EXPECT_EQ(path_parts("*"), (std::vector<std::string>{}));
  EXPECT_EQ(path_parts("/%zz"), (std::vector<std::string>{"%zz"}));
}

TEST(ControlHttp, ABrowserIsKnownByWhatItCallsItself) {
  wire::HttpRequest request;
  EXPECT_FALSE(from_a_browser(request));
  request.fields = {{"User-Agent", "curl/8"}};
  EXPECT_FALSE(from_a_browser(request));
  request.fields = {{"User-Agent", "Mozilla/5.0"}};
  EXPECT_TRUE(from_a_browser(request));
}

TEST(ControlHttp, EachRefusalHasItsStatus) {
  using enum Refusal::Kind;
  EXPECT_EQ(status_of(no_proxy), 404);
  EXPECT_EQ(status_of(no_fault), 404);
  EXPECT_EQ(status_of(proxy_exists), 409);
  EXPECT_EQ(status_of(fault_exists), 409);
  EXPECT_EQ(status_of(invalid), 400);
  EXPECT_EQ(status_of(could_not), 500);
  EXPECT_EQ(nothing().status, 204);
}

TEST(ControlHttp, AStringIsQuotedAndEscaped) { EXPECT_EQ(in_json("a\"b\n"), R"("a\"b\n")"); }

}  // namespace
}  // namespace stormproof::run

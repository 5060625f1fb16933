#include "reports/curl_line.h"

#include <gtest/gtest.h>

namespace stormproof::reports {
namespace {

TEST(CurlLine, SendsTheRequestAgain) {
  EXPECT_EQ(curl_line("GET /a?b=1&c='x' HTTP/1.1\r\nHost: shop\r\nAccept-Encoding: gzip\r\nConnection: "
                      "keep-alive\r\nX-Empty:\r\n\r\n",
                      "", "http://127.0.0.1:1/"),
            "curl -sS -i --path-as-is -g 'http://127.0.0.1:1/a?b=1&c='\\''x'\\''' -H 'Host: shop' --compressed -H "
            "'X-Empty;'");
  EXPECT_EQ(curl_line("HEAD http://shop/x HTTP/1.1\r\n", "", "http://h"), "curl -sS -i --path-as-is -g -I http://h/x");
}

TEST(CurlLine, BodiesOfAnyBytes) {
  const std::string head = "POST /a HTTP/1.1\r\nContent-Length: 3\r\nContent-Type: text/plain\r\n\r\n";
  EXPECT_EQ(curl_line(head, "a b", "http://h"),
            "curl -sS -i --path-as-is -g -X POST http://h/a -H 'Content-Type: text/plain' --data-binary 'a b'");
  EXPECT_EQ(curl_line(head, std::string("\0'%\n", 4), "http://h"),
            "printf '\\000\\047\\045\\012' | curl -sS -i --path-as-is -g -X POST http://h/a -H 'Content-Type: "
            "text/plain' --data-binary @-");
  EXPECT_EQ(curl_line(head, "@file", "http://h").find("--data-binary @file"), std::string::npos);
  EXPECT_NE(curl_line("POST /a HTTP/1.1\r\n", "x", "http://h").find("-H Content-Type:"), std::string::npos)
      << "curl would add one";
  EXPECT_NE(curl_line(head, std::string(5000, 'x'), "http://h").find("# and a body of 5,000 bytes"), std::string::npos);
  EXPECT_NE(curl_line("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "2\r\nhi\r\n0\r\n\r\n", "http://h")
                .find("--data-binary hi"),
            std::string::npos);
}

}  // namespace
}  // namespace stormproof::reports

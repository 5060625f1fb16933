#include "scenarios/form.h"

#include <gtest/gtest.h>

#include <regex>

namespace stormproof::scenarios {
namespace {

using namespace std::chrono_literals;

template <typename T>
T good(Form form, std::string_view text) {
  const auto reading = read(form, text);
  EXPECT_TRUE(reading.has_value()) << text;
  if (!reading || !std::holds_alternative<T>(*reading)) {
    ADD_FAILURE() << text << " has not the type that was asked for";
    return T{};
  }
  return std::get<T>(*reading);
}

TEST(Form, ReadsValues) {
  EXPECT_EQ(good<Nanoseconds>(Form::duration, "1.5s"), 1500ms);
  EXPECT_EQ(good<Nanoseconds>(Form::duration_or_zero, "0ms"), 0ms);
  EXPECT_EQ(good<double>(Form::rate, "120/m"), 2.0);
  EXPECT_EQ(good<double>(Form::factor, "0.5x"), 0.5);
  EXPECT_DOUBLE_EQ(good<double>(Form::percent, "0.1%"), 0.001);
  EXPECT_EQ(good<double>(Form::percent, "0%"), 0.0);
  EXPECT_EQ(good<double>(Form::percent, "100%"), 1.0);
  EXPECT_EQ(good<std::int64_t>(Form::status, "200"), 200);
  EXPECT_EQ(good<std::int64_t>(Form::status, "599"), 599);
  EXPECT_EQ(good<std::int64_t>(Form::count, "0"), 0);
  EXPECT_TRUE(good<bool>(Form::flag, "true"));
  EXPECT_FALSE(good<bool>(Form::flag, "false"));
}

TEST(Form, ReadsADurationWithATolerance) {
  for (const std::string_view text : {"2s ± 20%", "2s±20%", "2s +- 20%", "2s +/- 20%"}) {
    const Around around = good<Around>(Form::around, text);
    EXPECT_EQ(around.value, 2s) << text;
    EXPECT_DOUBLE_EQ(around.tolerance, 0.2) << text;
  }
  EXPECT_EQ(good<Around>(Form::around, "2s").tolerance, tolerance_default);
}

TEST(Form, KeepsTheOriginOfAUrl) {
  EXPECT_EQ(good<std::string>(Form::url, "http://127.0.0.1:8082"), "http://127.0.0.1:8082");
  EXPECT_EQ(good<std::string>(Form::url, "http://shop/"), "http://shop");
  EXPECT_EQ(good<std::string>(Form::url, "HTTP://[::1]:80"), "http://[::1]:80");
  EXPECT_EQ(good<std::string>(Form::url, "HTTPS://shop:8443/"), "https://shop:8443");
}

struct Bad {
  Form form;
  std::string_view text;
  std::string_view message_part;
  std::string_view suggestion;
};

TEST(Form, SaysWhyNot) {
  const Bad all[] = {
      {Form::version, "2", "knows 1", ""},
      {Form::line, "", "is empty", ""},
      {Form::line, "  ", "is empty", ""},
      {Form::line, "a\nb", "one line", ""},
      {Form::flag, "yes", "true or false", "true"},
      {Form::flag, "Off", "true or false", "false"},
      {Form::count, "-1", "whole number", ""},
      {Form::count, "1.5", "whole number", ""},
      {Form::count, "+1", "whole number", ""},
      {Form::count, "99999999999999999999", "whole number", ""},
      {Form::status, "199", "200 to 599", ""},
      {Form::status, "600", "200 to 599", ""},
      {Form::duration, "0s", "not above zero", ""},
      {Form::duration, "-1s", "not a duration", ""},
      {Form::rate, "2000000/s", "above 1000000", ""},
      {Form::factor, "0x", "not above 0x", ""},
      {Form::factor, "20000x", "above 10000x", ""},
      {Form::percent, "50", "carries %", "50%"},
      {Form::percent, "100.1%", "above 100%", ""},
      {Form::around, "2s ± 0%", "never met", ""},
      {Form::around, "± 20%", "not a duration", ""},
      {Form::around, "0s ± 20%", "not above zero", ""},
      {Form::url, "", "not a URL", ""},
      {Form::url, "http://", "no host", ""},
      {Form::url, "http://a:70000", "1 to 65535", ""},
      {Form::url, "http://a:0", "1 to 65535", ""},
      {Form::url, "http://u:p@a", "no user", ""},
      {Form::url, "http://a?x", "more than", "http://a"},
      {Form::url, "localhost:80", "not a URL", "http://localhost:80"},
      {Form::url, "ftp://a", "only http and https", ""},
      {Form::url, "https://a?x", "more than", "https://a"},
      {Form::address, "127.0.0.1", "no port", ""},
      {Form::address, ":80", "no host", "127.0.0.1:80"},
      {Form::address, "a:0", "1 to 65535", ""},
      {Form::address, "a:65536", "1 to 65535", ""},
      {Form::address, "http://a:1/", "not an address", "a:1"},
      {Form::path, "x", "begin with '/'", "/x"},
      {Form::path_pattern, "/a b", "space", ""},
      {Form::method, "get", "capitals", "GET"},
      {Form::method, "GET,POST", "not a method", ""},
      {Form::variable, "1A", "environment variable", ""},
      {Form::header_name, "a:b", "name of a header", ""},
      {Form::header_name, "Transfer-Encoding", "stormproof itself", ""},
      {Form::header_value, "a\r\nb", "one line", ""},
      {Form::verdict, "inconclusiv", "violated or inconclusive", "inconclusive"},
  };
  for (const Bad& bad : all) {
    const auto reading = read(bad.form, bad.text);
    ASSERT_FALSE(reading.has_value()) << bad.text;
    EXPECT_TRUE(reading.error().message.contains(bad.message_part)) << bad.text << ": " << reading.error().message;
    EXPECT_EQ(reading.error().suggestion, bad.suggestion) << bad.text;
  }
}

TEST(Form, ANameHoldsAtMostItsLimit) {
  EXPECT_TRUE(read(Form::line, std::string(line_characters_max, 'a')));
  EXPECT_FALSE(read(Form::line, std::string(line_characters_max + 1, 'a')));
}

// An editor must not mark as wrong what lint takes as right.
TEST(Form, ThePatternLetsPassWhatIsRead) {
  const std::pair<Form, std::vector<std::string>> all[] = {
      {Form::line, {"a", " a b "}},
      {Form::duration, {"1ns", "1us", "1µs", "1.5ms", "0.1 s", "2m", "3h", "1.s"}},
      {Form::duration_or_zero, {"0s", "50ms"}},
      {Form::rate, {"200/s", "0.5 /m", "1/h"}},
      {Form::percent, {"0%", "0.1%", "100 %"}},
      {Form::factor, {"2x", "0.5 x"}},
      {Form::around, {"2s", "2s ± 20%", "2s±20%", "2s +- 20 %", "1.5 s +/- 0.5%"}},
      {Form::url, {"http://a", "HTTP://a:1/", "http://[::1]:80"}},
      {Form::address, {"a:1", "[::1]:65535", "127.0.0.1:80"}},
      {Form::path, {"/", "/a?b=c"}},
      {Form::path_pattern, {"*", "/a/*"}},
      {Form::method, {"GET", "VERSION-CONTROL", "M-SEARCH"}},
      {Form::variable, {"A", "_a1"}},
      {Form::header_name, {"Retry-After", "x_y"}},
  };
  for (const auto& [form, texts] : all) {
    const std::regex regex{std::string(pattern(form))};
    for (const std::string& text : texts) {
      EXPECT_TRUE(read(form, text).has_value()) << text;
      EXPECT_TRUE(std::regex_search(text, regex)) << text << " against " << pattern(form);
    }
  }
}

TEST(Form, ThePatternRefusesTheCommonMistakes) {
  const std::pair<Form, std::string> all[] = {
      {Form::duration, "250"},   {Form::duration, "0s"}, {Form::duration, "5 seconds"},
      {Form::rate, "200"},       {Form::percent, "10"},  {Form::factor, "2"},
      {Form::around, "2s ± 20"}, {Form::url, "ftp://a"}, {Form::url, "http://a/b"},
      {Form::address, "a"},      {Form::path, "a"},      {Form::method, "get"},
      {Form::variable, "a-b"},   {Form::line, " "}};
  for (const auto& [form, text] : all) {
    EXPECT_FALSE(read(form, text).has_value()) << text;
    EXPECT_FALSE(std::regex_search(text, std::regex{std::string(pattern(form))})) << text;
  }
}

}  // namespace
}  // namespace stormproof::scenarios

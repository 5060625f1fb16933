// HAR exchanges: the entries of a HAR file as exchanges, as far as the tests of links look at them. Not an importer.
#pragma once

#include <fmt/format.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "replay/exchange.h"
#include "tests/replay/fixtures.h"

namespace stormproof::replay {

// In the order of the file, 1 s apart, each answered before the next; the content is that of the file, decoded by the browser.
inline std::vector<Exchange> exchanges_of_har(const std::string& path) {
  std::string text = read_bytes(path);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  std::vector<Exchange> all;
  const auto document = boost::json::parse(text);
  const auto string_at = [](const boost::json::value& value, std::string_view name) {
    const auto* const found = value.as_object().if_contains(name);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
  };
  const auto fields = [&](const boost::json::value& message) {
    std::string lines;
    for (const auto& field : message.at("headers").as_array()) {
      const std::string name = string_at(field, "name");
      if (name.empty() || name[0] == ':' || name == "content-encoding" || name == "Content-Encoding") continue;
      std::string value = string_at(field, "value");
      // Chrome joins fields of one name with line ends.
      for (std::size_t end = value.find('\n'); end != value.npos; end = value.find('\n')) {
        lines += name + ": " + value.substr(0, end) + "\r\n";
        value.erase(0, end + 1);
      }
      lines += name + ": " + value + "\r\n";
    }
    return lines + "\r\n";
  };
  for (const auto& entry : document.at("log").at("entries").as_array()) {
    const auto& request = entry.at("request");
    const auto& response = entry.at("response");
    const std::string url = string_at(request, "url");
    const auto path_at = url.find('/', url.find("://") + 3);
    Exchange exchange;
    exchange.id = all.size() + 1;
    exchange.connection = 1;
    exchange.request_start = base::Time{std::chrono::seconds(1'700'000'000 + exchange.id)};
    exchange.response_start = exchange.response_end = exchange.request_start + std::chrono::milliseconds(500);
    exchange.request.head = fmt::format("{} {} HTTP/1.1\r\n", string_at(request, "method"),
                                        path_at == url.npos ? "/" : url.substr(path_at)) +
                            fields(request);
    if (const auto* const posted = request.as_object().if_contains("postData"))
      exchange.request.body = string_at(*posted, "text");
    exchange.response.head =
        fmt::format("HTTP/1.1 {} X\r\n", response.at("status").to_number<int>()) + fields(response);
    const auto& content = response.at("content");
    if (string_at(content, "encoding").empty()) exchange.response.body = string_at(content, "text");
    all.push_back(std::move(exchange));
  }
  return all;
}

}  // namespace stormproof::replay

#include "harness/run/control_http.h"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/url/pct_string_view.hpp>

namespace stormproof::run {

std::vector<std::string> path_parts(std::string_view path) {
  std::vector<std::string> parts;
  while (path.starts_with('/')) {
    path.remove_prefix(1);
    const std::string_view part = path.substr(0, path.find('/'));
    const auto encoded = boost::urls::make_pct_string_view({part.data(), part.size()});
    parts.push_back(encoded ? encoded->decode() : std::string(part));
    path.remove_prefix(part.size());
  }
  return parts;
}

bool from_a_browser(const wire::HttpRequest& request) { return request.field("User-Agent").starts_with("Mozilla/"); }

int status_of(Refusal::Kind kind) {
  switch (kind) {
    case Refusal::Kind::no_proxy:
    case Refusal::Kind::no_fault: return 404;
    case Refusal::Kind::proxy_exists:
    case Refusal::Kind::fault_exists: return 409;
    case Refusal::Kind::invalid: return 400;
    case Refusal::Kind::could_not: return 500;
  }
  return 500;
}

wire::HttpReply nothing() { return {.status = 204}; }

std::string in_json(std::string_view text) { return boost::json::serialize(boost::json::string(text)); }

}  // namespace stormproof::run

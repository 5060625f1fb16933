#include "harness/run/toxiproxy_api.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/stream_parser.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "harness/run/control_http.h"
#include "harness/wire/characters.h"

namespace stormproof::run {
namespace {

namespace json = boost::json;
using wire::HttpReply;
using wire::HttpRequest;

constexpr std::string_view json_type = "application/json";

HttpReply reply_of(int status, std::string body) {
  return {.status = status, .content_type = std::string(json_type), .body = std::move(body)};
}

HttpReply error_of(int status, std::string_view message) {
  return reply_of(status, fmt::format("{{\"error\":{},\"status\":{}}}\n", in_json(message), status));
}

HttpReply error_of(const Refusal& refusal) { return error_of(status_of(refusal.kind), refusal.message); }

HttpReply bad_body(std::string_view why) { return error_of(400, fmt::format("bad request body: {}", why)); }
HttpReply missing(std::string_view field) { return error_of(400, fmt::format("missing required field: {}", field)); }
HttpReply not_allowed() { return {.status = 405, .content_type = std::string(json_type)}; }

std::string text_of(const faults::Toxic& toxic) {
  std::vector<std::string> attributes;
  for (const auto& [name, value] : toxic.attributes) attributes.push_back(fmt::format("\"{}\":{}", name, value));
  return fmt::format(R"({{"attributes":{{{}}},"name":{},"type":"{}","stream":{},"toxicity":{}}})",
                     fmt::join(attributes, ","), in_json(toxic.name), toxic.type, in_json(toxic.stream),
                     toxic.toxicity);
}

// Those of the client's direction first, as toxiproxy has it.
std::string toxics_of(const ProxyState& proxy) {
  std::vector<std::string> upstream;
  std::vector<std::string> downstream;
  for (const FaultState& state : proxy.faults) {
    if (!state.toxic) continue;
    (state.fault.direction == faults::Direction::upstream ? upstream : downstream).push_back(text_of(*state.toxic));
  }
  upstream.insert(upstream.end(), downstream.begin(), downstream.end());
  return fmt::format("[{}]", fmt::join(upstream, ","));
}

std::string text_of(const ProxyState& proxy) {
  return fmt::format(R"({{"name":{},"listen":{},"upstream":{},"enabled":{},"toxics":{}}})", in_json(proxy.name),
                     in_json(proxy.listen), in_json(proxy.upstream), proxy.enabled, toxics_of(proxy));
}

base::Result<json::value> decode(std::string_view body) {
  if (body.find_first_not_of(" \t\r\n") == body.npos) return base::fail("EOF");
  json::stream_parser parser;
  json::error_code code;
  parser.write_some({body.data(), body.size()}, code);
  if (!code && !parser.done()) parser.finish(code);
  if (code) return base::fail(code.message());
  return parser.release();
}

// The last of that name, in any case; nullptr where there is none, and where it is null.
const json::value* member(const json::value& object, std::string_view name) {
  const json::value* found = nullptr;
  for (const auto& [key, value] : object.get_object()) {
    if (wire::equal_ignoring_case({key.data(), key.size()}, name)) found = &value;
  }
  return found == nullptr || found->is_null() ? nullptr : found;
}

// What an object says, into what it says it of; the first mistake stands in `wrong`.
class Reading {
 public:
  explicit Reading(const json::value& object) : object_(object) {
    if (!object.is_object()) wrong = "an object is wanted";
  }

  void string(std::string_view name, std::string& into) {
    const json::value* const value = get(name);
    if (value == nullptr) return;
    if (value->is_string()) into = std::string(std::string_view(value->get_string()));
    else wrong = fmt::format("{} must be a string", name);
  }
  void flag(std::string_view name, bool& into) {
    const json::value* const value = get(name);
    if (value == nullptr) return;
    if (value->is_bool()) into = value->get_bool();
    else wrong = fmt::format("{} must be true or false", name);
  }
  void number(std::string_view name, double& into) {
    const json::value* const value = get(name);
    if (value == nullptr) return;
    if (value->is_number()) into = value->to_number<double>();
    else wrong = fmt::format("{} must be a number", name);
  }
  void whole(std::string_view name, std::int64_t& into) {
    const json::value* const value = get(name);
    if (value == nullptr) return;
    if (value->is_int64()) into = value->get_int64();
    else wrong = fmt::format("{} must be a whole number", name);
  }
  const json::value* get(std::string_view name) { return wrong.empty() ? member(object_, name) : nullptr; }

  std::string wrong;

 private:
  const json::value& object_;
};

std::string read_attributes(const json::value* attributes, faults::Toxic& toxic) {
  if (attributes == nullptr) return "";
  Reading reading(*attributes);
  for (auto& [name, value] : toxic.attributes) reading.whole(name, value);
  return reading.wrong;
}

// "": it could be read.
std::string read_wish(const json::value& value, ProxyWish& wish) {
  Reading reading(value);
  reading.string("name", wish.name);
  reading.string("listen", wish.listen);
  reading.string("upstream", wish.upstream);
  reading.flag("enabled", wish.enabled);
  return reading.wrong;
}

}  // namespace

std::optional<HttpReply> ToxiproxyApi::answer(const HttpRequest& request) {
  const std::vector<std::string> parts = path_parts(request.path);
  const std::string& first = parts.empty() ? request.path : parts.front();
  const bool single = parts.size() == 1 && (first == "reset" || first == "populate" || first == "version");
  const bool of_proxies = first == "proxies" && parts.size() <= 4 && (parts.size() < 3 || parts[2] == "toxics");
  if (!single && !of_proxies) return std::nullopt;
  if (from_a_browser(request)) return wire::plain_reply(403, "User agent not allowed");
  const bool get = request.method == "GET" || request.method == "HEAD";
  const bool post = request.method == "POST";
  if (first == "version") {
    if (!get) return not_allowed();
    return HttpReply{
        .content_type = "application/json;charset=utf-8",
        .body = fmt::format("{{\"version\": \"{}\", \"stormproof\": \"{}\"}}\n", compatible_version, version_)};
  }
  if (first == "populate") return post ? populate(request.body) : not_allowed();
  if (first == "reset") {
    if (!post) return not_allowed();
    const auto done = board_.reset();
    return done ? nothing() : error_of(done.error());
  }
  if (parts.size() == 1) return get ? list() : post ? create(request.body) : not_allowed();
  if (parts.size() == 2) return proxy(request, parts[1]);
  return parts.size() == 3 ? toxics(request, parts[1]) : toxic(request, parts[1], parts[3]);
}

HttpReply ToxiproxyApi::list() {
  std::vector<std::string> proxies;
  for (const ProxyState& state : board_.states()) proxies.push_back(in_json(state.name) + ":" + text_of(state));
  return reply_of(200, fmt::format("{{{}}}", fmt::join(proxies, ",")));
}

HttpReply ToxiproxyApi::create(std::string_view body) {
  const auto value = decode(body);
  if (!value) return bad_body(value.error().message);
  ProxyWish wish;
  if (const std::string wrong = read_wish(*value, wish); !wrong.empty()) return bad_body(wrong);
  if (wish.name.empty()) return missing("name");
  if (wish.upstream.empty()) return missing("upstream");
  const auto created = board_.create(wish);
  return created ? reply_of(201, text_of(*created)) : error_of(created.error());
}

// All or nothing as to what is written; where one cannot be started, those before it stay and are told.
HttpReply ToxiproxyApi::populate(std::string_view body) {
  std::vector<std::string> done;
  const auto told = [&](int status, std::string_view error) {
    if (error.empty()) return reply_of(status, fmt::format("{{\"proxies\":[{}]}}", fmt::join(done, ",")));
    return reply_of(status, fmt::format("{{\"error\":{},\"status\":{},\"proxies\":[{}]}}", in_json(error), status,
                                        fmt::join(done, ",")));
  };
  const auto value = decode(body);
  if (!value) return told(400, "bad request body: " + value.error().message);
  if (!value->is_array()) return told(400, "bad request body: an array is wanted");
  std::vector<ProxyWish> wishes;
  for (const json::value& each : value->get_array()) {
    ProxyWish wish;
    const std::size_t place = wishes.size() + 1;
    if (const std::string wrong = read_wish(each, wish); !wrong.empty())
      return told(400, fmt::format("bad request body: {} at proxy {}", wrong, place));
    if (wish.name.empty()) return told(400, fmt::format("missing required field: name at proxy {}", place));
    if (wish.upstream.empty()) return told(400, fmt::format("missing required field: upstream at proxy {}", place));
    wishes.push_back(std::move(wish));
  }
  for (const ProxyWish& wish : wishes) {
    const auto populated = board_.populate(wish);
    if (!populated) return told(status_of(populated.error().kind), populated.error().message);
    done.push_back(text_of(*populated));
  }
  return told(201, "");
}

base::Result<std::size_t> ToxiproxyApi::populate_from(std::string_view text) {
  const HttpReply reply = populate(text);
  const json::value value = json::parse(reply.body);
  if (reply.status == 201) return value.at("proxies").as_array().size();
  return base::fail(std::string(std::string_view(value.at("error").as_string())));
}

HttpReply ToxiproxyApi::proxy(const HttpRequest& request, std::string_view name) {
  if (request.method == "DELETE") {
    const auto removed = board_.remove(name);
    return removed ? nothing() : error_of(removed.error());
  }
  const bool changes = request.method == "POST" || request.method == "PATCH";
  if (!changes && request.method != "GET" && request.method != "HEAD") return not_allowed();
  auto state = board_.state(name);
  if (!state) return error_of(state.error());
  if (!changes) return reply_of(200, text_of(*state));
  const auto value = decode(request.body);
  if (!value) return bad_body(value.error().message);
  ProxyWish wish{.name = {}, .listen = state->listen, .upstream = state->upstream, .enabled = state->enabled};
  if (const std::string wrong = read_wish(*value, wish); !wrong.empty()) return bad_body(wrong);
  state = board_.change(name, {wish.listen, wish.upstream, wish.enabled});
  return state ? reply_of(200, text_of(*state)) : error_of(state.error());
}

HttpReply ToxiproxyApi::toxics(const HttpRequest& request, std::string_view name) {
  if (request.method == "POST") return add_toxic(name, request.body);
  if (request.method != "GET" && request.method != "HEAD") return not_allowed();
  const auto state = board_.state(name);
  return state ? reply_of(200, toxics_of(*state)) : error_of(state.error());
}

HttpReply ToxiproxyApi::add_toxic(std::string_view name, std::string_view body) {
  if (const auto state = board_.state(name); !state) return error_of(state.error());
  const auto value = decode(body);
  if (!value) return bad_body(value.error().message);
  faults::Toxic toxic;
  Reading reading(*value);
  reading.string("name", toxic.name);
  reading.string("type", toxic.type);
  reading.string("stream", toxic.stream);
  reading.number("toxicity", toxic.toxicity);
  if (!reading.wrong.empty()) return bad_body(reading.wrong);
  if (!toxic.direction()) return error_of(400, "stream was invalid, can be either upstream or downstream");
  if (toxic.name.empty()) toxic.name = toxic.type + "_" + toxic.stream;
  auto attributes = faults::Toxic::attributes_of(toxic.type);
  if (!attributes) return error_of(400, "invalid toxic type");
  toxic.attributes = std::move(*attributes);
  if (const std::string wrong = read_attributes(reading.get("attributes"), toxic); !wrong.empty())
    return bad_body(wrong);
  const auto fault = toxic.fault();
  if (!fault) return bad_body(fault.error().message);
  const auto set = board_.set_fault(name, {.fault = *fault, .toxic = std::move(toxic)}, false);
  return set ? reply_of(200, text_of(*set->toxic)) : error_of(set.error());
}

HttpReply ToxiproxyApi::toxic(const HttpRequest& request, std::string_view name, std::string_view toxic) {
  const bool changes = request.method == "POST" || request.method == "PATCH";
  const bool removes = request.method == "DELETE";
  if (!changes && !removes && request.method != "GET" && request.method != "HEAD") return not_allowed();
  const auto state = board_.state(name);
  if (!state) return error_of(state.error());
  const auto found = std::ranges::find_if(
      state->faults, [&](const FaultState& each) { return each.toxic && each.fault.name == toxic; });
  if (found == state->faults.end()) return error_of(404, "toxic not found");
  if (changes) return change_toxic(name, *found, request.body);
  if (!removes) return reply_of(200, text_of(*found->toxic));
  const auto withdrawn = board_.withdraw(name, toxic);
  return withdrawn ? nothing() : error_of(withdrawn.error());
}

HttpReply ToxiproxyApi::change_toxic(std::string_view name, const FaultState& state, std::string_view body) {
  const auto value = decode(body);
  if (!value) return bad_body(value.error().message);
  faults::Toxic toxic = *state.toxic;
  Reading reading(*value);
  reading.number("toxicity", toxic.toxicity);
  if (!reading.wrong.empty()) return bad_body(reading.wrong);
  if (const std::string wrong = read_attributes(reading.get("attributes"), toxic); !wrong.empty())
    return bad_body(wrong);
  const auto fault = toxic.fault();
  if (!fault) return bad_body(fault.error().message);
  const auto set = board_.set_fault(name, {.fault = *fault, .toxic = std::move(toxic)}, true);
  return set ? reply_of(200, text_of(*set->toxic)) : error_of(set.error());
}

}  // namespace stormproof::run

#include "replay/link_search.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <tuple>

#include "harness/events/names.h"
#include "replay/url_parts.h"
#include "replay/value_sense.h"

namespace stormproof::replay {
namespace {

constexpr std::size_t same_value_max = 4096;  // responses that give one value; more are not kept

std::uint64_t hash_of(std::string_view value) { return XXH3_64bits(value.data(), value.size()); }

// "=csrf", "@sid", "^etag": by itself enough, whatever the value looks like.
bool is_exact(std::string_view meaning) { return std::string_view("=@^").contains(meaning[0]); }

bool has_evidence(std::string_view value, const std::vector<std::string>& meanings) {
  return is_token(value) || std::ranges::any_of(meanings, [&](const std::string& meaning) {
           return is_exact(meaning) || may_identify(value);
         });
}

// The first meaning that both have; null: none.
const std::string* shared_meaning(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const auto found = std::ranges::find_if(a, [&](const std::string& m) { return std::ranges::find(b, m) != b.end(); });
  return found == a.end() ? nullptr : &*found;
}

// Words that are no value: true, null, on.
bool is_constant(std::string_view value) {
  for (const std::string_view word : {"true", "false", "null", "none", "on", "off", "undefined"}) {
    if (equal_ignoring_case(value, word)) return true;
  }
  return value.empty();
}

std::string name_of_place(const Place& place) {
  const std::string& name = place.part.empty() ? place.name : place.part;
  return noun_of(name.substr(name.find_last_of(" .?") == name.npos ? 0 : name.find_last_of(" .?") + 1));
}

std::string name_of_place(const std::string& place) {
  const auto last = place.find_last_of(" .");
  return noun_of(last == place.npos ? place : place.substr(last + 1));
}

}  // namespace

bool LinkSearch::takes(const Exchange& exchange) {
  return exchange.shadow_of == 0 && !method_of(exchange.request.head).empty();
}

void LinkSearch::see_request(const Exchange& exchange) {
  if (!takes(exchange)) return;
  ++links_.exchanges;
  if (seen_.size() >= limits_.exchanges_max) {
    ++links_.left_out;
    return;
  }
  number_.try_emplace(exchange.id, static_cast<std::uint32_t>(seen_.size()));
  seen_.push_back({.id = exchange.id,
                   .connection = exchange.connection,
                   .sent = exchange.request_start,
                   .answered = exchange.response_start,
                   .whole = exchange.response_end,
                   .status = status_of(exchange.response.head),
                   .method = std::string(method_of(exchange.request.head)),
                   .target = std::string(target_of(exchange.request.head))});
  const auto number = static_cast<std::uint32_t>(seen_.size() - 1);
  clients_.add(exchange);
  if (header(exchange.request.head, "Cookie")) with_cookies_.push_back(number);
  for (const SetCookie& cookie : cookies_set_by(exchange.response.head)) cookies_set_.emplace_back(number, cookie.name);
  const ReadableRequest request(exchange.request.head, exchange.request.body);
  const auto note = [&](std::string_view value) {
    if (sent_values_.size() < limits_.values_max) sent_values_.insert(hash_of(value));
    else if (!sent_values_.contains(hash_of(value))) ++links_.left_out;
    return false;  // pieces, too
  };
  each_request_value(request, note, [](const RequestValue&) {});
  if (const auto credential = header(exchange.request.head, "Authorization")) {
    credentials_.insert(hash_of(credential->substr(credential->rfind(' ') + 1)));
  }
}

void LinkSearch::see_response(const Exchange& exchange) {
  const auto number = number_.find(exchange.id);
  if (!takes(exchange) || number == number_.end() || status_of(exchange.response.head) == 0) return;
  const Seen& seen = seen_[number->second];
  const ReadableResponse response(exchange.response, seen.target);
  if (!response.trouble().empty()) ++links_.unread[response.trouble()];
  const auto wants = [&](std::string_view value) {
    return sent_values_.contains(hash_of(value)) && !is_constant(value);
  };
  each_response_value(response, wants, [&](ResponseValue value) {
    if (!has_evidence(value.value, value.meanings)) return;
    const std::uint64_t hash = hash_of(value.value);
    if (credentials_.contains(hash) && is_token(value.value)) clients_.gave_credential(number->second, value.value);
    auto& all = given_[hash];
    if (all.size() >= same_value_max || found_ >= limits_.found_max) {
      ++links_.left_out;
      return;
    }
    ++found_;
    all.push_back({number->second, std::move(value)});
  });
}

void LinkSearch::see_uses(const Exchange& exchange) {
  const auto number = number_.find(exchange.id);
  if (!takes(exchange) || number == number_.end()) return;
  const ReadableRequest request(exchange.request.head, exchange.request.body);
  const auto wants = [&](std::string_view value) { return given_.contains(hash_of(value)); };
  each_request_value(request, wants, [&](RequestValue value) {
    const bool token = is_token(value.value);
    if (!token && value.meanings.empty()) return;
    if (sent_.size() >= limits_.found_max) {
      ++links_.left_out;
      return;
    }
    sent_.push_back({number->second, std::move(value.place), std::move(value.value), std::move(value.meanings), token,
                     value.is_whole});
  });
}

// Whether a client could have seen the source's answer when it sent the use.
bool LinkSearch::before(const Seen& source, const Seen& use) const {
  if (source.answered != base::Time{} && use.sent != base::Time{}) return source.answered <= use.sent;
  // Without times the order on one connection is the order of things.
  return source.connection != 0 && source.connection == use.connection && source.id < use.id;
}

bool LinkSearch::could_give(const Given& given, const Sent& sent) const {
  if (given.value.value != sent.value || given.exchange == sent.exchange) return false;
  const Seen& source = seen_[given.exchange];
  if (!before(source, seen_[sent.exchange])) return false;
  const std::string* const meaning = shared_meaning(sent.meanings, given.value.meanings);
  const bool recognised = meaning != nullptr && (is_exact(*meaning) || may_identify(sent.value));
  if (!sent.token && !recognised) return false;
  // A cookie of another name is another cookie, whatever it says.
  if (sent.place.starts_with("cookie ") && given.value.place.kind == PlaceKind::cookie && !recognised) return false;
  if (sessions_[given.exchange] == sessions_[sent.exchange]) return true;
  const bool made = method_writes(source.method) && source.status >= 200 && source.status < 400;
  return made && !given.value.in_list && given.value.place.kind != PlaceKind::cookie;
}

// Under which its session remembers that it sent this value by itself.
std::vector<std::string> LinkSearch::known_keys(const Sent& sent) const {
  const std::string prefix = fmt::format("{} ", sessions_[sent.exchange]);
  std::vector<std::string> keys;
  if (sent.token) keys.push_back(prefix + sent.value);
  for (const std::string& meaning : sent.meanings) keys.push_back(fmt::format("{}{} {}", prefix, meaning, sent.value));
  return keys;
}

void LinkSearch::remember(const Sent& sent) {
  for (std::string& key : known_keys(sent)) known_.try_emplace(std::move(key), seen_[sent.exchange].sent);
}

bool LinkSearch::knew_before(const Given& given, const Sent& sent) const {
  const Seen& source = seen_[given.exchange];
  return std::ranges::any_of(known_keys(sent), [&](const std::string& key) {
    const auto known = known_.find(key);
    return known != known_.end() && known->second < source.answered;
  });
}

int LinkSearch::score(const Given& given, const Sent& sent) const {
  const Seen& source = seen_[given.exchange];
  const Seen& use = seen_[sent.exchange];
  const Place& place = given.value.place;
  int points = 0;
  if (sessions_[given.exchange] == sessions_[sent.exchange]) points += 32;
  if (shared_meaning(sent.meanings, given.value.meanings) != nullptr) points += 16;
  if (name_of_place(place) == name_of_place(sent.place)) points += 8;
  if (place.name.starts_with("form " + url_shape(use.target) + " ")) points += 4;
  if (!given.value.in_list) points += 4;
  const std::string_view base = path_of(source.target);
  if (base.size() > 1 && std::string_view(use.target).starts_with(base)) points += 2;
  if (method_writes(source.method)) points += 2;
  if (place.kind != PlaceKind::text) points += 2;
  if (place.coding == Coding::plain) points += 1;
  if (source.whole != base::Time{} && source.whole <= use.sent) points += 1;
  return points;
}

const LinkSearch::Given* LinkSearch::source_of(const Sent& sent) const {
  const auto all = given_.find(hash_of(sent.value));
  if (all == given_.end()) return nullptr;
  const Given* best = nullptr;
  std::tuple<int, base::Time> best_rank;
  for (const Given& given : all->second) {
    if (!could_give(given, sent) || knew_before(given, sent)) continue;
    const std::tuple rank(score(given, sent), seen_[given.exchange].answered);
    if (best != nullptr && rank <= best_rank) continue;
    best = &given;
    best_rank = rank;
  }
  return best;
}

Links LinkSearch::finish() {
  sessions_ = clients_.assign();
  for (std::uint32_t i = 0; i < seen_.size(); ++i) links_.session_of[seen_[i].id] = sessions_[i];
  for (const std::uint32_t exchange : with_cookies_) links_.cookie_sessions.insert(sessions_[exchange]);
  for (auto& [exchange, name] : cookies_set_) {
    links_.cookie_sessions.insert(sessions_[exchange]);
    links_.cookies_set[sessions_[exchange]].insert(std::move(name));
  }
  links_.sessions = sessions_.empty() ? 0 : *std::ranges::max_element(sessions_);
  std::ranges::sort(sent_, {}, [&](const Sent& sent) {
    return std::tuple(seen_[sent.exchange].sent, seen_[sent.exchange].id, std::string_view(sent.place));
  });
  const auto route = [&](std::uint32_t exchange) {
    return events::route_of(seen_[exchange].method, seen_[exchange].target);
  };
  std::unordered_map<const Given*, std::size_t> link_of;
  for (const Sent& sent : sent_) {
    const Given* const given = source_of(sent);
    if (given == nullptr) {
      remember(sent);
      continue;
    }
    const auto [at, added] = link_of.try_emplace(given, links_.links.size());
    if (added) {
      links_.links.push_back({.source = seen_[given->exchange].id,
                              .route = route(given->exchange),
                              .session = sessions_[given->exchange],
                              .place = given->value.place,
                              .value = given->value.value,
                              .uses = {}});
    }
    const LinkUse use{.exchange = seen_[sent.exchange].id,
                      .place = sent.place,
                      .route = route(sent.exchange),
                      .other_session = sessions_[given->exchange] != sessions_[sent.exchange]};
    auto& uses = links_.links[at->second].uses;
    if (std::ranges::find(uses, use) == uses.end()) uses.push_back(use);
  }
  std::ranges::sort(links_.links, {}, [&](const Link& link) {
    return std::tuple(seen_[number_.at(link.source)].answered, link.source, to_string(link.place));
  });
  return std::move(links_);
}

}  // namespace stormproof::replay

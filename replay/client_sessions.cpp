#include "replay/client_sessions.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <string>

#include "replay/response_values.h"
#include "replay/value_sense.h"

namespace stormproof::replay {
namespace {

std::uint64_t hash_of(std::string_view a, std::string_view b = {}) {
  return XXH3_64bits_withSeed(b.data(), b.size(), XXH3_64bits(a.data(), a.size()));
}

// "sid=17" is enough, but "user_lang=en" and "has_session=true" are not.
bool shows_a_session(std::string_view cookie, std::string_view value) {
  std::string name(cookie);
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (name.contains("csrf") || name.contains("xsrf")) return false;
  if (name.contains("sess") || name.contains("sid")) return may_identify(value) || is_token(value);
  constexpr std::array<std::string_view, 7> parts = {"auth", "jwt", "token", "login", "user", "uid", "remember"};
  return is_token(value) && std::ranges::any_of(parts, [&](std::string_view part) { return name.contains(part); });
}

template <typename Found>
void each_cookie(std::string_view head, Found found) {
  for (std::string_view field : headers(head, "Cookie")) {
    while (!field.empty()) {
      const auto end = std::min(field.find(';'), field.size());
      std::string_view pair = field.substr(0, end);
      field.remove_prefix(std::min(end + 1, field.size()));
      pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
      if (const auto equals = pair.find('='); equals != pair.npos)
        found(pair.substr(0, equals), pair.substr(equals + 1));
    }
  }
}

// Disjoint sets of exchanges; a set knows whether evidence of an earlier kind holds it together.
class Groups {
 public:
  explicit Groups(std::uint32_t count) : parent_(count), identified_(count, false) {
    std::iota(parent_.begin(), parent_.end(), 0u);
  }
  std::uint32_t root(std::uint32_t of) {
    while (parent_[of] != of) of = parent_[of] = parent_[parent_[of]];
    return of;
  }
  bool identified(std::uint32_t of) { return identified_[root(of)]; }
  void identify(std::uint32_t of) { identified_[root(of)] = true; }
  void join(std::uint32_t a, std::uint32_t b) {
    a = root(a);
    b = root(b);
    if (a == b) return;
    if (b < a) std::swap(a, b);
    parent_[b] = a;
    identified_[a] = identified_[a] || identified_[b];
  }

 private:
  std::vector<std::uint32_t> parent_;
  std::vector<bool> identified_;
};

}  // namespace

void ClientSessions::note(Evidence evidence, std::uint32_t exchange, std::uint64_t key) {
  const auto kind = static_cast<std::size_t>(evidence);
  auto& who = shown_[kind][key];
  if (who.empty()) keys_[kind].push_back(key);
  if (who.empty() || who.back() != exchange) who.push_back(exchange);
}

void ClientSessions::add(const Exchange& exchange) {
  const std::uint32_t number = count_++;
  const std::string_view head = exchange.request.head;
  if (exchange.session != 0) note(Evidence::recorded, number, exchange.session);
  const auto cookie = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (shows_a_session(name, value)) note(Evidence::session_cookie, number, hash_of(name, value));
    else if (is_token(value)) note(Evidence::other_cookie, number, hash_of(name, value));
  };
  each_cookie(head, cookie);
  for (const SetCookie& set : cookies_set_by(exchange.response.head)) {
    if (set.removed) continue;
    cookie(set.name, set.value);
    bool had_it = false;
    each_cookie(head, [&](std::string_view name, std::string_view value) {
      had_it = had_it || (name == set.name && value == set.value);
    });
    if (!had_it) ++given_[hash_of(set.name, set.value)];
  }
  for (const std::string_view name :
       {"authorization", "x-auth-token", "x-access-token", "x-session-token", "x-session-id", "x-api-key"}) {
    const auto value = header(head, name);
    if (!value || value->empty()) continue;
    const auto space = value->rfind(' ');
    note(Evidence::credential, number, hash_of(space == value->npos ? *value : value->substr(space + 1)));
  }
  for (const std::string_view name : {"x-forwarded-for", "x-real-ip", "forwarded"}) {
    const auto value = header(head, name);
    if (!value || value->empty()) continue;
    note(Evidence::client, number,
         hash_of(value->substr(0, value->find(',')), header(head, "user-agent").value_or("")));
    break;
  }
  if (exchange.connection != 0) note(Evidence::connection, number, exchange.connection);
}

void ClientSessions::gave_credential(std::uint32_t exchange, std::string_view credential) {
  note(Evidence::credential, exchange, hash_of(credential));
}

std::vector<std::uint32_t> ClientSessions::assign() {
  Groups groups(count_);
  for (std::size_t kind = 0; kind < evidence_kinds; ++kind) {
    std::vector<std::uint32_t> identified;
    for (const std::uint64_t key : keys_[kind]) {
      const std::vector<std::uint32_t>& who = shown_[kind][key];
      // What several are given is no one's: "variant=b".
      if (const auto given = given_.find(key); given != given_.end() && given->second > 1) continue;
      // Of those whom better evidence has told apart, at most one may be among them.
      std::uint32_t known = count_;
      bool apart = false;
      for (const std::uint32_t one : who) {
        if (!groups.identified(one)) continue;
        apart = apart || (known != count_ && groups.root(known) != groups.root(one));
        known = one;
      }
      if (apart) continue;
      for (const std::uint32_t one : who) groups.join(who.front(), one);
      identified.push_back(who.front());
    }
    for (const std::uint32_t one : identified) groups.identify(one);
  }
  std::vector<std::uint32_t> sessions(count_);
  std::unordered_map<std::uint32_t, std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < count_; ++i) {
    sessions[i] = numbers.try_emplace(groups.root(i), static_cast<std::uint32_t>(numbers.size() + 1)).first->second;
  }
  return sessions;
}

}  // namespace stormproof::replay

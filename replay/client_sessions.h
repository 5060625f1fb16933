// Client sessions: which exchanges of a capture are of one client, by what they say themselves.
//
// Evidence in the order in which it is believed: the session that the capture says; a session cookie, sent or set (a cookie
// that a response rotates joins both values); credentials; the client's address and agent; other cookies that are tokens; the
// connection. What would join two clients whom better evidence tells apart joins nobody: a connection that a balancer shares, an API
// key of many, a cookie with the same text for all. Exchanges without evidence are sessions of their own. Pure.
//
// Memory: some 200 bytes an exchange.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "replay/exchange.h"

namespace stormproof::replay {

class ClientSessions {
 public:
  enum class Evidence : std::uint8_t { recorded, session_cookie, credential, client, other_cookie, connection };
  static constexpr std::size_t evidence_kinds = 6;

  // Exchanges are numbered from 0 as they are added; their heads are enough.
  void add(const Exchange& exchange);

  // More evidence on one that was added: it was given this credential.
  void gave_credential(std::uint32_t exchange, std::string_view credential);

  // The session of each, from 1 in the order in which they appear.
  std::vector<std::uint32_t> assign();

 private:
  void note(Evidence evidence, std::uint32_t exchange, std::uint64_t key);

  std::uint32_t count_ = 0;
  std::unordered_map<std::uint64_t, std::uint32_t> given_;  // a cookie, to how many that had not sent it
  // Per kind: who shows this key, in order.
  std::vector<std::unordered_map<std::uint64_t, std::vector<std::uint32_t>>> shown_ =
      std::vector<std::unordered_map<std::uint64_t, std::vector<std::uint32_t>>>(evidence_kinds);
  std::vector<std::vector<std::uint64_t>> keys_ =
      std::vector<std::vector<std::uint64_t>>(evidence_kinds);  // as they appear
};

}  // namespace stormproof::replay

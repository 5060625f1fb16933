// Link search: how links.h finds links, in three passes over the same exchanges in the same order.
//
// First every value that requests send, as a hash; then the responses, keeping what requests sent, too; then the requests
// again, keeping what responses gave, too. finish() walks through the requests in the order in which they were sent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "replay/client_sessions.h"
#include "replay/links.h"
#include "replay/request_values.h"
#include "replay/response_values.h"

namespace stormproof::replay {

class LinkSearch {
 public:
  explicit LinkSearch(LinkLimits limits) : limits_(limits) {}

  void see_request(const Exchange& exchange);
  void see_response(const Exchange& exchange);
  void see_uses(const Exchange& exchange);
  Links finish();

 private:
  // What finish() must know of an exchange.
  struct Seen {
    std::uint64_t id = 0;
    std::uint64_t connection = 0;
    base::Time sent{};
    base::Time answered{};  // its first byte
    base::Time whole{};
    int status = 0;
    std::string method;
    std::string target;
  };
  struct Given {
    std::uint32_t exchange = 0;
    ResponseValue value;
  };
  struct Sent {
    std::uint32_t exchange = 0;
    std::string place;
    std::string value;
    std::vector<std::string> meanings;
    bool token = false;
    bool whole = true;
  };

  bool takes(const Exchange& exchange);
  bool before(const Seen& source, const Seen& use) const;
  bool could_give(const Given& given, const Sent& sent) const;
  bool knew_before(const Given& given, const Sent& sent) const;
  void remember(const Sent& sent);
  int score(const Given& given, const Sent& sent) const;
  const Given* source_of(const Sent& sent) const;
  std::vector<std::string> known_keys(const Sent& sent) const;

  LinkLimits limits_;
  ClientSessions clients_;
  std::vector<std::uint32_t> sessions_;
  std::vector<Seen> seen_;
  std::unordered_map<std::uint64_t, std::uint32_t> number_;  // by id
  std::unordered_set<std::uint64_t> sent_values_;
  std::unordered_set<std::uint64_t> credentials_;
  std::vector<std::uint32_t> with_cookies_;                         // exchanges that sent some
  std::vector<std::pair<std::uint32_t, std::string>> cookies_set_;  // by exchanges
  std::unordered_map<std::uint64_t, std::vector<Given>> given_;     // by the value's hash
  std::vector<Sent> sent_;
  std::unordered_map<std::string, base::Time> known_;  // since when a client sent a value of its own
  std::size_t found_ = 0;
  Links links_;
};

}  // namespace stormproof::replay

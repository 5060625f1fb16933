// Links: which values of later requests came from which earlier responses, found in the capture itself.
//
// A link is a source (an exchange and a place in its response) and its uses (exchanges and places in their requests). A use has
// a source where a response that began before the request was sent held the same value, and
//   - the value is a token (value_sense.h), or both places mean the same thing by their names (value_meaning.h), and
//   - the client had not sent it before that response came: what it knew was not given to it; and
//   - both are of one session (client_sessions.h), or the source made something (a method that writes, 2xx or 3xx).
// Of several sources the best is taken, see links.cpp: the same session, names that agree, the form that was sent, no list; then
// the latest. Cookies link by their name. Pure, but for reading the capture, which is read three times.
//
// Memory: 8 bytes for each distinct value of a request, some 200 an exchange, some 300 for a value that is found again; the
// limits say where it ends, and what they left out is counted.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "harness/base/error.h"
#include "replay/exchange.h"
#include "replay/place.h"

namespace stormproof::replay {

class CaptureReader;

struct LinkUse {
  std::uint64_t exchange = 0;  // its id in the capture
  std::string place;           // as request_values.h names it
  std::string route;           // "POST /orders/{id}"
  bool other_session = false;  // than the source's
  bool operator==(const LinkUse&) const = default;
};

struct Link {
  std::uint64_t source = 0;  // an exchange's id in the capture
  std::string route;         // "GET /login"
  std::uint32_t session = 0;
  Place place;
  std::string value;          // as recorded
  std::vector<LinkUse> uses;  // in the order in which they were sent
};

struct Links {
  std::vector<Link> links;  // in the order of their sources
  std::uint64_t exchanges = 0;
  std::uint32_t sessions = 0;
  std::unordered_map<std::uint64_t, std::uint32_t> session_of;                     // by id, from 1
  std::unordered_set<std::uint32_t> cookie_sessions;                               // that sent or were given cookies
  std::unordered_map<std::uint32_t, std::unordered_set<std::string>> cookies_set;  // names, by session
  std::map<std::string, std::uint64_t> unread;  // responses whose content could not be read, by cause
  std::uint64_t left_out = 0;                   // exchanges and values beyond the limits
};

struct LinkLimits {
  static constexpr std::size_t default_exchanges_max = 1'000'000;
  static constexpr std::size_t default_values_max = 16'000'000;  // distinct ones of requests
  static constexpr std::size_t default_found_max = 2'000'000;    // in responses, that a request sent, too

  std::size_t exchanges_max = default_exchanges_max;
  std::size_t values_max = default_values_max;
  std::size_t found_max = default_found_max;
};

// Live exchanges with a request only. An error: the capture cannot be read.
base::Result<Links> find_links(CaptureReader& capture, LinkLimits limits);
Links find_links(std::span<const Exchange> exchanges, LinkLimits limits);
inline base::Result<Links> find_links(CaptureReader& capture) { return find_links(capture, LinkLimits()); }
inline Links find_links(std::span<const Exchange> exchanges) { return find_links(exchanges, LinkLimits()); }

}  // namespace stormproof::replay

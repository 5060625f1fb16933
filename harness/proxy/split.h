// Split: which of several upstreams a request goes to, by their weights; the same client may stay with the same one.
//
// Without a key the turns are exact: with weights 99 and 1, one of any 100 requests in a row goes to the second (smooth
// weighted round robin, as nginx does it). With a key (a header's or a cookie's value) the upstream depends on the key
// and the weights alone, so it is the same for every worker and after a restart; when the last upstream's weight grows,
// keys only move towards it. A request without the key takes a turn. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

namespace stormproof::proxy {

// What makes a client the same: one of the two, or neither.
struct Stickiness {
  std::string header;  // its name
  std::string cookie;  // its name
  bool any() const { return !header.empty() || !cookie.empty(); }
};

class Split {
 public:
  static constexpr std::uint32_t weight_max = 1'000'000;
  static constexpr std::size_t upstreams_max = 64;

  // One weight an upstream; 0: nothing new goes there. Refused: none above 0, too many, a weight above the limit, a
  // header and a cookie at once.
  static base::Result<Split> make(std::vector<std::uint32_t> weights, Stickiness stickiness = {});

  // The upstream's number for a request with this head.
  std::size_t choose(std::string_view head);

 private:
  Split(std::vector<std::uint32_t> weights, Stickiness stickiness);
  std::size_t by_key(std::string_view key) const;
  std::size_t by_turn();
  std::optional<std::string_view> key_of(std::string_view head) const;

  std::vector<std::uint32_t> weights_;
  std::vector<std::int64_t> credit_;
  std::int64_t total_ = 0;
  Stickiness stickiness_;
  std::size_t only_ = 0;  // where `single_`
  bool single_ = false;   // one upstream has all the weight
};

// The first field of that name in a raw head, whatever its case; without the white space around its value.
std::optional<std::string_view> field_of(std::string_view head, std::string_view name);

// The value of that cookie in the head's Cookie fields (RFC 6265 §5.4).
std::optional<std::string_view> cookie_of(std::string_view head, std::string_view name);

}  // namespace stormproof::proxy

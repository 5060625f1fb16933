// URL parts: the segments and parameters of a URL or of a request's target, and where they stand in it.
//
// A part is named by what stands around it: "/orders/{}/pay" for a segment, where other segments that look like identifiers
// are `*`, so that the same link to another order has the same name; "?token" and "#token" for a parameter. Views point into the
// text. Never fails. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "replay/value_coding.h"

namespace stormproof::replay {

inline constexpr std::size_t url_parts_max = 200;  // of one URL; more are passed over

struct UrlPart {
  std::string name;  // "/orders/{}"
  std::string noun;  // "order": see value_sense.h; "" for none
  std::string key;   // of a parameter, decoded; "" for a segment
  std::string_view raw;
  Coding coding = Coding::percent;
};

std::vector<UrlPart> url_parts(std::string_view url);

// The pairs of a query or of a form's body: "a=1&b=2".
std::vector<UrlPart> form_parts(std::string_view text, char mark = '?');

// "/orders/*/pay" of "http://host/orders/17/pay?x": what two URLs of one kind have in common.
std::string url_shape(std::string_view url);

// The noun of the collection that a path ends in, passing over identifiers: of "/api/orders/17" it is "order".
std::string noun_of_path(std::string_view url);

bool looks_like_a_url(std::string_view text);

}  // namespace stormproof::replay

// Exposition: a strict look at a text in Prometheus' format 0.0.4, stricter than a scraper's.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace stormproof::proxy {

// By name and labels as they stand: `a_total{outcome="reset"}`.
using Samples = std::map<std::string, double>;

// The samples of a text. It is a failure of the test, with the line, where the text is not valid UTF-8 or does not end
// in a newline; a family has no HELP and TYPE before its samples, or comes back later; a name or an escape is not
// allowed; a series stands there twice; a counter does not end in _total or is below zero; a histogram's buckets are not
// cumulative, not in order, or do not end in +Inf with the count.
Samples expect_exposition(std::string_view text);

// Why a text is none of that; "" where it is. For the test of this.
std::string fault_of_exposition(std::string_view text, Samples* samples = nullptr);

}  // namespace stormproof::proxy

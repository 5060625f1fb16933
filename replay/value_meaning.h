// Value meaning: what the name of a place says that its value is, so that a short value can be recognised.
//
// "order" for an identifier of orders; "=csrftoken" for what is sent back under the same name; "@sid" for a cookie;
// "^etag" for a condition on it. Two places whose meanings have one in common hold the same thing if they hold the same value. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stormproof::replay {

// Of a response: the member or field `key` of `owner` ("" at the top) in the answer to a request of `target`.
std::vector<std::string> meanings_of_produced(std::string_view key, std::string_view owner, std::string_view target);

// Of a request: a parameter or field. `noun`: what its place says besides (url_parts.h).
std::vector<std::string> meanings_of_used(std::string_view key, std::string_view noun);

// Of a part of a URL in a response; `key` is "" for a segment.
std::vector<std::string> meanings_of_link_part(std::string_view key, std::string_view noun);

}  // namespace stormproof::replay

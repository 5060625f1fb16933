// Utf8: text from anywhere, made valid UTF-8. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace stormproof::base {

inline constexpr std::string_view utf8_replacement = "\xEF\xBF\xBD";  // U+FFFD

// The bytes of the character at the front (RFC 3629: no overlong forms, no surrogates); 0 where there is none.
std::size_t utf8_character_bytes(std::string_view text);

// Each byte that belongs to no character becomes U+FFFD; all else stays, control characters too.
std::string as_utf8(std::string_view text);

}  // namespace stormproof::base

// Content: the body of an answer without its wrappings: chunks, gzip, deflate, brotli, zstd; and what it is.
//
// Bounded: decoded bytes end at `content_bytes_max`, so a bomb costs no more than that. What cannot be decoded stays as
// it is, and says so. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stormproof::replay {

inline constexpr std::size_t content_bytes_max = 32 << 20;

// Takes the chunk framing away, where the head says that there is one and it is whole; else the body as it is.
std::string_view without_chunks(std::string_view head, std::string_view body, std::string& buffer);

struct Decoded {
  std::string_view bytes;  // into the body that was given, or into `buffer`
  bool failed = false;     // an encoding is not known, or the bytes are not in it, or become too many
};
// By the encodings of Content-Encoding, undone from the last to the first.
Decoded decoded_content(std::string_view head, std::string_view body, std::string& buffer);

enum class ContentKind : std::uint8_t { none, json, json_lines, xml, html, form, text, binary };
std::string_view to_string(ContentKind kind);

// By Content-Type where it says enough, else by the bytes.
ContentKind kind_of(std::string_view head, std::string_view bytes);

}  // namespace stormproof::replay

// Content decoding: what a recorded body says, without chunk framing and without gzip, deflate or br.
//
// For bytes at rest from anywhere. Pure. Nothing grows beyond `bytes_max`, whatever a coding asks for.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "harness/base/error.h"

namespace stormproof::replay {

// `body` as it was on the wire, of a message with this head. Errors: a coding that is not known, damaged or cut short,
// more than `bytes_max` of content.
base::Result<std::string> decoded_content(std::string_view head, std::string_view body, std::size_t bytes_max);

// The two steps of it. `without_chunks` gives the body as it is where the head names no chunked coding.
base::Result<std::string> without_chunks(std::string_view head, std::string_view body);
base::Result<std::string> without_coding(std::string_view coding, std::string_view bytes, std::size_t bytes_max);

// The media type of a head in lower case without its parameters: "application/json"; "" where there is none.
std::string media_type(std::string_view head);

}  // namespace stormproof::replay

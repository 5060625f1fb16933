// Curl line: a recorded request as a command line that sends it again, to a target that was named.
//
// One POSIX shell line for curl. What curl makes by itself (the length, the connection) is left out, and so is what it would
// add (a content type, Expect). A body is in it up to `curl_body_bytes_max`; a longer one is said to be left out. Pure.
#pragma once

#include <string>
#include <string_view>

namespace stormproof::reports {

inline constexpr std::size_t curl_body_bytes_max = 4096;

// `head`: of the request, with or without the empty line at its end. `origin`: "http://127.0.0.1:8082".
std::string curl_line(std::string_view head, std::string_view body, std::string_view origin);

}  // namespace stormproof::reports

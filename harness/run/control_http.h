// Control HTTP: what the two control APIs over a switchboard, toxiproxy's and our own, have in common.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/run/switchboard.h"
#include "harness/wire/http_server.h"

namespace stormproof::run {

// The parts of a path, each decoded: "/a/b%20c" is {"a", "b c"}.
std::vector<std::string> path_parts(std::string_view path);

// True: a browser asks, on behalf of a page that may be anybody's.
bool from_a_browser(const wire::HttpRequest& request);

// 404, 409, 400 or 500.
int status_of(Refusal::Kind kind);

// 204, and no body.
wire::HttpReply nothing();

// As a JSON string, in its quotes.
std::string in_json(std::string_view text);

}  // namespace stormproof::run

// Control call: a request to a control API as its server would hand it over.
#pragma once

#include <string>

#include "harness/wire/http_server.h"

namespace stormproof::run {

template <typename Api>
wire::HttpReply control_call(Api& api, const std::string& method, const std::string& path, const std::string& body,
                             const std::string& agent) {
  wire::HttpRequest request;
  request.method = method;
  request.target = request.path = path;
  request.body = body;
  request.fields = {{"User-Agent", agent}};
  return api.answer(request).value_or(wire::HttpReply{.status = 404, .body = "not asked"});
}

}  // namespace stormproof::run

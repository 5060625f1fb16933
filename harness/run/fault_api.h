// FaultApi: our own control API under /v1, over the same switchboard as toxiproxy's: every fault with all that it has.
//
//   GET    /v1/openapi.json                       this, described
//   GET    /v1/proxies                            all, with their faults and counts
//   POST   /v1/proxies                            {name, listen, upstream, protocol: tcp|http, enabled, faults: […]}: all or nothing
//   GET, PATCH, DELETE /v1/proxies/{p}
//   GET, POST, DELETE  /v1/proxies/{p}/faults     DELETE: withdraws all
//   GET, PATCH, DELETE /v1/proxies/{p}/faults/{f}
//   PUT    /v1/proxies/{p}/faults/{f}             set, whether or not it stands
//   POST   /v1/proxies/{p}/faults/{f}/renew       the lease starts anew
//   POST   /v1/heal                               every fault is withdrawn; proxies stay as they are
//
// A fault may have a "lease" ("10s"): it is withdrawn by itself when nobody has renewed it within that time. Errors are
// {"error": sentence}, with 400, 404, 405, 409 or 500. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/run/switchboard.h"
#include "harness/wire/http_server.h"

namespace stormproof::run {

class FaultApi {
 public:
  // The board outlives it.
  explicit FaultApi(Switchboard& board) : board_(board) {}

  // Nothing: this is none of its paths.
  std::optional<wire::HttpReply> answer(const wire::HttpRequest& request);

  // The OpenAPI document.
  static std::string openapi();

 private:
  wire::HttpReply list();
  wire::HttpReply create(std::string_view body);
  wire::HttpReply proxy(const wire::HttpRequest& request, std::string_view name);
  wire::HttpReply faults(const wire::HttpRequest& request, std::string_view name);
  wire::HttpReply fault(const wire::HttpRequest& request, std::string_view name, std::string_view fault);
  wire::HttpReply renew(const wire::HttpRequest& request, std::string_view name, std::string_view fault);
  wire::HttpReply heal(const wire::HttpRequest& request);

  Switchboard& board_;
};

}  // namespace stormproof::run

// FaultApi: our own control API under /v1, over the same switchboard as toxiproxy's: every fault with all that it has.
#pragma once

#include <optional>

#include "harness/proxy/switchboard.h"
#include "harness/wire/http_server.h"

namespace stormproof::proxy {

class FaultApi {
 public:
  // The board outlives it.
  explicit FaultApi(Switchboard& board) : board_(board) {}

  // Nothing: this is none of its paths.
  std::optional<wire::HttpReply> answer(const wire::HttpRequest& request);

 private:
  Switchboard& board_;
};

}  // namespace stormproof::proxy

// Tunnel: after an upgrade or CONNECT, bytes both ways between two connections until both sides have ended.
//
// Each way has its own back-pressure. An orderly end of one side is passed on and the other way goes on (half-close); a
// broken side ends both. Closing the connections ends it. One thread.
#pragma once

#include <string_view>

#include "harness/base/task.h"
#include "harness/wire/connection.h"
#include "harness/wire/intercept.h"

namespace stormproof::proxy {

// Told of the bytes before they are written on.
class TunnelMeter {
 public:
  virtual ~TunnelMeter() = default;
  virtual void passes(wire::Part part, std::string_view bytes) = 0;
};

// Bytes of the client count as Part::request_body, the upstream's as Part::response_body. All three outlive the task.
base::Task<> tunnel(wire::Connection& client, wire::Connection& upstream, TunnelMeter& meter);

}  // namespace stormproof::proxy

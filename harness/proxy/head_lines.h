// HeadLines: what the relay adds to the heads of requests, where it is asked to; nothing by default.
//
// `Via` (RFC 9110 §7.6.3), `Forwarded` (RFC 7239), `X-Forwarded-For/-Proto/-Host` and a W3C `traceparent` for requests
// that have none. Via, Forwarded and X-Forwarded-For continue what is there; X-Forwarded-Proto and -Host of the client
// are taken out, for only the relay knows them. All other lines stay byte by byte as they are.
#pragma once

#include <string>
#include <string_view>

#include "harness/wire/framer.h"

namespace stormproof::proxy {

struct HeadLines {
  std::string via;  // the relay's own name; empty: no Via
  bool forwarded = false;
  bool x_forwarded = false;
  bool trace = false;

  bool any() const { return !via.empty() || forwarded || x_forwarded || trace; }

  // Writes the head with the lines into `into`, whose memory is used again. `client`: its address without the port.
  // Gives back the trace id that it has put in; none: the head had one, or none was asked for.
  events::TraceId edit(const wire::Head& head, std::string_view client, std::string_view scheme,
                       std::string& into) const;
};

}  // namespace stormproof::proxy

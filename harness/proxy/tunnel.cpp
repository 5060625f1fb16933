#include "harness/proxy/tunnel.h"

#include "harness/base/both.h"

namespace stormproof::proxy {
namespace {

using wire::Connection;

base::Task<> copy(Connection& from, Connection& to, wire::Part part, TunnelMeter& meter) {
  while (true) {
    const std::string_view bytes = from.unread();
    if (bytes.empty()) {
      const wire::Arrival arrival = co_await from.more();
      if (arrival.bytes > 0) continue;
      if (arrival.error) {
        co_await to
            .flush();  // what came before the break; that the other side has gone as well, its own copy() finds out
        to.close();
      } else {
        co_await to.end_sending();  // gone already: its own copy() finds out
      }
      co_return;
    }
    meter.passes(part, bytes);
    if (co_await to.write(bytes)) {
      from.close();
      co_return;
    }
    from.consume(bytes.size());
    if (bytes.size() >= Connection::small_buffer) from.reserve(Connection::large_buffer);
  }
}

}  // namespace

base::Task<> tunnel(Connection& client, Connection& upstream, TunnelMeter& meter) {
  co_await base::both(copy(client, upstream, wire::Part::request_body, meter),
                      copy(upstream, client, wire::Part::response_body, meter));
}

}  // namespace stormproof::proxy

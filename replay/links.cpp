#include "replay/links.h"

#include "replay/capture_reader.h"
#include "replay/link_search.h"

namespace stormproof::replay {
namespace {

// Damaged blocks are passed over; what cannot be read has no links.
template <typename Each>
base::Result<void> each_exchange(CaptureReader& capture, Each each) {
  capture.rewind();
  Exchange exchange;
  std::optional<base::Error> first;
  std::size_t read = 0;
  while (true) {
    const auto more = capture.next(exchange);
    if (more && !*more) break;
    if (more) {
      ++read;
      each(exchange);
    } else if (!first) {
      first = more.error();
    }
    exchange = {};
  }
  capture.rewind();
  if (read == 0 && first) return std::unexpected(*first);
  return {};
}

}  // namespace

base::Result<Links> find_links(CaptureReader& capture, LinkLimits limits) {
  LinkSearch search(limits);
  if (auto done = each_exchange(capture, [&](const Exchange& e) { search.see_request(e); }); !done)
    return std::unexpected(done.error());
  if (auto done = each_exchange(capture, [&](const Exchange& e) { search.see_response(e); }); !done)
    return std::unexpected(done.error());
  if (auto done = each_exchange(capture, [&](const Exchange& e) { search.see_uses(e); }); !done)
    return std::unexpected(done.error());
  return search.finish();
}

Links find_links(std::span<const Exchange> exchanges, LinkLimits limits) {
  LinkSearch search(limits);
  for (const Exchange& exchange : exchanges) search.see_request(exchange);
  for (const Exchange& exchange : exchanges) search.see_response(exchange);
  for (const Exchange& exchange : exchanges) search.see_uses(exchange);
  return search.finish();
}

}  // namespace stormproof::replay

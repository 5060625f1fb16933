#include "harness/proxy/upstreams.h"

namespace stormproof::proxy {

Upstreams::Member::Member(wire::IoContext& io, wire::Deadlines& deadlines, const Upstream& upstream,
                          const wire::PoolLimits& limits, wire::StreamInterceptor* streams)
    : pool(io, deadlines, upstream.endpoint, limits, upstream.tls, streams),
      name(upstream.name.empty() ? wire::to_string(upstream.endpoint) : upstream.name),
      weight(upstream.weight) {}

base::Result<std::shared_ptr<Upstreams>> Upstreams::make(wire::IoContext& io, wire::Deadlines& deadlines,
                                                         const std::vector<Upstream>& upstreams, Stickiness stickiness,
                                                         const wire::PoolLimits& limits,
                                                         wire::StreamInterceptor* streams) {
  std::vector<std::uint32_t> weights;
  for (const Upstream& upstream : upstreams) weights.push_back(upstream.weight);
  auto split = Split::make(std::move(weights), std::move(stickiness));
  if (!split) return std::unexpected(split.error());
  std::shared_ptr<Upstreams> made(new Upstreams(std::move(*split)));
  for (const Upstream& upstream : upstreams) {
    made->members_.push_back(std::make_unique<Member>(io, deadlines, upstream, limits, streams));
  }
  return made;
}

base::Task<> Upstreams::close() {
  for (const auto& member : members_) co_await member->pool.close();
}

}  // namespace stormproof::proxy

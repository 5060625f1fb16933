// Upstreams: where a relay's requests go: one pool of connections an upstream, and the split over them.
//
// A set that is never changed: a reload makes a new one, and exchanges under way keep theirs until they have ended.
// One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/proxy/split.h"
#include "harness/wire/upstream_pool.h"

namespace stormproof::proxy {

struct Upstream {
  wire::Endpoint endpoint;
  std::uint32_t weight = 1;
  std::string name = {};  // for counts and messages
  wire::TlsPeer tls = {};
};

class Upstreams {
 public:
  struct Member {
    Member(wire::IoContext& io, wire::Deadlines& deadlines, const Upstream& upstream, const wire::PoolLimits& limits,
           wire::StreamInterceptor* streams);
    wire::UpstreamPool pool;
    std::string name;
    std::uint32_t weight;
    std::uint64_t exchanges = 0;  // given to it
    std::uint64_t failed = 0;     // of them: no whole response for a cause on its side
  };

  // Refused: what Split refuses.
  static base::Result<std::shared_ptr<Upstreams>> make(wire::IoContext& io, wire::Deadlines& deadlines,
                                                       const std::vector<Upstream>& upstreams, Stickiness stickiness,
                                                       const wire::PoolLimits& limits,
                                                       wire::StreamInterceptor* streams = nullptr);

  // For a request with this head. The member lives as long as this.
  Member& choose(std::string_view head) { return *members_[split_.choose(head)]; }

  const std::vector<std::unique_ptr<Member>>& members() const { return members_; }

  // No exchange may use it any more.
  base::Task<> close();

 private:
  explicit Upstreams(Split split) : split_(std::move(split)) {}

  Split split_;
  std::vector<std::unique_ptr<Member>> members_;
};

}  // namespace stormproof::proxy

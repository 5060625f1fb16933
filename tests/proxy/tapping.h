// Tapping: exchanges told to a tapper as a relay would, without one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/wire/intercept.h"

namespace stormproof::proxy {

struct Tapped {
  std::string_view method = "GET";
  std::string_view target = "/";
  std::uint64_t shadow_of = 0;
  events::Exchange exchange = {};
};

inline wire::Tap* begin(wire::Tapper& tapper, const Tapped& what) {
  wire::Head head;
  head.method = what.method;
  head.target = what.target;
  return tapper.tap({.head = head,
                     .connection = what.exchange.connection,
                     .request = what.exchange.request,
                     .received = what.exchange.start,
                     .shadow_of = what.shadow_of});
}

inline void tell(wire::Tapper& tapper, const Tapped& what) { begin(tapper, what)->ended(what.exchange); }

// Keeps what its taps were told; each tap's id is the request's number.
class KeepingTapper final : public wire::Tapper {
 public:
  struct Kept {
    std::string target;
    std::uint64_t shadow_of = 0;
    std::string bytes;
    std::vector<events::Exchange> ended;
  };

  wire::Tap* tap(const wire::RequestSight& request) override {
    if (declines) return nullptr;
    kept.push_back({std::string(request.head.target), request.shadow_of, "", {}});
    return new Take(*this, kept.size() - 1, request.request);
  }

  bool declines = false;
  std::vector<Kept> kept;

 private:
  class Take final : public wire::Tap {
   public:
    Take(KeepingTapper& tapper, std::size_t index, std::uint64_t id) : tapper_(tapper), index_(index), id_(id) {}
    void bytes(wire::Part, std::string_view bytes) override { tapper_.kept[index_].bytes += bytes; }
    std::uint64_t id() const override { return id_; }
    void ended(const events::Exchange& exchange) override {
      tapper_.kept[index_].ended.push_back(exchange);
      delete this;
    }

   private:
    KeepingTapper& tapper_;
    std::size_t index_;
    std::uint64_t id_;
  };
};

}  // namespace stormproof::proxy

// FaultDesk: the control APIs of faults by hand over one switchboard: toxiproxy's, and ours under /v1.
#pragma once

#include <optional>
#include <string>

#include "harness/app/version.h"
#include "harness/run/fault_api.h"
#include "harness/run/switchboard.h"
#include "harness/run/toxiproxy_api.h"

namespace stormproof::app {

class FaultDesk {
 public:
  // Clock and sink outlive it; `sink` may be nullptr.
  FaultDesk(const base::Clock& clock, events::Sink* sink, std::uint64_t seed)
      : board_(clock, sink, {}, seed), toxiproxy_(board_, std::string(version)), api_(board_) {}

  run::Switchboard& board() { return board_; }
  base::Result<std::size_t> populate_from(std::string_view json) { return toxiproxy_.populate_from(json); }

  // On one thread. Nothing: this is none of their paths.
  std::optional<wire::HttpReply> answer(const wire::HttpRequest& request) {
    auto reply = toxiproxy_.answer(request);
    return reply ? std::move(reply) : api_.answer(request);
  }

 private:
  run::Switchboard board_;
  run::ToxiproxyApi toxiproxy_;
  run::FaultApi api_;
};

}  // namespace stormproof::app

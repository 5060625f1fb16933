#include "tests/faults/flow_run.h"

#include <algorithm>
#include <variant>

namespace stormproof::faults {

void FlowRun::set(const std::string& name, const StreamFaultKind& kind, std::uint64_t connection, std::uint64_t seed) {
  const Chance chance{seed, name, connection};
  flow.set(name, std::visit(
                     [&](const auto& fault) -> std::unique_ptr<Obstacle> {
                       if constexpr (requires { fault.obstacle(chance); }) return fault.obstacle(chance);
                       else return nullptr;
                     },
                     kind));
}

void FlowRun::until(std::chrono::nanoseconds at) {
  while (true) {
    const Instant again = flow.run(now());
    take();
    // What was taken is room: it may go on at once.
    const Instant next = std::min(std::min(again, flow.run(now())), start_ + at);
    take();
    if (next >= start_ + at || next == never) break;
    at_ = std::max(at_, next - start_);
  }
  at_ = at;
  flow.run(now());
  take();
}

void FlowRun::take() {
  Segments& out = flow.out();
  while (!out.empty()) {
    const Segment segment = out.pop();
    out_.push_back({at_, std::string(segment.left())});
  }
  if (out.ended() && !ended) {
    ended = out.ended()->kind;
    ended_at = at_;
  }
}

std::string FlowRun::bytes() const {
  std::string bytes;
  for (const Out& each : out_) bytes += each.bytes;
  return bytes;
}

}  // namespace stormproof::faults

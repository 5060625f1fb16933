#include "harness/run/live.h"

namespace stormproof::run {

void CountingSink::exchange(const events::Exchange& exchange) {
  if (exchange.side == events::Side::egress) {
    counts_.calls.fetch_add(1, std::memory_order_relaxed);
  } else {
    counts_.sent.fetch_add(1, std::memory_order_relaxed);
    if (exchange.outcome == events::Outcome::answered) counts_.answered.fetch_add(1, std::memory_order_relaxed);
    if (is_failure(exchange)) counts_.failed.fetch_add(1, std::memory_order_relaxed);
  }
  next_.exchange(exchange);
}

void CountingSink::fault(const events::FaultFired& fault) {
  if (events::acted(fault)) counts_.faults.fetch_add(1, std::memory_order_relaxed);
  next_.fault(fault);
}

}  // namespace stormproof::run

#include "replay/schedule.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace stormproof::replay {
namespace {

constexpr std::size_t handed_out_in_a_row_max = 64;

// Before an instant the precise one stops sleeping: more than a timer of the kernel is late, but for the rarest.
constexpr std::chrono::microseconds spins_before{80};

// Gives everything else on the loop its turn, and comes back at once.
struct Yield {
  wire::IoContext& io;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) const {
    wire::asio::post(io, [waiter] { waiter.resume(); });
  }
  void await_resume() const {}
};

}  // namespace

base::Task<> Schedule::keep(ShotSource& source, base::Time begin, Take take) {
  std::size_t in_a_row = 0;
  for (auto shot = source.next(); shot && !finishing_; shot = source.next()) {
    const base::Time intended = begin + shot->offset;
    const base::Nanoseconds ahead = intended - clock_.now();
    // Behind schedule there is nothing to wait for, but answers, time limits and finish() must still have their turn.
    if (ahead.count() > 0 || ++in_a_row >= handed_out_in_a_row_max) {
      in_a_row = 0;
      if (precise_) co_await spin_until(intended);
      else co_await pause_.lasting(std::max(ahead, base::Nanoseconds(0)));
    }
    if (!finishing_) take(*std::move(shot), intended);
  }
}

base::Task<> Schedule::until(base::Time instant) {
  if (const base::Nanoseconds ahead = instant - clock_.now(); ahead.count() > 0) co_await pause_.lasting(ahead);
}

base::Task<> Schedule::spin_until(base::Time instant) {
  const base::Nanoseconds asleep = instant - clock_.now() - spins_before;
  if (asleep.count() > 0) co_await pause_.lasting(asleep);
  do {
    co_await Yield{io_};
  } while (!finishing_ && clock_.now() < instant);
}

void Schedule::finish() {
  finishing_ = true;
  pause_.interrupt();
}

}  // namespace stormproof::replay

#include "replay/side_by_side.h"

#include <numeric>
#include <utility>

#include "harness/base/seed.h"
#include "harness/events/trace_side.h"

namespace stormproof::replay {

// By Fisher and Yates.
std::array<std::size_t, sides_max> order_of(std::uint64_t seed, std::uint64_t number, std::size_t targets) {
  std::array<std::size_t, sides_max> order{};
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::uint64_t drawn = base::draw(seed, "pairing/order", number);
  for (std::size_t left = targets; left > 1; --left) {
    std::swap(order[left - 1], order[drawn % left]);
    drawn /= left;
  }
  return order;
}

SideBySide::SideBySide(wire::IoContext& io, const base::Clock& clock, std::vector<Sender*> senders, std::uint64_t seed,
                       bool precise)
    : schedule_(io, clock, precise), senders_(std::move(senders)), seed_(seed) {}

base::Task<> SideBySide::send(ShotSource& source, base::Time begin) {
  co_await schedule_.keep(source, begin, [this](const Shot& shot, base::Time intended) { take(shot, intended); });
  for (Sender* const sender : senders_) co_await sender->drain();
}

void SideBySide::take(const Shot& shot, base::Time intended) {
  const auto order = order_of(seed_, shot.request, senders_.size());
  for (std::size_t i = 0; i < senders_.size(); ++i) {
    Shot one = shot;
    one.trace = events::on_side(shot.trace, static_cast<unsigned>(order[i]));
    senders_[order[i]]->offer(std::move(one), intended);
  }
}

void SideBySide::finish() {
  schedule_.finish();
  for (Sender* const sender : senders_) sender->finish();
}

void SideBySide::stop() {
  schedule_.finish();
  for (Sender* const sender : senders_) sender->stop();
}

}  // namespace stormproof::replay

#include "faults/slicer.h"

#include <utility>
#include <vector>

#include "faults/distribution.h"
#include "faults/obstacle.h"

namespace stormproof::faults {
namespace {

class Knife final : public Obstacle {
 public:
  Knife(const Slicer& slicer, Chance chance) : slicer_(slicer), chance_(std::move(chance)) {}

  Instant run(Segments& in, Segments& out, Instant now) override {
    while (!in.empty()) {
      if (now < next_) return next_;
      if (out.room() == 0) return never;
      if (pieces_.empty()) cut(in.front().left().size());
      Segment piece = in.take(pieces_.back());
      pieces_.pop_back();
      piece.received = now;
      act(slicer_.delay);
      out.push(std::move(piece));
      next_ = now + slicer_.delay;
    }
    if (in.at_end() && now < next_) return next_;
    pass_end(in, out);
    return never;
  }

 private:
  // The sizes of the pieces, the first one last.
  void cut(std::uint64_t bytes) {
    std::vector<std::uint64_t> whole = {bytes};
    while (!whole.empty()) {
      const std::uint64_t size = whole.back();
      whole.pop_back();
      if (size <= slicer_.average_size + slicer_.size_variation) {
        pieces_.push_back(size);
        continue;
      }
      const std::uint64_t first = size / 2 - slicer_.size_variation + moved();
      whole.push_back(first);
      whole.push_back(size - first);
    }
  }
  std::uint64_t moved() {
    if (slicer_.size_variation == 0) return 0;
    return static_cast<std::uint64_t>(chance_.unit(drawn_++) * static_cast<double>(2 * slicer_.size_variation));
  }

  Slicer slicer_;
  Chance chance_;
  std::uint64_t drawn_ = 0;
  std::vector<std::uint64_t> pieces_;  // of what stands first
  Instant next_{};
};

}  // namespace

base::Result<void> Slicer::check() const {
  if (average_size == 0) return base::fail("an 'average-size' of 0");
  if (size_variation >= average_size) return base::fail("'size-variation' must be below 'average-size'");
  if (delay.count() < 0 || delay > Distribution::longest) return base::fail("'delay' lies outside of 0 to 24h");
  return {};
}

std::unique_ptr<Obstacle> Slicer::obstacle(Chance chance) const {
  return std::make_unique<Knife>(*this, std::move(chance));
}

}  // namespace stormproof::faults

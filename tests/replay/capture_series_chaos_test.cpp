// Whatever happens to a recording, everything that was brought is in a file that reads, or counted as lost.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <set>

#include "harness/base/seed.h"
#include "tests/replay/series_run.h"

namespace stormproof::replay {
namespace {

namespace fs = std::filesystem;

class CaptureSeriesChaos : public CaptureSeriesTest, public testing::WithParamInterface<std::uint64_t> {
 protected:
  std::uint64_t draw(std::uint64_t below) { return base::draw(GetParam(), "chaos", drawn_++) % below; }

  // Of the files that stand under names of the series, the latest.
  std::string latest() const {
    std::string found;
    for (const std::string& name : names()) {
      if (name.starts_with("x") && name.ends_with(".traffic")) found = name;
    }
    return found;
  }

  void step() {
    switch (draw(16)) {
      case 0:
        open_.push_back(begin_large(1 + draw(300'000)));
        ++brought_;
        break;
      case 1:
      case 2:
        if (!open_.empty()) more_of_large(open_[draw(open_.size())], 1 + draw(300'000));
        break;
      case 3:
      case 4: end_one(); break;
      case 5: pass(std::chrono::seconds(draw(20))); break;
      case 6: disk_ = disk_ ? nullptr : std::make_unique<Limit>(RLIMIT_FSIZE, 200'000); break;
      case 7:
        if (draw(3) == 0 && !latest().empty())
          fs::rename(folder_.file(latest()), folder_.file(fmt::format("taken-{}", taken_++)));
        break;
      case 8:
        // A file that is closed already is no more of the recorder's business.
        if (draw(4) == 0 && !latest().empty() && reads_as_torn(latest())) fs::remove(folder_.file(latest()));
        break;
      default:
        for (std::uint64_t i = draw(6); i > 0; --i, ++brought_) add(draw(2) == 0 ? draw(1'000) : draw(100'000));
        pass(CaptureSeries::look_every);
    }
  }

  // It ends, or its lane gives it up.
  void end_one() {
    if (open_.empty()) return;
    const std::uint64_t at = draw(open_.size());
    const std::uint64_t id = open_[at];
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(at));
    if (draw(4) != 0) return end_large(id);
    series_->give_up(id);
    --brought_;
  }

  std::uint64_t drawn_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t brought_ = 0;
  std::vector<std::uint64_t> open_;
  std::unique_ptr<Limit> disk_;
};

TEST_P(CaptureSeriesChaos, EverythingIsInAFileOrCounted) {
  start(GetParam() % 2 == 0 ? Rotation{} : Rotation{.bytes = 900'000, .every = std::chrono::seconds(15)});
  for (int i = 0; i < 60; ++i) step();
  while (!open_.empty()) end_one();
  disk_ = nullptr;
  pass(std::chrono::seconds(2));
  const Account account = close();

  Tally all;
  for (const auto& [cause, tally] : account) {
    if (cause == cause_body_alone) continue;
    all.count += tally.count;
    all.bytes += tally.bytes;
  }
  EXPECT_EQ(all, (Tally{brought_, bytes_}));
  std::set<std::uint64_t> seen;
  for (const std::string& name : names()) {
    EXPECT_FALSE(name.ends_with("-wal") || name.ends_with("-shm") || name.ends_with("-journal")) << name;
    for (const Exchange& exchange : read(name)) {
      EXPECT_TRUE(seen.insert(exchange.id).second) << exchange.id << " twice";
      const auto large = large_.find(exchange.id);
      if (large == large_.end())
        EXPECT_TRUE(exchange.response.body == noise(exchange.id, exchange.response.body.size()));
      else EXPECT_TRUE(exchange.response.body == body_of_large(exchange.id, large->second) + "the end") << exchange.id;
    }
  }
  EXPECT_EQ(seen.size(), account.at("recorded").count);
  EXPECT_GT(seen.size(), 5u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, CaptureSeriesChaos, testing::Range(std::uint64_t{1}, std::uint64_t{7}));

}  // namespace
}  // namespace stormproof::replay

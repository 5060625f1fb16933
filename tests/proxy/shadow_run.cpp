#include "tests/proxy/shadow_run.h"

#include <boost/asio/post.hpp>
#include <future>
#include <numeric>

#include "tests/support/waiting.h"

namespace stormproof::proxy {

class TapLog::Take final : public wire::Tap {
 public:
  Take(TapLog& log, std::size_t index, std::uint64_t id) : log_(log), index_(index), id_(id) {}
  void bytes(wire::Part part, std::string_view bytes) override {
    const std::lock_guard lock(log_.mutex_);
    log_.seen_[index_].parts[part] += bytes;
  }
  std::uint64_t id() const override { return id_; }
  void ended(const events::Exchange& exchange) override {
    {
      const std::lock_guard lock(log_.mutex_);
      Seen& seen = log_.seen_[index_];
      EXPECT_FALSE(seen.ended);
      seen.ended = true;
      seen.event = exchange;
    }
    log_.changed_.notify_all();
    delete this;
  }

 private:
  TapLog& log_;
  std::size_t index_;
  std::uint64_t id_;
};

wire::Tap* TapLog::tap(const wire::RequestSight& request) {
  const std::lock_guard lock(mutex_);
  Seen seen;
  seen.id = ids_ ? seen_.size() + 1 : 0;
  seen.shadow_of = request.shadow_of;
  seen.connection = request.connection;
  seen.request = request.request;
  seen.method = request.head.method;
  seen.target = request.head.target;
  seen_.push_back(seen);
  last_given_ = new Take(*this, seen_.size() - 1, seen.id);
  return last_given_;
}

std::vector<TapLog::Seen> TapLog::now() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

std::vector<TapLog::Seen> TapLog::wait_for_ended(std::size_t count) const {
  std::unique_lock lock(mutex_);
  const auto ended = [&] { return static_cast<std::size_t>(std::ranges::count(seen_, true, &Seen::ended)); };
  if (!changed_.wait_for(lock, std::chrono::seconds(5), [&] { return ended() >= count; })) {
    ADD_FAILURE() << "only " << ended() << " of " << count << " taps have ended";
  }
  return seen_;
}

void expect_adds_up(const ShadowCounts& counts) {
  const auto sum = [](const auto& array) { return std::accumulate(array.begin(), array.end(), std::uint64_t{0}); };
  EXPECT_EQ(counts.chosen, counts.answered + sum(counts.failed) + sum(counts.dropped) + counts.under_way);
  EXPECT_LE(counts.answered, counts.sent);
}

ShadowRun::ShadowRun(std::uint16_t upstream, std::uint16_t candidate, const Tweak& tweak) {
  const auto loopback = wire::asio::ip::address_v4::loopback();
  ShadowOptions options;
  options.candidate = {loopback, candidate};
  options.only = {};
  options.drain = std::chrono::milliseconds(200);
  options.on_trouble = [this](const std::string& trouble) {
    const std::lock_guard lock(mutex_);
    troubles_.push_back(trouble);
  };
  if (tweak) tweak(options);
  auto shadow = Shadow::open(io_, clock_, delay, std::move(options), &taps);
  if (!shadow) {
    ADD_FAILURE() << shadow.error().to_string();
    std::abort();
  }
  shadow_ = std::move(*shadow);
  held_at_first_ = shadow_->memory_held();
  RelayOptions relay_options;
  relay_options.listen = {loopback, 0};
  relay_options.upstreams = {{{loopback, upstream}}};
  relay_options.limits.drain = std::chrono::milliseconds(200);
  relay_ = must(Relay::open(io_, clock_, relay_options, {.sink = &events, .tapper = shadow_.get()}));
  port_ = relay_->endpoint().port();
  thread_ = std::thread([this] { io_.run(); });
}

ShadowRun::~ShadowRun() { end(); }

support::RawConnection ShadowRun::connect() const {
  auto connection = support::RawConnection::connect(port_);
  if (connection) return std::move(*connection);
  ADD_FAILURE() << connection.error().to_string();
  return support::RawConnection(support::Fd());
}

ShadowState ShadowRun::look() const {
  return {shadow_->counts(), shadow_->memory_held(), shadow_->memory_highest(), shadow_->on()};
}

ShadowState ShadowRun::state() {
  if (!thread_.joinable()) return last_;
  std::promise<ShadowState> promise;
  boost::asio::post(io_, [&] { promise.set_value(look()); });
  return promise.get_future().get();
}

ShadowState ShadowRun::settled(std::uint64_t chosen) {
  ShadowState last;
  const bool came = support::eventually(std::chrono::seconds(5), [&] {
    last = state();
    return last.counts.chosen >= chosen && last.counts.under_way == 0;
  });
  EXPECT_TRUE(came) << last.counts.chosen << " chosen, " << last.counts.under_way << " under way";
  return last;
}

std::vector<std::string> ShadowRun::troubles() const {
  const std::lock_guard lock(mutex_);
  return troubles_;
}

namespace {

base::Task<> drain_both(Relay& relay, Shadow& shadow, wire::IoContext& io) {
  co_await relay.drain();
  co_await shadow.drain();
  io.stop();
}

}  // namespace

ShadowState ShadowRun::end() {
  if (!thread_.joinable()) return last_;
  boost::asio::post(io_, [this] { tasks_.spawn(drain_both(*relay_, *shadow_, io_)); });
  thread_.join();
  last_ = look();
  expect_adds_up(last_.counts);
  EXPECT_EQ(last_.counts.under_way, 0u);
  EXPECT_EQ(last_.held, held_at_first_);
  relay_.reset();
  shadow_.reset();
  io_.restart();
  io_.run();  // whatever they left behind must not touch them any more
  return last_;
}

}  // namespace stormproof::proxy

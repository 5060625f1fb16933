#include "harness/proxy/shadow.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "harness/base/seed.h"
#include "harness/base/units.h"

namespace stormproof::proxy {
namespace {

using events::Outcome;
using wire::Part;

constexpr std::string_view share_rule = "shadow";
constexpr std::chrono::milliseconds look_every{250};

// A connection with its small buffer, and the frames and objects of the call on it.
constexpr std::size_t connection_bytes = 16 * 1024;
constexpr std::size_t follower_bytes = 1024;
constexpr std::size_t followers_kept_max = 256;

std::size_t reserved_for(std::size_t connections) {
  return connections * connection_bytes + followers_kept_max * follower_bytes;
}

wire::PoolLimits pool_limits(const ShadowOptions& options) {
  wire::PoolLimits limits;
  limits.idle_max = options.connections_max;
  limits.connect = options.connect;
  return limits;
}

ShadowLoss loss_of(Outcome outcome, ShadowLoss cut_as) {
  switch (outcome) {
    case Outcome::refused: return ShadowLoss::refused;
    case Outcome::connect_timeout:
    case Outcome::head_timeout:
    case Outcome::total_timeout: return ShadowLoss::timed_out;
    case Outcome::bad_response: return ShadowLoss::bad_response;
    case Outcome::shed: return ShadowLoss::no_memory;
    case Outcome::cancelled: return cut_as;
    default: return ShadowLoss::reset;
  }
}

ShadowLoss loss_of(CopiedRequest::Result result) {
  switch (result) {
    case CopiedRequest::Result::no_room: return ShadowLoss::no_memory;
    case CopiedRequest::Result::too_large: return ShadowLoss::too_large;
    default: return ShadowLoss::not_whole;
  }
}

}  // namespace

ShadowCounts& ShadowCounts::operator+=(const ShadowCounts& other) {
  chosen += other.chosen;
  sent += other.sent;
  answered += other.answered;
  under_way += other.under_way;
  for (std::size_t i = 0; i < shadow_losses; ++i) {
    dropped[i] += other.dropped[i];
    failed[i] += other.failed[i];
  }
  return *this;
}

std::string_view to_string(ShadowLoss loss) {
  switch (loss) {
    case ShadowLoss::queue_full: return "queue full";
    case ShadowLoss::no_memory: return "no memory left";
    case ShadowLoss::too_large: return "larger than all memory";
    case ShadowLoss::not_whole: return "request not whole";
    case ShadowLoss::waited: return "waited too long";
    case ShadowLoss::switched_off: return "switched off";
    case ShadowLoss::ended: return "ended";
    case ShadowLoss::refused: return "candidate refused";
    case ShadowLoss::timed_out: return "candidate timed out";
    case ShadowLoss::reset: return "candidate broke off";
    case ShadowLoss::bad_response: return "candidate's answer malformed";
  }
  return "";
}

// The tap of a chosen exchange, and its copy. It lives until both the live exchange and its shadow have ended.
class Shadow::Follower final : public wire::Tap {
 public:
  explicit Follower(Shadow& shadow) : request(shadow.budget_), shadow_(shadow) {}

  enum class Stage : std::uint8_t { collecting, queued, calling, over };

  CopiedRequest::Result begin(const wire::RequestSight& sight, wire::Tap* within) {
    within_ = within;
    live = {.tap = within == nullptr ? 0 : within->id(), .connection = sight.connection, .request = sight.request};
    stage = Stage::collecting;
    live_ended = false;
    next = nullptr;
    return request.begin(sight.head);
  }

  void bytes(Part part, std::string_view bytes) override {
    if (within_ != nullptr) within_->bytes(part, bytes);
    if (stage != Stage::collecting) return;
    if (!shadow_.on()) return shadow_.drop(*this, shadow_.why_not());
    if (part == Part::request_body) {
      const auto result = request.append(bytes);
      if (result != CopiedRequest::Result::copied) return shadow_.drop(*this, loss_of(result));
    }
    if (request.whole()) shadow_.enqueue(*this);
  }

  std::uint64_t id() const override { return live.tap; }

  void ended(const events::Exchange& exchange) override {
    if (within_ != nullptr) std::exchange(within_, nullptr)->ended(exchange);
    if (stage == Stage::collecting) shadow_.drop(*this, ShadowLoss::not_whole);
    live_ended = true;
    if (stage == Stage::over) shadow_.recycle(*this);
  }

  CopiedRequest request;
  LiveExchange live;
  Stage stage = Stage::over;
  bool live_ended = false;
  Follower* next = nullptr;  // in the queue

 private:
  Shadow& shadow_;
  wire::Tap* within_ = nullptr;
};

// Ends what is still under way when draining has taken too long.
class Shadow::DrainLimit final : private wire::Deadlines::Entry {
 public:
  explicit DrainLimit(Shadow& shadow) : Entry(shadow.deadlines_), shadow_(shadow) {
    set(std::max(shadow.options_.drain, std::chrono::nanoseconds(1)));
  }

 private:
  void on_deadline() override {
    shadow_.drop_queue(ShadowLoss::ended);
    shadow_.cut_calls(ShadowLoss::ended);
  }
  Shadow& shadow_;
};

std::size_t Shadow::least_memory(std::size_t connections_max) {
  return reserved_for(connections_max) + follower_bytes + CopiedRequest::large_block + CopiedRequest::block_cost;
}

base::Result<std::unique_ptr<Shadow>> Shadow::open(wire::IoContext& io, const base::Clock& clock, DelayMeter& delay,
                                                   ShadowOptions options, wire::Tapper* within) {
  static_assert(sizeof(Follower) <= follower_bytes / 2);
  const std::size_t least = least_memory(options.connections_max);
  if (options.connections_max == 0) return base::fail("a shadow needs a connection");
  if (options.memory_bytes_max < least) {
    return base::fail(fmt::format("a shadow with {} connections needs at least {} of memory, not {}",
                                  options.connections_max, base::format_bytes(least),
                                  base::format_bytes(options.memory_bytes_max)));
  }
  return std::unique_ptr<Shadow>(new Shadow(io, clock, delay, std::move(options), within));
}

Shadow::Shadow(wire::IoContext& io, const base::Clock& clock, DelayMeter& delay, ShadowOptions options,
               wire::Tapper* within)
    : io_(io),
      clock_(clock),
      delay_(delay),
      options_(std::move(options)),
      within_(within),
      reserved_(reserved_for(options_.connections_max)),
      budget_(options_.memory_bytes_max - reserved_),
      deadlines_(io),
      pool_(io, deadlines_, options_.candidate, pool_limits(options_)),
      candidate_{io, clock, deadlines_, pool_, budget_, within, options_.head, options_.total},
      watch_(deadlines_, *this),
      self_(std::make_shared<Shadow*>(this)) {
  calls_.reserve(options_.connections_max);
  free_.reserve(followers_kept_max);
  watch_.set(look_every);
}

Shadow::~Shadow() { *self_ = nullptr; }

bool Shadow::chooses(const wire::RequestSight& request) const {
  if (base::draw_unit(options_.seed, share_rule, request.request) >= options_.share) return false;
  const wire::Head& head = request.head;
  // A head that is no request has no method.
  if (head.method.empty() || head.upgrade || head.method == "CONNECT" || request.shadow_of != 0) return false;
  return options_.only.keeps(head.method, head.target);
}

wire::Tap* Shadow::tap(const wire::RequestSight& request) {
  wire::Tap* const within = within_ == nullptr ? nullptr : within_->tap(request);
  if (!chooses(request)) return within;
  ++counts_.chosen;
  Follower* const follower = follow(request, within);
  return follower == nullptr ? within : follower;
}

// nullptr: dropped.
Shadow::Follower* Shadow::follow(const wire::RequestSight& request, wire::Tap* within) {
  if (!on()) {
    count_drop(why_not());
    return nullptr;
  }
  if (!budget_.take(follower_bytes)) {
    count_drop(ShadowLoss::no_memory);
    return nullptr;
  }
  if (free_.empty()) free_.push_back(std::make_unique<Follower>(*this));
  Follower* const follower = free_.back().release();
  free_.pop_back();
  const auto result = follower->begin(request, within);
  if (result == CopiedRequest::Result::copied) {
    ++counts_.under_way;
    return follower;
  }
  count_drop(loss_of(result));
  recycle(*follower);
  return nullptr;
}

void Shadow::enqueue(Follower& follower) {
  if (queued_ >= options_.queue_max) return drop(follower, ShadowLoss::queue_full);
  follower.stage = Follower::Stage::queued;
  follower.live.whole = clock_.now();
  if (last_queued_ == nullptr) first_queued_ = &follower;
  else last_queued_->next = &follower;
  last_queued_ = &follower;
  ++queued_;
  wake();
}

// nullptr: the queue is empty.
Shadow::Follower* Shadow::next_queued() {
  if (first_queued_ == nullptr) return nullptr;
  Follower* const follower = std::exchange(first_queued_, first_queued_->next);
  if (first_queued_ == nullptr) last_queued_ = nullptr;
  --queued_;
  return follower;
}

// The live exchange that is in hand goes on first.
void Shadow::wake() {
  if (woken_ || calls_.size() >= options_.connections_max) return;
  woken_ = true;
  wire::asio::post(io_, [self = self_] {
    if (*self != nullptr) (*self)->start_calls();
  });
}

void Shadow::start_calls() {
  woken_ = false;
  while (first_queued_ != nullptr && calls_.size() < options_.connections_max) group_.spawn(call_while_queued());
}

base::Task<> Shadow::call_while_queued() {
  CandidateCall call(candidate_);
  calls_.push_back(&call);
  while (Follower* const follower = next_queued()) {
    if (options_.queued.count() > 0 && clock_.now() - follower->live.whole > options_.queued) {
      drop(*follower, ShadowLoss::waited);
      continue;
    }
    follower->stage = Follower::Stage::calling;
    co_await call.run(follower->request, follower->live);
    settle(*follower, call);
  }
  std::erase(calls_, &call);
}

void Shadow::settle(Follower& follower, const CandidateCall& call) {
  if (call.sent()) ++counts_.sent;
  const Outcome outcome = call.event().outcome;
  if (outcome == Outcome::answered) ++counts_.answered;
  else ++counts_.failed[static_cast<std::size_t>(loss_of(outcome, cut_as_))];
  over(follower);
}

void Shadow::drop(Follower& follower, ShadowLoss why) {
  count_drop(why);
  over(follower);
}

void Shadow::over(Follower& follower) {
  --counts_.under_way;
  follower.stage = Follower::Stage::over;
  follower.request.release();
  if (follower.live_ended) recycle(follower);
}

void Shadow::recycle(Follower& follower) {
  budget_.give(follower_bytes);
  std::unique_ptr<Follower> owned(&follower);
  if (free_.size() < followers_kept_max) free_.push_back(std::move(owned));
}

void Shadow::look() {
  if (state_ == State::ending) return;
  if (state_ == State::on) {
    const base::Time oldest = clock_.now() - options_.queued;
    while (options_.queued.count() > 0 && first_queued_ != nullptr && first_queued_->live.whole < oldest) {
      drop(*next_queued(), ShadowLoss::waited);
    }
  }
  judge_delay();
}

void Shadow::judge_delay() {
  const auto p99 = delay_.p99();
  const bool above = options_.added_p99_max.count() > 0 && p99 && *p99 > options_.added_p99_max;
  if (state_ == State::on && above) {
    switch_off(*p99);
  } else if (state_ == State::off && !above) {
    state_ = State::on;
    say("shadow switched on again");
  }
  watch_.set(state_ == State::on ? look_every : options_.on_again_after);  // zero: it stays off
}

void Shadow::switch_off(base::Nanoseconds p99) {
  state_ = State::off;
  drop_queue(ShadowLoss::switched_off);
  cut_calls(ShadowLoss::switched_off);
  say(fmt::format("shadow switched off: the relay's own delay reached p99 {}, above {}", base::format_duration(p99),
                  base::format_duration(options_.added_p99_max)));
}

void Shadow::drop_queue(ShadowLoss why) {
  while (Follower* const follower = next_queued()) drop(*follower, why);
}

void Shadow::cut_calls(ShadowLoss as) {
  cut_as_ = as;
  for (CandidateCall* const call : calls_) call->cut();
}

void Shadow::say(const std::string& sentence) const {
  if (options_.on_trouble) options_.on_trouble(sentence);
}

base::Task<> Shadow::drain() {
  state_ = State::ending;
  watch_.clear();
  start_calls();
  {
    const DrainLimit limit(*this);
    co_await group_.drained();
  }
  co_await pool_.close();
}

}  // namespace stormproof::proxy

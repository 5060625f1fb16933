// Shadow: sends a copy of live requests to a candidate; the client never waits for it.
//
// It stands at a relay's tap and passes every call on to the tapper within (a recorder). Of the requests that are
// chosen, by share, method and path, it copies the bytes as they pass. As soon as such a request is whole, not when its
// live answer comes, the copy is queued, and once the loop has done what was ready it goes to the candidate by a call
// of its own on the same thread. So a request is shadowed even if its client has left or its upstream failed, but never
// one that was malformed or broken off. Upgrades and CONNECT are not chosen. The candidate's exchange is told to the
// tapper within as one of its own, `shadow_of` the live one's Tap::id() (not told where that is 0), its connection and
// request numbers those of the live one.
//
// Everything that it holds is within `memory_bytes_max`: copies, read buffers, and what is kept for reuse; beyond it
// are only the kernel's socket buffers and the thread's stock of free buffers. Whatever asks for more than a limit
// leaves is dropped, counted by cause; what is held already is not. At any time: chosen = answered + failed + dropped
// + under way. When the relay's own delay passes `added_p99_max` it switches itself off, cuts its calls, drops what
// waits, and says so. One thread; a request that is not chosen costs a hash.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "harness/base/task_group.h"
#include "harness/proxy/budget.h"
#include "harness/proxy/candidate_call.h"
#include "harness/proxy/loop_delay.h"
#include "harness/wire/deadlines.h"
#include "harness/wire/intercept.h"
#include "harness/wire/upstream_pool.h"
#include "replay/filter.h"

namespace stormproof::proxy {

// Times of zero or less: no limit; of drain: at once.
struct ShadowOptions {
  wire::Endpoint candidate;
  double share = 1;  // of the requests that the filter keeps, by a draw of (seed, request number)
  std::uint64_t seed = 0;
  replay::Filter only = {.methods = {"GET", "HEAD", "OPTIONS"}, .paths = {}};
  std::size_t memory_bytes_max = 64 << 20;
  std::size_t queue_max = 4096;                                // whole copies that wait for a connection
  std::size_t connections_max = 64;                            // to the candidate, idle ones included
  std::chrono::nanoseconds queued = std::chrono::seconds(10);  // how long a copy may wait
  std::chrono::nanoseconds connect = std::chrono::seconds(2);
  std::chrono::nanoseconds head = std::chrono::seconds(10);
  std::chrono::nanoseconds total = std::chrono::seconds(30);
  std::chrono::nanoseconds drain = std::chrono::seconds(5);
  std::chrono::nanoseconds added_p99_max = std::chrono::milliseconds(5);
  std::chrono::nanoseconds on_again_after{0};          // zero: it stays off
  std::function<void(const std::string&)> on_trouble;  // one sentence, on the relay's thread
};

enum class ShadowLoss : std::uint8_t {
  queue_full,
  no_memory,  // the budget is used up
  too_large,  // more than the whole budget would hold
  not_whole,  // the client left, or the exchange ended, within the request
  waited,     // longer in the queue than `queued`
  switched_off,
  ended,  // draining
  refused,
  timed_out,
  reset,
  bad_response,
};
inline constexpr std::size_t shadow_losses = static_cast<std::size_t>(ShadowLoss::bad_response) + 1;
std::string_view to_string(ShadowLoss loss);

struct ShadowCounts {
  std::uint64_t chosen = 0;
  std::uint64_t sent = 0;      // some byte went to the candidate
  std::uint64_t answered = 0;  // a whole response
  std::uint64_t under_way = 0;
  std::array<std::uint64_t, shadow_losses> dropped = {};  // by cause; no call was begun
  std::array<std::uint64_t, shadow_losses> failed = {};   // by cause; during the call

  ShadowCounts& operator+=(const ShadowCounts& other);
  std::uint64_t dropped_for(ShadowLoss loss) const { return dropped[static_cast<std::size_t>(loss)]; }
  std::uint64_t failed_for(ShadowLoss loss) const { return failed[static_cast<std::size_t>(loss)]; }
};

class Shadow final : public wire::Tapper {
 public:
  // What connections and what is kept for reuse take of the memory, and room for one request.
  static std::size_t least_memory(std::size_t connections_max);

  // `within` may be nullptr; all outlive the shadow. Fails where the memory is less than the least.
  static base::Result<std::unique_ptr<Shadow>> open(wire::IoContext& io, const base::Clock& clock, DelayMeter& delay,
                                                    ShadowOptions options, wire::Tapper* within);
  // Drained, or never used. Every tap has ended.
  ~Shadow() override;

  wire::Tap* tap(const wire::RequestSight& request) override;

  // Lets what is queued and under way end within options.drain, then cuts it; closes idle connections.
  base::Task<> drain();

  const ShadowCounts& counts() const { return counts_; }
  bool on() const { return state_ == State::on; }
  std::size_t memory_held() const { return reserved_ + budget_.used(); }
  std::size_t memory_highest() const { return reserved_ + budget_.highest(); }

 private:
  enum class State : std::uint8_t { on, off, ending };
  class Follower;
  class Watch final : public wire::Deadlines::Entry {
   public:
    Watch(wire::Deadlines& deadlines, Shadow& shadow) : Entry(deadlines), shadow_(shadow) {}

   private:
    void on_deadline() override { shadow_.look(); }
    Shadow& shadow_;
  };
  class DrainLimit;

  Shadow(wire::IoContext& io, const base::Clock& clock, DelayMeter& delay, ShadowOptions options, wire::Tapper* within);
  ShadowLoss why_not() const { return state_ == State::off ? ShadowLoss::switched_off : ShadowLoss::ended; }
  bool chooses(const wire::RequestSight& request) const;
  Follower* follow(const wire::RequestSight& request, wire::Tap* within);
  void enqueue(Follower& follower);
  Follower* next_queued();
  void wake();
  void start_calls();
  base::Task<> call_while_queued();
  void settle(Follower& follower, const CandidateCall& call);
  void drop(Follower& follower, ShadowLoss why);
  void over(Follower& follower);
  void recycle(Follower& follower);
  void look();
  void judge_delay();
  void switch_off(base::Nanoseconds p99);
  void drop_queue(ShadowLoss why);
  void cut_calls(ShadowLoss as);
  void count_drop(ShadowLoss why) { ++counts_.dropped[static_cast<std::size_t>(why)]; }
  void say(const std::string& sentence) const;

  wire::IoContext& io_;
  const base::Clock& clock_;
  DelayMeter& delay_;
  ShadowOptions options_;
  wire::Tapper* within_;
  std::size_t reserved_;  // of the memory, for connections and for what is kept
  Budget budget_;
  wire::Deadlines deadlines_;
  wire::UpstreamPool pool_;
  Candidate candidate_;
  Watch watch_;
  base::TaskGroup group_;
  std::vector<CandidateCall*> calls_;
  std::vector<std::unique_ptr<Follower>> free_;
  Follower* first_queued_ = nullptr;
  Follower* last_queued_ = nullptr;
  std::size_t queued_ = 0;
  bool woken_ = false;
  State state_ = State::on;
  ShadowLoss cut_as_ = ShadowLoss::ended;
  ShadowCounts counts_;
  std::shared_ptr<Shadow*> self_;  // what a wake-up that is already queued finds null when this is gone
};

}  // namespace stormproof::proxy

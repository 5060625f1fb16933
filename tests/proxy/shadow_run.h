// ShadowRun: a relay with a shadow on a thread of its own, a log of what its taps saw, and a delay that a test sets.
//
// end() drains the relay, then the shadow, and joins. TapLog, SetDelay and the counts may be read from any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "harness/proxy/shadow.h"
#include "tests/proxy/relay_run.h"

namespace stormproof::proxy {

// Keeps what its taps saw, in the order in which they began; their ids are 1, 2, 3 …
class TapLog final : public wire::Tapper {
 public:
  struct Seen {
    std::uint64_t id = 0;
    std::uint64_t shadow_of = 0;
    std::uint64_t connection = 0;
    std::uint64_t request = 0;
    std::string method;
    std::string target;
    std::map<wire::Part, std::string> parts;
    bool ended = false;
    events::Exchange event;

    std::string request_bytes() const { return part(wire::Part::request_head) + part(wire::Part::request_body); }
    std::string response_bytes() const { return part(wire::Part::response_head) + part(wire::Part::response_body); }
    std::string part(wire::Part which) const { return parts.contains(which) ? parts.at(which) : ""; }
  };

  wire::Tap* tap(const wire::RequestSight& request) override;
  // Taps from here on have no id.
  void give_no_ids() { ids_ = false; }
  wire::Tap* last_given() const { return last_given_; }
  std::vector<Seen> now() const;
  // As soon as `count` taps have ended; a failure of the test after five seconds.
  std::vector<Seen> wait_for_ended(std::size_t count) const;

 private:
  class Take;
  std::atomic<bool> ids_ = true;
  wire::Tap* last_given_ = nullptr;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Seen> seen_;
};

class SetDelay final : public DelayMeter {
 public:
  std::optional<base::Nanoseconds> p99() override {
    ++asked;
    return base::Nanoseconds(now.load());
  }
  std::atomic<std::int64_t> now = 0;
  std::atomic<int> asked = 0;
};

struct ShadowState {
  ShadowCounts counts;
  std::size_t held = 0;
  std::size_t highest = 0;
  bool on = false;
};

// chosen = answered + failed + dropped + under way.
void expect_adds_up(const ShadowCounts& counts);

class ShadowRun {
 public:
  using Tweak = std::function<void(ShadowOptions&)>;

  // Everything is shadowed unless `tweak` says otherwise.
  ShadowRun(std::uint16_t upstream, std::uint16_t candidate, const Tweak& tweak = {});
  ~ShadowRun();

  std::uint16_t port() const { return port_; }
  support::RawConnection connect() const;
  EventLog events;
  TapLog taps;
  SetDelay delay;

  ShadowState state();
  // Until as many have been chosen and none is under way; a failure of the test after five seconds.
  ShadowState settled(std::uint64_t chosen);
  std::vector<std::string> troubles() const;
  // Drains and joins; what it came to. Checks that the counts add up and nothing is held.
  ShadowState end();

 private:
  ShadowState look() const;
  base::SystemClock clock_;
  wire::IoContext io_{wire::one_thread};
  std::unique_ptr<Shadow> shadow_;
  std::unique_ptr<Relay> relay_;
  base::TaskGroup tasks_;
  std::uint16_t port_ = 0;
  std::size_t held_at_first_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> troubles_;
  ShadowState last_;
  std::thread thread_;
};

}  // namespace stormproof::proxy

// HurtRelay: a switchboard with one proxy before a raw server, for tests that see faults at the wire.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/events/recorder.h"
#include "harness/run/switchboard.h"
#include "tests/support/raw_connection.h"
#include "tests/support/raw_server.h"

namespace stormproof::faults {

class HurtRelay {
 public:
  // What the upstream does with each connection; the default gives back what it gets until its end.
  explicit HurtRelay(support::RawServer::Play upstream = echo, bool http = false, std::uint64_t seed = 1);

  static void echo(support::RawConnection& peer);

  void set(const std::string& name, StreamFaultKind kind, Direction direction = Direction::downstream,
           Place place = Place::client, double share = 1);
  void withdraw(const std::string& name);
  support::RawConnection connect();
  std::uint16_t port() const { return port_; }
  run::Switchboard& board() { return board_; }
  // What was told of faults so far.
  std::vector<events::FaultFired> faults() const { return told_.read(); }
  std::uint16_t upstream_port() const { return upstream_.port(); }

 private:
  // Written on the relay's thread, read on the test's.
  class Told final : public events::Sink {
   public:
    events::NameId name(std::string_view) override { return 0; }
    events::NameId route(std::string_view, std::string_view) override { return 0; }
    void exchange(const events::Exchange&) override {}
    void fault(const events::FaultFired& fault) override {
      const std::lock_guard lock(mutex_);
      faults_.push_back(fault);
    }
    std::vector<events::FaultFired> read() const {
      const std::lock_guard lock(mutex_);
      return faults_;
    }

   private:
    mutable std::mutex mutex_;
    std::vector<events::FaultFired> faults_;
  };

  base::SystemClock clock_;
  Told told_;
  support::RawServer upstream_;
  run::Switchboard board_;
  std::uint16_t port_ = 0;
};

// The milliseconds that `work` takes.
template <typename Work>
double milliseconds_of(Work work) {
  const auto begun = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
}

}  // namespace stormproof::faults

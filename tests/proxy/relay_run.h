// RelayRun: a relay on a thread of its own, between raw peers, with a log of what it told.
//
// The relay is drained and its thread joined by end() or the destructor. EventLog may be read from any thread.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/task_group.h"
#include "harness/proxy/relay.h"
#include "tests/support/raw_connection.h"

namespace stormproof::proxy {

// The value, or a failure of the test and an empty one.
template <typename T>
T must(base::Result<T> result) {
  if (result) return std::move(*result);
  ADD_FAILURE() << result.error().to_string();
  return T{};
}
inline void must(const base::Result<void>& result) {
  if (!result) ADD_FAILURE() << result.error().to_string();
}

class EventLog final : public events::Sink {
 public:
  events::NameId name(std::string_view text) override;
  events::NameId route(std::string_view method, std::string_view target) override;
  void exchange(const events::Exchange& exchange) override;
  void fault(const events::FaultFired&) override {}

  // As soon as there are `count`; fewer, and a failure of the test, after five seconds.
  std::vector<events::Exchange> wait_for(std::size_t count) const;
  std::vector<events::Exchange> now() const;
  std::vector<std::string> routes() const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<events::Exchange> exchanges_;
  std::vector<std::string> routes_;
};

class RelayRun {
 public:
  using Tweak = std::function<void(RelayOptions&)>;

  explicit RelayRun(std::uint16_t upstream_port, const Tweak& tweak = {}, wire::Interceptor* interceptor = nullptr,
                    wire::Tapper* tapper = nullptr);
  ~RelayRun();

  std::uint16_t port() const { return port_; }
  support::RawConnection connect() const;
  EventLog events;

  // Starts the drain and returns; end() waits for it.
  void begin_drain();
  // Drains and joins; the counts at the end.
  RelayCounts end();

  // On the relay's thread.
  void post(std::function<void(Relay&)> job);

 private:
  base::SystemClock clock_;
  wire::IoContext io_{wire::one_thread};
  std::unique_ptr<Relay> relay_;
  base::TaskGroup tasks_;
  std::uint16_t port_ = 0;
  RelayCounts counts_;
  bool draining_ = false;
  std::thread thread_;
};

// Sends the request whole and reads an answer of this many bytes.
std::string ask(support::RawConnection& client, std::string_view request, std::size_t answer_bytes);

// The whole of what the relay says to a request before it ends the connection.
std::string last_words(RelayRun& run, std::string_view request);

// The first event; waits for it.
events::Exchange only_event(RelayRun& run);

// Waits until the peer has closed or reset, up to the usual deadline.
bool ends(support::RawConnection& peer);

// The next head, with its empty line.
std::string read_head(support::RawConnection& peer);

}  // namespace stormproof::proxy

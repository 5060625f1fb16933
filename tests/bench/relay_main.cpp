// The relay alone, for benchmarks: `bench_relay UPSTREAM [CAPTURE [CANDIDATE SHARE]]` relays with events on, records and
// shadows where told; "" is no capture, a share is like 10%.

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <optional>

#include "harness/base/units.h"
#include "harness/events/recorder.h"
#include "harness/proxy/relay.h"
#include "harness/proxy/shadow.h"
#include "replay/recorder.h"

using namespace stormproof;

namespace {

// Takes the events and keeps none, as a log that is written elsewhere would.
class Counter final : public events::Sink {
 public:
  events::NameId name(std::string_view text) override { return names_.name(text); }
  events::NameId route(std::string_view method, std::string_view target) override {
    return names_.route(method, target);
  }
  void exchange(const events::Exchange& exchange) override { bytes_ += exchange.response_bytes; }
  void fault(const events::FaultFired&) override {}

 private:
  events::Recorder names_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const base::SystemClock clock;
  wire::IoContext io(wire::one_thread);
  Counter counter;
  std::unique_ptr<replay::Recorder> recorder;
  if (argc > 2 && *argv[2] != '\0') {
    auto started = replay::Recorder::start(argv[2], {}, clock);
    if (!started) {
      fmt::print(stderr, "{}\n", started.error().message);
      return 4;
    }
    recorder = std::move(*started);
  }
  const auto upstream = wire::parse_listen_address(argv[1]);
  proxy::RelayOptions options;
  options.listen = *wire::parse_listen_address("127.0.0.1:0");
  options.upstreams = {{*upstream}};
  std::optional<proxy::LoopDelay> delay;
  std::unique_ptr<proxy::Shadow> shadow;
  wire::Tapper* tapper = recorder ? &recorder->lane(0) : nullptr;
  if (argc > 4) {
    proxy::ShadowOptions shadow_options;
    shadow_options.candidate = *wire::parse_listen_address(argv[3]);
    shadow_options.share = *base::parse_percent(argv[4]);
    shadow_options.added_p99_max = {};  // on one CPU with its load and its peers every loop is late
    shadow = std::move(*proxy::Shadow::open(io, clock, delay.emplace(io), shadow_options, tapper));
    tapper = shadow.get();
  }
  auto relay = proxy::Relay::open(io, clock, options, {&counter, tapper, nullptr});
  if (!relay) return 4;
  fmt::print("{}\n", (*relay)->endpoint().port());
  std::fflush(stdout);
  io.run();
}

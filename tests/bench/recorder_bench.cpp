// What recording costs: takes of 1 KB exchanges at a steady rate into a real file, as a relay makes them.
//
//   recorder_bench [--rate 30000] [--seconds 10] [--lanes 1] [--folder DIR]
//
// Prints what the relay's threads and the writer's thread paid for an exchange, in CPU time, what an exchange takes on the disk,
// and what was dropped. Exit code 1 where anything was.

#include <fmt/format.h>
#include <time.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "harness/base/seed.h"
#include "replay/recorder.h"

using namespace stormproof;

namespace {

struct Options {
  std::uint64_t rate = 30'000;
  std::uint64_t seconds = 10;
  std::uint64_t lanes = 1;
  std::string folder;
};

constexpr std::string_view response_head =
    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Mon, 23 Nov 2026 09:36:00 GMT\r\nContent-Type: "
    "application/json\r\n"
    "Content-Length: 1024\r\nLast-Modified: Mon, 23 Nov 2026 09:00:00 GMT\r\nConnection: keep-alive\r\n\r\n";

double cpu_seconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// 1 KB of JSON whose values differ from one exchange to the next, as those of a shop do.
std::string body(std::uint64_t number) {
  std::string text = "[";
  for (std::uint64_t i = 0; text.size() < 950; ++i) {
    const std::uint64_t drawn = base::draw(number, "bench", i);
    text += fmt::format(R"({{"id":{},"price":{}.99,"name":"product {:x}"}},)", drawn % 100'000, drawn % 997,
                        drawn % 65'536);
  }
  text.resize(1023, ' ');
  return text + "]";
}

struct Texts {
  std::vector<std::string> heads;
  std::vector<std::string> bodies;
};

Texts make_texts() {
  Texts texts;
  for (std::uint64_t i = 0; i < 4096; ++i) {
    texts.heads.push_back(
        fmt::format("GET /products/{}?ref=home HTTP/1.1\r\nHost: shop.local:8080\r\nUser-Agent: wrk\r\nAccept: */*\r\n"
                    "Cookie: session={:016x}\r\n\r\n",
                    i * 7919 % 10'007, base::draw(1, "session", i)));
    texts.bodies.push_back(body(i));
  }
  return texts;
}

// Every millisecond what is due by then. The CPU seconds of its thread that went into taps.
double feed(wire::Tapper& lane, const Texts& texts, const base::Clock& clock, double rate, std::uint64_t count) {
  const auto begin = std::chrono::steady_clock::now();
  double cpu = 0;
  wire::Head head;
  base::Bell pace;
  for (std::uint64_t made = 0; made < count;) {
    const std::chrono::duration<double> since = std::chrono::steady_clock::now() - begin;
    const auto due = std::min(count, static_cast<std::uint64_t>(since.count() * rate));
    const double before = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
    for (; made < due; ++made) {
      const std::string& request = texts.heads[made % texts.heads.size()];
      head.bytes = request;
      wire::Tap* const tap = lane.tap({head, made % 64, made, clock.now()});
      tap->bytes(wire::Part::request_head, request);
      tap->bytes(wire::Part::response_head, response_head);
      tap->bytes(wire::Part::response_body, texts.bodies[made % texts.bodies.size()]);
      events::Exchange event;
      event.first_byte = event.end = clock.now();
      tap->ended(event);
    }
    cpu += cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - before;
    pace.wait(std::chrono::milliseconds(1), [] { return false; });
  }
  return cpu;
}

// What the compression of the same exchanges costs by itself, now: the floor of the writer on this machine.
double compression_alone(const Texts& texts) {
  std::string block;
  double cpu = 0;
  std::uint64_t count = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    replay::Entry entry;
    entry.id = i;
    entry.request_head = texts.heads[i % texts.heads.size()];
    entry.response_head = response_head;
    entry.response_body = texts.bodies[i % texts.bodies.size()];
    replay::append_entry(block, entry);
    if (block.size() < replay::block_bytes_full) continue;
    const double before = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
    static_cast<void>(replay::compress(block));
    cpu += cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - before;
    block.clear();
    count = i + 1;
  }
  return cpu * 1e6 / static_cast<double>(count);
}

Options read(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string_view value = argv[i + 1];
    if (name == "--folder") options.folder = value;
    for (const auto& [flag, member] :
         {std::pair{"--rate", &Options::rate}, {"--seconds", &Options::seconds}, {"--lanes", &Options::lanes}}) {
      if (name == flag) std::from_chars(value.data(), value.data() + value.size(), options.*member);
    }
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = read(argc, argv);
  const std::filesystem::path folder =
      (options.folder.empty() ? std::filesystem::temp_directory_path() : std::filesystem::path(options.folder)) /
      fmt::format("recorder-bench-{}", std::random_device{}());
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "bench.traffic").string();
  const Texts texts = make_texts();
  const base::SystemClock clock;
  replay::RecorderOptions recorder_options;
  recorder_options.lanes = options.lanes;
  recorder_options.on_trouble = [](const std::string& what) { fmt::print(stderr, "{}\n", what); };
  auto recorder = replay::Recorder::start(path, {}, clock, std::move(recorder_options));
  if (!recorder) {
    fmt::print(stderr, "{}\n", recorder.error().message);
    return 4;
  }
  const std::uint64_t a_lane = options.rate * options.seconds / options.lanes;
  const double before = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
  std::vector<double> tap_cpu(options.lanes);
  std::vector<double> lane_cpu(options.lanes);
  std::vector<std::thread> relays;
  for (std::uint64_t i = 0; i < options.lanes; ++i) {
    relays.emplace_back([&, i] {
      const double rate = static_cast<double>(options.rate) / static_cast<double>(options.lanes);
      tap_cpu[i] = feed((*recorder)->lane(i), texts, clock, rate, a_lane);
      lane_cpu[i] = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
    });
  }
  for (std::thread& relay : relays) relay.join();
  const auto account = (*recorder)->finish();
  double writer = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - before;
  double taps = 0;
  for (std::uint64_t i = 0; i < options.lanes; ++i) {
    writer -= lane_cpu[i];
    taps += tap_cpu[i];
  }
  if (!account) {
    fmt::print(stderr, "{}\n", account.error().message);
    return 4;
  }
  const auto count = static_cast<double>(a_lane * options.lanes);
  std::uint64_t dropped = 0;
  for (const auto& [cause, tally] : *account) dropped += cause == replay::cause_recorded ? 0 : tally.count;
  fmt::print("{} exchanges/s for {} s on {} lanes\n", options.rate, options.seconds, options.lanes);
  fmt::print("  relay threads  {:6.2f} us an exchange\n", taps * 1e6 / count);
  fmt::print("  writer         {:6.2f} us an exchange\n", writer * 1e6 / count);
  fmt::print("    its zstd     {:6.2f} us, measured by itself\n", compression_alone(texts));
  fmt::print("  on the disk    {:6.0f} bytes an exchange\n",
             static_cast<double>(std::filesystem::file_size(path)) / count);
  fmt::print("  dropped        {:6}\n", dropped);
  std::filesystem::remove_all(folder);
  return dropped == 0 ? 0 : 1;
}

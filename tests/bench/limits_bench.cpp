// What the relay holds: idle connections, a body of 1 GiB, a shadow whose candidate stalls.
//
// Memory is resident memory of the relay's process; times are ratios against a peer that takes turns with it.

#include <sys/resource.h>

#include <chrono>

#include "tests/bench/peers.h"
#include "tests/support/raw_connection.h"
#include "tests/support/raw_server.h"
#include "tests/support/temp_dir.h"

using namespace stormproof;
using namespace stormproof::bench;

namespace {

constexpr std::string_view get = "GET /1k HTTP/1.1\r\nHost: x\r\n\r\n";

double mib(std::uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

// Each has had one exchange and stays open.
void idle_connections(std::uint16_t origin, std::size_t count) {
  Target relay = start_relay("stormproof", origin);
  const auto exchange = [&](support::RawConnection& client) {
    must(client.send(get));
    must(client.read_until("\r\n\r\n"));
    must(client.read(1024));
  };
  {
    support::RawConnection first = must(support::RawConnection::connect(relay.port));
    exchange(first);
  }
  const std::uint64_t before = resident_bytes(relay.process);
  std::vector<support::RawConnection> clients;
  for (std::size_t i = 0; i < count; ++i)
    exchange(clients.emplace_back(must(support::RawConnection::connect(relay.port))));
  const std::uint64_t grown = resident_bytes(relay.process) - before;
  fmt::print("{} idle connections: {:.1f} MiB, {:.2f} KiB each\n", count, mib(grown),
             static_cast<double>(grown) / 1024 / static_cast<double>(count));
}

double seconds_to_fetch(std::uint16_t port, const std::string& path) {
  const auto begin = std::chrono::steady_clock::now();
  const auto fetched = must(support::run_to_end(
      {.argv = {"curl", "-sS", "--fail", "-o", "/dev/null", fmt::format("http://127.0.0.1:{}{}", port, path)}},
      std::chrono::seconds(120)));
  if (fetched.exit_code != 0) give_up(fetched.err);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void large_body(const std::filesystem::path& folder, std::uint16_t origin, int rounds) {
  Target haproxy = start_haproxy(folder, origin);
  Target relay = start_relay("stormproof", origin);
  seconds_to_fetch(relay.port, "/1k");
  const std::uint64_t before = resident_bytes(relay.process);
  std::vector<double> ratios;
  std::uint64_t highest = before;
  for (int round = 0; round < rounds; ++round) {
    const double theirs = seconds_to_fetch(haproxy.port, "/1g");
    const double ours = seconds_to_fetch(relay.port, "/1g");
    highest = std::max(highest, resident_bytes(relay.process));
    ratios.push_back(theirs / ours);
  }
  fmt::print("body of 1 GiB: resident memory grew by {:.2f} MiB; {:.2f} x HAProxy's throughput, median of {}\n",
             mib(highest - before), median(ratios), rounds);
}

void stalled_shadow(std::uint16_t origin, int rounds, int seconds) {
  support::RawServer stalls([](support::RawConnection& peer) {
    [[maybe_unused]] const auto nothing = peer.read_until("never", std::chrono::minutes(10));
  });
  Target plain = start_relay("stormproof", origin);
  Target shadowing =
      start_relay("with a shadow that stalls", origin, {"", fmt::format("127.0.0.1:{}", stalls.port()), "10%"});
  const std::uint64_t before = resident_bytes(shadowing.process);
  std::vector<double> ratios;
  std::uint64_t highest = before;
  for (int round = 0; round < rounds; ++round) {
    const double without = drive(plain.port, "/1k", 64, seconds).p99_us;
    const double with = drive(shadowing.port, "/1k", 64, seconds).p99_us;
    highest = std::max(highest, resident_bytes(shadowing.process));
    if (without > 0) ratios.push_back(with / without);
  }
  fmt::print(
      "shadow of 10 % that stalls: the client's p99 is {:.2f} x that without, median of {}; memory grew by {:.1f} "
      "MiB\n",
      median(ratios), rounds, mib(highest - before));
}

}  // namespace

int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::string_view(argv[1]) == "--quick";
  rlimit files = {};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);  // inherited
  const support::TempDir folder;
  Target origin = start_origin(folder.path());
  idle_connections(origin.port, quick ? 500 : 10'000);
  large_body(folder.path(), origin.port, quick ? 1 : 5);
  stalled_shadow(origin.port, quick ? 1 : 7, quick ? 1 : 3);
}
